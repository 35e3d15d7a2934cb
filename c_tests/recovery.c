/*
 * A dirty end, and JetInit3 afterwards: the database has moved meanwhile, the program tells where it is and is told how far
 * recovery is. C and C++.
 */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include <esent.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define PATH_BYTES 512

static char folder[PATH_BYTES / 2];
static char before[PATH_BYTES];
static char after[PATH_BYTES];
static int begun;
static int complete;
static uint32_t last_percent;

static JET_ERR JET_API status(JET_SESID session, JET_SNP snp, JET_SNT snt, void *pv)
{
    CHECK(session == JET_sesidNil);
    CHECK(snp == JET_snpRestore);
    if (snt == JET_sntBegin)
    {
        begun++;
    }
    else if (snt == JET_sntComplete)
    {
        complete++;
    }
    else
    {
        const JET_SNPROG *progress = (const JET_SNPROG *)pv;

        CHECK(snt == JET_sntProgress && progress != NULL);
        CHECK(progress->cbStruct == sizeof(*progress) && progress->cunitTotal == 100);
        CHECK(progress->cunitDone >= last_percent && progress->cunitDone <= 100);
        last_percent = progress->cunitDone;
    }
    return JET_errSuccess;
}

static JET_INSTANCE created(void)
{
    JET_INSTANCE instance = JET_instanceNil;

    CHECK(JetCreateInstanceA(&instance, "moved") == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, folder) == JET_errSuccess);
    return instance;
}

static void leave_dirty(void)
{
    JET_INSTANCE instance = created();
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid = JET_dbidNil;
    JET_TABLEID table = JET_tableidNil;

    CHECK(JetInit(&instance) == JET_errSuccess);
    CHECK(JetBeginSessionA(instance, &session, NULL, NULL) == JET_errSuccess);
    CHECK(JetCreateDatabaseA(session, before, NULL, &dbid, 0) == JET_errSuccess);
    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    CHECK(JetCreateTableA(session, dbid, "kept", 1, 80, &table) == JET_errSuccess);
    CHECK(JetCommitTransaction(session, 0) == JET_errSuccess);
    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    CHECK(JetCreateTableA(session, dbid, "lost", 1, 80, &table) == JET_errSuccess);
    CHECK(JetTerm2(instance, JET_bitTermDirty) == JET_errDirtyShutdown);
}

static void recover(void)
{
    JET_INSTANCE instance = created();
    JET_INSTANCE other;
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid = JET_dbidNil;
    JET_TABLEID table = JET_tableidNil;
    JET_RSTMAP_A map;
    JET_RSTINFO_A info;

    map.szDatabaseName = before;
    map.szNewDatabaseName = after;
    memset(&info, 0, sizeof(info));
    info.rgrstmap = &map;
    info.crstmap = 1;
    info.pfnStatus = status;
    other = instance;
    info.cbStruct = sizeof(info) - 1;
    CHECK(JetInit3A(&other, &info, 0) == JET_errInvalidParameter);
    info.cbStruct = sizeof(info);
    CHECK(JetInit3A(&instance, &info, 0) == JET_errSuccess);
    CHECK(begun == 1 && complete == 1);
    CHECK(JetBeginSessionA(instance, &session, NULL, NULL) == JET_errSuccess);
    CHECK(JetAttachDatabaseA(session, after, 0) >= JET_errSuccess);
    CHECK(JetOpenDatabaseA(session, after, NULL, &dbid, 0) == JET_errSuccess);
    CHECK(JetOpenTableA(session, dbid, "kept", NULL, 0, 0, &table) == JET_errSuccess);
    CHECK(JetCloseTable(session, table) == JET_errSuccess);
    CHECK(JetOpenTableA(session, dbid, "lost", NULL, 0, 0, &table) == JET_errObjectNotFound);
    CHECK(JetTerm2(instance, JET_bitTermComplete) == JET_errSuccess);
}

int main(void)
{
    CHECK(snprintf(folder, sizeof(folder), "%s/esent-c-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") < (int)sizeof(folder));
    CHECK(mkdtemp(folder) != NULL);
    CHECK(snprintf(before, sizeof(before), "%s/before.edb", folder) < (int)sizeof(before));
    CHECK(snprintf(after, sizeof(after), "%s/after.edb", folder) < (int)sizeof(after));
    leave_dirty();
    CHECK(rename(before, after) == 0);
    recover();
    return 0;
}

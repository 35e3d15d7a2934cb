/*
 * JetCompact: a database with holes becomes a new one without them; the program is told how far it is, can end it, and finds
 * its rows in the new file. C and C++.
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
#define ROWS 3000

static char folder[PATH_BYTES / 2];
static char source[PATH_BYTES];
static char target[PATH_BYTES];
static int begun;
static int complete;
static int failed;
static int stop;
static uint32_t last_done;

static JET_ERR JET_API status(JET_SESID session, JET_SNP snp, JET_SNT snt, void *pv)
{
    const JET_SNPROG *progress = (const JET_SNPROG *)pv;

    CHECK(session != JET_sesidNil);
    CHECK(snp == JET_snpCompact && progress != NULL);
    CHECK(progress->cbStruct == sizeof(*progress));
    CHECK(progress->cunitDone >= last_done && progress->cunitDone <= progress->cunitTotal);
    last_done = progress->cunitDone;
    begun += snt == JET_sntBegin;
    complete += snt == JET_sntComplete;
    failed += snt == JET_sntFail;
    return stop && snt == JET_sntProgress ? JET_errOutOfMemory : JET_errSuccess;
}

static void fill(JET_SESID session, JET_DBID dbid)
{
    JET_TABLEID table = JET_tableidNil;
    JET_COLUMNDEF definition;
    JET_COLUMNID number;
    JET_COLUMNID content;
    char bytes[200];
    int32_t row;

    memset(bytes, 'x', sizeof(bytes));
    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    CHECK(JetCreateTableA(session, dbid, "rows", 1, 80, &table) == JET_errSuccess);
    memset(&definition, 0, sizeof(definition));
    definition.cbStruct = sizeof(definition);
    definition.coltyp = JET_coltypLong;
    CHECK(JetAddColumnA(session, table, "number", &definition, NULL, 0, &number) == JET_errSuccess);
    definition.coltyp = JET_coltypBinary;
    CHECK(JetAddColumnA(session, table, "content", &definition, NULL, 0, &content) == JET_errSuccess);
    CHECK(JetCreateIndexA(session, table, "primary", JET_bitIndexPrimary, "+number\0", 9, 80) == JET_errSuccess);
    CHECK(JetCommitTransaction(session, 0) == JET_errSuccess);
    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    for (row = 0; row < ROWS; row++)
    {
        CHECK(JetPrepareUpdate(session, table, JET_prepInsert) == JET_errSuccess);
        CHECK(JetSetColumn(session, table, number, &row, sizeof(row), 0, NULL) == JET_errSuccess);
        CHECK(JetSetColumn(session, table, content, bytes, sizeof(bytes), 0, NULL) == JET_errSuccess);
        CHECK(JetUpdate(session, table, NULL, 0, NULL) == JET_errSuccess);
    }
    for (row = 0; row < ROWS; row += 3)
    {
        CHECK(JetMakeKey(session, table, &row, sizeof(row), JET_bitNewKey) == JET_errSuccess);
        CHECK(JetSeek(session, table, JET_bitSeekEQ) == JET_errSuccess);
        CHECK(JetDelete(session, table) == JET_errSuccess);
    }
    CHECK(JetCommitTransaction(session, 0) == JET_errSuccess);
    CHECK(JetCloseTable(session, table) == JET_errSuccess);
}

static void count_rows(JET_SESID session)
{
    JET_DBID dbid = JET_dbidNil;
    JET_TABLEID table = JET_tableidNil;
    uint32_t count = 0;

    CHECK(JetAttachDatabaseA(session, target, 0) == JET_errSuccess);
    CHECK(JetOpenDatabaseA(session, target, NULL, &dbid, 0) == JET_errSuccess);
    CHECK(JetOpenTableA(session, dbid, "rows", NULL, 0, 0, &table) == JET_errSuccess);
    CHECK(JetIndexRecordCount(session, table, &count, 0) == JET_errSuccess);
    CHECK(count == ROWS - (ROWS + 2) / 3);
    CHECK(JetCloseTable(session, table) == JET_errSuccess);
    CHECK(JetCloseDatabase(session, dbid, 0) == JET_errSuccess);
}

int main(void)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid = JET_dbidNil;
    const char *root = getenv("TMPDIR");

    CHECK(snprintf(folder, sizeof(folder) - 1, "%s/compactXXXXXX", root != NULL ? root : "/tmp") < (int)sizeof(folder) - 1);
    CHECK(mkdtemp(folder) != NULL);
    CHECK(snprintf(source, sizeof(source), "%s/source.edb", folder) < (int)sizeof(source));
    CHECK(snprintf(target, sizeof(target), "%s/target.edb", folder) < (int)sizeof(target));
    CHECK(chdir(folder) == 0);
    strcat(folder, "/");

    CHECK(JetCreateInstanceA(&instance, "compact") == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, folder) == JET_errSuccess);
    CHECK(JetInit(&instance) == JET_errSuccess);
    CHECK(JetBeginSessionA(instance, &session, NULL, NULL) == JET_errSuccess);
    CHECK(JetCreateDatabaseA(session, source, NULL, &dbid, 0) == JET_errSuccess);
    fill(session, dbid);

    CHECK(JetCompactA(session, source, target, status, NULL, 0) == JET_errDatabaseInUse);
    CHECK(begun == 0);
    CHECK(JetCloseDatabase(session, dbid, 0) == JET_errSuccess);
    stop = 1;
    CHECK(JetCompactA(session, source, target, status, NULL, 0) == JET_errOutOfMemory);
    CHECK(begun == 1 && complete == 0 && failed == 1 && access(target, F_OK) != 0);
    stop = 0;
    last_done = 0;
    CHECK(JetCompactA(session, source, target, status, NULL, JET_bitCompactStats) == JET_errSuccess);
    CHECK(begun == 2 && complete == 1 && access(target, F_OK) == 0 && access("DFRGINFO.TXT", R_OK) == 0);
    last_done = 0;
    CHECK(JetCompactA(session, source, target, status, NULL, 0) == JET_errDatabaseDuplicate);
    count_rows(session);
    CHECK(JetEndSession(session, 0) == JET_errSuccess);
    CHECK(JetTerm(instance) == JET_errSuccess);
    puts("compact: ok");
    return 0;
}

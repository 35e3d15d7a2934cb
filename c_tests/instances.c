/*
 * Instances, parameters, sessions, databases and transactions: the life of a program around its tables. Needs nothing but
 * the library and a folder of its own where TMPDIR says. C and C++.
 */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include <esent.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

#define PATH_BYTES 512

static char folder[PATH_BYTES / 2];
static char database[PATH_BYTES];
static char other[PATH_BYTES];

static void put_path(char *target, const char *name)
{
    CHECK(snprintf(target, PATH_BYTES, "%s/%s", folder, name) < PATH_BYTES);
}

static void set_folder(JET_INSTANCE *instance, uint32_t id, const char *path)
{
    CHECK(JetSetSystemParameterA(instance, JET_sesidNil, id, 0, path) == JET_errSuccess);
}

static JET_INSTANCE created(const char *name, const char *logs)
{
    JET_INSTANCE instance = JET_instanceNil;
    char path[PATH_BYTES];

    put_path(path, logs);
    CHECK(mkdir(path, 0700) == 0 || access(path, W_OK) == 0);
    CHECK(JetCreateInstanceA(&instance, name) == JET_errSuccess);
    set_folder(&instance, JET_paramSystemPath, path);
    set_folder(&instance, JET_paramLogFilePath, path);
    set_folder(&instance, JET_paramTempPath, path);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCircularLog, 1, NULL) == JET_errSuccess);
    return instance;
}

static JET_SESID begun(JET_INSTANCE instance)
{
    JET_SESID session = JET_sesidNil;

    CHECK(JetBeginSessionA(instance, &session, NULL, NULL) == JET_errSuccess);
    CHECK(session != 0 && session != JET_sesidNil);
    return session;
}

static void transactions(JET_SESID session)
{
    int level;

    CHECK(JetCommitTransaction(session, 0) == JET_errNotInTransaction);
    CHECK(JetRollback(session, 0) == JET_errNotInTransaction);
    for (level = 0; level < 7; level++)
    {
        CHECK(JetBeginTransaction(session) == JET_errSuccess);
    }
    CHECK(JetBeginTransaction(session) == JET_errTransTooDeep);
    CHECK(JetCommitTransaction(session, 0x80) == JET_errInvalidGrbit);
    CHECK(JetCommitTransaction(session, JET_bitCommitLazyFlush) == JET_errSuccess);
    CHECK(JetRollback(session, 0x80) == JET_errInvalidGrbit);
    CHECK(JetRollback(session, JET_bitRollbackAll) == JET_errSuccess);
    CHECK(JetRollback(session, 0) == JET_errNotInTransaction);
}

static void *commit_elsewhere(void *argument)
{
    JET_SESID session = *(JET_SESID *)argument;

    CHECK(JetCommitTransaction(session, 0) == JET_errSessionSharingViolation);
    CHECK(JetRollback(session, 0) == JET_errSessionSharingViolation);
    CHECK(JetEndSession(session, 0) == JET_errSessionSharingViolation);
    return NULL;
}

static void affinity(JET_SESID session)
{
    pthread_t thread;

    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    CHECK(pthread_create(&thread, NULL, commit_elsewhere, &session) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(JetCommitTransaction(session, 0) == JET_errSuccess);
}

static void contexts(JET_SESID session)
{
    CHECK(JetSetSessionContext(session, 0) == JET_errInvalidParameter);
    CHECK(JetResetSessionContext(session) == JET_errSessionContextNotSetByThisThread);
    CHECK(JetSetSessionContext(session, 5) == JET_errSuccess);
    CHECK(JetSetSessionContext(session, 5) == JET_errSessionContextAlreadySet);
    CHECK(JetResetSessionContext(session) == JET_errSuccess);
}

static void databases(JET_SESID session, JET_SESID second)
{
    JET_DBID dbid = JET_dbidNil;
    JET_DBID again = JET_dbidNil;

    CHECK(JetCreateDatabaseA(session, NULL, NULL, &dbid, 0) == JET_errDatabaseInvalidPath);
    CHECK(JetCreateDatabaseA(session, database, NULL, NULL, 0) == JET_errInvalidParameter);
    CHECK(JetCreateDatabaseA(session, database, NULL, &dbid, 0) == JET_errSuccess);
    CHECK(dbid != JET_dbidNil);
    CHECK(JetCreateDatabaseA(session, database, NULL, &again, 0) == JET_errDatabaseDuplicate);
    CHECK(again == JET_dbidNil);
    CHECK(JetAttachDatabaseA(session, database, 0) == JET_wrnDatabaseAttached);
    CHECK(JetOpenDatabaseA(second, database, NULL, &again, JET_bitDbExclusive) == JET_errDatabaseInUse);
    CHECK(JetOpenDatabaseA(second, database, NULL, &again, 0) == JET_errSuccess && again == dbid);
    CHECK(JetDetachDatabaseA(session, database) == JET_errDatabaseInUse);
    CHECK(JetCloseDatabase(second, dbid, 0) == JET_errSuccess);
    CHECK(JetCloseDatabase(second, dbid, 0) == JET_errInvalidDatabaseId);
    CHECK(JetCloseDatabase(session, dbid, 0) == JET_errSuccess);
    CHECK(JetDetachDatabaseA(session, database) == JET_errSuccess);
    CHECK(JetDetachDatabaseA(session, database) == JET_errDatabaseNotFound);
    CHECK(JetOpenDatabaseA(session, database, NULL, &dbid, 0) == JET_errDatabaseNotFound);
    CHECK(JetAttachDatabaseA(session, database, JET_bitDbReadOnly) == JET_errSuccess);
    CHECK(JetOpenDatabaseA(session, database, NULL, &dbid, 0) == JET_errSuccess);
    CHECK(JetCloseDatabase(session, dbid, 0) == JET_errSuccess);
    CHECK(JetDetachDatabaseA(session, NULL) == JET_errSuccess);
}

static void list(JET_INSTANCE instance, JET_SESID session)
{
    JET_INSTANCE_INFO_A *instances = NULL;
    JET_DBID dbid = JET_dbidNil;
    uint32_t count = 0;
    uint32_t index;
    int seen = 0;

    CHECK(JetCreateDatabaseA(session, other, NULL, &dbid, JET_bitDbOverwriteExisting) == JET_errSuccess);
    CHECK(JetGetInstanceInfoA(&count, NULL) == JET_errInvalidParameter);
    CHECK(JetGetInstanceInfoA(&count, &instances) == JET_errSuccess);
    for (index = 0; index < count; index++)
    {
        if (instances[index].hInstanceId == instance)
        {
            seen = 1;
            CHECK(strcmp(instances[index].szInstanceName, "first") == 0);
            CHECK(instances[index].cDatabases == 1);
            CHECK(strcmp(instances[index].szDatabaseFileName[0], other) == 0);
        }
    }
    CHECK(seen);
    CHECK(JetFreeBuffer((char *)instances) == JET_errSuccess);
    CHECK(JetFreeBuffer((char *)instances) == JET_errInvalidParameter);
}

static void wrong_handles(JET_INSTANCE instance, JET_SESID stale)
{
    JET_SESID session = 0;

    CHECK(JetBeginTransaction(0) == JET_errInvalidSesid);
    CHECK(JetBeginTransaction(JET_sesidNil) == JET_errInvalidSesid);
    CHECK(JetBeginTransaction(stale) == JET_errInvalidSesid);
    CHECK(JetBeginTransaction((JET_SESID)instance) == JET_errInvalidSesid);
    CHECK(JetBeginSessionA(stale, &session, NULL, NULL) == JET_errInvalidParameter);
    CHECK(JetBeginSessionA(instance, NULL, NULL, NULL) == JET_errInvalidParameter);
    CHECK(JetCloseDatabase(stale, 1, 0) == JET_errInvalidSesid);
}

static void ends(JET_INSTANCE instance, JET_SESID session)
{
    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    CHECK(JetTerm2(instance, JET_bitTermComplete) == JET_errTooManyActiveUsers);
    CHECK(JetRollback(session, 0) == JET_errSuccess);
    CHECK(JetStopServiceInstance(instance) == JET_errSuccess);
    CHECK(JetBeginTransaction(session) == JET_errClientRequestToStopJetService);
    CHECK(JetEndSession(session, 0) == JET_errSuccess);
    CHECK(JetTerm2(instance, JET_bitTermComplete) == JET_errSuccess);
    CHECK(JetTerm(instance) == JET_errInvalidParameter);
}

int main(void)
{
    JET_INSTANCE first;
    JET_INSTANCE second;
    JET_SESID session;
    JET_SESID ended;

    CHECK(snprintf(folder, sizeof(folder), "%s/esent-c-XXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp") < (int)sizeof(folder));
    CHECK(mkdtemp(folder) != NULL);
    put_path(database, "one.edb");
    put_path(other, "two.edb");
    first = created("first", "logs-1");
    second = created("second", "logs-2");
    CHECK(JetInit(&first) == JET_errSuccess);
    CHECK(JetInit(&first) == JET_errAlreadyInitialized);
    CHECK(JetInit(&second) == JET_errSuccess);
    session = begun(first);
    ended = begun(first);
    CHECK(JetEndSession(ended, 0) == JET_errSuccess);
    transactions(session);
    affinity(session);
    contexts(session);
    databases(session, begun(first));
    list(first, session);
    wrong_handles(first, ended);
    CHECK(JetTerm(second) == JET_errSuccess);
    ends(first, session);
    return 0;
}

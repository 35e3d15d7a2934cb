/* Callbacks on records, local storage, escrow columns that come to zero: what the program is called for, what it may do
 * meanwhile, and what its answers do. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700
#endif
#include <pthread.h>
#include <time.h>

#include "database.h"

static char folder[4096];

/* What the callbacks were called for, and what they are to do. */
static struct
{
    JET_CBTYP kinds[64];
    int count;
    JET_ERR answer;
    JET_TABLEID other;
    NUMBERS numbers;
    int in_callback;
    int freed_cursors;
    int freed_tables;
    JET_LS freed_sum;
} seen;

static int count_of(JET_CBTYP kind)
{
    int found = 0;
    int index;
    for (index = 0; index < seen.count; index++)
    {
        found += seen.kinds[index] == kind;
    }
    return found;
}

static void forget(void)
{
    seen.count = 0;
    seen.answer = JET_errSuccess;
}

static void insert_into(JET_SESID session, NUMBERS *numbers, int32_t number)
{
    SUCCEED(JetPrepareUpdate(session, numbers->table, JET_prepInsert));
    SUCCEED(JetSetColumn(session, numbers->table, numbers->number, &number, sizeof number, 0, NULL));
}

static JET_ERR JET_API on_record(JET_SESID session, JET_DBID database, JET_TABLEID table, JET_CBTYP kind, void *first,
                                 void *second, void *context, JET_API_PTR unused)
{
    int32_t number = -1;
    char bookmark[256];
    uint32_t actual = 0;
    CHECK(context == &seen && database != JET_dbidNil && unused == 0 && first == NULL && second == NULL);
    CHECK(seen.count < 64);
    seen.kinds[seen.count++] = kind;
    /* What may not be done to the cursor that was given. */
    GIVES(JET_errIllegalOperation, JetMove(session, table, JET_MoveFirst, 0));
    GIVES(JET_errIllegalOperation, JetPrepareUpdate(session, table, JET_prepInsert));
    GIVES(JET_errIllegalOperation, JetUpdate(session, table, NULL, 0, NULL));
    GIVES(JET_errIllegalOperation, JetDelete(session, table));
    GIVES(JET_errIllegalOperation, JetCloseTable(session, table));
    GIVES(JET_errInvalidOperation, JetTerm(JET_instanceNil));
    /* What may. */
    if (kind == JET_cbtypBeforeInsert || kind == JET_cbtypBeforeReplace)
    {
        SUCCEED(JetRetrieveColumn(session, table, seen.numbers.number, &number, sizeof number, &actual,
                                  JET_bitRetrieveCopy, NULL));
        CHECK(actual == sizeof number && number >= 0);
        SUCCEED(JetSetColumn(session, table, seen.numbers.content, "set", 3, 0, NULL));
    }
    if (kind == JET_cbtypAfterDelete)
    {
        GIVES(JET_errRecordDeleted, JetRetrieveColumn(session, table, seen.numbers.number, &number, sizeof number,
                                                      &actual, JET_bitRetrieveCopy, NULL));
    }
    if (kind == JET_cbtypBeforeDelete)
    {
        SUCCEED(JetGetBookmark(session, table, bookmark, sizeof bookmark, &actual));
    }
    if (seen.other != 0 && kind == JET_cbtypBeforeInsert)
    {
        /* Another cursor on the table: its insert calls back, too, once. */
        NUMBERS others = seen.numbers;
        others.table = seen.other;
        seen.other = 0;
        insert_into(session, &others, 1000 + number);
        SUCCEED(JetUpdate(session, others.table, NULL, 0, NULL));
    }
    return seen.answer;
}

static JET_ERR JET_API on_runtime(JET_SESID session, JET_DBID database, JET_TABLEID table, JET_CBTYP kind, void *first,
                                  void *second, void *context, JET_API_PTR unused)
{
    (void)session;
    (void)database;
    CHECK(second == NULL && context == NULL && unused == 0);
    if (kind == JET_cbtypFreeCursorLS)
    {
        CHECK(table != JET_tableidNil);
        seen.freed_cursors++;
    }
    else
    {
        CHECK(kind == JET_cbtypFreeTableLS);
        seen.freed_tables++;
    }
    seen.freed_sum += (JET_LS)first;
    free(first);
    return JET_errSuccess;
}

static int32_t rows_of(JET_SESID session, JET_TABLEID table)
{
    uint32_t rows = 0;
    JET_ERR moved = JetMove(session, table, JET_MoveFirst, 0);
    if (moved == JET_errNoCurrentRecord)
    {
        return 0;
    }
    SUCCEED(moved);
    SUCCEED(JetIndexRecordCount(session, table, &rows, 0));
    return (int32_t)rows;
}

static void record_callbacks(JET_SESID session, JET_DBID database)
{
    NUMBERS numbers = create_numbers(session, database);
    JET_TABLEID second = 0;
    JET_HANDLE handle = 0;
    JET_HANDLE another = 0;
    const JET_CBTYP all = JET_cbtypBeforeInsert | JET_cbtypAfterInsert | JET_cbtypBeforeReplace |
                          JET_cbtypAfterReplace | JET_cbtypBeforeDelete | JET_cbtypAfterDelete;
    memset(&seen, 0, sizeof seen);
    seen.numbers = numbers;
    GIVES(JET_errInvalidParameter,
          JetRegisterCallback(session, numbers.table, JET_cbtypNull, on_record, &seen, &handle));
    GIVES(JET_errInvalidParameter, JetRegisterCallback(session, numbers.table, all, NULL, &seen, &handle));
    GIVES(JET_errInvalidParameter, JetRegisterCallback(session, numbers.table, all, on_record, &seen, NULL));
    SUCCEED(JetRegisterCallback(session, numbers.table, all, on_record, &seen, &handle));
    SUCCEED(JetDupCursor(session, numbers.table, &second, 0));

    /* Nothing is prepared: nobody is called. */
    GIVES(JET_errUpdateNotPrepared, JetUpdate(session, numbers.table, NULL, 0, NULL));
    GIVES(JET_errNoCurrentRecord, JetDelete(session, numbers.table));
    CHECK(seen.count == 0);

    /* Before and after, for the cursor it was registered through and for another one. */
    insert_into(session, &numbers, 1);
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    CHECK(seen.count == 2 && seen.kinds[0] == JET_cbtypBeforeInsert && seen.kinds[1] == JET_cbtypAfterInsert);
    SUCCEED(JetMove(session, second, JET_MoveFirst, 0));
    {
        char content[8];
        uint32_t actual = 0;
        SUCCEED(JetRetrieveColumn(session, second, numbers.content, content, sizeof content, &actual, 0, NULL));
        CHECK(actual == 3 && memcmp(content, "set", 3) == 0);
    }
    forget();
    SUCCEED(JetPrepareUpdate(session, second, JET_prepReplace));
    SUCCEED(JetSetColumn(session, second, numbers.content, "new", 3, 0, NULL));
    SUCCEED(JetUpdate(session, second, NULL, 0, NULL));
    CHECK(seen.count == 2 && seen.kinds[0] == JET_cbtypBeforeReplace && seen.kinds[1] == JET_cbtypAfterReplace);

    /* An error before the change is the call's, nothing has changed, and the update can be finished later. */
    forget();
    insert_into(session, &numbers, 2);
    seen.answer = -1;
    GIVES(-1, JetUpdate(session, numbers.table, NULL, 0, NULL));
    CHECK(seen.count == 1);
    CHECK(rows_of(session, second) == 1);
    seen.answer = 7;
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    CHECK(rows_of(session, second) == 2);

    /* What the callback did goes with a change that fails. */
    forget();
    insert_into(session, &numbers, 2);
    SUCCEED(JetDupCursor(session, numbers.table, &seen.other, 0));
    GIVES(JET_errKeyDuplicate, JetUpdate(session, numbers.table, NULL, 0, NULL));
    CHECK(count_of(JET_cbtypBeforeInsert) == 2 && count_of(JET_cbtypAfterInsert) == 1);
    CHECK(rows_of(session, second) == 2);
    SUCCEED(JetPrepareUpdate(session, numbers.table, JET_prepCancel));

    /* Deleting: the record is there before, and gone after. An error of the last one leaves it deleted. */
    forget();
    SUCCEED(JetMove(session, second, JET_MoveLast, 0));
    seen.answer = -1100000;
    GIVES(-1100000, JetDelete(session, second));
    CHECK(seen.count == 1 && rows_of(session, numbers.table) == 2);
    forget();
    SUCCEED(JetMove(session, second, JET_MoveLast, 0));
    SUCCEED(JetDelete(session, second));
    CHECK(seen.count == 2 && seen.kinds[0] == JET_cbtypBeforeDelete && seen.kinds[1] == JET_cbtypAfterDelete);
    CHECK(rows_of(session, numbers.table) == 1);

    /* Not undone by a rollback, and called in the order of registration. */
    SUCCEED(JetBeginTransaction(session));
    SUCCEED(JetRegisterCallback(session, second, JET_cbtypBeforeInsert, on_record, &seen, &another));
    SUCCEED(JetRollback(session, 0));
    forget();
    insert_into(session, &numbers, 5);
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    CHECK(count_of(JET_cbtypBeforeInsert) == 2 && count_of(JET_cbtypAfterInsert) == 1);
    GIVES(JET_errInvalidParameter, JetUnregisterCallback(session, second, JET_cbtypBeforeInsert, another + 1000));
    SUCCEED(JetUnregisterCallback(session, second, JET_cbtypBeforeInsert, another));
    GIVES(JET_errInvalidParameter, JetUnregisterCallback(session, second, JET_cbtypBeforeInsert, another));
    SUCCEED(JetUnregisterCallback(session, numbers.table, all, handle));
    forget();
    insert_into(session, &numbers, 6);
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    CHECK(seen.count == 0);
    SUCCEED(JetCloseTable(session, second));
    SUCCEED(JetCloseTable(session, numbers.table));
}

static void local_storage(JET_SESID session, JET_DBID database)
{
    NUMBERS numbers = open_numbers(session, database);
    JET_TABLEID second = 0;
    JET_LS value = 0;
    void *of_cursor = malloc(16);
    void *of_table = malloc(16);
    void *of_second = malloc(16);
    memset(&seen, 0, sizeof seen);
    GIVES(JET_errLSNotSet, JetGetLS(session, numbers.table, &value, 0));
    CHECK(value == JET_LSNil);
    GIVES(JET_errLSNotSet, JetGetLS(session, numbers.table, &value, JET_bitLSTable));
    GIVES(JET_errInvalidGrbit, JetSetLS(session, numbers.table, 1, JET_bitLSTable | JET_bitLSCursor));
    GIVES(JET_errInvalidGrbit, JetGetLS(session, numbers.table, &value, JET_bitLSTable | JET_bitLSCursor));
    SUCCEED(JetSetLS(session, numbers.table, (JET_LS)of_cursor, 0));
    GIVES(JET_errLSAlreadySet, JetSetLS(session, numbers.table, 99, JET_bitLSCursor));
    SUCCEED(JetSetLS(session, numbers.table, (JET_LS)of_table, JET_bitLSTable));
    SUCCEED(JetDupCursor(session, numbers.table, &second, 0));
    GIVES(JET_errLSNotSet, JetGetLS(session, second, &value, JET_bitLSCursor));
    SUCCEED(JetGetLS(session, second, &value, JET_bitLSTable));
    CHECK(value == (JET_LS)of_table);
    /* Taken out: the program keeps it, nobody is called. */
    SUCCEED(JetGetLS(session, numbers.table, &value, JET_bitLSReset));
    CHECK(value == (JET_LS)of_cursor && seen.freed_cursors == 0);
    SUCCEED(JetGetLS(session, numbers.table, &value, JET_bitLSReset));
    SUCCEED(JetSetLS(session, numbers.table, (JET_LS)of_cursor, 0));
    SUCCEED(JetSetLS(session, second, (JET_LS)of_second, 0));
    SUCCEED(JetCloseTable(session, numbers.table));
    CHECK(seen.freed_cursors == 1 && seen.freed_sum == (JET_LS)of_cursor);
    SUCCEED(JetCloseTable(session, second));
    CHECK(seen.freed_cursors == 2 && seen.freed_tables == 0);
    /* A cursor that a rollback closes, and one that ends with its session's database. */
    SUCCEED(JetBeginTransaction(session));
    numbers = open_numbers(session, database);
    SUCCEED(JetGetLS(session, numbers.table, &value, JET_bitLSTable));
    SUCCEED(JetSetLS(session, numbers.table, (JET_LS)malloc(8), 0));
    SUCCEED(JetRollback(session, 0));
    CHECK(seen.freed_cursors == 3);
    numbers = open_numbers(session, database);
    SUCCEED(JetSetLS(session, numbers.table, (JET_LS)malloc(8), 0));
    SUCCEED(JetCloseDatabase(session, database, 0));
    CHECK(seen.freed_cursors == 4 && seen.freed_tables == 0);
    SUCCEED(JetDetachDatabaseA(session, database_in(folder)));
    CHECK(seen.freed_tables == 1);
}

static void rest(void)
{
    struct timespec pause = {0, 10000000};
    (void)nanosleep(&pause, NULL);
}

static int finalized;

static JET_ERR JET_API on_zero(JET_SESID session, JET_DBID database, JET_TABLEID table, JET_CBTYP kind, void *first,
                               void *second, void *context, JET_API_PTR unused)
{
    char bookmark[64];
    uint32_t actual = 0;
    (void)database;
    CHECK(kind == JET_cbtypFinalize && first == NULL && second == NULL && context == NULL && unused == 0);
    SUCCEED(JetGetBookmark(session, table, bookmark, sizeof bookmark, &actual));
    finalized++;
    return JET_errSuccess;
}

/* A table with one row, whose escrow column "count" is 1; with `grbit` on the column. */
static JET_TABLEID counted_table(JET_SESID session, JET_DBID database, const char *name, JET_GRBIT grbit,
                                 JET_COLUMNID *count)
{
    JET_TABLEID table = 0;
    JET_COLUMNDEF definition;
    int32_t one = 1;
    SUCCEED(JetCreateTableA(session, database, name, 1, 80, &table));
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLong;
    definition.grbit = JET_bitColumnFixed | JET_bitColumnEscrowUpdate | grbit;
    SUCCEED(JetAddColumnA(session, table, "count", &definition, &one, sizeof one, count));
    SUCCEED(JetPrepareUpdate(session, table, JET_prepInsert));
    SUCCEED(JetUpdate(session, table, NULL, 0, NULL));
    SUCCEED(JetMove(session, table, JET_MoveFirst, 0));
    return table;
}

static int32_t add(JET_SESID session, JET_TABLEID table, JET_COLUMNID count, int32_t delta)
{
    int32_t old = 0;
    SUCCEED(JetBeginTransaction(session));
    SUCCEED(JetEscrowUpdate(session, table, count, &delta, sizeof delta, &old, sizeof old, NULL, 0));
    SUCCEED(JetCommitTransaction(session, 0));
    return old;
}

static void escrow_at_zero(JET_SESID session, JET_DBID database)
{
    JET_COLUMNID count = 0;
    JET_HANDLE handle = 0;
    int tries;
    JET_TABLEID table = counted_table(session, database, "finalized", JET_bitColumnFinalize, &count);
    SUCCEED(JetRegisterCallback(session, table, JET_cbtypFinalize, on_zero, NULL, &handle));
    CHECK(add(session, table, count, 1) == 1 && finalized == 0);
    CHECK(add(session, table, count, -2) == 2 && finalized == 1);
    SUCCEED(JetCloseTable(session, table));

    table = counted_table(session, database, "deleted", JET_bitColumnDeleteOnZero, &count);
    CHECK(add(session, table, count, 2) == 1);
    CHECK(add(session, table, count, -3) == 3);
    /* In the background, when nobody needs it. */
    for (tries = 0; tries < 1000 && JetMove(session, table, JET_MoveFirst, 0) == JET_errSuccess; tries++)
    {
        rest();
        CHECK(tries < 999);
    }
    GIVES(JET_errNoCurrentRecord, JetMove(session, table, JET_MoveFirst, 0));
    SUCCEED(JetCloseTable(session, table));
}

static JET_ERR JET_API on_default(JET_SESID session, JET_DBID database, JET_TABLEID table, JET_CBTYP kind, void *first,
                                  void *second, void *context, JET_API_PTR unused)
{
    static const char value[] = "computed";
    uint32_t *bytes = (uint32_t *)second;
    char bookmark[64];
    uint32_t actual = 0;
    (void)database;
    (void)unused;
    CHECK(kind == JET_cbtypUserDefinedDefaultValue && context == NULL);
    SUCCEED(JetGetBookmark(session, table, bookmark, sizeof bookmark, &actual));
    if (first != NULL)
    {
        memcpy(first, value, *bytes < 8 ? *bytes : 8);
    }
    *bytes = 8;
    return JET_errSuccess;
}

/* A tagged column whose default the program computes. */
static void computed_default(JET_SESID session, JET_DBID database)
{
    static char name[] = "nowhere!nothing";
    NUMBERS numbers = open_numbers(session, database);
    JET_USERDEFINEDDEFAULT_A defined;
    JET_COLUMNDEF definition;
    JET_COLUMNID column = 0;
    JET_HANDLE handle = 0;
    JET_RETRIEVECOLUMN items[2];
    char value[16];
    char content[16];
    uint32_t actual = 0;
    memset(&defined, 0, sizeof defined);
    defined.szCallback = name;
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLongBinary;
    definition.grbit = JET_bitColumnTagged | JET_bitColumnUserDefinedDefault;
    SUCCEED(JetAddColumnA(session, numbers.table, "computed", &definition, &defined, sizeof defined, &column));
    SUCCEED(JetMove(session, numbers.table, JET_MoveFirst, 0));
    /* The function of the catalog is not looked for. */
    GIVES(JET_errCallbackFailed,
          JetRetrieveColumn(session, numbers.table, column, value, sizeof value, &actual, 0, NULL));
    GIVES(JET_wrnColumnNull, JetRetrieveColumn(session, numbers.table, column, value, sizeof value, &actual,
                                               JET_bitRetrieveIgnoreDefault, NULL));
    SUCCEED(JetRegisterCallback(session, numbers.table, JET_cbtypUserDefinedDefaultValue, on_default, NULL, &handle));
    GIVES(JET_errSuccess,
          JetRetrieveColumn(session, numbers.table, column, value, sizeof value, &actual, 0, NULL));
    CHECK(actual == 8 && memcmp(value, "computed", 8) == 0);
    GIVES(JET_wrnBufferTruncated, JetRetrieveColumn(session, numbers.table, column, value, 3, &actual, 0, NULL));
    CHECK(actual == 8 && memcmp(value, "com", 3) == 0);
    GIVES(JET_wrnBufferTruncated, JetRetrieveColumn(session, numbers.table, column, NULL, 0, &actual, 0, NULL));
    memset(items, 0, sizeof items);
    items[0].columnid = column;
    items[0].pvData = value;
    items[0].cbData = sizeof value;
    items[0].itagSequence = 1;
    items[1].columnid = numbers.content;
    items[1].pvData = content;
    items[1].cbData = sizeof content;
    items[1].itagSequence = 1;
    GIVES(JET_errSuccess, JetRetrieveColumns(session, numbers.table, items, 2));
    CHECK(items[0].err == JET_errSuccess && items[0].cbActual == 8 && items[1].err == JET_errSuccess &&
          items[1].cbActual == 3);
    SUCCEED(JetUnregisterCallback(session, numbers.table, JET_cbtypUserDefinedDefaultValue, handle));
    SUCCEED(JetCloseTable(session, numbers.table));
}

/* A callback that the catalog names: stored, and what needs it fails while nobody may look for it. */
static void stored_callback(JET_SESID session, JET_DBID database)
{
    static char table_name[] = "guarded";
    static char callback[] = "nowhere!nothing";
    JET_TABLECREATE2_A create;
    memset(&create, 0, sizeof create);
    create.cbStruct = sizeof create;
    create.szTableName = table_name;
    create.szCallback = callback;
    create.cbtyp = JET_cbtypBeforeInsert;
    SUCCEED(JetCreateTableColumnIndex2A(session, database, &create));
    CHECK(create.cCreated == 2);
    SUCCEED(JetPrepareUpdate(session, create.tableid, JET_prepInsert));
    GIVES(JET_errCallbackFailed, JetUpdate(session, create.tableid, NULL, 0, NULL));
    SUCCEED(JetCloseTable(session, create.tableid));
}

/* What the durable-commit callback told: how often, the highest id, and whether one ever went back. */
/* JET_sesparamCommitGenericContext, which the header keeps back. */
#define COMMIT_CONTEXT 4098

static struct
{
    pthread_mutex_t lock;
    JET_INSTANCE instance;
    int calls;
    int64_t highest;
    int went_back;
} commits = {PTHREAD_MUTEX_INITIALIZER, 0, 0, 0, 0};

static JET_ERR JET_API on_durable(JET_INSTANCE instance, JET_COMMIT_ID *commit, JET_GRBIT grbit)
{
    JET_SESID session = JET_sesidNil;
    CHECK(instance == commits.instance && grbit == 0);
    /* It may make no calls. */
    GIVES(JET_errInvalidOperation, JetBeginSessionA(instance, &session, NULL, NULL));
    CHECK(pthread_mutex_lock(&commits.lock) == 0);
    commits.calls++;
    commits.went_back |= commit->commitId < commits.highest;
    commits.highest = commit->commitId;
    CHECK(pthread_mutex_unlock(&commits.lock) == 0);
    return JET_errSuccess;
}

static int64_t highest_durable(void)
{
    int64_t highest;
    CHECK(pthread_mutex_lock(&commits.lock) == 0);
    CHECK(!commits.went_back);
    highest = commits.highest;
    CHECK(pthread_mutex_unlock(&commits.lock) == 0);
    return highest;
}

static void durable_commits(JET_SESID session, JET_DBID database)
{
    static char context[] = "who did it";
    NUMBERS numbers = open_numbers(session, database);
    JET_COMMIT_ID durable;
    JET_COMMIT_ID lazy;
    int32_t number;
    int tries;
    memset(&durable, 0, sizeof durable);
    memset(&lazy, 0, sizeof lazy);
    SUCCEED(JetBeginTransaction(session));
    insert_into(session, &numbers, 2001);
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    SUCCEED(JetCommitTransaction2(session, 0, 0, &durable));
    CHECK(durable.commitId != 0);
    for (tries = 0; highest_durable() < durable.commitId; tries++)
    {
        CHECK(tries < 500);
        rest();
    }
    /* A lazy one that is to be durable in 50 ms, with a note for who reads the log. */
    SUCCEED(JetSetSessionParameter(session, COMMIT_CONTEXT, context, sizeof context));
    SUCCEED(JetBeginTransaction(session));
    insert_into(session, &numbers, 2002);
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    SUCCEED(JetCommitTransaction2(session, JET_bitCommitLazyFlush, 50, &lazy));
    CHECK(lazy.commitId > durable.commitId);
    for (tries = 0; highest_durable() < lazy.commitId; tries++)
    {
        CHECK(tries < 500);
        rest();
    }
    SUCCEED(JetSetSessionParameter(session, COMMIT_CONTEXT, NULL, 0));
    /* Lazy by default: the end of the instance tells of it at the latest. */
    number = JET_bitCommitLazyFlush;
    SUCCEED(JetSetSessionParameter(session, JET_sesparamCommitDefault, &number, sizeof number));
    SUCCEED(JetBeginTransaction(session));
    insert_into(session, &numbers, 2003);
    SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    SUCCEED(JetCommitTransaction2(session, 0, 0, &lazy));
    SUCCEED(JetCloseTable(session, numbers.table));
}

int main(void)
{
    int told;
    JET_INSTANCE instance;
    JET_SESID session = JET_sesidNil;
    JET_DBID database = JET_dbidNil;
    const char *temporary = getenv("TMPDIR");
    union
    {
        JET_CALLBACK function;
        JET_API_PTR number;
    } callback;
    union
    {
        JET_PFNDURABLECOMMITCALLBACK function;
        JET_API_PTR number;
    } durable;
    CHECK(snprintf(folder, sizeof folder, "%s/callbacks/", temporary != NULL ? temporary : ".") < (int)sizeof folder);
    instance = instance_in("callbacks", folder);
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCreatePathIfNotExist, 1, NULL));
    callback.function = on_runtime;
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramRuntimeCallback, callback.number, NULL));
    durable.function = on_durable;
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramDurableCommitCallback, durable.number, NULL));
    commits.instance = instance;
    SUCCEED(JetInit(&instance));
    SUCCEED(JetBeginSessionA(instance, &session, NULL, NULL));
    SUCCEED(JetCreateDatabaseA(session, database_in(folder), NULL, &database, JET_bitDbOverwriteExisting));
    record_callbacks(session, database);
    escrow_at_zero(session, database);
    computed_default(session, database);
    stored_callback(session, database);
    durable_commits(session, database);
    local_storage(session, database);
    CHECK(pthread_mutex_lock(&commits.lock) == 0);
    told = commits.calls;
    CHECK(pthread_mutex_unlock(&commits.lock) == 0);
    SUCCEED(JetTerm2(instance, JET_bitTermComplete));
    CHECK(commits.calls > told && highest_durable() > 0);
    return 0;
}

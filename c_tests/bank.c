/* Eight threads on one database: transfers between accounts, accounts opened and closed, long values written, tables made
 * and deleted, all at once, while others look.
 *
 *   bank FOLDER/ SECONDS
 *
 * What holds in every snapshot: the balances have one sum; the index over the balances has the accounts of the table, each
 * once and in order; every account's statement, a long value, is the one that its head announces. No call fails but with a
 * write conflict, and no thread stands still. Says how often each thread came through.
 */
#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include "calls.h"

#define ACCOUNTS 400
#define NUMBERS 2000
#define FIRST_AMOUNT 1000
#define THREADS 8
/* A statement has at most so many bytes: from within the record to some dozen chunks. */
#define STATEMENT_MAX 60000
/* No thread may need longer for one round. */
#define STANDSTILL_SECONDS 60

typedef struct
{
    uint32_t seed;
    /* Rounds that came to their end, and those given up for a conflict; read by the thread that watches. */
    volatile uint32_t done;
    volatile uint32_t conflicts;
    volatile int over;
    pthread_t thread;
} WORKER;

typedef struct
{
    JET_SESID session;
    JET_DBID database;
    JET_TABLEID table;
    JET_COLUMNID number;
    JET_COLUMNID balance;
    JET_COLUMNID statement;
    unsigned char *buffer;
} BANK;

static WORKER workers[THREADS];
static JET_INSTANCE instance;
static char path[4096];
static time_t end;

static const char *name_of(int thread)
{
    static const char *const names[THREADS] = {"transfers", "transfers", "transfers", "opened or closed",
                                               "statements", "tables", "audits", "audits"};
    return names[thread];
}

static uint32_t draw(WORKER *worker, uint32_t below)
{
    worker->seed = worker->seed * 1664525u + 1013904223u;
    return (worker->seed >> 8) % below;
}

static void find_columns(BANK *bank)
{
    static const char *const names[] = {"number", "balance", "statement"};
    JET_COLUMNID *const places[] = {&bank->number, &bank->balance, &bank->statement};
    int column;
    for (column = 0; column < 3; column++)
    {
        JET_COLUMNDEF definition;
        SUCCEED(JetGetTableColumnInfoA(bank->session, bank->table, names[column], &definition, sizeof definition,
                                       JET_ColInfo));
        *places[column] = definition.columnid;
    }
}

static BANK enter(void)
{
    BANK bank;
    SUCCEED(JetBeginSessionA(instance, &bank.session, NULL, NULL));
    SUCCEED(JetOpenDatabaseA(bank.session, path, NULL, &bank.database, 0));
    SUCCEED(JetOpenTableA(bank.session, bank.database, "accounts", NULL, 0, 0, &bank.table));
    bank.buffer = (unsigned char *)malloc(STATEMENT_MAX);
    CHECK(bank.buffer != NULL);
    find_columns(&bank);
    return bank;
}

static void leave(BANK *bank)
{
    free(bank->buffer);
    SUCCEED(JetEndSession(bank->session, 0));
}

/* The statement of an account: its number, how long it is, and a pattern of both. */
static uint32_t write_statement(unsigned char *buffer, int32_t number, uint32_t length)
{
    uint32_t at;
    if (length < 8)
        length = 8;
    for (at = 8; at < length; at++)
        buffer[at] = (unsigned char)((uint32_t)number * 31u + length * 7u + at);
    memcpy(buffer, &number, 4);
    memcpy(buffer + 4, &length, 4);
    return length;
}

static void check_statement(const unsigned char *buffer, int32_t number, uint32_t length)
{
    int32_t of;
    uint32_t said, at;
    CHECK(length >= 8);
    memcpy(&of, buffer, 4);
    memcpy(&said, buffer + 4, 4);
    CHECK(of == number && said == length);
    for (at = 8; at < length; at++)
        CHECK(buffer[at] == (unsigned char)((uint32_t)number * 31u + length * 7u + at));
}

static int32_t number_in(const BANK *bank, JET_COLUMNID column)
{
    int32_t number = 0;
    GIVES(JET_errSuccess,
          JetRetrieveColumn(bank->session, bank->table, column, &number, sizeof number, NULL, 0, NULL));
    return number;
}

static JET_ERR go_to(const BANK *bank, int32_t number)
{
    SUCCEED(JetMakeKey(bank->session, bank->table, &number, sizeof number, JET_bitNewKey));
    return JetSeek(bank->session, bank->table, JET_bitSeekEQ);
}

static JET_ERR set_balance(const BANK *bank, int32_t balance)
{
    return JetSetColumn(bank->session, bank->table, bank->balance, &balance, sizeof balance, 0, NULL);
}

/* Adds to an account that is there. A conflict shows when the update is prepared, at the latest when it is made. */
static JET_ERR add(const BANK *bank, int32_t change)
{
    JET_ERR err = JetPrepareUpdate(bank->session, bank->table, JET_prepReplace);
    if (err != JET_errSuccess)
        return err;
    SUCCEED(set_balance(bank, number_in(bank, bank->balance) + change));
    return JetUpdate(bank->session, bank->table, NULL, 0, NULL);
}

/* Some account, from a random one onward. */
static void go_to_some(const BANK *bank, WORKER *worker)
{
    int32_t number = (int32_t)draw(worker, NUMBERS);
    SUCCEED(JetMakeKey(bank->session, bank->table, &number, sizeof number, JET_bitNewKey));
    if (JetSeek(bank->session, bank->table, JET_bitSeekGE) < JET_errSuccess)
        SUCCEED(JetMove(bank->session, bank->table, JET_MoveFirst, 0));
}

/* Ends a transaction: committed, lazily most of the time, or rolled back; whether it was committed. */
static int finish(const BANK *bank, WORKER *worker, JET_ERR err)
{
    if (err == JET_errSuccess && draw(worker, 12) != 0)
    {
        SUCCEED(JetCommitTransaction(bank->session, draw(worker, 20) == 0 ? 0 : JET_bitCommitLazyFlush));
        worker->done++;
        return 1;
    }
    if (err != JET_errSuccess && err != JET_errWriteConflict && err != JET_errKeyDuplicate)
    {
        fprintf(stderr, "%s: a transaction ends with %ld\n", name_of((int)(worker - workers)), (long)err);
        exit(1);
    }
    SUCCEED(JetRollback(bank->session, 0));
    worker->conflicts += err != JET_errSuccess;
    return 0;
}

static void transfer(BANK *bank, WORKER *worker)
{
    int32_t change = (int32_t)draw(worker, 100);
    JET_ERR err;
    SUCCEED(JetBeginTransaction(bank->session));
    go_to_some(bank, worker);
    err = add(bank, -change);
    if (err == JET_errSuccess)
    {
        go_to_some(bank, worker);
        err = add(bank, change);
    }
    finish(bank, worker, err);
}

/* Opens an account with money of another one. */
static JET_ERR open_account(BANK *bank, WORKER *worker, int32_t number)
{
    int32_t amount = (int32_t)draw(worker, 50);
    uint32_t length = write_statement(bank->buffer, number, 8 + draw(worker, 300));
    JET_ERR err;
    go_to_some(bank, worker);
    err = add(bank, -amount);
    if (err != JET_errSuccess)
        return err;
    SUCCEED(JetPrepareUpdate(bank->session, bank->table, JET_prepInsert));
    SUCCEED(JetSetColumn(bank->session, bank->table, bank->number, &number, sizeof number, 0, NULL));
    SUCCEED(set_balance(bank, amount));
    SUCCEED(JetSetColumn(bank->session, bank->table, bank->statement, bank->buffer, length, 0, NULL));
    return JetUpdate(bank->session, bank->table, NULL, 0, NULL);
}

/* Closes the account the cursor is on; another one gets its money. */
static JET_ERR close_account(BANK *bank, WORKER *worker)
{
    JET_ERR err = JetGetLock(bank->session, bank->table, JET_bitWriteLock);
    int32_t amount;
    if (err != JET_errSuccess)
        return err;
    amount = number_in(bank, bank->balance);
    SUCCEED(JetDelete(bank->session, bank->table));
    go_to_some(bank, worker);
    return add(bank, amount);
}

static void open_and_close(BANK *bank, WORKER *worker)
{
    int32_t number = (int32_t)draw(worker, NUMBERS);
    JET_ERR err;
    SUCCEED(JetBeginTransaction(bank->session));
    err = go_to(bank, number);
    if (err == JET_errRecordNotFound)
        err = open_account(bank, worker, number);
    else if (err == JET_errSuccess)
        err = close_account(bank, worker);
    finish(bank, worker, err);
}

static void restate(BANK *bank, WORKER *worker)
{
    uint32_t length;
    JET_ERR err;
    SUCCEED(JetBeginTransaction(bank->session));
    go_to_some(bank, worker);
    length = write_statement(bank->buffer, number_in(bank, bank->number), 8 + draw(worker, STATEMENT_MAX - 8));
    if (draw(worker, 3) != 0)
        length = write_statement(bank->buffer, number_in(bank, bank->number), 8 + length % 3000);
    err = JetPrepareUpdate(bank->session, bank->table, JET_prepReplace);
    if (err == JET_errSuccess)
    {
        err = JetSetColumn(bank->session, bank->table, bank->statement, bank->buffer, length, 0, NULL);
        CHECK(err == JET_errSuccess || err == JET_errWriteConflict);
        if (err == JET_errSuccess)
            err = JetUpdate(bank->session, bank->table, NULL, 0, NULL);
    }
    finish(bank, worker, err);
}

/* A table comes, is filled, gets an index and a column, is read in both orders, and goes. */
static void define(BANK *bank, WORKER *worker)
{
    static const char key[] = "+value\0";
    char name[32];
    JET_TABLEID table;
    JET_COLUMNID value, more;
    JET_COLUMNDEF definition;
    int32_t row, rows = 20 + (int32_t)draw(worker, 200), found = 0, last = 0;
    JET_ERR err;
    CHECK(snprintf(name, sizeof name, "scratch%lu", (unsigned long)worker->done) < (int)sizeof name);
    SUCCEED(JetBeginTransaction(bank->session));
    SUCCEED(JetCreateTableA(bank->session, bank->database, name, 4, 80, &table));
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLong;
    SUCCEED(JetAddColumnA(bank->session, table, "value", &definition, NULL, 0, &value));
    for (row = 0; row < rows; row++)
    {
        int32_t number = (int32_t)draw(worker, 1000);
        SUCCEED(JetPrepareUpdate(bank->session, table, JET_prepInsert));
        SUCCEED(JetSetColumn(bank->session, table, value, &number, sizeof number, 0, NULL));
        SUCCEED(JetUpdate(bank->session, table, NULL, 0, NULL));
    }
    SUCCEED(JetCommitTransaction(bank->session, JET_bitCommitLazyFlush));
    SUCCEED(JetCloseTable(bank->session, table));
    SUCCEED(JetOpenTableA(bank->session, bank->database, name, NULL, 0, JET_bitTableDenyRead, &table));
    SUCCEED(JetCreateIndexA(bank->session, table, "by_value", 0, key, sizeof key, 80));
    SUCCEED(JetAddColumnA(bank->session, table, "more", &definition, NULL, 0, &more));
    SUCCEED(JetSetCurrentIndexA(bank->session, table, "by_value"));
    for (err = JetMove(bank->session, table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(bank->session, table, JET_MoveNext, 0))
    {
        int32_t number = 0;
        SUCCEED(JetRetrieveColumn(bank->session, table, value, &number, sizeof number, NULL, 0, NULL));
        GIVES(JET_wrnColumnNull,
              JetRetrieveColumn(bank->session, table, more, &number, sizeof number, NULL, 0, NULL));
        CHECK(number >= last);
        last = number;
        found++;
    }
    CHECK(err == JET_errNoCurrentRecord && found == rows);
    SUCCEED(JetCloseTable(bank->session, table));
    SUCCEED(JetDeleteTableA(bank->session, bank->database, name));
    worker->done++;
}

typedef struct
{
    uint32_t accounts;
    int64_t sum;
    uint64_t mixed;
} SEEN;

static SEEN look(BANK *bank, const char *index, int with_statements)
{
    SEEN seen = {0, 0, 0};
    int32_t last = INT32_MIN;
    JET_ERR err;
    SUCCEED(JetSetCurrentIndexA(bank->session, bank->table, index));
    err = JetMove(bank->session, bank->table, JET_MoveFirst, 0);
    for (; err == JET_errSuccess; err = JetMove(bank->session, bank->table, JET_MoveNext, 0))
    {
        int32_t number = number_in(bank, bank->number), balance = number_in(bank, bank->balance);
        int32_t ordered = index == NULL ? number : balance;
        CHECK(ordered >= last);
        last = ordered;
        seen.accounts++;
        seen.sum += balance;
        seen.mixed += ((uint64_t)(uint32_t)number << 32 | (uint32_t)balance) * UINT64_C(0x9E3779B97F4A7C15);
        if (with_statements)
        {
            JET_RETRIEVECOLUMN column;
            memset(&column, 0, sizeof column);
            column.columnid = bank->statement;
            column.pvData = bank->buffer;
            column.cbData = STATEMENT_MAX;
            column.itagSequence = 1;
            GIVES(JET_errSuccess, JetRetrieveColumns(bank->session, bank->table, &column, 1));
            check_statement(bank->buffer, number, (uint32_t)column.cbActual);
        }
    }
    CHECK(err == JET_errNoCurrentRecord);
    return seen;
}

static void audit(BANK *bank, WORKER *worker)
{
    SEEN by_number, by_balance;
    SUCCEED(JetBeginTransaction(bank->session));
    by_number = look(bank, NULL, worker->done % 2 == 0);
    by_balance = look(bank, "by_balance", 0);
    if (by_number.sum != (int64_t)ACCOUNTS * FIRST_AMOUNT || by_number.accounts != by_balance.accounts ||
        by_number.sum != by_balance.sum || by_number.mixed != by_balance.mixed)
    {
        fprintf(stderr, "%lu accounts with %ld, by their balances %lu with %ld\n", (unsigned long)by_number.accounts,
                (long)by_number.sum, (unsigned long)by_balance.accounts, (long)by_balance.sum);
        exit(1);
    }
    SUCCEED(JetCommitTransaction(bank->session, 0));
    worker->done++;
}

typedef void (*WORK)(BANK *, WORKER *);

static WORK work_of(int thread)
{
    static const WORK works[THREADS] = {transfer, transfer, transfer, open_and_close, restate, define, audit, audit};
    return works[thread];
}

static void *work(void *argument)
{
    WORKER *worker = (WORKER *)argument;
    WORK round = work_of((int)(worker - workers));
    BANK bank = enter();
    while (time(NULL) < end)
        round(&bank, worker);
    leave(&bank);
    worker->over = 1;
    return NULL;
}

static void add_column(BANK *bank, const char *name, JET_COLTYP type, JET_GRBIT grbit, JET_COLUMNID *column)
{
    JET_COLUMNDEF definition;
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = type;
    definition.grbit = grbit;
    SUCCEED(JetAddColumnA(bank->session, bank->table, name, &definition, NULL, 0, column));
}

static void found_bank(void)
{
    static const char by_number[] = "+number\0", by_balance[] = "+balance\0";
    BANK bank;
    int32_t account;
    unsigned char statement[8];
    SUCCEED(JetBeginSessionA(instance, &bank.session, NULL, NULL));
    SUCCEED(JetCreateDatabaseA(bank.session, path, NULL, &bank.database, 0));
    SUCCEED(JetBeginTransaction(bank.session));
    SUCCEED(JetCreateTableA(bank.session, bank.database, "accounts", 16, 80, &bank.table));
    add_column(&bank, "number", JET_coltypLong, JET_bitColumnNotNULL, &bank.number);
    add_column(&bank, "balance", JET_coltypLong, JET_bitColumnNotNULL, &bank.balance);
    add_column(&bank, "statement", JET_coltypLongBinary, 0, &bank.statement);
    SUCCEED(JetCreateIndexA(bank.session, bank.table, "by_number", JET_bitIndexPrimary | JET_bitIndexUnique, by_number,
                            sizeof by_number, 90));
    SUCCEED(JetCreateIndexA(bank.session, bank.table, "by_balance", 0, by_balance, sizeof by_balance, 90));
    for (account = 0; account < ACCOUNTS; account++)
    {
        int32_t number = account * (NUMBERS / ACCOUNTS);
        SUCCEED(JetPrepareUpdate(bank.session, bank.table, JET_prepInsert));
        SUCCEED(JetSetColumn(bank.session, bank.table, bank.number, &number, sizeof number, 0, NULL));
        SUCCEED(set_balance(&bank, FIRST_AMOUNT));
        SUCCEED(JetSetColumn(bank.session, bank.table, bank.statement, statement, write_statement(statement, number, 8), 0,
                             NULL));
        SUCCEED(JetUpdate(bank.session, bank.table, NULL, 0, NULL));
    }
    SUCCEED(JetCommitTransaction(bank.session, 0));
    SUCCEED(JetEndSession(bank.session, 0));
}

/* Until all threads are over: every one of them has to come on. */
static void watch(void)
{
    uint32_t last[THREADS] = {0};
    time_t moved[THREADS];
    int thread, over;
    for (thread = 0; thread < THREADS; thread++)
        moved[thread] = time(NULL);
    do
    {
        sleep(1);
        over = 0;
        for (thread = 0; thread < THREADS; thread++)
        {
            uint32_t now = workers[thread].done + workers[thread].conflicts;
            if (now != last[thread])
                moved[thread] = time(NULL);
            last[thread] = now;
            over += workers[thread].over;
            if (!workers[thread].over && time(NULL) - moved[thread] > STANDSTILL_SECONDS)
            {
                fprintf(stderr, "%s: thread %d stands still\n", name_of(thread), thread);
                exit(1);
            }
        }
    } while (over < THREADS);
}

int main(int argc, char **argv)
{
    int thread;
    CHECK(argc == 3 && snprintf(path, sizeof path, "%sbank.edb", argv[1]) < (int)sizeof path);
    /* A cache that holds a part of the pages, and logs that are used again. */
    SUCCEED(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramCacheSizeMin, 64, NULL));
    SUCCEED(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramCacheSizeMax, 512, NULL));
    instance = instance_in("bank", argv[1]);
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCircularLog, 1, NULL));
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCheckpointDepthMax, 2 << 20, NULL));
    /* An audit keeps what the writers replace meanwhile. */
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramMaxVerPages, 8192, NULL));
    SUCCEED(JetInit(&instance));
    found_bank();
    end = time(NULL) + strtol(argv[2], NULL, 10);
    for (thread = 0; thread < THREADS; thread++)
    {
        workers[thread].seed = (uint32_t)thread * 7919u + 1u;
        CHECK(pthread_create(&workers[thread].thread, NULL, work, &workers[thread]) == 0);
    }
    watch();
    for (thread = 0; thread < THREADS; thread++)
    {
        CHECK(pthread_join(workers[thread].thread, NULL) == 0);
        printf("%lu %s, %lu conflicts\n", (unsigned long)workers[thread].done, name_of(thread),
               (unsigned long)workers[thread].conflicts);
        CHECK(workers[thread].done > 0);
    }
    SUCCEED(JetTerm2(instance, JET_bitTermComplete));
    return 0;
}

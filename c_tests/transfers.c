/* Eight threads on one table: four move amounts between accounts, four read all accounts.
 *
 *   transfers FOLDER/ SECONDS
 *
 * Every reader's transaction must see the same sum, whatever the writers do meanwhile: that is snapshot isolation. A
 * writer that meets another gets JET_errWriteConflict and begins again. Says how often each thread came through.
 */
#include <pthread.h>
#include <time.h>

#include "database.h"

#define ACCOUNTS 100
#define FIRST_AMOUNT 1000
#define THREADS 8

static JET_INSTANCE instance;
static const char *path;
static time_t end;

typedef struct
{
    uint32_t seed;
    uint32_t done;
    uint32_t conflicts;
    pthread_t thread;
} WORKER;

static uint32_t draw(WORKER *worker, uint32_t below)
{
    worker->seed = worker->seed * 1664525u + 1013904223u;
    return (worker->seed >> 8) % below;
}

static NUMBERS begin_session(JET_SESID *session)
{
    JET_DBID database;
    SUCCEED(JetBeginSessionA(instance, session, NULL, NULL));
    SUCCEED(JetOpenDatabaseA(*session, path, NULL, &database, 0));
    return open_numbers(*session, database);
}

static int32_t amount_of(JET_SESID session, const NUMBERS *numbers)
{
    int32_t amount = 0;
    SUCCEED(JetRetrieveColumn(session, numbers->table, numbers->content, &amount, sizeof amount, NULL, 0, NULL));
    return amount;
}

static void go_to(JET_SESID session, const NUMBERS *numbers, int32_t account)
{
    SUCCEED(JetMakeKey(session, numbers->table, &account, sizeof account, JET_bitNewKey));
    GIVES(JET_errSuccess, JetSeek(session, numbers->table, JET_bitSeekEQ));
}

static JET_ERR add(JET_SESID session, const NUMBERS *numbers, int32_t account, int32_t change)
{
    int32_t amount;
    JET_ERR err;
    go_to(session, numbers, account);
    err = JetPrepareUpdate(session, numbers->table, JET_prepReplace);
    if (err == JET_errWriteConflict)
        return err;
    SUCCEED(err);
    amount = amount_of(session, numbers) + change;
    SUCCEED(JetSetColumn(session, numbers->table, numbers->content, &amount, sizeof amount, 0, NULL));
    SUCCEED(JetUpdate(session, numbers->table, NULL, 0, NULL));
    return JET_errSuccess;
}

static void *writer(void *argument)
{
    WORKER *worker = (WORKER *)argument;
    JET_SESID session;
    NUMBERS numbers = begin_session(&session);
    while (time(NULL) < end)
    {
        int32_t from = (int32_t)draw(worker, ACCOUNTS), to = (int32_t)draw(worker, ACCOUNTS);
        int32_t change = (int32_t)draw(worker, 100);
        JET_ERR err;
        SUCCEED(JetBeginTransaction(session));
        err = add(session, &numbers, from, -change);
        if (err == JET_errSuccess)
            err = add(session, &numbers, to, change);
        if (err == JET_errWriteConflict || draw(worker, 10) == 0)
        {
            SUCCEED(JetRollback(session, 0));
            worker->conflicts += err == JET_errWriteConflict;
            continue;
        }
        SUCCEED(JetCommitTransaction(session, draw(worker, 20) == 0 ? 0 : JET_bitCommitLazyFlush));
        worker->done++;
    }
    SUCCEED(JetEndSession(session, 0));
    return NULL;
}

static void *reader(void *argument)
{
    WORKER *worker = (WORKER *)argument;
    JET_SESID session;
    NUMBERS numbers = begin_session(&session);
    while (time(NULL) < end)
    {
        int64_t sum = 0;
        uint32_t rows = 0;
        long direction = worker->done % 2 ? JET_MoveNext : JET_MovePrevious;
        JET_ERR err;
        SUCCEED(JetBeginTransaction(session));
        err = JetMove(session, numbers.table, direction == JET_MoveNext ? JET_MoveFirst : JET_MoveLast, 0);
        for (; err == JET_errSuccess; err = JetMove(session, numbers.table, (int32_t)direction, 0))
        {
            sum += amount_of(session, &numbers);
            rows++;
        }
        CHECK(err == JET_errNoCurrentRecord);
        SUCCEED(JetCommitTransaction(session, 0));
        if (rows != ACCOUNTS || sum != (int64_t)ACCOUNTS * FIRST_AMOUNT)
        {
            fprintf(stderr, "a reader sees %lu accounts with %ld in all\n", (unsigned long)rows, (long)sum);
            exit(1);
        }
        worker->done++;
    }
    SUCCEED(JetEndSession(session, 0));
    return NULL;
}

static void fill(JET_SESID session)
{
    JET_DBID database;
    NUMBERS numbers;
    int32_t account, amount = FIRST_AMOUNT;
    SUCCEED(JetCreateDatabaseA(session, path, NULL, &database, 0));
    numbers = create_numbers(session, database);
    SUCCEED(JetBeginTransaction(session));
    for (account = 0; account < ACCOUNTS; account++)
    {
        SUCCEED(JetPrepareUpdate(session, numbers.table, JET_prepInsert));
        SUCCEED(JetSetColumn(session, numbers.table, numbers.number, &account, sizeof account, 0, NULL));
        SUCCEED(JetSetColumn(session, numbers.table, numbers.content, &amount, sizeof amount, 0, NULL));
        SUCCEED(JetUpdate(session, numbers.table, NULL, 0, NULL));
    }
    SUCCEED(JetCommitTransaction(session, 0));
    SUCCEED(JetCloseTable(session, numbers.table));
}

int main(int argc, char **argv)
{
    WORKER workers[THREADS];
    JET_SESID session;
    int thread;
    CHECK(argc == 3);
    path = database_in(argv[1]);
    instance = instance_in("transfers", argv[1]);
    SUCCEED(JetInit(&instance));
    SUCCEED(JetBeginSessionA(instance, &session, NULL, NULL));
    fill(session);
    end = time(NULL) + strtol(argv[2], NULL, 10);
    memset(workers, 0, sizeof workers);
    for (thread = 0; thread < THREADS; thread++)
    {
        workers[thread].seed = (uint32_t)thread;
        CHECK(pthread_create(&workers[thread].thread, NULL, thread < THREADS / 2 ? writer : reader, &workers[thread]) == 0);
    }
    for (thread = 0; thread < THREADS; thread++)
    {
        CHECK(pthread_join(workers[thread].thread, NULL) == 0);
        printf("%s %d: %lu, conflicts %lu\n", thread < THREADS / 2 ? "writer" : "reader", thread,
               (unsigned long)workers[thread].done, (unsigned long)workers[thread].conflicts);
        CHECK(workers[thread].done > 0);
    }
    SUCCEED(JetTerm2(instance, JET_bitTermComplete));
    return 0;
}

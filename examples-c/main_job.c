/*
 * main_job.c - the reason for this library, from end to end, on a database of your choice:
 *
 *   eight threads insert rows, each commit on the disk before it is acknowledged;
 *   meanwhile the database is backed up in full and twice incrementally, through the backup calls of esent.h;
 *   the process is killed (SIGKILL) in the middle of its work and the database is deleted;
 *   it is restored into another folder through a restore map, once with the logs that outlived it (every acknowledged
 *   row has to be there), once from the backup alone (every row acknowledged before the last backup began).
 *
 * From the project's root, after `cargo build --release`:
 *   cc -std=gnu11 -pthread examples-c/main_job.c -Iinclude -Ltarget/release -Wl,-rpath,$PWD/target/release -lesent -o main_job
 *   ./main_job EMPTY_FOLDER [DATABASE]
 *
 * DATABASE is copied, never changed. Without one a database is made. `make demo` runs this.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#include "backup_client.h"
#include "restore_client.h"

enum { THREADS = 8, PAYLOAD = 200 };

/* What the worker tells its parent: a row that is committed, or how far the job is. A pipe takes it whole or not at all. */
typedef struct
{
    int32_t kind, thread, number;
} MESSAGE;
enum { ROW, LAST_BACKUP_BEGINS, BACKED_UP_ALL };

static JET_INSTANCE instance;
static char database[SET_PATH_MAX];
static int to_parent;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void must(JET_ERR err, const char *what)
{
    if (err < JET_errSuccess)
    {
        set_failure(err, what, NULL);
        exit(1);
    }
}

static void tell(int32_t kind, int32_t thread, int32_t number)
{
    MESSAGE message = {kind, thread, number};
    if (write(to_parent, &message, sizeof message) != (ssize_t)sizeof message)
        exit(1); /* nobody listens any more */
}

/* ---- the instance and its table ---- */

static void start_instance(const char *name, const char *folder)
{
    char path[SET_PATH_MAX];
    snprintf(path, sizeof path, "%s/", folder);
    must(JetCreateInstanceA(&instance, name), "JetCreateInstance");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, path), "system path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, path), "log path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, path), "temp path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFileSize, 1024, NULL), "log size");
    must(JetInit(&instance), "JetInit");
}

static void use_page_size_of(const char *path)
{
    uint32_t page_size = 0;
    must(JetGetDatabaseFileInfoA(path, &page_size, sizeof page_size, JET_DbInfoPageSize), path);
    must(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, page_size, NULL), "page size");
}

static JET_COLUMNID add_column(JET_SESID session, JET_TABLEID table, const char *name, JET_COLTYP type, uint32_t bytes)
{
    JET_COLUMNID column;
    JET_COLUMNDEF definition;
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = type;
    definition.cbMax = bytes;
    must(JetAddColumnA(session, table, name, &definition, NULL, 0, &column), "JetAddColumn");
    return column;
}

static void create_table(JET_SESID session, JET_DBID dbid)
{
    static const char key[] = "+thread\0+number\0";
    JET_TABLEID table;
    must(JetBeginTransaction(session), "begin");
    must(JetCreateTableA(session, dbid, "main_job", 1, 90, &table), "JetCreateTable");
    add_column(session, table, "thread", JET_coltypLong, 0);
    add_column(session, table, "number", JET_coltypLong, 0);
    add_column(session, table, "payload", JET_coltypLongBinary, 0);
    must(JetCreateIndexA(session, table, "primary", JET_bitIndexPrimary, key, sizeof key, 90), "JetCreateIndex");
    must(JetCommitTransaction(session, 0), "commit");
    must(JetCloseTable(session, table), "close");
}

typedef struct
{
    JET_TABLEID table;
    JET_COLUMNID thread, number, payload;
} TABLE;

static JET_COLUMNID column(JET_SESID session, JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF definition;
    must(JetGetTableColumnInfoA(session, table, name, &definition, sizeof definition, JET_ColInfo), name);
    return definition.columnid;
}

static TABLE open_table(JET_SESID session, JET_DBID dbid)
{
    TABLE found;
    must(JetOpenTableA(session, dbid, "main_job", NULL, 0, 0, &found.table), "JetOpenTable");
    found.thread = column(session, found.table, "thread");
    found.number = column(session, found.table, "number");
    found.payload = column(session, found.table, "payload");
    return found;
}

/* What a row has to hold. */
static void payload_of(int32_t thread, int32_t number, unsigned char *payload)
{
    uint32_t value = (uint32_t)thread * 2654435761u + (uint32_t)number;
    int i;
    for (i = 0; i < PAYLOAD; ++i)
    {
        value = value * 1664525u + 1013904223u;
        payload[i] = (unsigned char)(value >> 24);
    }
}

/* ---- the process that will be killed ---- */

static void *insert_rows(void *which)
{
    int32_t thread = (int32_t)(intptr_t)which, number;
    unsigned char payload[PAYLOAD];
    JET_SESID session;
    JET_DBID dbid;
    TABLE to;
    must(JetBeginSessionA(instance, &session, NULL, NULL), "JetBeginSession");
    must(JetOpenDatabaseA(session, database, NULL, &dbid, 0), "JetOpenDatabase");
    to = open_table(session, dbid);
    for (number = 0;; ++number)
    {
        payload_of(thread, number, payload);
        must(JetBeginTransaction(session), "begin");
        must(JetPrepareUpdate(session, to.table, JET_prepInsert), "JetPrepareUpdate");
        must(JetSetColumn(session, to.table, to.thread, &thread, sizeof thread, 0, NULL), "thread");
        must(JetSetColumn(session, to.table, to.number, &number, sizeof number, 0, NULL), "number");
        must(JetSetColumn(session, to.table, to.payload, payload, sizeof payload, 0, NULL), "payload");
        must(JetUpdate(session, to.table, NULL, 0, NULL), "JetUpdate");
        must(JetCommitTransaction(session, 0), "JetCommitTransaction"); /* on the disk when this returns */
        tell(ROW, thread, number);
    }
    return NULL;
}

static void report(const char *kind, const BACKED_UP *done, double seconds)
{
    double megabytes = (double)(done->database_bytes + done->log_bytes) / 1e6;
    printf("  %s backup: %u database, %u logs, %.1f MB in %.2f s (%.0f MB/s)\n", kind, done->databases, done->logs,
           megabytes, seconds, megabytes / seconds);
    fflush(stdout);
}

static void backed_up(const char *kind, JET_GRBIT grbit, const char *set)
{
    BACKED_UP done;
    double begun = now();
    if (backup_to_folder(instance, grbit, set, &done) < JET_errSuccess)
        exit(1);
    report(kind, &done, now() - begun);
}

static void work(const char *live, const char *set)
{
    pthread_t threads[THREADS];
    JET_SESID session;
    JET_DBID dbid;
    intptr_t i;
    use_page_size_of(database);
    start_instance("live", live);
    must(JetBeginSessionA(instance, &session, NULL, NULL), "JetBeginSession");
    must(JetAttachDatabaseA(session, database, 0), "JetAttachDatabase");
    must(JetOpenDatabaseA(session, database, NULL, &dbid, 0), "JetOpenDatabase");
    create_table(session, dbid);
    for (i = 0; i < THREADS; ++i)
        if (pthread_create(&threads[i], NULL, insert_rows, (void *)i) != 0)
            exit(1);
    sleep(1);
    backed_up("full", 0, set);
    sleep(1);
    backed_up("incremental", JET_bitBackupIncremental, set);
    sleep(1);
    tell(LAST_BACKUP_BEGINS, 0, 0);
    backed_up("incremental", JET_bitBackupIncremental, set);
    tell(BACKED_UP_ALL, 0, 0);
    for (;;)
        pause();
}

/* ---- the parent ---- */

/* The highest number that each thread has acknowledged; -1 for none. */
typedef struct
{
    int32_t last[THREADS];
} ACKNOWLEDGED;

static long rows_in(const ACKNOWLEDGED *acknowledged)
{
    long rows = 0;
    int thread;
    for (thread = 0; thread < THREADS; ++thread)
        rows += acknowledged->last[thread] + 1;
    return rows;
}

/* Listens until the worker is dead. It is killed a moment after its last backup. */
static int listen_to(int from, pid_t worker, ACKNOWLEDGED *all, ACKNOWLEDGED *before_last_backup)
{
    MESSAGE message;
    int is_backed_up = 0, is_killed = 0;
    double kill_at = 0;
    memset(all, 0xFF, sizeof *all);
    while (read(from, &message, sizeof message) == (ssize_t)sizeof message)
    {
        if (message.kind == ROW)
            all->last[message.thread] = message.number;
        if (message.kind == LAST_BACKUP_BEGINS)
            *before_last_backup = *all;
        if (message.kind == BACKED_UP_ALL)
        {
            is_backed_up = 1;
            kill_at = now() + 0.7;
        }
        if (is_backed_up && !is_killed && now() >= kill_at)
        {
            kill(worker, SIGKILL);
            is_killed = 1;
        }
    }
    waitpid(worker, NULL, 0);
    return is_killed;
}

/* Reads the restored table: every acknowledged row with its content, and no thread's numbers with a hole. */
static int check_rows(const char *folder, const ACKNOWLEDGED *acknowledged)
{
    char path[SET_PATH_MAX];
    unsigned char expected[PAYLOAD], found[PAYLOAD + 1];
    int32_t thread, number, next = 0, previous = -1;
    uint32_t bytes;
    long rows = 0, wrong = 0, missing = 0;
    JET_SESID session;
    JET_DBID dbid;
    TABLE of;
    JET_ERR err;
    ACKNOWLEDGED restored;
    memset(&restored, 0xFF, sizeof restored);
    set_path(path, folder, set_file_name(database));
    start_instance("restored", folder);
    must(JetBeginSessionA(instance, &session, NULL, NULL), "JetBeginSession");
    must(JetAttachDatabaseA(session, path, 0), "JetAttachDatabase");
    must(JetOpenDatabaseA(session, path, NULL, &dbid, 0), "JetOpenDatabase");
    of = open_table(session, dbid);
    for (err = JetMove(session, of.table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(session, of.table, JET_MoveNext, 0), ++rows)
    {
        must(JetRetrieveColumn(session, of.table, of.thread, &thread, sizeof thread, NULL, 0, NULL), "thread");
        must(JetRetrieveColumn(session, of.table, of.number, &number, sizeof number, NULL, 0, NULL), "number");
        must(JetRetrieveColumn(session, of.table, of.payload, found, sizeof found, &bytes, 0, NULL), "payload");
        payload_of(thread, number, expected);
        if (thread != previous)
            next = 0;
        wrong += thread < 0 || thread >= THREADS || number != next || bytes != PAYLOAD || memcmp(found, expected, PAYLOAD) != 0;
        if (thread >= 0 && thread < THREADS)
            restored.last[thread] = number;
        previous = thread;
        next = number + 1;
    }
    if (err != JET_errNoCurrentRecord)
        must(err, "JetMove");
    for (thread = 0; thread < THREADS; ++thread)
        if (restored.last[thread] < acknowledged->last[thread])
            missing += acknowledged->last[thread] - restored.last[thread];
    must(JetTerm(instance), "JetTerm");
    printf("  checked: %ld rows restored, of them %ld that had been acknowledged; %ld missing, %ld wrong\n", rows,
           rows_in(acknowledged), missing, wrong);
    return missing == 0 && wrong == 0;
}

static int restore_and_check(const char *set, const char *target, const char *logs, const ACKNOWLEDGED *acknowledged)
{
    double begun = now();
    if (restore_from_folder(set, target, logs) < JET_errSuccess)
        return 0;
    printf("  restored into %s in %.2f s\n", target, now() - begun);
    return check_rows(target, acknowledged);
}

/* A database to begin with. */
static void make_database(const char *live)
{
    JET_SESID session;
    JET_DBID dbid;
    start_instance("new", live);
    must(JetBeginSessionA(instance, &session, NULL, NULL), "JetBeginSession");
    must(JetCreateDatabaseA(session, database, NULL, &dbid, 0), "JetCreateDatabase");
    must(JetTerm(instance), "JetTerm");
}

int main(int argc, char **argv)
{
    char live[SET_PATH_MAX], set[SET_PATH_MAX], first[SET_PATH_MAX], second[SET_PATH_MAX];
    ACKNOWLEDGED all, before_last_backup;
    int ends[2], is_good;
    pid_t worker;
    double begun;
    if (argc != 2 && argc != 3)
    {
        fprintf(stderr, "usage: main_job EMPTY_FOLDER [DATABASE]\n");
        return 2;
    }
    set_path(live, argv[1], "live");
    set_path(set, argv[1], "backup");
    set_path(first, argv[1], "restored-with-logs");
    set_path(second, argv[1], "restored-from-backup");
    set_path(database, live, argc == 3 ? set_file_name(argv[2]) : "demo.edb");
    if (mkdir(live, 0777) != 0 || mkdir(set, 0777) != 0)
    {
        fprintf(stderr, "%s: %s; give an empty folder\n", live, strerror(errno));
        return 1;
    }
    if (argc == 3 && !copy_file(argv[2], database))
        return 1;

    /* The engine is used in processes of their own: one of them dies. */
    if (pipe(ends) != 0 || (worker = fork()) < 0)
        return 1;
    if (worker == 0)
    {
        close(ends[0]);
        to_parent = ends[1];
        if (argc == 2)
            make_database(live);
        work(live, set);
    }
    close(ends[1]);
    printf("%d threads insert rows into %s and commit each; meanwhile:\n", THREADS, database);
    fflush(stdout);
    begun = now();
    if (!listen_to(ends[0], worker, &all, &before_last_backup))
    {
        fprintf(stderr, "the worker ended before its time\n");
        return 1;
    }
    printf("killed: %ld rows were acknowledged (%.0f a second), %ld of them before the last backup began\n", rows_in(&all),
           (double)rows_in(&all) / (now() - begun), rows_in(&before_last_backup));

    unlink(database);
    printf("the database is deleted. From the backup and the logs that outlived it:\n");
    fflush(stdout);
    is_good = restore_and_check(set, first, live, &all);
    printf("from the backup alone:\n");
    fflush(stdout);
    is_good &= restore_and_check(set, second, NULL, &before_last_backup);
    printf(is_good ? "Nothing was lost.\n" : "SOMETHING WAS LOST.\n");
    return !is_good;
}

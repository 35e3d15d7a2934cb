/* Commits that are promised survive the death of the process.
 *
 *   committing FOLDER/ write     starts (and recovers) the instance, goes on behind the last row, and after every durable
 *                                commit writes its number as 4 bytes to stdout; ends when it is killed
 *   committing FOLDER/ check N   starts the instance: rows 1 to N must all be there, one behind the other, each whole;
 *                                one more may be, whose commit was not told yet. Says how many there are
 */
#define WITH_INSERT_NUMBER
#include "database.h"

#include <unistd.h>

static int32_t last_number(JET_SESID session, const NUMBERS *numbers)
{
    int32_t number = 0;
    uint32_t actual = 0;
    JET_ERR err = JetMove(session, numbers->table, JET_MoveLast, 0);
    if (err == JET_errNoCurrentRecord)
        return 0;
    SUCCEED(err);
    SUCCEED(JetRetrieveColumn(session, numbers->table, numbers->number, &number, sizeof number, &actual, 0, NULL));
    CHECK(actual == sizeof number);
    return number;
}

static void write_rows(JET_SESID session, const NUMBERS *numbers)
{
    int32_t number = last_number(session, numbers);
    for (;;)
    {
        number++;
        SUCCEED(JetBeginTransaction(session));
        insert_number(session, numbers, number);
        SUCCEED(JetCommitTransaction(session, 0));
        CHECK(write(1, &number, sizeof number) == (ssize_t)sizeof number);
    }
}

static void check_rows(JET_SESID session, const NUMBERS *numbers, int32_t promised)
{
    int32_t expected = 0;
    JET_ERR err;
    for (err = JetMove(session, numbers->table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(session, numbers->table, JET_MoveNext, 0))
    {
        int32_t number = 0;
        unsigned char content[255];
        uint32_t actual = 0, byte;
        expected++;
        SUCCEED(JetRetrieveColumn(session, numbers->table, numbers->number, &number, sizeof number, NULL, 0, NULL));
        CHECK(number == expected);
        SUCCEED(JetRetrieveColumn(session, numbers->table, numbers->content, content, sizeof content, &actual, 0, NULL));
        CHECK(actual == 100);
        for (byte = 0; byte < actual; byte++)
            CHECK(content[byte] == (number & 0xFF));
    }
    CHECK(err == JET_errNoCurrentRecord);
    if (expected < promised)
    {
        fprintf(stderr, "%ld rows were promised, %ld are there\n", (long)promised, (long)expected);
        exit(1);
    }
    CHECK(expected <= promised + 1);
    printf("%ld\n", (long)expected);
}

int main(int argc, char **argv)
{
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID database;
    NUMBERS numbers;
    JET_ERR err;
    CHECK(argc >= 3);
    instance = instance_in("committing", argv[1]);
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCircularLog, 1, NULL));
    SUCCEED(JetInit(&instance));
    SUCCEED(JetBeginSessionA(instance, &session, NULL, NULL));
    err = JetAttachDatabaseA(session, database_in(argv[1]), 0);
    if (err == JET_errFileNotFound)
    {
        SUCCEED(JetCreateDatabaseA(session, database_in(argv[1]), NULL, &database, 0));
    }
    else
    {
        SUCCEED(err);
        SUCCEED(JetOpenDatabaseA(session, database_in(argv[1]), NULL, &database, 0));
    }
    /* A process that died between the two leaves a database without the table. */
    err = JetOpenTableA(session, database, "numbers", NULL, 0, 0, &numbers.table);
    if (err == JET_errObjectNotFound)
    {
        numbers = create_numbers(session, database);
    }
    else
    {
        SUCCEED(err);
        SUCCEED(JetCloseTable(session, numbers.table));
        numbers = open_numbers(session, database);
    }
    if (strcmp(argv[2], "write") == 0)
    {
        write_rows(session, &numbers);
    }
    else
    {
        CHECK(argc == 4 && strcmp(argv[2], "check") == 0);
        check_rows(session, &numbers, (int32_t)strtol(argv[3], NULL, 10));
    }
    SUCCEED(JetTerm2(instance, JET_bitTermComplete));
    return 0;
}

/* A table of numbers, each with its square as a text: adds COUNT of them behind the last one, and says how many there are
 * and whether every one is what it has to be. Logs are kept, for backups.
 *
 *   numbers FOLDER/ COUNT
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <esent.h>

static void must(JET_ERR err, const char *what)
{
    if (err < JET_errSuccess)
    {
        fprintf(stderr, "%s: %ld\n", what, (long)err);
        exit(1);
    }
}

static void create_table(JET_SESID session, JET_DBID database)
{
    static const char key[] = "+number\0";
    JET_TABLEID table;
    JET_COLUMNID column;
    JET_COLUMNDEF definition;
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    must(JetBeginTransaction(session), "begin");
    must(JetCreateTableA(session, database, "numbers", 1, 90, &table), "create the table");
    definition.coltyp = JET_coltypLong;
    must(JetAddColumnA(session, table, "number", &definition, NULL, 0, &column), "add number");
    definition.coltyp = JET_coltypLongText;
    definition.cp = 1252;
    must(JetAddColumnA(session, table, "square", &definition, NULL, 0, &column), "add square");
    must(JetCreateIndexA(session, table, "primary", JET_bitIndexPrimary, key, sizeof key, 90), "create the index");
    must(JetCloseTable(session, table), "close the table");
    must(JetCommitTransaction(session, 0), "commit");
}

static JET_COLUMNID column_of(JET_SESID session, JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF definition;
    must(JetGetTableColumnInfoA(session, table, name, &definition, sizeof definition, JET_ColInfo), name);
    return definition.columnid;
}

static int square_of(int32_t number, char *text)
{
    return sprintf(text, "%ld", (long)number * (long)number);
}

int main(int argc, char **argv)
{
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID database;
    JET_TABLEID table;
    JET_COLUMNID number_column, square_column;
    JET_ERR err;
    char path[4096], expected[32], found[32];
    int32_t number, rows = 0, wrong = 0, last;
    if (argc != 3)
        return 2;
    snprintf(path, sizeof path, "%snumbers.edb", argv[1]);
    must(JetCreateInstanceA(&instance, "numbers"), "create an instance");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, argv[1]), "system path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, argv[1]), "log path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, argv[1]), "temp path");
    must(JetInit(&instance), "start");
    must(JetBeginSessionA(instance, &session, NULL, NULL), "begin a session");
    err = JetAttachDatabaseA(session, path, 0);
    if (err == JET_errFileNotFound)
    {
        must(JetCreateDatabaseA(session, path, NULL, &database, 0), "create the database");
        create_table(session, database);
    }
    else
    {
        must(err, "attach the database");
        must(JetOpenDatabaseA(session, path, NULL, &database, 0), "open the database");
    }
    must(JetOpenTableA(session, database, "numbers", NULL, 0, 0, &table), "open the table");
    number_column = column_of(session, table, "number");
    square_column = column_of(session, table, "square");
    for (err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(session, table, JET_MoveNext, 0), ++rows)
    {
        uint32_t bytes = 0;
        must(JetRetrieveColumn(session, table, number_column, &number, sizeof number, NULL, 0, NULL), "number");
        must(JetRetrieveColumn(session, table, square_column, found, sizeof found, &bytes, 0, NULL), "square");
        wrong += number != rows || (int)bytes != square_of(rows, expected) || memcmp(found, expected, bytes) != 0;
    }
    if (err != JET_errNoCurrentRecord)
        must(err, "move");
    printf("found %ld, wrong %ld\n", (long)rows, (long)wrong);
    last = rows + (int32_t)atol(argv[2]);
    for (; rows < last; ++rows)
    {
        int bytes = square_of(rows, expected);
        must(JetBeginTransaction(session), "begin");
        must(JetPrepareUpdate(session, table, JET_prepInsert), "prepare");
        must(JetSetColumn(session, table, number_column, &rows, sizeof rows, 0, NULL), "number");
        must(JetSetColumn(session, table, square_column, expected, (uint32_t)bytes, 0, NULL), "square");
        must(JetUpdate(session, table, NULL, 0, NULL), "insert");
        must(JetCommitTransaction(session, JET_bitCommitLazyFlush), "commit");
    }
    must(JetTerm(instance), "stop");
    return 0;
}

/* A database with a table of people: create, insert, find, change, and read in two orders.
 *
 *   cc -std=c99 -I include examples-c/first_table.c -L target/release -lesent -Wl,-rpath,$PWD/target/release -o first_table && ./first_table /tmp/people/
 *
 * The folder has to exist; the database, its logs and its checkpoint are made in it. Run it again: the database is
 * opened, recovered if the program was killed in between, and gets another person.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <esent.h>

/* Every call can fail: say which one did and end. The log brings the database back the next time. */
static void must(JET_ERR err, const char *what)
{
    if (err < JET_errSuccess)
    {
        fprintf(stderr, "%s: error %ld\n", what, (long)err);
        exit(1);
    }
}

static JET_COLUMNID id, name;

static void create_table(JET_SESID session, JET_DBID database)
{
    JET_TABLEID table;
    JET_COLUMNDEF definition;
    must(JetCreateTableA(session, database, "people", 1, 80, &table), "create the table");

    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLong;
    definition.grbit = JET_bitColumnAutoincrement;
    must(JetAddColumnA(session, table, "id", &definition, NULL, 0, &id), "add the column id");

    definition.coltyp = JET_coltypText;
    definition.cp = 1252;
    definition.cbMax = 100;
    definition.grbit = 0;
    must(JetAddColumnA(session, table, "name", &definition, NULL, 0, &name), "add the column name");

    must(JetCreateIndexA(session, table, "by_id", JET_bitIndexPrimary, "+id\0", sizeof "+id\0", 80), "index by_id");
    must(JetCreateIndexA(session, table, "by_name", 0, "+name\0", sizeof "+name\0", 80), "index by_name");
    must(JetCloseTable(session, table), "close the table");
}

static JET_TABLEID open_table(JET_SESID session, JET_DBID database)
{
    JET_TABLEID table;
    JET_COLUMNDEF definition;
    must(JetOpenTableA(session, database, "people", NULL, 0, 0, &table), "open the table");
    must(JetGetTableColumnInfoA(session, table, "id", &definition, sizeof definition, JET_ColInfo), "column id");
    id = definition.columnid;
    must(JetGetTableColumnInfoA(session, table, "name", &definition, sizeof definition, JET_ColInfo), "column name");
    name = definition.columnid;
    return table;
}

static void insert(JET_SESID session, JET_TABLEID table, const char *text)
{
    must(JetBeginTransaction(session), "begin");
    must(JetPrepareUpdate(session, table, JET_prepInsert), "prepare an insert");
    must(JetSetColumn(session, table, name, text, (uint32_t)strlen(text), 0, NULL), "set the name");
    must(JetUpdate(session, table, NULL, 0, NULL), "insert");
    must(JetCommitTransaction(session, 0), "commit"); /* on the disk when this returns */
}

static void rename_first(JET_SESID session, JET_TABLEID table, const char *from, const char *to)
{
    JET_ERR err;
    must(JetBeginTransaction(session), "begin");
    must(JetSetCurrentIndexA(session, table, "by_name"), "use by_name");
    must(JetMakeKey(session, table, from, (uint32_t)strlen(from), JET_bitNewKey), "make a key");
    err = JetSeek(session, table, JET_bitSeekEQ);
    if (err == JET_errSuccess)
    {
        must(JetPrepareUpdate(session, table, JET_prepReplace), "prepare a replace");
        must(JetSetColumn(session, table, name, to, (uint32_t)strlen(to), 0, NULL), "set the name");
        must(JetUpdate(session, table, NULL, 0, NULL), "replace");
    }
    else if (err != JET_errRecordNotFound)
    {
        must(err, "seek");
    }
    must(JetCommitTransaction(session, 0), "commit");
}

static void list(JET_SESID session, JET_TABLEID table, const char *index)
{
    JET_ERR err;
    printf("%s:\n", index);
    must(JetSetCurrentIndexA(session, table, index), "choose the index");
    for (err = JetMove(session, table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(session, table, JET_MoveNext, 0))
    {
        int32_t number = 0;
        char text[101];
        uint32_t bytes = 0;
        must(JetRetrieveColumn(session, table, id, &number, sizeof number, NULL, 0, NULL), "read the id");
        must(JetRetrieveColumn(session, table, name, text, sizeof text - 1, &bytes, 0, NULL), "read the name");
        printf("  %2ld  %.*s\n", (long)number, (int)bytes, text);
    }
    if (err != JET_errNoCurrentRecord)
        must(err, "move");
}

int main(int argc, char **argv)
{
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID database;
    JET_TABLEID table;
    JET_ERR err;
    char path[4096];
    if (argc != 2)
    {
        fprintf(stderr, "usage: first_table FOLDER/\n");
        return 2;
    }
    snprintf(path, sizeof path, "%speople.edb", argv[1]);

    must(JetCreateInstanceA(&instance, "first_table"), "create an instance");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, argv[1]), "system path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, argv[1]), "log path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, argv[1]), "temp path");
    must(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCircularLog, 1, NULL), "circular logging");
    must(JetInit(&instance), "start"); /* recovers what a crash left behind */
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
    table = open_table(session, database);
    insert(session, table, "Grace");
    insert(session, table, "Ada");
    rename_first(session, table, "Grace", "Grace Hopper");
    list(session, table, "by_id");
    list(session, table, "by_name");

    must(JetTerm(instance), "stop"); /* the database is clean now */
    return 0;
}

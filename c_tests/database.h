/* What the programs that use a database share: an instance in a folder, and a table of numbered rows. */
#ifndef ESENT_C_TESTS_DATABASE_H
#define ESENT_C_TESTS_DATABASE_H

#include "calls.h"

/* The folder's database file. */
static const char *database_in(const char *folder)
{
    static char path[4096];
    CHECK(snprintf(path, sizeof path, "%snumbers.edb", folder) < (int)sizeof path);
    return path;
}

/* A table "numbers" with a primary index over the long "number" and a binary column "content". */
typedef struct
{
    JET_TABLEID table;
    JET_COLUMNID number;
    JET_COLUMNID content;
} NUMBERS;

static JET_COLUMNID column_of(JET_SESID session, JET_TABLEID table, const char *name)
{
    JET_COLUMNDEF definition;
    SUCCEED(JetGetTableColumnInfoA(session, table, name, &definition, sizeof definition, JET_ColInfo));
    return definition.columnid;
}

static NUMBERS open_numbers(JET_SESID session, JET_DBID database)
{
    NUMBERS numbers;
    SUCCEED(JetOpenTableA(session, database, "numbers", NULL, 0, 0, &numbers.table));
    numbers.number = column_of(session, numbers.table, "number");
    numbers.content = column_of(session, numbers.table, "content");
    return numbers;
}

static NUMBERS create_numbers(JET_SESID session, JET_DBID database)
{
    NUMBERS numbers;
    JET_COLUMNDEF definition;
    static const char key[] = "+number\0";
    SUCCEED(JetBeginTransaction(session));
    SUCCEED(JetCreateTableA(session, database, "numbers", 16, 80, &numbers.table));
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLong;
    definition.grbit = JET_bitColumnFixed | JET_bitColumnNotNULL;
    SUCCEED(JetAddColumnA(session, numbers.table, "number", &definition, NULL, 0, &numbers.number));
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypBinary;
    definition.cbMax = 255;
    SUCCEED(JetAddColumnA(session, numbers.table, "content", &definition, NULL, 0, &numbers.content));
    SUCCEED(JetCreateIndexA(session, numbers.table, "primary", JET_bitIndexPrimary | JET_bitIndexUnique, key,
                            sizeof key, 90));
    SUCCEED(JetCommitTransaction(session, 0));
    return numbers;
}

#ifdef WITH_INSERT_NUMBER
static void insert_number(JET_SESID session, const NUMBERS *numbers, int32_t number)
{
    unsigned char content[100];
    memset(content, number & 0xFF, sizeof content);
    SUCCEED(JetPrepareUpdate(session, numbers->table, JET_prepInsert));
    SUCCEED(JetSetColumn(session, numbers->table, numbers->number, &number, sizeof number, 0, NULL));
    SUCCEED(JetSetColumn(session, numbers->table, numbers->content, content, sizeof content, 0, NULL));
    SUCCEED(JetUpdate(session, numbers->table, NULL, 0, NULL));
}
#endif

#endif

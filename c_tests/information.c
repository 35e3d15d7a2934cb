/*
 * Lists everything a database has (tables, columns, indexes) in the A and in the W form, and asks wrongly. C and C++.
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
#define NAME_BYTES 130

static char folder[PATH_BYTES / 2];
static char database[PATH_BYTES];

/* What both forms have to agree on. */
typedef struct
{
    int objects;
    int columns;
    int index_columns;
    unsigned long sum;
} COUNTS;

static void make_folder(void)
{
    const char *temporary = getenv("TMPDIR");
    int length = snprintf(folder, sizeof(folder), "%s/esent-information-XXXXXX", temporary ? temporary : "/tmp");

    CHECK(length > 0 && (size_t)length < sizeof(folder) - 1);
    CHECK(mkdtemp(folder) != NULL);
    strcat(folder, "/");
    snprintf(database, sizeof(database), "%sinformation.edb", folder);
}

static JET_COLUMNDEF column_of(JET_COLTYP type, JET_GRBIT grbit)
{
    JET_COLUMNDEF column;

    memset(&column, 0, sizeof(column));
    column.cbStruct = sizeof(column);
    column.coltyp = type;
    column.cp = 1200;
    column.grbit = grbit;
    return column;
}

static void create_tables(JET_SESID session, JET_DBID dbid)
{
    static const char *const names[] = {"alpha", "beta", "gamma"};
    static const char key[] = "+id\0-size\0";
    JET_COLUMNID id;
    size_t place;

    CHECK(JetBeginTransaction(session) == JET_errSuccess);
    for (place = 0; place < sizeof(names) / sizeof(names[0]); place++)
    {
        JET_TABLEID table;
        JET_COLUMNDEF number = column_of(JET_coltypLong, JET_bitColumnFixed);
        JET_COLUMNDEF text = column_of(JET_coltypLongText, 0);

        CHECK(JetCreateTableA(session, dbid, names[place], 1, 80, &table) == JET_errSuccess);
        CHECK(JetAddColumnA(session, table, "id", &number, NULL, 0, &id) == JET_errSuccess);
        CHECK(JetAddColumnA(session, table, "size", &number, "\1\2\3\4", 4, &id) == JET_errSuccess);
        CHECK(JetAddColumnA(session, table, "text", &text, NULL, 0, &id) == JET_errSuccess);
        CHECK(JetCreateIndexA(session, table, "both", 0, key, sizeof(key), 80) == JET_errSuccess);
        CHECK(JetCreateIndexA(session, table, "first", JET_bitIndexPrimary, "+id\0", 5, 80) == JET_errSuccess);
        CHECK(JetCloseTable(session, table) == JET_errSuccess);
    }
    CHECK(JetCommitTransaction(session, 0) == JET_errSuccess);
}

/* A name of a row as bytes; those of this program are ASCII. */
static void name_of(JET_SESID session, JET_TABLEID table, JET_COLUMNID column, int wide, char *name)
{
    unsigned char bytes[2 * NAME_BYTES];
    uint32_t actual = 0;
    uint32_t place;
    uint32_t step = wide ? 2 : 1;

    CHECK(JetRetrieveColumn(session, table, column, bytes, sizeof(bytes), &actual, 0, NULL) == JET_errSuccess);
    CHECK(actual % step == 0 && actual / step < NAME_BYTES);
    for (place = 0; place < actual; place += step)
    {
        CHECK(!wide || bytes[place + 1] == 0);
        name[place / step] = (char)bytes[place];
    }
    name[actual / step] = 0;
}

static unsigned long number_of(JET_SESID session, JET_TABLEID table, JET_COLUMNID column)
{
    uint32_t number = 0;

    CHECK(JetRetrieveColumn(session, table, column, &number, sizeof(number), NULL, 0, NULL) == JET_errSuccess);
    return number;
}

static int next(JET_SESID session, JET_TABLEID table)
{
    JET_ERR err = JetMove(session, table, JET_MoveNext, 0);

    CHECK(err == JET_errSuccess || err == JET_errNoCurrentRecord);
    return err == JET_errSuccess;
}

static void list_columns(JET_SESID session, JET_TABLEID table, int wide, COUNTS *counts)
{
    JET_COLUMNLIST list;
    uint32_t rows = 0;
    char name[NAME_BYTES];

    memset(&list, 0, sizeof(list));
    if (wide)
    {
        CHECK(JetGetTableColumnInfoW(session, table, NULL, &list, sizeof(list), JET_ColInfoList) == JET_errSuccess);
    }
    else
    {
        CHECK(JetGetTableColumnInfoA(session, table, NULL, &list, sizeof(list), JET_ColInfoList) == JET_errSuccess);
    }
    CHECK(list.cbStruct == sizeof(list) && list.cRecord > 0);
    do
    {
        JET_COLUMNDEF column;

        name_of(session, list.tableid, list.columnidcolumnname, wide, name);
        CHECK(JetGetTableColumnInfoA(session, table, name, &column, sizeof(column), JET_ColInfo) == JET_errSuccess);
        CHECK(column.columnid == number_of(session, list.tableid, list.columnidcolumnid));
        CHECK(column.coltyp == number_of(session, list.tableid, list.columnidcoltyp));
        counts->sum = counts->sum * 31 + column.columnid + column.coltyp + strlen(name);
        rows++;
    } while (next(session, list.tableid));
    CHECK(rows == list.cRecord);
    counts->columns += (int)rows;
    CHECK(JetCloseTable(session, list.tableid) == JET_errSuccess);
}

static void list_indexes(JET_SESID session, JET_TABLEID table, int wide, COUNTS *counts)
{
    JET_INDEXLIST list;
    uint32_t rows = 0;
    char name[NAME_BYTES];

    memset(&list, 0, sizeof(list));
    if (wide)
    {
        CHECK(JetGetTableIndexInfoW(session, table, NULL, &list, sizeof(list), JET_IdxInfoList) == JET_errSuccess);
    }
    else
    {
        CHECK(JetGetTableIndexInfoA(session, table, NULL, &list, sizeof(list), JET_IdxInfoList) == JET_errSuccess);
    }
    if (list.cRecord > 0)
    {
        do
        {
            /* Room for the structure and its texts, aligned for the pointers in it. */
            union
            {
                JET_INDEXCREATE3_A index;
                char bytes[1024];
            } told;

            name_of(session, list.tableid, list.columnidindexname, wide, name);
            CHECK(JetGetTableIndexInfoA(session, table, name, &told, sizeof(told), JET_IdxInfoCreateIndex3) ==
                  JET_errSuccess);
            CHECK(strcmp(told.index.szIndexName, name) == 0);
            CHECK(told.index.szKey > told.bytes && told.index.szKey + told.index.cbKey <= told.bytes + sizeof(told));
            CHECK(told.index.szKey[told.index.cbKey - 1] == 0 && told.index.pidxunicode != NULL);
            counts->sum = counts->sum * 31 + told.index.cbKey + number_of(session, list.tableid, list.columnidcKey);
            rows++;
        } while (next(session, list.tableid));
    }
    CHECK(rows == list.cRecord);
    counts->index_columns += (int)rows;
    CHECK(JetCloseTable(session, list.tableid) == JET_errSuccess);
}

static COUNTS list_database(JET_SESID session, JET_DBID dbid, int wide)
{
    JET_OBJECTLIST list;
    COUNTS counts;

    memset(&counts, 0, sizeof(counts));
    memset(&list, 0, sizeof(list));
    if (wide)
    {
        CHECK(JetGetObjectInfoW(session, dbid, JET_objtypTable, NULL, NULL, &list, sizeof(list), JET_ObjInfoList) ==
              JET_errSuccess);
    }
    else
    {
        CHECK(JetGetObjectInfoA(session, dbid, JET_objtypTable, NULL, NULL, &list, sizeof(list), JET_ObjInfoList) ==
              JET_errSuccess);
    }
    do
    {
        char name[NAME_BYTES];
        char told[NAME_BYTES];
        JET_TABLEID table;

        name_of(session, list.tableid, list.columnidobjectname, wide, name);
        CHECK(JetOpenTableA(session, dbid, name, NULL, 0, JET_bitTableReadOnly, &table) == JET_errSuccess);
        CHECK(JetGetTableInfoA(session, table, told, sizeof(told), JET_TblInfoName) == JET_errSuccess);
        CHECK(strcmp(name, told) == 0);
        list_columns(session, table, wide, &counts);
        list_indexes(session, table, wide, &counts);
        CHECK(JetCloseTable(session, table) == JET_errSuccess);
        counts.objects++;
    } while (next(session, list.tableid));
    CHECK((uint32_t)counts.objects == list.cRecord);
    CHECK(JetCloseTable(session, list.tableid) == JET_errSuccess);
    return counts;
}

/* Buffers of exactly the size that is told, so that a byte beyond it is seen. */
static void ask_wrongly(JET_SESID session, JET_DBID dbid)
{
    JET_TABLEID table;
    uint32_t bytes;

    CHECK(JetOpenTableA(session, dbid, "beta", NULL, 0, 0, &table) == JET_errSuccess);
    for (bytes = 1; bytes < 200; bytes++)
    {
        unsigned char *buffer = (unsigned char *)malloc(bytes);
        uint32_t level;

        CHECK(buffer != NULL);
        for (level = 0; level < 22; level++)
        {
            JET_ERR err;
            int is_list = level < 2;

            if (!is_list || bytes < sizeof(JET_INDEXLIST) - sizeof(JET_COLUMNID))
            {
                err = JetGetTableIndexInfoA(session, table, "both", buffer, bytes, level);
                CHECK(err <= JET_errSuccess && err != JET_errInternalError);
            }
            err = JetGetTableInfoW(session, table, buffer, bytes, level);
            CHECK(err <= JET_errSuccess && err != JET_errInternalError);
            if (level != 1 && level != 5 && level != 7 && level != 6 && level != 8)
            {
                err = JetGetTableColumnInfoW(session, table, NULL, buffer, bytes, level);
                CHECK(err < JET_errSuccess && err != JET_errInternalError);
            }
        }
        free(buffer);
    }
    CHECK(JetGetTableInfoA(session, table, NULL, 100, JET_TblInfoName) == JET_errInvalidParameter);
    CHECK(JetCloseTable(session, table) == JET_errSuccess);
    CHECK(JetGetTableInfoA(session, table, folder, 40, JET_TblInfo) == JET_errInvalidTableId);
}

int main(void)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session = JET_sesidNil;
    JET_DBID dbid = 0;
    JET_THREADSTATS stats;
    COUNTS narrow;
    COUNTS wide;

    make_folder();
    CHECK(JetCreateInstanceA(&instance, "information") == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, folder) == JET_errSuccess);
    CHECK(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFileSize, 128, NULL) == JET_errSuccess);
    CHECK(JetInit(&instance) == JET_errSuccess);
    CHECK(JetBeginSessionA(instance, &session, NULL, NULL) == JET_errSuccess);
    CHECK(JetCreateDatabaseA(session, database, NULL, &dbid, 0) == JET_errSuccess);
    create_tables(session, dbid);
    narrow = list_database(session, dbid, 0);
    wide = list_database(session, dbid, 1);
    CHECK(narrow.objects == 7 && narrow.columns > 3 * 3 && narrow.index_columns > 3 * 3);
    CHECK(narrow.objects == wide.objects && narrow.columns == wide.columns);
    CHECK(narrow.index_columns == wide.index_columns && narrow.sum == wide.sum);
    ask_wrongly(session, dbid);
    CHECK(JetGetThreadStats(&stats, sizeof(stats)) == JET_errSuccess);
    CHECK(stats.cbStruct == sizeof(stats) && stats.cPageReferenced > 0 && stats.cLogRecord > 0);
    CHECK(JetTerm(instance) == JET_errSuccess);
    return 0;
}

/*
 * The plain names stand for the A forms, or with JET_UNICODE for the W forms: functions, structures and limits.
 * C and C++, every JET_VERSION.
 */
#include <esent.h>

#include <string.h>

#include "check.h"

#if defined(JET_UNICODE) && (JET_VERSION >= 0x0600)
typedef WCHAR text_unit;
#else
typedef char text_unit;
#endif

static void system_parameters(void)
{
    JET_API_PTR number = 0;
    text_unit text[8];
    const text_unit base_name[] = {'a', 'b', 'c', 0};

    CHECK(JetGetSystemParameter(JET_sesidNil, JET_sesidNil, JET_paramDatabasePageSize, &number, NULL, 0) == JET_errSuccess);
    CHECK(number == 4096);
    CHECK(JetSetSystemParameter(NULL, JET_sesidNil, JET_paramDatabasePageSize, 4097, NULL) == JET_errInvalidParameter);
    CHECK(JetSetSystemParameter(NULL, JET_sesidNil, JET_paramDatabasePageSize, 16384, NULL) == JET_errSuccess);
    CHECK(JetGetSystemParameter(JET_sesidNil, JET_sesidNil, JET_paramDatabasePageSize, &number, NULL, 0) == JET_errSuccess);
    CHECK(number == 16384);

    CHECK(JetSetSystemParameter(NULL, JET_sesidNil, JET_paramBaseName, 0, base_name) == JET_errSuccess);
    CHECK(JetGetSystemParameter(JET_sesidNil, JET_sesidNil, JET_paramBaseName, NULL, text, sizeof(text)) == JET_errSuccess);
    CHECK(memcmp(text, base_name, sizeof(base_name)) == 0);
    CHECK(JetGetSystemParameter(JET_sesidNil, JET_sesidNil, JET_paramBaseName, NULL, text, sizeof(text_unit)) == JET_errBufferTooSmall);
}

static void version(void)
{
    uint32_t number = 0;

    CHECK(JetGetVersion(JET_sesidNil, &number) == JET_errSuccess);
    CHECK(number == 0xA065F400u);
    CHECK(JetGetVersion(JET_sesidNil, NULL) == JET_errInvalidParameter);
    CHECK(strlen(libesent_version()) > 0);
}

static void structures(void)
{
    JET_COLUMNCREATE column;
    JET_INDEXCREATE index;
    JET_COLUMNBASE base;

    memset(&column, 0, sizeof(column));
    memset(&index, 0, sizeof(index));
    column.cbStruct = sizeof(column);
    column.coltyp = JET_coltypLongText;
    index.cbStruct = sizeof(index);
#if JET_VERSION >= 0x0600
    index.cbKeyMost = JET_cbKeyMostMin;
#endif
    index.lcid = 0x0409;
    index.cbVarSegMac = JET_cbKeyMost;
    CHECK(sizeof(base.szBaseColumnName) == 256 * sizeof(base.szBaseColumnName[0]));
#ifdef JET_UNICODE
    CHECK(sizeof(base) == sizeof(JET_COLUMNBASE_W) && JET_cbNameMost == 128);
#else
    CHECK(sizeof(base) == sizeof(JET_COLUMNBASE_A) && JET_cbNameMost == 64);
#endif
    CHECK(column.cbStruct != 0 && index.cbStruct != 0);
}

static void constants(void)
{
    JET_TABLEID table = JET_tableidNil;
    int32_t first = JET_MoveFirst;

    CHECK(~table == 0);
    CHECK(first < 0 && first + 1 == -2147483647);
    CHECK(~JET_bitTableDenyWrite == 0xFFFFFFFEu);
#if JET_VERSION >= 0x0A00
    CHECK(JET_coltypMax == 19);
#elif JET_VERSION >= 0x0600
    CHECK(JET_coltypMax == 18 && JET_ccolKeyMost == 16);
#endif
    CHECK(JET_errSuccess == 0 && JET_wrnNyi == -1 && JET_errReadVerifyFailure == -1018);
}

int main(void)
{
    version();
    system_parameters();
    structures();
    constants();
    return 0;
}

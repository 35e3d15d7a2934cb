/* Texts of many scripts in indexes of several locales, sought, ranged over and walked.
 *
 *   texts FOLDER/ TEXTS ORDERS
 *
 * TEXTS has of each text a 32-bit number of UTF-16 units and the units. The program gives the texts the numbers 0, 1, ... and
 * writes to ORDERS, for each index of its own list, the numbers in the order in which the index has them, 32 bits each.
 * What is wrong with a text, a locale or flags is answered as documented, and nothing falls over.
 */
#include "calls.h"

#define INDEXES 6
#define TEXT_BYTES_MAX 600

typedef struct
{
    const char *name;
    const char *locale;
    uint32_t flags;
} LOCALE;

/* The last one is a primary index. */
static const LOCALE locales[INDEXES] = {
    {"english", "en-US", 0},         {"invariant", "", 0},     {"swedish", "sv-SE", 0},
    {"phonebook", "de-DE_phoneb", 0}, {"cases", "en-US", 0x400}, {"keyed", "en-US", 0},
};

typedef struct
{
    JET_SESID session;
    JET_DBID database;
    JET_TABLEID table;
    JET_COLUMNID number;
    JET_COLUMNID text;
} TEXTS;

static uint32_t count;
static unsigned char (*texts)[TEXT_BYTES_MAX];
static uint32_t *lengths;

static void read_texts(const char *name)
{
    FILE *file = fopen(name, "rb");
    uint32_t units, place;
    CHECK(file != NULL);
    CHECK(fread(&count, sizeof count, 1, file) == 1);
    texts = (unsigned char (*)[TEXT_BYTES_MAX])calloc(count, TEXT_BYTES_MAX);
    lengths = (uint32_t *)calloc(count, sizeof *lengths);
    CHECK(texts != NULL && lengths != NULL);
    for (place = 0; place < count; place++)
    {
        CHECK(fread(&units, sizeof units, 1, file) == 1);
        CHECK(units * 2 <= TEXT_BYTES_MAX);
        CHECK(units == 0 || fread(texts[place], 2, units, file) == units);
        lengths[place] = units * 2;
    }
    fclose(file);
}

/* A locale's name in UTF-16. */
static void widen(const char *name, WCHAR *wide)
{
    do
        *wide++ = (WCHAR)(unsigned char)*name;
    while (*name++);
}

static JET_ERR create_index(const TEXTS *in, const char *name, const char *key, uint32_t key_bytes, const char *locale,
                            uint32_t flags, JET_GRBIT grbit)
{
    WCHAR wide_locale[200], wide_name[200], wide_key[200];
    JET_UNICODEINDEX2 unicode;
    JET_INDEXCREATE3_W index;
    uint32_t place;
    widen(locale, wide_locale);
    widen(name, wide_name);
    for (place = 0; place < key_bytes; place++)
        wide_key[place] = (WCHAR)(unsigned char)key[place];
    memset(&index, 0, sizeof index);
    memset(&unicode, 0, sizeof unicode);
    unicode.szLocaleName = wide_locale;
    unicode.dwMapFlags = flags;
    index.cbStruct = sizeof index;
    index.szIndexName = wide_name;
    index.szKey = wide_key;
    index.cbKey = key_bytes * (uint32_t)sizeof(WCHAR);
    index.grbit = grbit | JET_bitIndexUnicode | JET_bitIndexKeyMost;
    index.cbKeyMost = 2000;
    index.ulDensity = 90;
    index.pidxunicode = &unicode;
    return JetCreateIndex4W(in->session, in->table, &index, 1);
}

static TEXTS create_table(JET_SESID session, JET_DBID database, const char *name)
{
    TEXTS in;
    JET_COLUMNDEF definition;
    in.session = session;
    in.database = database;
    SUCCEED(JetCreateTableA(session, database, name, 16, 80, &in.table));
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLong;
    definition.grbit = JET_bitColumnFixed;
    SUCCEED(JetAddColumnA(session, in.table, "number", &definition, NULL, 0, &in.number));
    memset(&definition, 0, sizeof definition);
    definition.cbStruct = sizeof definition;
    definition.coltyp = JET_coltypLongText;
    definition.cp = 1200;
    SUCCEED(JetAddColumnA(session, in.table, "text", &definition, NULL, 0, &in.text));
    return in;
}

static void insert_all(const TEXTS *in)
{
    uint32_t place;
    SUCCEED(JetBeginTransaction(in->session));
    for (place = 0; place < count; place++)
    {
        JET_GRBIT grbit = lengths[place] == 0 ? JET_bitSetZeroLength : 0;
        SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepInsert));
        SUCCEED(JetSetColumn(in->session, in->table, in->number, &place, sizeof place, 0, NULL));
        SUCCEED(JetSetColumn(in->session, in->table, in->text, texts[place], lengths[place], grbit, NULL));
        SUCCEED(JetUpdate(in->session, in->table, NULL, 0, NULL));
        if (place % 500 == 499)
        {
            SUCCEED(JetCommitTransaction(in->session, JET_bitCommitLazyFlush));
            SUCCEED(JetBeginTransaction(in->session));
        }
    }
    SUCCEED(JetCommitTransaction(in->session, 0));
}

static uint32_t number_here(const TEXTS *in)
{
    uint32_t number = UINT32_MAX;
    SUCCEED(JetRetrieveColumn(in->session, in->table, in->number, &number, sizeof number, NULL, 0, NULL));
    CHECK(number < count);
    return number;
}

static JET_ERR make_key(const TEXTS *in, const void *bytes, uint32_t length, JET_GRBIT grbit)
{
    return JetMakeKey(in->session, in->table, bytes, length,
                      grbit | JET_bitNewKey | (length == 0 ? JET_bitKeyDataZeroLength : 0));
}

/* Every text is found, and what is found has a key equal to that of the text. */
static void seek_all(const TEXTS *in)
{
    unsigned char sought[2001], found[2001];
    uint32_t place, sought_bytes, found_bytes;
    for (place = 0; place < count; place++)
    {
        SUCCEED(make_key(in, texts[place], lengths[place], 0));
        SUCCEED(JetRetrieveKey(in->session, in->table, sought, sizeof sought, &sought_bytes, JET_bitRetrieveCopy));
        GIVES(JET_errSuccess, JetSeek(in->session, in->table, JET_bitSeekEQ));
        SUCCEED(JetRetrieveKey(in->session, in->table, found, sizeof found, &found_bytes, 0));
        CHECK(found_bytes == sought_bytes && memcmp(found, sought, found_bytes) == 0);
        number_here(in);
    }
}

/* The texts that begin as one does, counted from the first to the last: the one is among them, and its neighbours of the
 * walk are in the range if and only if their keys begin alike. */
static void range_over(const TEXTS *in, uint32_t place)
{
    uint32_t bytes = lengths[place] < 6 ? lengths[place] : 6, seen = 0;
    int is_there = 0;
    if (bytes == 0)
        return;
    SUCCEED(make_key(in, texts[place], bytes, JET_bitPartialColumnStartLimit));
    SUCCEED(JetSeek(in->session, in->table, JET_bitSeekGE));
    SUCCEED(make_key(in, texts[place], bytes, JET_bitPartialColumnEndLimit));
    GIVES(JET_errSuccess, JetSetIndexRange(in->session, in->table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    do
    {
        is_there |= number_here(in) == place;
        seen++;
    } while (JetMove(in->session, in->table, JET_MoveNext, 0) == JET_errSuccess);
    CHECK(is_there && seen >= 1);
}

static void walk(const TEXTS *in, FILE *orders)
{
    uint32_t seen = 0, number;
    JET_ERR err;
    for (err = JetMove(in->session, in->table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(in->session, in->table, JET_MoveNext, 0))
    {
        number = number_here(in);
        CHECK(fwrite(&number, sizeof number, 1, orders) == 1);
        seen++;
    }
    CHECK(err == JET_errNoCurrentRecord && seen == count);
}

/* Wrong requests, each with its documented answer. */
static void be_hostile(const TEXTS *in)
{
    static const char key[] = "+text\0";
    static const unsigned char lone[] = {0x00, 0xDC, 0x00, 0xD8, 'a', 0}, odd[] = {'a', 0, 'b'}, zeros[] = {'a', 0, 0, 0, 'b', 0};
    static const unsigned char uncertain[] = {0xBA, 0x4E, 0x05, 0x30};
    unsigned char *huge = (unsigned char *)malloc(1 << 20);
    const unsigned char *wrong[] = {lone, odd, zeros};
    const uint32_t bytes[] = {sizeof lone, sizeof odd, sizeof zeros};
    int place;
    CHECK(huge != NULL);
    memset(huge, 'x', 1 << 20);
    GIVES(JET_errInvalidLanguageId, create_index(in, "w1", key, sizeof key, "no such place!", 0, 0));
    GIVES(JET_errInvalidLanguageId,
          create_index(in, "w2", key, sizeof key, "a-very-long-name-of-a-locale-that-no-table-of-locales-has", 0, 0));
    GIVES(JET_errInvalidLCMapStringFlags, create_index(in, "w3", key, sizeof key, "en-US", 0x600, 0));
    GIVES(JET_errInvalidLCMapStringFlags, create_index(in, "w4", key, sizeof key, "en-US", 0x80000400u, 0));
    GIVES(JET_errInvalidLCMapStringFlags, create_index(in, "w5", key, sizeof key, "en-US", 0x1, 0));
    for (place = 0; place < 3; place++)
    {
        SUCCEED(JetBeginTransaction(in->session));
        SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepInsert));
        SUCCEED(JetSetColumn(in->session, in->table, in->text, wrong[place], bytes[place], 0, NULL));
        SUCCEED(JetUpdate(in->session, in->table, NULL, 0, NULL));
        SUCCEED(JetRollback(in->session, 0));
    }
    /* A mark of repetition behind Han: its key is not certain to be Windows', so no index with Windows' stamp takes it. */
    SUCCEED(JetBeginTransaction(in->session));
    SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepInsert));
    SUCCEED(JetSetColumn(in->session, in->table, in->text, uncertain, sizeof uncertain, 0, NULL));
    GIVES(JET_errUnicodeNormalizationNotSupported, JetUpdate(in->session, in->table, NULL, 0, NULL));
    SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepCancel));
    SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepInsert));
    SUCCEED(JetSetColumn(in->session, in->table, in->text, huge, 1 << 20, 0, NULL));
    SUCCEED(JetUpdate(in->session, in->table, NULL, 0, NULL));
    SUCCEED(JetRollback(in->session, 0));
    SUCCEED(JetSetCurrentIndexA(in->session, in->table, "english"));
    SUCCEED(make_key(in, uncertain, sizeof uncertain, 0));
    GIVES(JET_errRecordNotFound, JetSeek(in->session, in->table, JET_bitSeekEQ));
    SUCCEED(make_key(in, huge, 1 << 20, 0));
    GIVES(JET_errRecordNotFound, JetSeek(in->session, in->table, JET_bitSeekEQ));
    free(huge);
}

int main(int argc, char **argv)
{
    static const char key[] = "+text\0", keyed[] = "+text\0+number\0";
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID database;
    TEXTS plain, primary;
    FILE *orders;
    char path[4096];
    uint32_t place, index;
    CHECK(argc == 4);
    read_texts(argv[2]);
    orders = fopen(argv[3], "wb");
    CHECK(orders != NULL);
    SUCCEED(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, 8192, NULL));
    instance = instance_in("texts", argv[1]);
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCircularLog, 1, NULL));
    SUCCEED(JetInit(&instance));
    SUCCEED(JetBeginSessionA(instance, &session, NULL, NULL));
    CHECK(snprintf(path, sizeof path, "%stexts.edb", argv[1]) < (int)sizeof path);
    SUCCEED(JetCreateDatabaseA(session, path, NULL, &database, 0));
    plain = create_table(session, database, "plain");
    for (index = 0; index < INDEXES - 2; index++)
        SUCCEED(create_index(&plain, locales[index].name, key, sizeof key, locales[index].locale, locales[index].flags, 0));
    insert_all(&plain);
    /* One more, over rows that are there. */
    SUCCEED(create_index(&plain, locales[index].name, key, sizeof key, locales[index].locale, locales[index].flags, 0));
    primary = create_table(session, database, "keyed");
    SUCCEED(create_index(&primary, locales[INDEXES - 1].name, keyed, sizeof keyed, locales[INDEXES - 1].locale,
                         locales[INDEXES - 1].flags, JET_bitIndexPrimary));
    insert_all(&primary);
    for (index = 0; index < INDEXES - 1; index++)
    {
        SUCCEED(JetSetCurrentIndexA(session, plain.table, locales[index].name));
        seek_all(&plain);
        for (place = 0; place < count; place += 50)
            range_over(&plain, place);
        walk(&plain, orders);
    }
    walk(&primary, orders);
    be_hostile(&plain);
    CHECK(fclose(orders) == 0);
    SUCCEED(JetCloseTable(session, plain.table));
    SUCCEED(JetCloseTable(session, primary.table));
    SUCCEED(JetCloseDatabase(session, database, 0));
    SUCCEED(JetDetachDatabaseA(session, path));
    SUCCEED(JetEndSession(session, 0));
    SUCCEED(JetTerm(instance));
    printf("%u texts in %d indexes\n", (unsigned)count, INDEXES);
    return 0;
}

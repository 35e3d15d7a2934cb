/* Texts of many scripts in primary and secondary indexes of several locales, sought, ranged over and walked.
 *
 *   texts FOLDER/ TEXTS ANSWERS
 *
 * TEXTS: the number of texts; how many of them, from the first, have reference vectors; the texts; the number of texts whose
 * keys are uncertain; those. A text is its number of UTF-16 units and the units. All numbers have 32 bits.
 *
 * Each locale has a table with a primary index over text and number, and a secondary one over the text. The program gives the
 * texts the numbers 0, 1, ... and writes to ANSWERS, for each table: for the primary and then for the secondary index, of each
 * STEPth text behind the vectors how many entries begin as it does, and the numbers in the order of the index; then, of each
 * text with a reference vector, the bytes of its key in the secondary index and the key.
 *
 * Uncertain texts go into no index with Windows' stamp, and into one with libesent's own. What is wrong with a text, a locale
 * or flags is answered as documented, and nothing falls over.
 */
#include "calls.h"

#define TABLES 5
#define STEP 50
#define PREFIX_BYTES 6
#define TEXT_BYTES_MAX 2200

typedef struct
{
    const char *name;
    const char *locale;
    uint32_t flags;
} LOCALE;

/* Flags 0 are the default ones, which ignore case. The secondary index of the last table is made over rows that are there. */
static const LOCALE locales[TABLES] = {
    {"english", "en-US", 0}, {"invariant", "", 0}, {"swedish", "sv-SE", 0}, {"phonebook", "de-DE_phoneb", 0}, {"cases", "en-US", 0x400},
};

typedef struct
{
    JET_SESID session;
    JET_DBID database;
    JET_TABLEID table;
    JET_COLUMNID number;
    JET_COLUMNID text;
} TEXTS;

typedef struct
{
    uint32_t bytes;
    unsigned char *text;
} TEXT;

static uint32_t count, vectors, uncertain_count;
static TEXT *texts, *uncertain;

static uint32_t read_number(FILE *file)
{
    uint32_t number;
    CHECK(fread(&number, sizeof number, 1, file) == 1);
    return number;
}

static TEXT *read_list(FILE *file, uint32_t entries)
{
    TEXT *list = (TEXT *)calloc(entries + 1, sizeof *list);
    uint32_t place;
    CHECK(list != NULL);
    for (place = 0; place < entries; place++)
    {
        list[place].bytes = read_number(file) * 2;
        CHECK(list[place].bytes <= TEXT_BYTES_MAX);
        list[place].text = (unsigned char *)malloc(list[place].bytes + 1);
        CHECK(list[place].text != NULL);
        CHECK(fread(list[place].text, 1, list[place].bytes, file) == list[place].bytes);
    }
    return list;
}

static void read_texts(const char *name)
{
    FILE *file = fopen(name, "rb");
    CHECK(file != NULL);
    count = read_number(file);
    vectors = read_number(file);
    texts = read_list(file, count);
    uncertain_count = read_number(file);
    uncertain = read_list(file, uncertain_count);
    fclose(file);
}

static void free_texts(TEXT *list, uint32_t entries)
{
    while (entries-- > 0)
        free(list[entries].text);
    free(list);
}

static void write_number(FILE *answers, uint32_t number)
{
    CHECK(fwrite(&number, sizeof number, 1, answers) == 1);
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

/* A new row. An update that is refused is given up. */
static JET_ERR insert(const TEXTS *in, uint32_t number, const TEXT *text)
{
    JET_ERR err;
    SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepInsert));
    SUCCEED(JetSetColumn(in->session, in->table, in->number, &number, sizeof number, 0, NULL));
    SUCCEED(JetSetColumn(in->session, in->table, in->text, text->text, text->bytes,
                         text->bytes == 0 ? JET_bitSetZeroLength : 0, NULL));
    err = JetUpdate(in->session, in->table, NULL, 0, NULL);
    if (err < JET_errSuccess)
        SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepCancel));
    return err;
}

static void insert_all(const TEXTS *in)
{
    uint32_t place;
    SUCCEED(JetBeginTransaction(in->session));
    for (place = 0; place < count; place++)
    {
        SUCCEED(insert(in, place, &texts[place]));
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

/* Every text with its number is found in the primary index. */
static void seek_all_records(const TEXTS *in)
{
    uint32_t place;
    for (place = 0; place < count; place++)
    {
        SUCCEED(make_key(in, texts[place].text, texts[place].bytes, 0));
        SUCCEED(JetMakeKey(in->session, in->table, &place, sizeof place, 0));
        GIVES(JET_errSuccess, JetSeek(in->session, in->table, JET_bitSeekEQ));
        CHECK(number_here(in) == place);
    }
}

/* Every text is found in the secondary index, and what is found has a key equal to that of the text. The keys of those with
 * reference vectors are written down. */
static void seek_all_entries(const TEXTS *in, FILE *answers)
{
    static unsigned char sought[2001], found[2001];
    uint32_t place, sought_bytes, found_bytes;
    for (place = 0; place < count; place++)
    {
        SUCCEED(make_key(in, texts[place].text, texts[place].bytes, 0));
        SUCCEED(JetRetrieveKey(in->session, in->table, sought, sizeof sought, &sought_bytes, JET_bitRetrieveCopy));
        GIVES(JET_errSuccess, JetSeek(in->session, in->table, JET_bitSeekEQ));
        SUCCEED(JetRetrieveKey(in->session, in->table, found, sizeof found, &found_bytes, 0));
        CHECK(found_bytes == sought_bytes && memcmp(found, sought, found_bytes) == 0);
        number_here(in);
        if (place < vectors)
        {
            write_number(answers, found_bytes);
            CHECK(fwrite(found, 1, found_bytes, answers) == found_bytes);
        }
    }
}

/* The texts that begin as one does, counted from the first to the last: the one is among them. */
static void range_over(const TEXTS *in, uint32_t place, FILE *answers)
{
    uint32_t bytes = texts[place].bytes < PREFIX_BYTES ? texts[place].bytes : PREFIX_BYTES, seen = 0;
    int is_there = 0;
    if (bytes == 0)
    {
        write_number(answers, 0);
        return;
    }
    SUCCEED(make_key(in, texts[place].text, bytes, JET_bitPartialColumnStartLimit));
    SUCCEED(JetSeek(in->session, in->table, JET_bitSeekGE));
    SUCCEED(make_key(in, texts[place].text, bytes, JET_bitPartialColumnEndLimit));
    GIVES(JET_errSuccess, JetSetIndexRange(in->session, in->table, JET_bitRangeUpperLimit | JET_bitRangeInclusive));
    do
    {
        is_there |= number_here(in) == place;
        seen++;
    } while (JetMove(in->session, in->table, JET_MoveNext, 0) == JET_errSuccess);
    CHECK(is_there);
    write_number(answers, seen);
}

static void range_and_walk(const TEXTS *in, FILE *answers)
{
    uint32_t seen = 0, place;
    JET_ERR err;
    for (place = vectors; place < count; place += STEP)
        range_over(in, place, answers);
    for (err = JetMove(in->session, in->table, JET_MoveFirst, 0); err == JET_errSuccess;
         err = JetMove(in->session, in->table, JET_MoveNext, 0))
    {
        write_number(answers, number_here(in));
        seen++;
    }
    CHECK(err == JET_errNoCurrentRecord && seen == count);
}

/* Uncertain texts are refused by both indexes of a table, and nothing of them stays. */
static void refuse_uncertain(const TEXTS *in)
{
    uint32_t place, rows;
    for (place = 0; place < uncertain_count; place++)
    {
        SUCCEED(JetBeginTransaction(in->session));
        GIVES(JET_errUnicodeNormalizationNotSupported, insert(in, count + place, &uncertain[place]));
        SUCCEED(JetCommitTransaction(in->session, 0));
    }
    SUCCEED(JetMove(in->session, in->table, JET_MoveFirst, 0));
    SUCCEED(JetIndexRecordCount(in->session, in->table, &rows, UINT32_MAX));
    CHECK(rows == count);
}

/* Under libesent's own stamp they are indexed, and the index says that the stamp is its own: this locale's rules are not known
 * whole. A primary index has no such stamp. */
static void index_uncertain(JET_SESID session, JET_DBID database)
{
    static const char key[] = "+text\0";
    static const unsigned char own[16] = {'e', 'b', 'i', 'l', 'e', 's', 't', 'n', 0, 0, 0, 0, 0, 0, 0, 4};
    TEXTS in = create_table(session, database, "uncertain");
    unsigned char id[16];
    uint32_t place, version;
    GIVES(JET_errUnicodeNormalizationNotSupported,
          create_index(&in, "first", key, sizeof key, "hu-HU", 0, JET_bitIndexPrimary));
    SUCCEED(create_index(&in, "own", key, sizeof key, "hu-HU", 0, 0));
    /* Private levels of the information: sort version and SortID. */
    SUCCEED(JetGetTableIndexInfoA(session, in.table, "own", &version, sizeof version, 15));
    CHECK(version == 0x7E060305u);
    SUCCEED(JetGetTableIndexInfoA(session, in.table, "own", id, sizeof id, 17));
    CHECK(memcmp(id, own, sizeof id) == 0);
    SUCCEED(JetBeginTransaction(session));
    for (place = 0; place < uncertain_count; place++)
        SUCCEED(insert(&in, place, &uncertain[place]));
    SUCCEED(JetCommitTransaction(session, 0));
    SUCCEED(JetSetCurrentIndexA(session, in.table, "own"));
    for (place = 0; place < uncertain_count; place++)
    {
        SUCCEED(make_key(&in, uncertain[place].text, uncertain[place].bytes, 0));
        GIVES(JET_errSuccess, JetSeek(session, in.table, JET_bitSeekEQ));
    }
    SUCCEED(JetCloseTable(session, in.table));
}

/* Wrong requests, each with its documented answer. */
static void be_hostile(const TEXTS *in)
{
    static const char key[] = "+text\0";
    static const unsigned char lone[] = {0x00, 0xDC, 0x00, 0xD8, 'a', 0}, odd[] = {'a', 0, 'b'}, zeros[] = {'a', 0, 0, 0, 'b', 0};
    unsigned char *huge = (unsigned char *)malloc(1 << 20);
    const unsigned char *wrong[] = {lone, odd, zeros};
    const uint32_t bytes[] = {sizeof lone, sizeof odd, sizeof zeros};
    int place;
    JET_ERR err;
    CHECK(huge != NULL);
    memset(huge, 'x', 1 << 20);
    GIVES(JET_errInvalidLanguageId, create_index(in, "w0", key, sizeof key, "xx-XX", 0, 0));
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
    SUCCEED(JetBeginTransaction(in->session));
    SUCCEED(JetPrepareUpdate(in->session, in->table, JET_prepInsert));
    SUCCEED(JetSetColumn(in->session, in->table, in->text, huge, 1 << 20, 0, NULL));
    SUCCEED(JetUpdate(in->session, in->table, NULL, 0, NULL));
    SUCCEED(JetRollback(in->session, 0));
    SUCCEED(JetSetCurrentIndexA(in->session, in->table, "secondary"));
    for (place = 0; place < (int)uncertain_count; place++)
    {
        SUCCEED(make_key(in, uncertain[place].text, uncertain[place].bytes, 0));
        /* Seeking reads only; a text that is there may have the same key. */
        err = JetSeek(in->session, in->table, JET_bitSeekEQ);
        CHECK(err == JET_errRecordNotFound || err == JET_errSuccess);
    }
    SUCCEED(make_key(in, huge, 1 << 20, 0));
    GIVES(JET_errRecordNotFound, JetSeek(in->session, in->table, JET_bitSeekEQ));
    free(huge);
}

/* A table with both indexes and all texts, in which everything is sought. */
static void use_table(JET_SESID session, JET_DBID database, uint32_t number, FILE *answers)
{
    static const char key[] = "+text\0", keyed[] = "+text\0+number\0";
    const LOCALE *locale = &locales[number];
    TEXTS in = create_table(session, database, locale->name);
    int late = number == TABLES - 1;
    SUCCEED(create_index(&in, "primary", keyed, sizeof keyed, locale->locale, locale->flags, JET_bitIndexPrimary));
    if (!late)
        SUCCEED(create_index(&in, "secondary", key, sizeof key, locale->locale, locale->flags, 0));
    insert_all(&in);
    if (late)
        SUCCEED(create_index(&in, "secondary", key, sizeof key, locale->locale, locale->flags, 0));
    seek_all_records(&in);
    range_and_walk(&in, answers);
    refuse_uncertain(&in);
    SUCCEED(JetSetCurrentIndexA(session, in.table, "secondary"));
    range_and_walk(&in, answers);
    seek_all_entries(&in, answers);
    if (number == 0)
        be_hostile(&in);
    SUCCEED(JetCloseTable(session, in.table));
}

int main(int argc, char **argv)
{
    JET_INSTANCE instance;
    JET_SESID session;
    JET_DBID database;
    FILE *answers;
    char path[4096];
    uint32_t number;
    CHECK(argc == 4);
    read_texts(argv[2]);
    answers = fopen(argv[3], "wb");
    CHECK(answers != NULL);
    SUCCEED(JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, 8192, NULL));
    instance = instance_in("texts", argv[1]);
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramCircularLog, 1, NULL));
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFileSize, 4096, NULL));
    SUCCEED(JetInit(&instance));
    SUCCEED(JetBeginSessionA(instance, &session, NULL, NULL));
    CHECK(snprintf(path, sizeof path, "%stexts.edb", argv[1]) < (int)sizeof path);
    SUCCEED(JetCreateDatabaseA(session, path, NULL, &database, 0));
    for (number = 0; number < TABLES; number++)
        use_table(session, database, number, answers);
    index_uncertain(session, database);
    CHECK(fclose(answers) == 0);
    SUCCEED(JetCloseDatabase(session, database, 0));
    SUCCEED(JetDetachDatabaseA(session, path));
    SUCCEED(JetEndSession(session, 0));
    SUCCEED(JetTerm(instance));
    printf("%u texts in %d tables, %u uncertain ones refused\n", (unsigned)count, TABLES, (unsigned)uncertain_count);
    free_texts(texts, count);
    free_texts(uncertain, uncertain_count);
    return 0;
}

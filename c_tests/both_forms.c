/* The A and the W forms side by side, whatever JET_UNICODE says: text, buffers and errors. */
#include <esent.h>

#include <string.h>

#include "check.h"

static void text_crosses_both_forms(void)
{
    const char narrow[] = "Gr\xC3\xB6\xC3\x9F" "e";
    const WCHAR wide[] = {'G', 'r', 0xF6, 0xDF, 'e', 0};
    char narrow_back[16];
    WCHAR wide_back[16];

    CHECK(JetSetSystemParameterA(NULL, 0, JET_paramEventSource, 0, narrow) == JET_errSuccess);
    CHECK(JetGetSystemParameterW(0, 0, JET_paramEventSource, NULL, wide_back, sizeof(wide_back)) == JET_errSuccess);
    CHECK(memcmp(wide_back, wide, sizeof(wide)) == 0);
    CHECK(JetSetSystemParameterW(NULL, 0, JET_paramEventSource, 0, wide) == JET_errSuccess);
    CHECK(JetGetSystemParameterA(0, 0, JET_paramEventSource, NULL, narrow_back, sizeof(narrow_back)) == JET_errSuccess);
    CHECK(strcmp(narrow_back, narrow) == 0);
    CHECK(JetSetSystemParameterA(NULL, 0, JET_paramEventSource, 0, "\xFF") == JET_errUnicodeTranslationFail);
}

static void buffers_are_written_in_their_length_or_not_at_all(void)
{
    char *narrow = (char *)malloc(5);
    WCHAR *wide = (WCHAR *)malloc(3 * sizeof(WCHAR));

    CHECK(narrow != NULL && wide != NULL);
    CHECK(JetSetSystemParameterA(NULL, 0, JET_paramEventSource, 0, "abcd") == JET_errSuccess);
    CHECK(JetGetSystemParameterA(0, 0, JET_paramEventSource, NULL, narrow, 5) == JET_errSuccess);
    CHECK(strcmp(narrow, "abcd") == 0);
    CHECK(JetGetSystemParameterA(0, 0, JET_paramEventSource, NULL, narrow, 4) == JET_errBufferTooSmall);
    CHECK(JetGetSystemParameterA(0, 0, JET_paramEventSource, NULL, narrow, 0) == JET_errInvalidParameter);
    CHECK(JetGetSystemParameterA(0, 0, JET_paramEventSource, NULL, NULL, 5) == JET_errInvalidParameter);
    CHECK(JetGetSystemParameterW(0, 0, JET_paramEventSource, NULL, wide, 3 * sizeof(WCHAR)) == JET_errBufferTooSmall);
    CHECK(wide[0] == 'a' && wide[1] == 'b' && wide[2] == 0);
    free(narrow);
    free(wide);
}

static void errors_have_names_and_categories(void)
{
    JET_API_PTR code = (JET_API_PTR)JET_errDatabaseCorrupted;
    JET_ERR err = JET_errReadVerifyFailure;
    JET_ERRINFOBASIC_W info;
    char text[128];

    CHECK(JetGetSystemParameterA(0, 0, JET_paramErrorToString, &code, text, sizeof(text)) == JET_errSuccess);
    CHECK(strncmp(text, "JET_errDatabaseCorrupted, ", 26) == 0);
    memset(&info, 0, sizeof(info));
    CHECK(JetGetErrorInfoW(&err, &info, sizeof(info), JET_ErrorInfoSpecificErr, 0) == JET_errSuccess);
    CHECK(info.cbStruct == sizeof(info) && info.errValue == err && info.errcatMostSpecific == JET_errcatCorruption);
    CHECK(info.rgCategoricalHierarchy[0] == JET_errcatError && info.rgCategoricalHierarchy[1] == JET_errcatData);
    CHECK(JetGetErrorInfoW(&err, &info, sizeof(info) - 1, JET_ErrorInfoSpecificErr, 0) == JET_errInvalidBufferSize);
}

static void times_have_their_bits(void)
{
    /* Spec 08 16.3: a time of a real database header. */
    const unsigned char bytes[] = {0x2F, 0x16, 0x02, 0x03, 0x07, 0x7A, 0x4D, 0x02};
    JET_LOGTIME time;

    memcpy(&time, bytes, sizeof(time));
    CHECK(time.bSeconds == 47 && time.bMinutes == 22 && time.bHours == 2);
    CHECK(time.bDay == 3 && time.bMonth == 7 && time.bYear + 1900 == 2022);
    CHECK(time.fTimeIsUTC == 1 && time.bMillisecondsLow + 128 * time.bMillisecondsHigh == 166);
}

int main(void)
{
    text_crosses_both_forms();
    buffers_are_written_in_their_length_or_not_at_all();
    errors_have_names_and_categories();
    times_have_their_bits();
    return 0;
}

/*
 * hello.c - ask libesent who it is and how it is set up.
 *
 * From the project's root, after `cargo build --release`:
 *   cc examples-c/hello.c -Iinclude -Ltarget/release -Wl,-rpath,$PWD/target/release -lesent -o hello && ./hello
 */
#include <esent.h>
#include <inttypes.h>
#include <stdio.h>

int main(void)
{
    uint32_t version = 0;
    JET_API_PTR page_size = 0;
    char log_path[256];

    JET_ERR err = JetGetVersion(JET_sesidNil, &version);
    if (err >= JET_errSuccess)
        err = JetSetSystemParameter(NULL, JET_sesidNil, JET_paramDatabasePageSize, 8192, NULL);
    if (err >= JET_errSuccess)
        err = JetGetSystemParameter(JET_instanceNil, JET_sesidNil, JET_paramDatabasePageSize, &page_size, NULL, 0);
    if (err >= JET_errSuccess)
        err = JetGetSystemParameter(JET_instanceNil, JET_sesidNil, JET_paramLogFilePath, NULL, log_path, sizeof(log_path));
    if (err < JET_errSuccess)
    {
        JET_API_PTR code = (JET_API_PTR)err;
        char text[256] = "";
        JetGetSystemParameter(JET_instanceNil, JET_sesidNil, JET_paramErrorToString, &code, text, sizeof(text));
        fprintf(stderr, "error %" PRId32 ": %s\n", err, text);
        return 1;
    }

    printf("libesent %s answers as Windows %" PRIu32 ".%" PRIu32 ", build %" PRIu32 "\n", libesent_version(),
           version >> 28, (version >> 24) & 0xF, (version >> 8) & 0xFFFF);
    printf("page size %" PRIuPTR ", logs in %s\n", page_size, log_path);
    return 0;
}

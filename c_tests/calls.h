/* What every program that calls the library needs: calls that have to succeed, and an instance in a folder. */
#ifndef ESENT_C_TESTS_CALLS_H
#define ESENT_C_TESTS_CALLS_H

#include <stdint.h>
#include <string.h>

#include <esent.h>

#include "check.h"

/* A call that has to succeed: says which one did not, and with what. */
#define SUCCEED(call)                                                                      \
    do                                                                                     \
    {                                                                                      \
        JET_ERR succeed_err = (call);                                                      \
        if (succeed_err < JET_errSuccess)                                                  \
        {                                                                                  \
            fprintf(stderr, "%s:%d: %s gives %ld\n", __FILE__, __LINE__, #call, (long)succeed_err); \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

/* A call that has to give exactly this. */
#define GIVES(expected, call)                                                              \
    do                                                                                     \
    {                                                                                      \
        JET_ERR gives_err = (call);                                                        \
        if (gives_err != (expected))                                                       \
        {                                                                                  \
            fprintf(stderr, "%s:%d: %s gives %ld, not %ld\n", __FILE__, __LINE__, #call,   \
                    (long)gives_err, (long)(expected));                                    \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

/* An instance whose files are all in `folder`, which ends in a slash; not started yet. */
static JET_INSTANCE instance_in(const char *name, const char *folder)
{
    JET_INSTANCE instance = JET_instanceNil;
    SUCCEED(JetCreateInstanceA(&instance, name));
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, folder));
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, folder));
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, folder));
    SUCCEED(JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFileSize, 256, NULL));
    return instance;
}

#endif

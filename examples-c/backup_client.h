/*
 * backup_client.h - what a backup program does: stream the databases and logs of a running instance into a folder.
 *
 * backup_to_folder() is the whole of it. The folder becomes a backup set: each database as one file, each log as one file,
 * and set.txt, which says what belongs together. An incremental backup puts its logs into the folder of the full one.
 * Nothing here stops or slows the threads that go on working in the instance.
 */
#ifndef ESENT_EXAMPLES_BACKUP_CLIENT_H
#define ESENT_EXAMPLES_BACKUP_CLIENT_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <esent.h>

#include "backup_set.h"

/* What a backup did. */
typedef struct
{
    unsigned databases, logs;
    uint64_t database_bytes, log_bytes;
} BACKED_UP;

/* Streams one file of the instance into a file of the set. It gets its name when it is whole and on the disk. */
static JET_ERR copy_stream(JET_INSTANCE instance, const char *source, const char *folder, uint64_t *bytes)
{
    enum { CHUNK = 1 << 20 };
    JET_HANDLE file;
    uint32_t low = 0, high = 0, count = 0;
    char unfinished[SET_PATH_MAX], finished[SET_PATH_MAX];
    void *chunk = NULL;
    int out, close_failed;
    JET_ERR err = JetOpenFileInstanceA(instance, source, &file, &low, &high), closed;
    if (err < JET_errSuccess)
        return set_failure(err, "JetOpenFileInstance", source);

    set_path(finished, folder, set_file_name(source));
    set_path(unfinished, finished, ".unfinished");
    out = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    /* JetReadFile wants a buffer at a page boundary, and a size of whole pages. */
    if (out < 0 || posix_memalign(&chunk, 65536, CHUNK) != 0)
        err = set_failure(JET_errDiskIO, strerror(errno), unfinished);
    while (err >= JET_errSuccess)
    {
        err = JetReadFileInstance(instance, file, chunk, CHUNK, &count);
        if (err < JET_errSuccess)
            set_failure(err, "JetReadFileInstance", source);
        else if (count == 0)
            break;
        else if (!set_write(out, chunk, count))
            err = set_failure(JET_errDiskFull, strerror(errno), unfinished);
        else
            *bytes += count;
    }
    closed = JetCloseFileInstance(instance, file);
    /* The engine deletes logs when we say that we have them: first they are on the disk. */
    close_failed = out >= 0 && err >= JET_errSuccess && fsync(out) != 0;
    close_failed |= out >= 0 && close(out) != 0;
    free(chunk);
    if (err >= JET_errSuccess && close_failed)
        err = set_failure(JET_errDiskIO, strerror(errno), unfinished);
    if (err >= JET_errSuccess && rename(unfinished, finished) != 0)
        err = set_failure(JET_errDiskIO, strerror(errno), finished);
    return err < JET_errSuccess ? err : closed;
}

/* Streams every file of a list of names, each ended by a zero byte and the list by another one. */
static JET_ERR copy_list(JET_INSTANCE instance, const char *names, const char *folder, unsigned *files, uint64_t *bytes)
{
    JET_ERR err = JET_errSuccess;
    for (; err >= JET_errSuccess && *names; names += strlen(names) + 1, ++*files)
        err = copy_stream(instance, names, folder, bytes);
    return err;
}

static JET_ERR copy_databases(JET_INSTANCE instance, const char *folder, BACKUP_SET *set, BACKED_UP *done)
{
    uint32_t size = 0;
    char *names;
    const char *name;
    JET_ERR err = JetGetAttachInfoInstanceA(instance, NULL, 0, &size);
    if (err < JET_errSuccess)
        return set_failure(err, "JetGetAttachInfoInstance", NULL);
    if (!(names = malloc(size)))
        return JET_errOutOfMemory;
    err = JetGetAttachInfoInstanceA(instance, names, size, &size);
    if (err < JET_errSuccess)
        set_failure(err, "JetGetAttachInfoInstance", NULL);
    for (name = names; err >= JET_errSuccess && *name; name += strlen(name) + 1)
        err = set_add_database(set, name) ? JET_errSuccess : set_failure(JET_errTooManyAttachedDatabases, "set", name);
    if (err >= JET_errSuccess)
        err = copy_list(instance, names, folder, &done->databases, &done->database_bytes);
    free(names);
    return err;
}

/* The first question for logs ends the current log: everything committed before it is in the set. */
static JET_ERR copy_logs(JET_INSTANCE instance, const char *folder, BACKUP_SET *set, BACKED_UP *done)
{
    JET_LOGINFO_A logs;
    uint32_t size = 0;
    char *names;
    JET_ERR err;
    memset(&logs, 0, sizeof logs);
    logs.cbSize = sizeof logs;
    err = JetGetLogInfoInstance2A(instance, NULL, 0, &size, &logs);
    if (err < JET_errSuccess)
        return set_failure(err, "JetGetLogInfoInstance2", NULL);
    if (!(names = malloc(size)))
        return JET_errOutOfMemory;
    err = JetGetLogInfoInstance2A(instance, names, size, &size, &logs);
    if (err < JET_errSuccess)
        set_failure(err, "JetGetLogInfoInstance2", NULL);
    else if (!set_add_logs(set, &logs))
        err = set_failure(JET_errMissingFileToBackup, "the logs do not follow those of the set", NULL);
    else
        err = copy_list(instance, names, folder, &done->logs, &done->log_bytes);
    free(names);
    return err;
}

/* grbit: 0 for a full backup into an empty folder, JET_bitBackupIncremental for one into the folder of a full backup. */
static JET_ERR backup_to_folder(JET_INSTANCE instance, JET_GRBIT grbit, const char *folder, BACKED_UP *done)
{
    BACKUP_SET set;
    JET_ERR err;
    memset(done, 0, sizeof *done);
    memset(&set, 0, sizeof set);
    if (grbit == JET_bitBackupIncremental && !set_read(&set, folder))
        return set_failure(JET_errMissingFullBackup, "there is no full backup in", folder);

    err = JetBeginExternalBackupInstance(instance, grbit);
    if (err < JET_errSuccess)
        return set_failure(err, "JetBeginExternalBackupInstance", NULL);
    if (grbit != JET_bitBackupIncremental)
        err = copy_databases(instance, folder, &set, done);
    if (err >= JET_errSuccess)
        err = copy_logs(instance, folder, &set, done);
    if (err >= JET_errSuccess && !set_write_down(&set, folder))
        err = set_failure(JET_errDiskIO, "set.txt", folder);
    /* The set is safe: the instance may delete the logs that nobody needs any more. */
    if (err >= JET_errSuccess && (err = JetTruncateLogInstance(instance)) < JET_errSuccess)
        set_failure(err, "JetTruncateLogInstance", NULL);
    if (err >= JET_errSuccess)
    {
        err = JetEndExternalBackupInstance2(instance, JET_bitBackupEndNormal);
        return err < JET_errSuccess ? set_failure(err, "JetEndExternalBackupInstance2", NULL) : err;
    }
    JetEndExternalBackupInstance2(instance, JET_bitBackupEndAbort);
    return err;
}

#endif

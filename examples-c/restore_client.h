/*
 * restore_client.h - what a restore program does: put the files of a backup set into a folder and run hard recovery on
 * them. restore_from_folder() is the whole of it.
 *
 * The set is only read. The engine deletes logs that are outside the range from the folder it is told to take the
 * backup's logs from, so they are copied first: never give it the only copy.
 */
#ifndef ESENT_EXAMPLES_RESTORE_CLIENT_H
#define ESENT_EXAMPLES_RESTORE_CLIENT_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <esent.h>

#include "backup_set.h"

static int copy_file(const char *from, const char *to)
{
    char chunk[65536];
    ssize_t count = 0;
    int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0666);
    int copied = in >= 0 && out >= 0;
    while (copied && (count = read(in, chunk, sizeof chunk)) > 0)
        copied = set_write(out, chunk, (size_t)count);
    copied = copied && count == 0 && fsync(out) == 0;
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0)
        copied = 0;
    if (!copied)
        fprintf(stderr, "copy %s to %s: %s\n", from, to, strerror(errno));
    return copied;
}

/* Copies the logs of a stream from one folder into another; returns how many, or -1. */
static int copy_logs_between(const char *from, const char *to, const char *base)
{
    char source[SET_PATH_MAX], target[SET_PATH_MAX];
    struct dirent *entry;
    int count = 0;
    DIR *folder = opendir(from);
    if (!folder)
        return -1;
    while (count >= 0 && (entry = readdir(folder)))
    {
        size_t length = strlen(entry->d_name);
        if (strncmp(entry->d_name, base, strlen(base)) != 0 || length < 4 || strcmp(entry->d_name + length - 4, ".log") != 0 ||
            strcmp(entry->d_name + strlen(base), "tmp.log") == 0) /* a log that was being prepared holds nothing */
            continue;
        set_path(source, from, entry->d_name);
        set_path(target, to, entry->d_name);
        count = copy_file(source, target) ? count + 1 : -1;
    }
    closedir(folder);
    return count;
}

/* Progress in percent, on one line; everything else that recovery asks or tells may be answered with 0. */
static JET_ERR JET_API show_progress(JET_SESID session, JET_SNP snp, JET_SNT snt, void *data)
{
    (void)session;
    if (!isatty(STDERR_FILENO))
        return JET_errSuccess;
    if (snp == JET_snpRestore && snt == JET_sntProgress && data)
    {
        const JET_SNPROG *progress = (const JET_SNPROG *)data;
        fprintf(stderr, "\r  hard recovery: %lu %%", (unsigned long)(100 * progress->cunitDone / progress->cunitTotal));
    }
    if (snp == JET_snpRestore && snt == JET_sntComplete)
        fprintf(stderr, "\r  hard recovery: 100 %%\n");
    return JET_errSuccess;
}

/* Restores the set into `target`, a folder that is empty or does not exist. With `live_logs` (or NULL) the logs that
 * outlived the databases there are replayed too: nothing that was committed is lost then. */
static JET_ERR restore_from_folder(const char *folder, const char *target, const char *live_logs)
{
    BACKUP_SET set;
    JET_RSTMAP_A map[SET_DATABASES_MAX];
    char restored[SET_DATABASES_MAX][SET_PATH_MAX], stored[SET_PATH_MAX], logs[SET_PATH_MAX];
    JET_LOGINFO_A range;
    unsigned i;
    JET_ERR err;
    if (!set_read(&set, folder))
        return set_failure(JET_errFileNotFound, "there is no backup set in", folder);
    set_path(logs, target, "from-backup");
    if ((mkdir(target, 0777) != 0 && errno != EEXIST) || mkdir(logs, 0777) != 0)
        return set_failure(JET_errInvalidPath, strerror(errno), logs);

    for (i = 0; i < set.databases; ++i)
    {
        set_path(stored, folder, set_file_name(set.original[i]));
        set_path(restored[i], target, set_file_name(set.original[i]));
        if (!copy_file(stored, restored[i]))
            return JET_errFileAccessDenied;
        map[i].szDatabaseName = set.original[i];
        map[i].szNewDatabaseName = restored[i];
    }
    if (copy_logs_between(folder, logs, set.base) < 0 || (live_logs && copy_logs_between(live_logs, target, set.base) < 0))
        return set_failure(JET_errFileAccessDenied, "the logs cannot be copied from", folder);

    memset(&range, 0, sizeof range);
    range.cbSize = sizeof range;
    range.ulGenLow = (uint32_t)set.low;
    range.ulGenHigh = (uint32_t)set.high;
    memcpy(range.szBaseName, set.base, sizeof range.szBaseName);
    JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, set.page_size, NULL);
    err = JetExternalRestore2A((char *)target, (char *)target, map, (int32_t)set.databases, logs, &range, NULL, NULL, NULL,
                               show_progress);
    if (err < JET_errSuccess)
        return set_failure(err, "JetExternalRestore2", folder);
    return err;
}

#endif

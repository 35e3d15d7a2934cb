/*
 * backup_set.h - the folder that backup.c writes and restore.c reads.
 *
 *   set.txt        libesent example set 1
 *                  page size 4096
 *                  logs edb 2 10
 *                  database people.edb /var/lib/people/people.edb
 *   people.edb     the stream of the database: its file, and one page at the end that belongs to the backup
 *   edb00002.log   the logs 2 to 10 (hexadecimal in names), nothing between them missing
 */
#ifndef ESENT_EXAMPLES_BACKUP_SET_H
#define ESENT_EXAMPLES_BACKUP_SET_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <esent.h>

enum { SET_PATH_MAX = 4096, SET_DATABASES_MAX = 7 };

typedef struct
{
    unsigned long page_size, low, high;
    char base[8];
    unsigned databases;
    char original[SET_DATABASES_MAX][SET_PATH_MAX];
} BACKUP_SET;

/* Says what failed, and passes the error on. */
static JET_ERR set_failure(JET_ERR err, const char *what, const char *which)
{
    JET_API_PTR code = (JET_API_PTR)err;
    char text[256] = "";
    JetGetSystemParameterA(JET_instanceNil, JET_sesidNil, JET_paramErrorToString, &code, text, sizeof text);
    fprintf(stderr, "%s%s%s: error %ld %s\n", what, which ? " " : "", which ? which : "", (long)err, text);
    return err;
}

/* The last part of a path, of Windows or of here. */
static const char *set_file_name(const char *path)
{
    const char *name = path;
    for (; *path; ++path)
        if (*path == '/' || *path == '\\')
            name = path + 1;
    return name;
}

/* A folder and a name in it, or a name and what is appended to it when that begins with a dot. */
static void set_path(char *path, const char *folder, const char *name)
{
    int written = snprintf(path, SET_PATH_MAX, "%s%s%s", folder, *name == '.' ? "" : "/", name);
    if (written < 0 || written >= SET_PATH_MAX)
        *path = 0; /* opening it fails */
}

static inline int set_write(int file, const void *bytes, size_t count)
{
    const char *at = (const char *)bytes;
    while (count > 0)
    {
        ssize_t written = write(file, at, count);
        if (written < 0)
            return 0;
        at += written;
        count -= (size_t)written;
    }
    return 1;
}

static inline int set_add_database(BACKUP_SET *set, const char *path)
{
    JET_API_PTR page_size = 0;
    unsigned i;
    if (set->databases == SET_DATABASES_MAX || strlen(path) >= SET_PATH_MAX)
        return 0;
    for (i = 0; i < set->databases; ++i)
        if (strcmp(set_file_name(set->original[i]), set_file_name(path)) == 0)
            return 0; /* two databases of one name need two folders */
    JetGetSystemParameterA(JET_instanceNil, JET_sesidNil, JET_paramDatabasePageSize, &page_size, NULL, 0);
    set->page_size = (unsigned long)page_size;
    strcpy(set->original[set->databases++], path);
    return 1;
}

/* Logs join those that the set has; a gap between them would make the later ones useless. */
static inline int set_add_logs(BACKUP_SET *set, const JET_LOGINFO_A *logs)
{
    if (set->low != 0 && logs->ulGenLow > set->high + 1)
        return 0;
    if (set->low == 0)
        set->low = logs->ulGenLow;
    set->high = logs->ulGenHigh;
    memset(set->base, 0, sizeof set->base);
    memcpy(set->base, logs->szBaseName, sizeof logs->szBaseName - 1);
    return 1;
}

/* Writes set.txt so that there is always a whole one. */
static inline int set_write_down(const BACKUP_SET *set, const char *folder)
{
    char path[SET_PATH_MAX], unfinished[SET_PATH_MAX];
    unsigned i;
    FILE *file;
    int failed;
    set_path(path, folder, "set.txt");
    set_path(unfinished, path, ".unfinished");
    if (!(file = fopen(unfinished, "w")))
        return 0;
    fprintf(file, "libesent example set 1\npage size %lu\nlogs %s %lu %lu\n", set->page_size, set->base, set->low, set->high);
    for (i = 0; i < set->databases; ++i)
        fprintf(file, "database %s\n", set->original[i]);
    failed = fflush(file) != 0 || fsync(fileno(file)) != 0;
    failed |= fclose(file) != 0;
    return !failed && rename(unfinished, path) == 0;
}

static inline int set_read(BACKUP_SET *set, const char *folder)
{
    char path[SET_PATH_MAX], line[SET_PATH_MAX + 16];
    FILE *file;
    int whole;
    memset(set, 0, sizeof *set);
    set_path(path, folder, "set.txt");
    if (!(file = fopen(path, "r")))
        return 0;
    whole = fscanf(file, "libesent example set 1 page size %lu logs %7s %lu %lu ", &set->page_size, set->base, &set->low,
                   &set->high) == 4;
    while (whole && fgets(line, sizeof line, file))
    {
        line[strcspn(line, "\n")] = 0;
        whole = strncmp(line, "database ", 9) == 0 && set->databases < SET_DATABASES_MAX &&
                strlen(line + 9) < SET_PATH_MAX;
        if (whole)
            strcpy(set->original[set->databases++], line + 9);
    }
    fclose(file);
    return whole && set->databases > 0;
}

#endif

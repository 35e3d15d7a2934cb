/*
 * backup.c - a backup client: attaches a database and streams it, with its logs, into a folder.
 *
 * From the project's root, after `cargo build --release`:
 *   cc -std=gnu11 examples-c/backup.c -Iinclude -Ltarget/release -Wl,-rpath,$PWD/target/release -lesent -o backup
 *
 *   ./backup full        /var/lib/people/people.edb /var/lib/people /backup/people     into an empty folder
 *   ./backup incremental /var/lib/people/people.edb /var/lib/people /backup/people     adds the logs since then
 *
 * The third word is the folder of the instance's logs and checkpoint. A program that has its database open makes its
 * backups itself, with the same calls from any of its threads: see backup_client.h and main_job.c.
 */
#include "backup_client.h"

static JET_ERR backup(const char *database, const char *instance_folder, JET_GRBIT grbit, const char *set)
{
    JET_INSTANCE instance = JET_instanceNil;
    JET_SESID session;
    JET_DBID dbid;
    uint32_t page_size = 0;
    BACKED_UP done;
    char folder[SET_PATH_MAX];
    JET_ERR err = JetGetDatabaseFileInfoA(database, &page_size, sizeof page_size, JET_DbInfoPageSize), ended;
    if (err < JET_errSuccess)
        return set_failure(err, "JetGetDatabaseFileInfo", database);
    JetSetSystemParameterA(NULL, JET_sesidNil, JET_paramDatabasePageSize, page_size, NULL);

    snprintf(folder, sizeof folder, "%s/", instance_folder);
    if ((err = JetCreateInstanceA(&instance, "backup")) < JET_errSuccess)
        return set_failure(err, "JetCreateInstance", NULL);
    JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramSystemPath, 0, folder);
    JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramLogFilePath, 0, folder);
    JetSetSystemParameterA(&instance, JET_sesidNil, JET_paramTempPath, 0, folder);
    if ((err = JetInit(&instance)) < JET_errSuccess) /* recovers what a crash left behind */
        return set_failure(err, "JetInit", instance_folder);
    err = JetBeginSessionA(instance, &session, NULL, NULL);
    if (err >= JET_errSuccess && (err = JetAttachDatabaseA(session, database, 0)) >= JET_errSuccess)
        err = JetOpenDatabaseA(session, database, NULL, &dbid, 0);
    if (err < JET_errSuccess)
        set_failure(err, "attach", database);
    else if ((err = backup_to_folder(instance, grbit, set, &done)) >= JET_errSuccess)
        printf("%u databases (%llu bytes) and %u logs (%llu bytes) are in %s\n", done.databases,
               (unsigned long long)done.database_bytes, done.logs, (unsigned long long)done.log_bytes, set);
    ended = JetTerm2(instance, JET_bitTermComplete);
    return err < JET_errSuccess ? err : ended;
}

int main(int argc, char **argv)
{
    JET_GRBIT grbit = argc == 5 && strcmp(argv[1], "incremental") == 0 ? JET_bitBackupIncremental : 0;
    if (argc != 5 || (grbit == 0 && strcmp(argv[1], "full") != 0))
    {
        fprintf(stderr, "usage: backup full|incremental DATABASE INSTANCE_FOLDER SET_FOLDER\n");
        return 2;
    }
    return backup(argv[2], argv[3], grbit, argv[4]) < JET_errSuccess;
}

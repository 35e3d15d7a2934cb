/*
 * restore.c - restores what backup.c wrote, into a folder of your choice, with hard recovery.
 *
 * From the project's root, after `cargo build --release`:
 *   cc -std=gnu11 examples-c/restore.c -Iinclude -Ltarget/release -Wl,-rpath,$PWD/target/release -lesent -o restore
 *
 *   ./restore /backup/people /var/lib/restored                     as of the last backup
 *   ./restore /backup/people /var/lib/restored /var/lib/people     and on, with the logs that outlived the database there
 *
 * The restore map sends each database from the path it had to its new one; see restore_client.h.
 */
#include "restore_client.h"

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4)
    {
        fprintf(stderr, "usage: restore SET_FOLDER NEW_FOLDER [LOGS_THAT_SURVIVED]\n");
        return 2;
    }
    if (restore_from_folder(argv[1], argv[2], argc == 4 ? argv[3] : NULL) < JET_errSuccess)
        return 1;
    printf("restored into %s; its logs from here on are there too\n", argv[2]);
    return 0;
}

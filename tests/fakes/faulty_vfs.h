/* A disk under SQLite that fails on demand. It stands where SQLite speaks to the operating system
 * (sqlite.org/vfs.html) and passes all on to the usual one, but for one operation, counted from the
 * arming, or for that one and all behind it. Nothing is synced, so that hundreds of trials take a
 * second. */
#ifndef FDM_TESTS_FAKES_FAULTY_VFS_H
#define FDM_TESTS_FAKES_FAULTY_VFS_H

#include <sqlite3.h>
#include <stdbool.h>

struct faulty_vfs {
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    unsigned calls;    /* operations since the arming */
    unsigned fail_at;  /* the one that fails, from 1; 0: none */
    bool stay;         /* those behind it fail, too */
    unsigned failures; /* since the arming */
};

/* Stands in for SQLite's default until faulty_vfs_remove(); files must be closed by then. `faulty`
 * is not to be moved. */
void faulty_vfs_install(struct faulty_vfs *faulty);
void faulty_vfs_remove(struct faulty_vfs *faulty);
void faulty_vfs_arm(struct faulty_vfs *faulty, unsigned fail_at, bool stay);

#endif

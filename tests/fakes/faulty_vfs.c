#include "tests/fakes/faulty_vfs.h"

#include <stddef.h>

struct faulty_file {
    sqlite3_file file;
    struct faulty_vfs *faulty;
    sqlite3_file *real; /* behind this structure */
};

static struct faulty_file *ours(sqlite3_file *file)
{
    return (struct faulty_file *)(void *)file;
}

static bool fails(struct faulty_vfs *faulty)
{
    faulty->calls++;
    bool now = faulty->fail_at != 0 &&
               (faulty->stay ? faulty->calls >= faulty->fail_at : faulty->calls == faulty->fail_at);
    faulty->failures += now;
    return now;
}

/* ---- Files ----------------------------------------------------------------------------------- */

/* An operation of a file: passed on, unless it is this one's turn to fail with `code`. */
#define PASS(name, code, parameters, arguments)                                                    \
    static int file_##name parameters                                                              \
    {                                                                                              \
        return fails(ours(file)->faulty) ? (code) : ours(file)->real->pMethods->x##name arguments; \
    }
#define REAL (ours(file)->real)

PASS(Read, SQLITE_IOERR_READ, (sqlite3_file * file, void *out, int size, sqlite3_int64 at),
     (REAL, out, size, at))
PASS(Write, SQLITE_FULL, (sqlite3_file * file, const void *in, int size, sqlite3_int64 at),
     (REAL, in, size, at))
PASS(Truncate, SQLITE_IOERR_TRUNCATE, (sqlite3_file * file, sqlite3_int64 size), (REAL, size))
PASS(FileSize, SQLITE_IOERR_FSTAT, (sqlite3_file * file, sqlite3_int64 *size), (REAL, size))
PASS(ShmMap, SQLITE_IOERR_SHMMAP,
     (sqlite3_file * file, int region, int size, int extend, void volatile **out),
     (REAL, region, size, extend, out))

static int file_Sync(sqlite3_file *file, int flags)
{
    (void)flags;
    return fails(ours(file)->faulty) ? SQLITE_IOERR_FSYNC : SQLITE_OK;
}

/* Locks and what follows from them do not reach the disk. */
#define PASS_ALWAYS(type, name, parameters, arguments)                                             \
    static type file_##name parameters                                                             \
    {                                                                                              \
        return ours(file)->real->pMethods->x##name arguments;                                      \
    }
PASS_ALWAYS(int, Close, (sqlite3_file * file), (REAL))
PASS_ALWAYS(int, Lock, (sqlite3_file * file, int level), (REAL, level))
PASS_ALWAYS(int, Unlock, (sqlite3_file * file, int level), (REAL, level))
PASS_ALWAYS(int, CheckReservedLock, (sqlite3_file * file, int *out), (REAL, out))
PASS_ALWAYS(int, FileControl, (sqlite3_file * file, int op, void *arg), (REAL, op, arg))
PASS_ALWAYS(int, SectorSize, (sqlite3_file * file), (REAL))
PASS_ALWAYS(int, DeviceCharacteristics, (sqlite3_file * file), (REAL))
PASS_ALWAYS(int, ShmLock, (sqlite3_file * file, int at, int n, int flags), (REAL, at, n, flags))
PASS_ALWAYS(int, ShmUnmap, (sqlite3_file * file, int deleted), (REAL, deleted))

static void file_ShmBarrier(sqlite3_file *file)
{
    REAL->pMethods->xShmBarrier(REAL);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_Close,
    .xRead = file_Read,
    .xWrite = file_Write,
    .xTruncate = file_Truncate,
    .xSync = file_Sync,
    .xFileSize = file_FileSize,
    .xLock = file_Lock,
    .xUnlock = file_Unlock,
    .xCheckReservedLock = file_CheckReservedLock,
    .xFileControl = file_FileControl,
    .xSectorSize = file_SectorSize,
    .xDeviceCharacteristics = file_DeviceCharacteristics,
    .xShmMap = file_ShmMap,
    .xShmLock = file_ShmLock,
    .xShmBarrier = file_ShmBarrier,
    .xShmUnmap = file_ShmUnmap,
};

/* ---- The file system ------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct faulty_vfs *faulty = vfs->pAppData;
    struct faulty_file *opened = ours(file);
    opened->file.pMethods = NULL;
    opened->faulty = faulty;
    opened->real = (sqlite3_file *)(void *)(opened + 1);
    if (fails(faulty))
        return SQLITE_CANTOPEN;
    int result = faulty->real->xOpen(faulty->real, name, opened->real, flags, got);
    if (result == SQLITE_OK)
        opened->file.pMethods = &methods;
    return result;
}

void faulty_vfs_install(struct faulty_vfs *faulty)
{
    sqlite3_vfs *real = sqlite3_vfs_find(NULL);
    *faulty = (struct faulty_vfs){.vfs = *real, .real = real};
    faulty->vfs.zName = "faulty";
    faulty->vfs.pNext = NULL;
    faulty->vfs.pAppData = faulty;
    faulty->vfs.szOsFile += (int)sizeof(struct faulty_file);
    faulty->vfs.xOpen = vfs_open;
    sqlite3_vfs_register(&faulty->vfs, 1);
}

void faulty_vfs_remove(struct faulty_vfs *faulty)
{
    sqlite3_vfs_unregister(&faulty->vfs);
    sqlite3_vfs_register(faulty->real, 1);
}

void faulty_vfs_arm(struct faulty_vfs *faulty, unsigned fail_at, bool stay)
{
    faulty->calls = 0;
    faulty->failures = 0;
    faulty->fail_at = fail_at;
    faulty->stay = stay;
}

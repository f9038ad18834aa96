#include "tests/support/serial_calls.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SYSFS "/sys/class/tty"

struct serial_calls serial_calls;

/* The path that is meant: sysfs in our folder, a plugged port's pseudo-terminal, or as it is. */
static const char *redirect(const char *path, char out[PATH_MAX])
{
    if (serial_calls.folder == NULL)
        serial_calls.folder = getenv("FDM_TEST_SYSFS");
    if (serial_calls.folder != NULL && strncmp(path, SYSFS, strlen(SYSFS)) == 0) {
        snprintf(out, PATH_MAX, "%s/tty%s", serial_calls.folder, path + strlen(SYSFS));
        return out;
    }
    for (size_t i = 0; i < serial_calls.count; i++)
        if (strcmp(path, serial_calls.tty[i]) == 0)
            return serial_calls.port[i];
    return path;
}

/* Their names, and those of their parameters, are the C library's.
 * NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*,readability-inconsistent-declaration*) */

int __lxstat(int version, const char *path, struct stat *info);
int __lxstat(int version, const char *path, struct stat *info)
{
    (void)version;
    char real[PATH_MAX];
    return fstatat(AT_FDCWD, redirect(path, real), info, AT_SYMLINK_NOFOLLOW);
}

ssize_t readlink(const char *path, char *buf, size_t size)
{
    char real[PATH_MAX];
    return readlinkat(AT_FDCWD, redirect(path, real), buf, size);
}

FILE *fopen(const char *path, const char *mode)
{
    char real[PATH_MAX];
    return fopen64(redirect(path, real), mode);
}

DIR *opendir(const char *path)
{
    char real[PATH_MAX];
    int fd = openat(AT_FDCWD, redirect(path, real), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir == NULL && fd >= 0)
        close(fd);
    return dir;
}

int open(const char *path, int flags, ...)
{
    char real[PATH_MAX];
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    return openat(AT_FDCWD, redirect(path, real), flags, mode);
}

int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return open(path, flags);
}

/* A pseudo-terminal has no modem lines (ENOTTY): here they are on, whatever is set. */
int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *argument = va_arg(args, void *);
    va_end(args);
    int result = (int)syscall(SYS_ioctl, fd, request, argument);
    if (result == 0 || errno != ENOTTY)
        return result;
    if (request == TIOCMGET) {
        *(int *)argument = TIOCM_CTS | TIOCM_DSR | TIOCM_CAR | TIOCM_RTS | TIOCM_DTR;
        return 0;
    }
    return request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC ? 0 : result;
}

/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*,readability-inconsistent-declaration*) */

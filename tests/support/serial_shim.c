#include "tests/support/serial_shim.h"

#include <asm/termbits.h> /* rates without a name; not together with termios.h */
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

#include "harness/base/fs.h"
#include "tests/support/test.h"

#define SYSFS "/sys/class/tty"
#define PORTS_MAX 4

/* A folder that stands for sysfs, NULL until the first port is made; and what opens under which
 * name. One for the program, as the functions below are. */
static struct {
    char *folder;
    size_t count;
    char tty[PORTS_MAX][TEST_SERIAL_NAME];
    char port[PORTS_MAX][TEST_SERIAL_NAME];
} ports;

/* ---- the replaced functions ---- */

/* The path that is meant: sysfs in our folder, a plugged port's pseudo-terminal, or as it is. */
static const char *redirect(const char *path, char out[PATH_MAX])
{
    if (ports.folder != NULL && strncmp(path, SYSFS, strlen(SYSFS)) == 0) {
        snprintf(out, PATH_MAX, "%s/tty%s", ports.folder, path + strlen(SYSFS));
        return out;
    }
    for (size_t i = 0; i < ports.count; i++)
        if (strcmp(path, ports.tty[i]) == 0)
            return ports.port[i];
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

/* ---- making ports ---- */

static void write_file(const char *folder, const char *name, const char *text)
{
    char *path = fdm_fs_join(folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fprintf(file, "%s\n", text);
    assert_int_equal(fclose(file), 0);
    free(path);
}

/* "<folder>/tty/<name>", a link to a device's folder. */
static void add_entry(const char *name, const char *device)
{
    char *tree = fdm_fs_join(ports.folder, "tty");
    char *entry = fdm_fs_join(tree, name);
    assert_int_equal(fdm_fs_make_dirs(device, NULL), FDM_OK);
    unlink(entry); /* of a port that was pulled: numbers are used again */
    assert_int_equal(symlink(device, entry), 0);
    free(entry);
    free(tree);
}

static void make_tree(void)
{
    if (ports.folder != NULL)
        return;
    ports.folder = test_tmpdir();
    assert_int_equal(chmod(ports.folder, 0755), 0); /* sysfs is open to everybody, too */
    char *pts = fdm_fs_join(ports.folder, "tty/pts");
    assert_int_equal(fdm_fs_make_dirs(pts, NULL), FDM_OK);
    free(pts);
}

static void make_raw(int fd)
{
    struct termios2 settings;
    assert_int_equal(ioctl(fd, TCGETS2, &settings), 0);
    settings.c_iflag = 0;
    settings.c_oflag = 0;
    settings.c_lflag = 0;
    assert_int_equal(ioctl(fd, TCSETS2, &settings), 0);
}

unsigned test_serial_baud(const struct test_serial *serial)
{
    struct termios2 settings;
    assert_int_equal(ioctl(serial->board, TCGETS2, &settings), 0);
    assert_int_equal(settings.c_cflag & (CSIZE | PARENB | CSTOPB | CRTSCTS), CS8);
    return settings.c_ospeed;
}

void test_serial_make(struct test_serial *serial)
{
    make_tree();
    serial->board = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(serial->board >= 0);
    assert_int_equal(grantpt(serial->board), 0);
    assert_int_equal(unlockpt(serial->board), 0);
    const char *name = ptsname(serial->board);
    assert_non_null(name);
    snprintf(serial->port, sizeof serial->port, "%s", name);
    make_raw(serial->board);
    assert_int_equal(fcntl(serial->board, F_SETFL, O_NONBLOCK), 0);
    char *device = fdm_fs_join(ports.folder, "devices/virtual/tty");
    add_entry(name + strlen("/dev/"), device);
    free(device);
}

void test_serial_plug(const struct test_serial *serial, const char *tty, const char *product,
                      const char *number)
{
    assert_true(ports.count < PORTS_MAX);
    char device[PATH_MAX];
    snprintf(device, sizeof device, "%s/devices/usb1/%s", ports.folder, tty);
    assert_int_equal(fdm_fs_make_dirs(device, NULL), FDM_OK);
    write_file(device, "busnum", "1");
    write_file(device, "devnum", "2");
    write_file(device, "idVendor", "0483");
    write_file(device, "idProduct", "374e");
    write_file(device, "product", product);
    write_file(device, "manufacturer", "STMicroelectronics");
    write_file(device, "serial", number);
    char *port = fdm_fs_join(device, "tty");
    char *interface = fdm_fs_join(port, "device");
    assert_int_equal(fdm_fs_make_dirs(interface, NULL), FDM_OK);
    add_entry(tty, port);
    free(interface);
    free(port);
    snprintf(ports.tty[ports.count], TEST_SERIAL_NAME, "/dev/%s", tty);
    snprintf(ports.port[ports.count], TEST_SERIAL_NAME, "%s", serial->port);
    ports.count++;
}

void test_serial_pull(struct test_serial *serial)
{
    if (serial->board >= 0)
        close(serial->board);
    serial->board = -1;
}

void test_serial_forget(void)
{
    if (ports.folder != NULL)
        test_rmtree(ports.folder);
    free(ports.folder);
    memset(&ports, 0, sizeof ports);
}

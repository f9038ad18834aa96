#include "tests/support/serial_shim.h"

#include <asm/termbits.h> /* rates without a name; not together with termios.h */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "tests/support/serial_calls.h"
#include "tests/support/test.h"

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
    char *tree = fdm_fs_join(serial_calls.folder, "tty");
    char *entry = fdm_fs_join(tree, name);
    assert_int_equal(fdm_fs_make_dirs(device, NULL), FDM_OK);
    unlink(entry); /* of a port that was pulled: numbers are used again */
    assert_int_equal(symlink(device, entry), 0);
    free(entry);
    free(tree);
}

static void make_tree(void)
{
    if (serial_calls.folder != NULL)
        return;
    serial_calls.folder = test_tmpdir();
    assert_int_equal(chmod(serial_calls.folder, 0755), 0); /* sysfs is open to everybody, too */
    char *pts = fdm_fs_join(serial_calls.folder, "tty/pts");
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
    char *device = fdm_fs_join(serial_calls.folder, "devices/virtual/tty");
    add_entry(name + strlen("/dev/"), device);
    free(device);
}

void test_serial_plug(const struct test_serial *serial, const char *tty, const char *product,
                      const char *number)
{
    assert_true(serial_calls.count < SERIAL_CALLS_PORTS);
    char device[PATH_MAX];
    snprintf(device, sizeof device, "%s/devices/usb1/%s", serial_calls.folder, tty);
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
    snprintf(serial_calls.tty[serial_calls.count], TEST_SERIAL_NAME, "/dev/%s", tty);
    snprintf(serial_calls.port[serial_calls.count], TEST_SERIAL_NAME, "%s", serial->port);
    serial_calls.count++;
}

void test_serial_pull(struct test_serial *serial)
{
    if (serial->board >= 0)
        close(serial->board);
    serial->board = -1;
}

void test_serial_forget(void)
{
    if (serial_calls.folder != NULL)
        test_rmtree(serial_calls.folder);
    free(serial_calls.folder);
    memset(&serial_calls, 0, sizeof serial_calls);
}

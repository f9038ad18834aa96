#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libserialport.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/transport/stream_impl.h"

/* libserialport opens and configures. Reading and writing are done here: its blocking calls spin at
 * full speed when a port disappears, and its results do not tell "nothing yet" from "gone". */

struct serial_stream {
    struct fdm_stream base;
    struct sp_port *port;
    int fd; /* belongs to the port */
};

static struct serial_stream *self(struct fdm_stream *stream)
{
    return (struct serial_stream *)stream;
}

/* ---- operations ---- */

static enum fdm_status gone(const struct fdm_stream *stream, struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_EOF, "%s: the port disappeared; is the board still plugged in?",
                    stream->name);
}

static enum fdm_status judge_errno(const struct fdm_stream *stream, struct fdm_error *err)
{
    if (errno == EAGAIN || errno == EINTR)
        return FDM_ERR_TIMEOUT;
    if (errno == EIO || errno == ENXIO || errno == ENODEV || errno == EBADF)
        return gone(stream, err);
    return fdm_fail(err, FDM_ERR_IO, "%s: %s", stream->name, strerror(errno));
}

/* An empty read alone says nothing, as the port is set to return what there is. But after poll()
 * announced something, it is the end. */
static enum fdm_status serial_read(struct fdm_stream *stream, void *buf, size_t size, size_t *got,
                                   struct fdm_error *err)
{
    struct pollfd entry = {self(stream)->fd, POLLIN, 0};
    int count = poll(&entry, 1, 0);
    if (count < 0)
        return judge_errno(stream, err);
    if (count == 0)
        return FDM_ERR_TIMEOUT;
    ssize_t done = read(entry.fd, buf, size);
    if (done < 0)
        return judge_errno(stream, err);
    if (done == 0)
        return gone(stream, err);
    *got = (size_t)done;
    return FDM_OK;
}

static enum fdm_status serial_write(struct fdm_stream *stream, const void *bytes, size_t len,
                                    size_t *put, struct fdm_error *err)
{
    ssize_t done = write(self(stream)->fd, bytes, len);
    if (done < 0)
        return judge_errno(stream, err);
    *put = (size_t)done;
    return done > 0 ? FDM_OK : FDM_ERR_TIMEOUT;
}

static enum fdm_status serial_wait(struct fdm_stream *stream, unsigned wanted, uint64_t deadline_ns,
                                   unsigned *ready, struct fdm_error *err)
{
    return fdm_stream_wait_fd(self(stream)->fd, wanted, deadline_ns, ready, err);
}

/* By asking, because tcdrain() has no deadline and waits for ever on a line that is held. */
static enum fdm_status serial_drain(struct fdm_stream *stream, uint64_t deadline_ns,
                                    struct fdm_error *err)
{
    const struct timespec step = {0, (long)FDM_NS_PER_MS};
    for (;;) {
        enum sp_return waiting = sp_output_waiting(self(stream)->port);
        if (waiting < 0)
            return gone(stream, err);
        if (waiting == 0)
            return FDM_OK;
        if (fdm_clock_now_ns() >= deadline_ns)
            return FDM_ERR_TIMEOUT;
        nanosleep(&step, NULL);
    }
}

static enum fdm_status serial_set_baud(struct fdm_stream *stream, uint32_t baud,
                                       struct fdm_error *err)
{
    if (baud == 0 || baud > INT_MAX)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: %lu baud is no rate", stream->name,
                        (unsigned long)baud);
    if (sp_set_baudrate(self(stream)->port, (int)baud) != SP_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: cannot do %lu baud: %s", stream->name,
                        (unsigned long)baud, strerror(sp_last_error_code()));
    stream->baud = baud;
    return FDM_OK;
}

static void serial_free(struct fdm_stream *stream)
{
    struct serial_stream *serial = self(stream);
    ioctl(serial->fd, TIOCNXCL);
    sp_close(serial->port);
    sp_free_port(serial->port);
    free(serial);
}

static const struct fdm_stream_ops serial_ops = {
    .read = serial_read,
    .write = serial_write,
    .wait = serial_wait,
    .drain = serial_drain,
    .set_baud = serial_set_baud,
    .free = serial_free,
};

/* ---- what can go wrong with opening ---- */

/* "; there are /dev/ttyACM0 (STLINK-V3 002F…), /dev/ttyS0" */
static void list_ports(struct fdm_buf *out)
{
    struct sp_port **ports = NULL;
    size_t count = 0;
    if (sp_list_ports(&ports) == SP_OK)
        for (; ports[count] != NULL; count++) {
            const char *product = sp_get_port_usb_product(ports[count]);
            const char *serial = sp_get_port_usb_serial(ports[count]);
            fdm_buf_printf(out, "%s%s", count == 0 ? "; there are " : ", ",
                           sp_get_port_name(ports[count]));
            if (serial != NULL)
                fdm_buf_printf(out, " (%s %s)", product != NULL ? product : "USB", serial);
        }
    if (count == 0)
        fdm_buf_puts(out, "; there is no serial port at all: is the board plugged in and powered?");
    sp_free_port_list(ports);
}

static enum fdm_status fail_absent(const char *what, const char *name, struct fdm_error *err)
{
    struct fdm_buf ports;
    fdm_buf_init(&ports);
    list_ports(&ports);
    fdm_fail(err, FDM_ERR_NOT_FOUND, "no %s %s%s", what, name,
             ports.data != NULL ? ports.data : "");
    fdm_buf_release(&ports);
    return FDM_ERR_NOT_FOUND;
}

static enum fdm_status fail_permission(const char *path, struct fdm_error *err)
{
    struct stat info;
    struct group *group = stat(path, &info) == 0 ? getgrgid(info.st_gid) : NULL;
    const char *name = group != NULL ? group->gr_name : "dialout";
    return fdm_fail(err, FDM_ERR_IO,
                    "%s: no permission; run `sudo usermod -a -G %s $USER`, then log out and in",
                    path, name);
}

/* The number of a /proc entry that is a process other than this one, else 0. */
static long other_process(const char *name)
{
    char *end;
    long pid = strtol(name, &end, 10);
    return end != name && *end == '\0' && pid > 0 && pid != (long)getpid() ? pid : 0;
}

static bool has_open(long pid, const struct stat *device)
{
    char folder[64];
    snprintf(folder, sizeof folder, "/proc/%ld/fd", pid);
    DIR *dir = opendir(folder);
    bool found = false;
    const struct dirent *at;
    while (dir != NULL && !found && (at = readdir(dir)) != NULL) {
        struct stat info;
        found = fstatat(dirfd(dir), at->d_name, &info, 0) == 0 && S_ISCHR(info.st_mode) &&
                info.st_rdev == device->st_rdev;
    }
    if (dir != NULL)
        closedir(dir);
    return found;
}

static void name_process(long pid, char *out, size_t size)
{
    char path[64];
    char command[32] = "a program";
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    FILE *file = fopen(path, "re");
    if (file != NULL && fgets(command, sizeof command, file) != NULL)
        command[strcspn(command, "\n")] = '\0';
    if (file != NULL)
        fclose(file);
    snprintf(out, size, "%s (process %ld)", command, pid);
}

/* Who has the port open, as far as this user may see: Linux tells it by /proc. */
static void find_holder(const char *path, char *out, size_t size)
{
    struct stat device;
    snprintf(out, size, "another program");
    if (stat(path, &device) != 0)
        return;
    DIR *dir = opendir("/proc");
    const struct dirent *at;
    while (dir != NULL && (at = readdir(dir)) != NULL) {
        long pid = other_process(at->d_name);
        if (pid != 0 && has_open(pid, &device)) {
            name_process(pid, out, size);
            break;
        }
    }
    if (dir != NULL)
        closedir(dir);
}

static enum fdm_status fail_busy(const char *path, struct fdm_error *err)
{
    char holder[80];
    find_holder(path, holder, sizeof holder);
    return fdm_fail(err, FDM_ERR_BUSY, "%s is in use by %s; end it first", path, holder);
}

static enum fdm_status judge_open(const char *path, int reason, struct fdm_error *err)
{
    switch (reason) {
    case EACCES:
    case EPERM:
        return fail_permission(path, err);
    case EBUSY:
        return fail_busy(path, err);
    case ENOENT:
    case ENODEV:
    case ENXIO:
        return fail_absent("serial port", path, err);
    default:
        return fdm_fail(err, FDM_ERR_IO, "%s: cannot open: %s", path, strerror(reason));
    }
}

/* ---- opening ---- */

static enum fdm_status find_by_name(const char *name, struct sp_port **out, struct fdm_error *err)
{
    /* The names of udev are links, which the library does not follow. */
    char *path = realpath(name, NULL);
    if (path == NULL)
        return fail_absent("serial port", name, err);
    enum sp_return result = sp_get_port_by_name(path, out);
    free(path);
    if (result == SP_ERR_MEM)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    return result == SP_OK ? FDM_OK : fail_absent("serial port", name, err);
}

static enum fdm_status find_by_probe(const char *probe, struct sp_port **out, struct fdm_error *err)
{
    struct sp_port **ports = NULL;
    *out = NULL;
    if (sp_list_ports(&ports) == SP_OK)
        for (size_t i = 0; ports[i] != NULL && *out == NULL; i++) {
            const char *serial = sp_get_port_usb_serial(ports[i]);
            if (serial != NULL && strcasecmp(serial, probe) == 0 &&
                sp_copy_port(ports[i], out) != SP_OK)
                *out = NULL;
        }
    sp_free_port_list(ports);
    return *out != NULL ? FDM_OK
                        : fail_absent("serial port of a probe with serial number", probe, err);
}

static enum fdm_status configure(struct sp_port *port, uint32_t baud, struct fdm_error *err)
{
    const char *name = sp_get_port_name(port);
    if (sp_set_bits(port, 8) != SP_OK || sp_set_parity(port, SP_PARITY_NONE) != SP_OK ||
        sp_set_stopbits(port, 1) != SP_OK || sp_set_flowcontrol(port, SP_FLOWCONTROL_NONE) != SP_OK)
        return fdm_fail(err, FDM_ERR_IO, "%s: cannot set 8 bits without parity: %s", name,
                        strerror(sp_last_error_code()));
    if (baud == 0 || baud > INT_MAX || sp_set_baudrate(port, (int)baud) != SP_OK)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: cannot do %lu baud", name,
                        (unsigned long)baud);
    return FDM_OK;
}

/* Opens the port and keeps others out: those that lock, and by the kernel those that do not. */
static enum fdm_status open_port(struct sp_port *port, uint32_t baud, int *fd,
                                 struct fdm_error *err)
{
    const char *name = sp_get_port_name(port);
    if (sp_open(port, SP_MODE_READ_WRITE) != SP_OK)
        return judge_open(name, sp_last_error_code(), err);
    enum fdm_status status = FDM_OK;
    if (sp_get_port_handle(port, fd) != SP_OK || fcntl(*fd, F_SETFD, FD_CLOEXEC) != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: no descriptor", name);
    else if (flock(*fd, LOCK_EX | LOCK_NB) != 0)
        status = errno == EWOULDBLOCK
                     ? fail_busy(name, err)
                     : fdm_fail(err, FDM_ERR_IO, "%s: cannot lock: %s", name, strerror(errno));
    else if (ioctl(*fd, TIOCEXCL) != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: cannot keep others out: %s", name, strerror(errno));
    if (status == FDM_OK)
        status = configure(port, baud, err);
    if (status != FDM_OK)
        sp_close(port);
    return status;
}

enum fdm_status fdm_stream_open_serial(const struct fdm_stream_serial_options *options,
                                       struct fdm_stream **out, struct fdm_error *err)
{
    *out = NULL;
    if (options->port == NULL && options->probe == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "neither a serial port nor a probe is named");
    struct serial_stream *serial = calloc(1, sizeof *serial);
    if (serial == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = options->port != NULL
                                 ? find_by_name(options->port, &serial->port, err)
                                 : find_by_probe(options->probe, &serial->port, err);
    if (status == FDM_OK)
        status = open_port(serial->port, options->baud, &serial->fd, err);
    if (status != FDM_OK) {
        sp_free_port(serial->port);
        free(serial);
        return status;
    }
    serial->base.ops = &serial_ops;
    serial->base.baud = options->baud;
    snprintf(serial->base.name, sizeof serial->base.name, "%s", sp_get_port_name(serial->port));
    *out = &serial->base;
    return FDM_OK;
}

/* A plain HTTP server of one folder on the loopback address, for tests and benchmarks.
 * Usage: serve FOLDER PORT_FILE [BYTES_PER_S]. Writes its port into PORT_FILE; ends with its
 * parent. With a rate each file is sent no faster than that. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"

static int listen_here(const char *port_file)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t len = sizeof address;
    char port[16];
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 64) != 0 || getsockname(listener, (struct sockaddr *)&address, &len) != 0)
        return -1;
    int digits = snprintf(port, sizeof port, "%u\n", ntohs(address.sin_port));
    return fdm_fs_write_unsynced(port_file, port, (size_t)digits, NULL) == FDM_OK ? listener : -1;
}

static void say(int fd, const char *text)
{
    ssize_t sent = send(fd, text, strlen(text), MSG_NOSIGNAL);
    (void)sent;
}

/* With a rate a fiftieth of a second's worth at a time, each when it is due. */
static void send_file(int fd, int file, off_t size, off_t bytes_per_s)
{
    const off_t most = bytes_per_s > 0 ? bytes_per_s / 50 + 1 : size;
    const uint64_t began_ns = fdm_clock_now_ns();
    for (off_t sent = 0; sent < size;) {
        if (sendfile(fd, file, &sent, (size_t)(size - sent < most ? size - sent : most)) <= 0)
            break;
        uint64_t due_ns = bytes_per_s > 0 ? (uint64_t)(sent / most) * (FDM_NS_PER_S / 50) : 0;
        uint64_t took_ns = fdm_clock_now_ns() - began_ns;
        if (due_ns > took_ns)
            nanosleep(&(struct timespec){(time_t)((due_ns - took_ns) / FDM_NS_PER_S),
                                         (long)((due_ns - took_ns) % FDM_NS_PER_S)},
                      NULL);
    }
}

static void answer(int fd, const char *path, off_t bytes_per_s)
{
    char head[200];
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &info) != 0 || !S_ISREG(info.st_mode)) {
        say(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    } else {
        snprintf(head, sizeof head,
                 "HTTP/1.1 200 OK\r\nContent-Length: %lld\r\nConnection: close\r\n\r\n",
                 (long long)info.st_size);
        say(fd, head);
        send_file(fd, file, info.st_size, bytes_per_s);
    }
    if (file >= 0)
        close(file);
}

static void serve(int fd, const char *folder, off_t bytes_per_s)
{
    char request[4096];
    struct fdm_buf path;
    ssize_t got = recv(fd, request, sizeof request - 1, 0);
    request[got > 0 ? got : 0] = '\0';
    fdm_buf_init(&path);
    if (strncmp(request, "GET /", 5) == 0 && strstr(request, "..") == NULL) {
        fdm_buf_printf(&path, "%s%.*s", folder, (int)strcspn(request + 4, " ?"), request + 4);
        if (!path.failed)
            answer(fd, path.data, bytes_per_s);
    }
    shutdown(fd, SHUT_WR);
    while (recv(fd, request, sizeof request, 0) > 0)
        continue;
    fdm_buf_release(&path);
}

int main(int argc, char **argv)
{
    if (argc != 3 && argc != 4)
        return 2;
    off_t bytes_per_s = argc == 4 ? (off_t)strtoll(argv[3], NULL, 10) : 0;
    pid_t parent = getppid();
    int listener = listen_here(argv[2]);
    signal(SIGCHLD, SIG_IGN);
    const struct timeval second = {1, 0};
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof second) != 0)
        return 1;
    while (getppid() == parent) {
        int fd = accept(listener, NULL, NULL);
        if (fd < 0)
            continue;
        if (fork() == 0) {
            serve(fd, argv[1], bytes_per_s);
            _exit(0);
        }
        close(fd);
    }
    return 0;
}

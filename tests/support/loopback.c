#include "tests/support/loopback.h"

#include "tests/support/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct visit {
    void (*serve)(void *context, int fd);
    void *context;
    int fd;
};

static void *serve_one(void *argument)
{
    struct visit *visit = argument;
    char rest[256];
    visit->serve(visit->context, visit->fd);
    shutdown(visit->fd, SHUT_WR);
    ssize_t ignored = recv(visit->fd, rest, sizeof rest, MSG_DONTWAIT);
    (void)ignored;
    close(visit->fd);
    free(visit);
    return NULL;
}

static _Noreturn void serve_all(int listener, void (*serve)(void *context, int fd), void *context)
{
    pthread_attr_t detached;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    for (;;) {
        pthread_t thread;
        int fd = accept(listener, NULL, NULL);
        struct visit *visit = calloc(1, sizeof *visit);
        if (fd < 0 || visit == NULL)
            _exit(1);
        *visit = (struct visit){serve, context, fd};
        if (pthread_create(&thread, &detached, serve_one, visit) != 0)
            _exit(1);
    }
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

struct test_service test_service_start(void (*serve)(void *context, int fd), void *context)
{
    struct test_service service = {0};
    struct sockaddr_in address = loopback(0);
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(listener >= 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &len), 0);
    service.port = ntohs(address.sin_port);
    service.pid = fork();
    assert_true(service.pid >= 0);
    if (service.pid == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
        _exit(1);
    if (service.pid == 0)
        serve_all(listener, serve, context);
    close(listener);
    return service;
}

void test_service_stop(struct test_service *service)
{
    kill(service->pid, SIGKILL);
    waitpid(service->pid, NULL, 0);
    service->pid = 0;
}

int test_connect(uint16_t port)
{
    const struct sockaddr_in address = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

bool test_send(int fd, const void *data, size_t len)
{
    const char *bytes = data;
    while (len > 0) {
        ssize_t sent = send(fd, bytes, len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        len -= (size_t)sent;
    }
    return true;
}

bool test_read_head(int fd, char *text, size_t size, size_t *len)
{
    *len = 0;
    text[0] = '\0';
    while (strstr(text, "\r\n\r\n") == NULL) {
        ssize_t got = recv(fd, text + *len, size - 1 - *len, 0);
        if (got <= 0)
            return false;
        *len += (size_t)got;
        text[*len] = '\0';
    }
    return true;
}

/* False at the end of `from`. */
static bool pass_on(int from, int to)
{
    char bytes[16384];
    ssize_t got = recv(from, bytes, sizeof bytes, 0);
    return got > 0 && test_send(to, bytes, (size_t)got);
}

void test_tunnel(int a, int b)
{
    struct pollfd ends[2] = {{.fd = a, .events = POLLIN}, {.fd = b, .events = POLLIN}};
    for (bool open = true; open;) {
        if (poll(ends, 2, -1) < 0)
            return;
        if (ends[0].revents != 0)
            open = pass_on(a, b);
        if (open && ends[1].revents != 0)
            open = pass_on(b, a);
    }
}

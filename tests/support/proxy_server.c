#include "tests/support/proxy_server.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(int fd, const char *text)
{
    test_send(fd, text, strlen(text));
}

static bool may_pass(const struct test_proxy *proxy, const char *head)
{
    char line[200];
    if (proxy->credentials == NULL)
        return true;
    snprintf(line, sizeof line, "\r\nProxy-Authorization: Basic %s\r\n", proxy->credentials);
    return strstr(head, line) != NULL;
}

/* "GET http://host/path …" as the server expects it: "GET /path …". */
static bool forward(int server, const char *head, size_t len)
{
    const char *host = head + strlen("GET http://");
    size_t host_len = strcspn(host, "/ ");
    const char *path = host + host_len;
    return test_send(server, "GET ", 4) && test_send(server, path, len - (size_t)(path - head));
}

static void serve(void *context, int fd)
{
    const struct test_proxy *proxy = context;
    char head[4096];
    size_t len;
    if (!test_read_head(fd, head, sizeof head, &len))
        return;
    bool tunnel = strncmp(head, "CONNECT ", 8) == 0;
    if (!tunnel && strncmp(head, "GET http://", 11) != 0) {
        say(fd, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        return;
    }
    if (!may_pass(proxy, head)) {
        say(fd, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n"
                "Proxy-Authenticate: Basic realm=\"tests\"\r\nConnection: close\r\n\r\n");
        return;
    }
    int server = test_connect(tunnel ? proxy->https_port : proxy->http_port);
    if (server < 0)
        return;
    if (tunnel)
        say(fd, "HTTP/1.1 200 Connection established\r\n\r\n");
    if (tunnel || forward(server, head, len))
        test_tunnel(fd, server);
    close(server);
}

struct test_service test_proxy_start(const struct test_proxy *proxy)
{
    return test_service_start(serve, (void *)proxy);
}

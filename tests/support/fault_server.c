#include "tests/support/fault_server.h"

#include "tests/support/test.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "harness/base/hash.h"

#define BLOCK 65536u
#define PATHS_MAX 256

struct site {
    uint64_t size;
    pthread_mutex_t mutex;
    char paths[PATHS_MAX][128];
    unsigned visits[PATHS_MAX];
};

struct visit {
    struct site *site;
    int fd;
    char path[128];
    char fault[128];
    uint64_t from; /* of the Range header; 0 without one */
    char if_range[64];
    bool authorized; /* as "lab" with the password "open" */
    unsigned number; /* of visits of this path before */
};

void test_server_content(uint64_t offset, void *out, size_t len)
{
    uint8_t *bytes = out;
    for (size_t i = 0; i < len; i++) {
        uint64_t at = offset + i;
        bytes[i] = (uint8_t)((at * 2654435761u >> 11) ^ at);
    }
}

static void say(const struct visit *visit, const char *text)
{
    test_send(visit->fd, text, strlen(text));
}

static void head(const struct visit *visit, const char *status, uint64_t length, const char *more)
{
    char text[512];
    snprintf(text, sizeof text,
             "HTTP/1.1 %s\r\nContent-Length: %llu\r\nConnection: close\r\n%s\r\n", status,
             (unsigned long long)length, more);
    say(visit, text);
}

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){ms / 1000, ms % 1000 * 1000000}, NULL);
}

static void body(const struct visit *visit, uint64_t from, uint64_t to, long ms_per_block)
{
    static _Thread_local uint8_t block[BLOCK];
    while (from < to) {
        size_t len = to - from < BLOCK ? (size_t)(to - from) : BLOCK;
        test_server_content(from, block, len);
        if (!test_send(visit->fd, block, len))
            return;
        from += len;
        if (ms_per_block > 0)
            pause_ms(ms_per_block);
    }
}

/* A good head: ranges, and an ETag that If-Range is held to. */
static uint64_t good_head(const struct visit *visit, const char *etag)
{
    char more[200];
    uint64_t size = visit->site->size;
    uint64_t from = visit->from;
    if (visit->if_range[0] != '\0' && strcmp(visit->if_range, etag) != 0)
        from = 0;
    if (from >= size && size > 0 && visit->from > 0) {
        head(visit, "416 Range Not Satisfiable", 0, "");
        return size;
    }
    snprintf(more, sizeof more, "ETag: %s\r\nContent-Range: bytes %llu-%llu/%llu\r\n", etag,
             (unsigned long long)from, (unsigned long long)(size - 1), (unsigned long long)size);
    if (from > 0)
        head(visit, "206 Partial Content", size - from, more);
    else
        head(visit, "200 OK", size, "ETag: \"v1\"\r\n");
    return from;
}

static void serve_well(const struct visit *visit)
{
    uint64_t from = good_head(visit, "\"v1\"");
    body(visit, from, visit->site->size, 0);
}

static void serve_pointer(const struct visit *visit)
{
    char hex[FDM_SHA256_HEX_SIZE];
    char text[200];
    uint8_t *all = malloc(visit->site->size);
    test_server_content(0, all, visit->site->size);
    fdm_sha256_hex(all, visit->site->size, hex);
    free(all);
    if (strcmp(visit->fault, "lfs-other") == 0)
        memset(hex, '0', 64);
    snprintf(text, sizeof text,
             "version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %llu\n", hex,
             (unsigned long long)visit->site->size);
    head(visit, "200 OK", strlen(text), "");
    say(visit, text);
}

/* ---- The faults --------------------------------------------------------------------------------
 */

static void cut(const struct visit *visit)
{
    uint64_t from = good_head(visit, "\"v1\"");
    uint64_t to = from + visit->site->size / 5;
    body(visit, from, to < visit->site->size ? to : visit->site->size, 0);
}

static void cut_without_ranges(const struct visit *visit)
{
    head(visit, "200 OK", visit->site->size, "");
    body(visit, 0, visit->site->size / 2, 0);
}

static void stall(const struct visit *visit)
{
    uint64_t from = good_head(visit, "\"v1\"");
    /* So few that the rate, which libcurl takes over five seconds, is too low from the beginning.
     */
    body(visit, from, from + 50, 0);
    pause_ms(20000);
}

static void silence(const struct visit *visit)
{
    (void)visit;
    pause_ms(20000);
}

static void busy(const struct visit *visit)
{
    head(visit, "429 Too Many Requests", 5, "Retry-After: 1\r\n");
    say(visit, "later");
}

/* "/later/N": the ways to say when, the same twice. */
static void later(const struct visit *visit)
{
    static const char *const ways[] = {
        "Retry-After: 10\r\n",
        "Retry-After: 99999999999999999999\r\n",
        "Retry-After: Wed, 21 Oct 2015 07:28:10 GMT\r\nDate: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
        "Date: Wed, 21 Oct 2015 07:28:00 GMT\r\nRetry-After: Wed, 21 Oct 2105 07:28:10 GMT\r\n",
        "Retry-After: Wed, 21 Oct 2105 07:28:10 GMT\r\n",
        "Retry-After: Wed, 21 Oct 2015 07:28:10 GMT\r\n",
        "Date: nonsense\r\nRetry-After: nonsense\r\n",
        "Retry-After: -10\r\n",
    };
    head(visit, "503 Service Unavailable", 0, ways[(unsigned)(visit->path[7] - '0') % 8]);
}

static void unavailable(const struct visit *visit)
{
    head(visit, "503 Service Unavailable", 5, "");
    say(visit, "later");
}

static void longer(const struct visit *visit)
{
    head(visit, "200 OK", visit->site->size + 5000, "");
    body(visit, 0, visit->site->size, 0);
}

static void shorter(const struct visit *visit)
{
    head(visit, "200 OK", visit->site->size - 5000, "");
    body(visit, 0, visit->site->size, 0);
}

/* A login page in place of everything, as networks for guests have it. */
static void portal(const struct visit *visit)
{
    static const char page[3000] = "<html>please log in</html>";
    bool known = strcmp(visit->fault, "portal-unsized") != 0;
    size_t len = strcmp(visit->fault, "portal-small") == 0 ? 26 : sizeof page;
    say(visit, "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n");
    say(visit, !known      ? "\r\n"
               : len < 100 ? "Content-Length: 26\r\n\r\n"
                           : "Content-Length: 3000\r\n\r\n");
    test_send(visit->fd, page, len);
}

static void portal_late(const struct visit *visit)
{
    if (visit->number == 0)
        cut(visit);
    else
        portal(visit);
}

static void compressed(const struct visit *visit)
{
    head(visit, "200 OK", visit->site->size / 2, "Content-Encoding: gzip\r\n");
    body(visit, 0, visit->site->size / 2, 0);
}

static void tiny(const struct visit *visit)
{
    head(visit, "200 OK", 9, "");
    say(visit, "try later");
}

static void endless(const struct visit *visit)
{
    say(visit, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    body(visit, 0, visit->site->size * 100, 0);
}

static void unsized_and_cut(const struct visit *visit)
{
    say(visit, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    body(visit, 0, visit->site->size / 3, 0);
}

static void wrong(const struct visit *visit)
{
    head(visit, "200 OK", visit->site->size, "");
    body(visit, 7, visit->site->size + 7, 0);
}

/* Cuts first, then continues with bytes of another version under the same name. */
static void wrong_when_continued(const struct visit *visit)
{
    char more[100];
    uint64_t size = visit->site->size;
    if (visit->from == 0 && visit->number > 0) {
        serve_well(visit);
        return;
    }
    if (visit->from == 0) {
        cut(visit);
        return;
    }
    snprintf(more, sizeof more, "Content-Range: bytes %llu-%llu/%llu\r\n",
             (unsigned long long)visit->from, (unsigned long long)(size - 1),
             (unsigned long long)size);
    head(visit, "206 Partial Content", size - visit->from, more);
    body(visit, visit->from + 1, size + 1, 0);
}

static void other_range(const struct visit *visit)
{
    if (visit->from == 0) {
        cut(visit);
        return;
    }
    bool anew = strcmp(visit->fault, "range-anew") == 0;
    head(visit, "206 Partial Content", visit->site->size - !anew,
         anew ? "Content-Range: bytes 0-1000002/1000003\r\n" : "Content-Range: bytes 1-2/3\r\n");
    body(visit, !anew, visit->site->size, 0);
}

static void changed(const struct visit *visit)
{
    if (visit->number == 0) {
        cut(visit);
        return;
    }
    uint64_t from = good_head(visit, "\"v2\"");
    body(visit, from, visit->site->size, 0);
}

static void whole_always(const struct visit *visit)
{
    head(visit, "200 OK", visit->site->size, "");
    body(visit, 0, visit->number == 0 ? visit->site->size / 2 : visit->site->size, 0);
}

static void unsatisfiable(const struct visit *visit)
{
    if (visit->from > 0)
        head(visit, "416 Range Not Satisfiable", 0, "");
    else if (visit->number == 0)
        cut(visit);
    else
        serve_well(visit);
}

static void redirect_loop(const struct visit *visit)
{
    char more[200];
    snprintf(more, sizeof more, "Location: %s\r\n", visit->path);
    head(visit, "302 Found", 0, more);
}

/* "/carry/HOST:PORT": to what wants a password there. */
static void redirect_carrying(const struct visit *visit)
{
    char more[200];
    snprintf(more, sizeof more, "Location: http://%s/secret/b\r\n", strrchr(visit->path, '/') + 1);
    head(visit, "302 Found", 0, more);
}

static void redirect_away(const struct visit *visit)
{
    head(visit, "302 Found", 0, "Location: file:///etc/passwd\r\n");
}

static void redirect(const struct visit *visit)
{
    head(visit, "301 Moved Permanently", 0, "ETag: \"moved\"\r\nLocation: /ok/moved\r\n");
}

/* From https to http, where the fault server itself listens; the port is in the path. */
static void redirect_to_http(const struct visit *visit)
{
    char more[200];
    snprintf(more, sizeof more, "Location: http://127.0.0.1:%s/ok/moved\r\n",
             strrchr(visit->path, '/') + 1);
    head(visit, "302 Found", 0, more);
}

static void garbage(const struct visit *visit)
{
    say(visit, "\001\002SSH-2.0-not-http\r\n\r\n");
}

static void hang_up(const struct visit *visit)
{
    (void)visit;
}

static void absent(const struct visit *visit)
{
    head(visit, "404 Not Found", 9, "");
    say(visit, "not found");
}

static void forbidden(const struct visit *visit)
{
    head(visit, "403 Forbidden", 0, "");
}

static void secret(const struct visit *visit)
{
    if (visit->authorized)
        serve_well(visit);
    else
        head(visit, "401 Unauthorized", 0, "WWW-Authenticate: Basic realm=\"lab\"\r\n");
}

static void slow(const struct visit *visit)
{
    uint64_t from = good_head(visit, "\"v1\"");
    body(visit, from, visit->site->size, 2);
}

static const struct fault {
    const char *name;
    void (*serve)(const struct visit *visit);
    unsigned times; /* then it serves well; 0: for ever */
} faults[] = {
    {"ok", serve_well, 0},
    {"cut", cut, 0},
    {"cut-whole", cut_without_ranges, 0},
    {"stall", stall, 1},
    {"silence", silence, 1},
    {"busy", busy, 2},
    {"later", later, 1},
    {"unavailable", unavailable, 2},
    {"unavailable-ever", unavailable, 0},
    {"longer", longer, 0},
    {"shorter", shorter, 0},
    {"tiny", tiny, 0},
    {"portal", portal, 0},
    {"portal-small", portal, 0},
    {"portal-unsized", portal, 0},
    {"portal-late", portal_late, 0},
    {"compressed", compressed, 0},
    {"endless", endless, 0},
    {"unsized-cut", unsized_and_cut, 2},
    {"wrong", wrong, 0},
    {"wrong-continued", wrong_when_continued, 0},
    {"other-range", other_range, 3},
    {"range-anew", other_range, 3},
    {"changed", changed, 0},
    {"whole", whole_always, 0},
    {"unsatisfiable", unsatisfiable, 0},
    {"loop", redirect_loop, 0},
    {"away", redirect_away, 0},
    {"carry", redirect_carrying, 0},
    {"redirect", redirect, 0},
    {"to-http", redirect_to_http, 0},
    {"garbage", garbage, 0},
    {"hang-up", hang_up, 2},
    {"hang-up-ever", hang_up, 0},
    {"absent", absent, 0},
    {"forbidden", forbidden, 0},
    {"secret", secret, 0},
    {"slow", slow, 0},
    {"lfs", serve_pointer, 0},
    {"lfs-other", serve_pointer, 0},
    {"media", serve_well, 0},
    {NULL, NULL, 0},
};

/* ---- Connections -------------------------------------------------------------------------------
 */

static unsigned count_visit(struct site *site, const char *path)
{
    unsigned before = 0;
    pthread_mutex_lock(&site->mutex);
    for (int i = 0; i < PATHS_MAX; i++) {
        if (site->paths[i][0] == '\0')
            snprintf(site->paths[i], sizeof site->paths[i], "%s", path);
        if (strcmp(site->paths[i], path) == 0) {
            before = site->visits[i]++;
            break;
        }
    }
    pthread_mutex_unlock(&site->mutex);
    return before;
}

static bool read_request(struct visit *visit)
{
    char text[4096];
    size_t len;
    if (!test_read_head(visit->fd, text, sizeof text, &len))
        return false;
    if (strncmp(text, "GET /", 5) != 0)
        return false;
    size_t path_len = strcspn(text + 4, " ?");
    snprintf(visit->path, sizeof visit->path, "%.*s", (int)path_len, text + 4);
    snprintf(visit->fault, sizeof visit->fault, "%.*s", (int)strcspn(visit->path + 1, "/"),
             visit->path + 1);
    const char *range = strstr(text, "\r\nRange: bytes=");
    const char *tag = strstr(text, "\r\nIf-Range: ");
    visit->authorized = strstr(text, "\r\nAuthorization: Basic bGFiOm9wZW4=\r\n") != NULL;
    if (range != NULL)
        visit->from = strtoull(range + 15, NULL, 10);
    if (tag != NULL)
        snprintf(visit->if_range, sizeof visit->if_range, "%.*s", (int)strcspn(tag + 12, "\r\n"),
                 tag + 12);
    return true;
}

static void serve(void *context, int fd)
{
    struct visit visit = {.site = context, .fd = fd};
    if (!read_request(&visit))
        return;
    visit.number = count_visit(visit.site, visit.path);
    const struct fault *fault = faults;
    while (fault->name != NULL && strcmp(fault->name, visit.fault) != 0)
        fault++;
    if (fault->name == NULL)
        absent(&visit);
    else if (fault->times > 0 && visit.number >= fault->times)
        serve_well(&visit);
    else
        fault->serve(&visit);
}

struct test_service test_faults_start(uint64_t size)
{
    struct site *site = calloc(1, sizeof *site);
    assert_non_null(site);
    site->size = size;
    pthread_mutex_init(&site->mutex, NULL);
    struct test_service service = test_service_start(serve, site);
    free(site); /* the process has its own */
    return service;
}

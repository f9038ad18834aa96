#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/fetch.h"
#include "harness/fetch/pointer.h"
#include "tests/support/fault_server.h"

#define SIZE ((size_t)1000003)
#define KILLS 50

struct place {
    struct test_service server;
    char *dir;
    struct fdm_cache *cache;
    struct fdm_fetch_options options;
    char sha256[FDM_SHA256_HEX_SIZE];
    char lfs_base[100];
};

static void set_up(struct place *place, size_t size)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *content = malloc(size);
    assert_non_null(content);
    test_server_content(0, content, size);
    fdm_sha256_hex(content, size, place->sha256);
    free(content);
    place->server = test_faults_start(size);
    place->dir = test_tmpdir();
    assert_ok(fdm_cache_open(place->dir, &place->cache, &err), err);
    fdm_fetch_defaults(&place->options, place->cache);
    place->options.pause_ms = 10;
    place->options.pause_max_ms = 200;
    place->options.retries = 3;
    place->options.stall_s = 1;
    snprintf(place->lfs_base, sizeof place->lfs_base, "http://127.0.0.1:%u/media/",
             place->server.port);
    place->options.lfs_base = place->lfs_base;
}

static void tear_down(struct place *place)
{
    test_service_stop(&place->server);
    fdm_cache_free(place->cache);
    test_rmtree(place->dir);
    free(place->dir);
}

static struct fdm_fetch_item item_at(const struct place *place, const char *url)
{
    return (struct fdm_fetch_item){
        .name = "thing", .urls = {url}, .bytes = SIZE, .sha256 = place->sha256};
}

static enum fdm_status count_entry(void *context, const struct fdm_cache_entry *entry,
                                   struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    size_t *objects = context;
    if (entry->kind != FDM_CACHE_OBJECT)
        return FDM_OK;
    ++*objects;
    enum fdm_status status = fdm_sha256_file(entry->path, hex, err);
    if (status == FDM_OK && strcmp(hex, entry->sha256) != 0)
        status = fdm_fail(err, FDM_ERR_MISMATCH, "%s is a bad file", entry->path);
    return status;
}

/* Every object is what its name says. */
static size_t count_objects(const struct place *place)
{
    struct fdm_error err = FDM_ERROR_INIT;
    size_t objects = 0;
    assert_ok(fdm_cache_each(place->cache, count_entry, &objects, &err), err);
    return objects;
}

static void servers_misbehave(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *path;
        enum fdm_status status; /* FDM_OK: the right file */
        const char *message;
        size_t received_max; /* 0: any */
    } cases[] = {
        {"good", "ok/a", FDM_OK, "", SIZE},
        {"cuts at every fifth: continued", "cut/a", FDM_OK, "", SIZE},
        {"cuts and ignores ranges", "cut-whole/a", FDM_ERR_TIMEOUT,
         "(4 attempts); what was received is kept", 0},
        {"stands still in the body", "stall/a", FDM_OK, "", SIZE},
        {"never answers at first", "silence/a", FDM_OK, "", SIZE},
        {"429 with Retry-After", "busy/a", FDM_OK, "", SIZE},
        {"503 twice", "unavailable/a", FDM_OK, "", SIZE},
        {"503 for ever", "unavailable-ever/a", FDM_ERR_BUSY, "unavailable-ever/a (4 attempts)", 0},
        {"says a length that is too long", "longer/a", FDM_ERR_MISMATCH, "instead of 1000003", 0},
        {"says a length that is too short", "shorter/a", FDM_ERR_MISMATCH, "instead of", 0},
        {"a page instead of the file", "tiny/a", FDM_ERR_MISMATCH, "a file of 9 bytes", 9},
        {"a login page", "portal/a", FDM_ERR_MISMATCH, "a web page of 3000 bytes", 1},
        {"a small one, no pointer", "portal-small/a", FDM_ERR_MISMATCH, "page of 26 bytes", 1},
        {"one of unknown length", "portal-unsized/a", FDM_ERR_MISMATCH, "page of 3000 bytes", 3000},
        {"compressed on the way", "compressed/a", FDM_ERR_MISMATCH, "500001 bytes instead of", 1},
        {"more bytes than there should be", "endless/a", FDM_ERR_MISMATCH, "more bytes", 2 * SIZE},
        {"no length, and cut", "unsized-cut/a", FDM_OK, "", 0},
        {"wrong bytes", "wrong/a", FDM_ERR_MISMATCH, "other bytes than expected", SIZE},
        {"wrong bytes when continued", "wrong-continued/a", FDM_OK, "", 2 * SIZE + 1000},
        {"another range than asked for", "other-range/a", FDM_OK, "", 0},
        {"the whole file as a range", "range-anew/a", FDM_OK, "", 0},
        {"another version meanwhile", "changed/a", FDM_OK, "", 2 * SIZE},
        {"ignores ranges", "whole/a", FDM_OK, "", 2 * SIZE},
        {"416", "unsatisfiable/a", FDM_OK, "", 2 * SIZE},
        {"redirects in a loop", "loop/a", FDM_ERR_IO, "redirects", 0},
        {"redirects to a local file", "away/a", FDM_ERR_IO, "", 0},
        {"redirects", "redirect/a", FDM_OK, "", SIZE},
        {"speaks something else", "garbage/a", FDM_ERR_IO, "", 0},
        {"hangs up twice", "hang-up/a", FDM_OK, "", SIZE},
        {"hangs up always", "hang-up-ever/a", FDM_ERR_TIMEOUT, "attempts", 0},
        {"403", "forbidden/a", FDM_ERR_NOT_FOUND, "/forbidden/a and name its folder by --from", 0},
        {"404", "absent/a", FDM_ERR_NOT_FOUND, "404 to 127.0.0.1", 0},
        {"401", "secret/a", FDM_ERR_NOT_FOUND, "machine 127.0.0.1 login", 0},
        {"a Git LFS pointer", "lfs/o/raw/main/f", FDM_OK, "", SIZE + 200},
        {"a Git LFS pointer to another file", "lfs-other/o/raw/main/f", FDM_ERR_MISMATCH,
         "pointer to another", 0},
        {"a Git LFS pointer from nowhere", "lfs/f", FDM_ERR_MISMATCH, "unknown to have it", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_fetch_result result;
        char url[200];
        print_message("  %s\n", cases[i].remark);
        set_up(&place, SIZE);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", place.server.port, cases[i].path);
        const struct fdm_fetch_item item = item_at(&place, url);
        enum fdm_status status = fdm_fetch(&place.options, &item, 1, &result, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: %s: %s", cases[i].remark, fdm_status_name(status), err.message);
        if (cases[i].received_max > 0 && result.received_bytes > cases[i].received_max)
            fail_msg("%s: %llu bytes received", cases[i].remark,
                     (unsigned long long)result.received_bytes);
        assert_int_equal(result.path != NULL, status == FDM_OK);
        assert_int_equal(count_objects(&place), status == FDM_OK);
        fdm_fetch_release(&result, 1);
        tear_down(&place);
    }
}

static void a_password_comes_from_the_address_or_netrc(void **state)
{
    (void)state;
    static const char netrc_here[] = "machine 127.0.0.1 login lab password open\n";
    static const char netrc_there[] = "machine 127.0.0.2 login lab password open\n";
    static const struct {
        const char *remark;
        const char *user; /* in the address */
        const char *netrc;
        const char *redirect; /* to this host; NULL: none */
        enum fdm_status status;
    } cases[] = {
        {"none", "", NULL, NULL, FDM_ERR_NOT_FOUND},
        {"in the address", "lab:open@", NULL, NULL, FDM_OK},
        {"a wrong one, which no message repeats", "lab:shut@", NULL, NULL, FDM_ERR_NOT_FOUND},
        {"one with a bare @, likewise", "lab:@shut@", NULL, NULL, FDM_ERR_IO},
        {"in .netrc", "", netrc_here, NULL, FDM_OK},
        {"of another host", "", netrc_there, NULL, FDM_ERR_NOT_FOUND},
        {"redirected within the host", "lab:open@", NULL, "127.0.0.1", FDM_OK},
        {"another host does not learn it", "lab:open@", NULL, "localhost", FDM_ERR_NOT_FOUND},
        {"nor from .netrc", "", netrc_here, "localhost", FDM_ERR_NOT_FOUND},
    };
    const char *home = getenv("HOME");
    char *home_before = home != NULL ? strdup(home) : NULL;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_fetch_result result;
        char url[100];
        print_message("  %s\n", cases[i].remark);
        set_up(&place, SIZE);
        char *netrc = fdm_fs_join(place.dir, ".netrc");
        if (cases[i].netrc != NULL)
            assert_ok(fdm_fs_write_unsynced(netrc, cases[i].netrc, strlen(cases[i].netrc), &err),
                      err);
        setenv("HOME", place.dir, 1);
        int len =
            snprintf(url, sizeof url, "http://%s127.0.0.1:%u/", cases[i].user, place.server.port);
        if (cases[i].redirect == NULL)
            snprintf(url + len, sizeof url - (size_t)len, "secret/a?key=shut");
        else
            snprintf(url + len, sizeof url - (size_t)len, "carry/%s:%u", cases[i].redirect,
                     place.server.port);
        const struct fdm_fetch_item item = item_at(&place, url);
        assert_int_equal(fdm_fetch(&place.options, &item, 1, &result, &err), cases[i].status);
        assert_null(strstr(err.message, "shut"));
        fdm_fetch_release(&result, 1);
        free(netrc);
        tear_down(&place);
    }
    if (home_before != NULL)
        setenv("HOME", home_before, 1);
    free(home_before);
}

static void the_next_address_is_tried(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *first;
        size_t received;
    } cases[] = {
        {"wrong bytes", "wrong/a", 2 * SIZE},
        {"a login page in the middle: what came before stays", "portal-late/a", SIZE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_fetch_result result;
        char first[100];
        char right[100];
        print_message("  %s\n", cases[i].remark);
        set_up(&place, SIZE);
        snprintf(first, sizeof first, "http://127.0.0.1:%u/%s", place.server.port, cases[i].first);
        snprintf(right, sizeof right, "http://127.0.0.1:%u/ok/a", place.server.port);
        struct fdm_fetch_item item = item_at(&place, first);
        item.urls[1] = right;
        assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
        assert_int_equal(result.received_bytes, cases[i].received);
        assert_int_equal(count_objects(&place), 1);
        fdm_fetch_release(&result, 1);
        tear_down(&place);
    }
}

static void keep_note(void *context, const char *name, const char *message)
{
    (void)name;
    snprintf(context, 300, "%s", message);
}

static void the_server_says_when(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *path;
        const char *note;
    } cases[] = {
        {"in seconds, more than is waited for", "later/0", "again in 0.2 s"},
        {"in more than can be counted", "later/1", "again in 0.2 s"},
        {"at a date, after its own", "later/2", "again in 0.2 s"},
        {"at a date in another century", "later/3", "again in 0.2 s"},
        {"the same, and no date of its own", "later/4", "again in 0.2 s"},
        {"at a date that has passed", "later/5", "again in 0.0 s"},
        {"not at all", "later/6", "again in 0.0 s"},
        {"before now", "later/7", "again in 0.0 s"},
    };
    struct place place;
    char note[300];
    set_up(&place, SIZE);
    place.options.stall_s = 30; /* a slow computer gives no other reason for a note */
    place.options.on_note = keep_note;
    place.options.context = note;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_fetch_result result;
        char url[100];
        snprintf(url, sizeof url, "http://127.0.0.1:%u/%s", place.server.port, cases[i].path);
        const struct fdm_fetch_item item = item_at(&place, url);
        note[0] = '\0';
        assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
        if (strstr(note, cases[i].note) == NULL)
            fail_msg("%s: %s", cases[i].remark, note);
        assert_int_equal(unlink(result.path), 0);
        fdm_fetch_release(&result, 1);
    }
    tear_down(&place);
}

static void a_cache_that_cannot_be_written_is_told(void **state)
{
    (void)state;
    struct place place;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result result;
    char url[100];
    set_up(&place, SIZE);
    char *file = fdm_fs_join(place.dir, "file");
    char *below = fdm_fs_join(file, "cache");
    assert_ok(fdm_fs_write_unsynced(file, "x", 1, &err), err);
    fdm_cache_free(place.cache);
    assert_ok(fdm_cache_open(below, &place.cache, &err), err);
    place.options.cache = place.cache;
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ok/a", place.server.port);
    const struct fdm_fetch_item item = item_at(&place, url);
    assert_int_equal(fdm_fetch(&place.options, &item, 1, &result, &err), FDM_ERR_IO);
    assert_non_null(strstr(err.message, file));
    assert_non_null(strstr(err.message, "XDG_CACHE_HOME"));
    assert_int_equal(result.received_bytes, 0);
    fdm_fetch_release(&result, 1);
    free(below);
    free(file);
    tear_down(&place);
}

static void the_cache_answers_without_the_network(void **state)
{
    (void)state;
    struct place place;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result results[2];
    char url[100];
    set_up(&place, SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ok/a", place.server.port);
    const struct fdm_fetch_item items[2] = {item_at(&place, url), item_at(&place, url)};
    place.options.offline = true;
    assert_int_equal(fdm_fetch(&place.options, items, 2, results, &err), FDM_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "--offline"));
    fdm_fetch_release(results, 2);
    place.options.offline = false;
    assert_ok(fdm_fetch(&place.options, items, 2, results, NULL), results[0].err);
    assert_int_equal(results[0].received_bytes + results[1].received_bytes, SIZE);
    assert_string_equal(results[0].path, results[1].path);
    fdm_fetch_release(results, 2);
    place.options.offline = true;
    assert_ok(fdm_fetch(&place.options, items, 2, results, NULL), results[0].err);
    assert_true(results[0].was_there && results[1].was_there);
    fdm_fetch_release(results, 2);
    tear_down(&place);
}

/* A process that fetches, killed at a random moment. */
static void fetch_until_killed(const struct place *place, const struct fdm_fetch_item *item,
                               uint32_t after_us)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fdm_fetch_result result;
        _exit(fdm_fetch(&place->options, item, 1, &result, NULL) == FDM_OK ? 0 : 1);
    }
    nanosleep(&(struct timespec){0, (long)after_us * 1000}, NULL);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void killed_anywhere_it_goes_on(void **state)
{
    (void)state;
    struct place place;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result result;
    char url[100];
    uint32_t seed = 20260101;
    set_up(&place, SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow/a", place.server.port);
    const struct fdm_fetch_item item = item_at(&place, url);
    size_t complete = 0;
    for (int i = 0; i < KILLS; i++) {
        fetch_until_killed(&place, &item, test_random(&seed) % 60000);
        size_t objects = count_objects(&place);
        if (objects == 0)
            continue;
        complete++;
        char *path = NULL; /* and from nothing again */
        assert_ok(fdm_cache_find(place.cache, place.sha256, SIZE, true, &path, &err), err);
        unlink(path);
        free(path);
    }
    assert_true(complete > 0 && complete < KILLS);
    assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
    assert_int_equal(count_objects(&place), 1);
    fdm_fetch_release(&result, 1);
    tear_down(&place);
}

/* The disk takes 300,000 bytes and no more. */
static void fetch_on_a_full_disk(const struct place *place, const struct fdm_fetch_item *item)
{
    const struct rlimit limit = {300000, 300000};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result result;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
        _exit(2);
    enum fdm_status status = fdm_fetch(&place->options, item, 1, &result, &err);
    bool told = status == FDM_ERR_IO && strstr(err.message, "/partial/") != NULL &&
                strstr(err.message, "what was received is kept") != NULL;
    _exit(told ? 0 : 1);
}

static void a_full_disk_is_told_and_what_fits_is_kept(void **state)
{
    (void)state;
    struct place place;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result result;
    char url[100];
    int end;
    set_up(&place, SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ok/a", place.server.port);
    const struct fdm_fetch_item item = item_at(&place, url);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0)
        fetch_on_a_full_disk(&place, &item);
    assert_int_equal(waitpid(child, &end, 0), child);
    assert_true(WIFEXITED(end));
    assert_int_equal(WEXITSTATUS(end), 0);
    assert_int_equal(count_objects(&place), 0);
    assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
    assert_int_equal(result.received_bytes, SIZE - 300000);
    assert_int_equal(count_objects(&place), 1);
    fdm_fetch_release(&result, 1);
    tear_down(&place);
}

static void stop_on_the_way(void *context, uint64_t done, uint64_t total)
{
    if (done >= 100000 && done < total)
        atomic_store((atomic_bool *)context, true);
}

static void what_came_before_an_interruption_is_kept(void **state)
{
    (void)state;
    struct place place;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result before;
    struct fdm_fetch_result after;
    char url[100];
    atomic_bool stop = false;
    set_up(&place, SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow/a", place.server.port);
    const struct fdm_fetch_item item = item_at(&place, url);
    place.options.context = &stop;
    place.options.stop = &stop;
    place.options.on_progress = stop_on_the_way;
    assert_int_equal(fdm_fetch(&place.options, &item, 1, &before, &err), FDM_ERR_CANCELLED);
    assert_int_equal(before.status, FDM_ERR_CANCELLED);
    place.options.on_progress = NULL;
    place.options.stop = NULL;
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_fetch(&place.options, &item, 1, &after, &err), err);
    assert_true(before.received_bytes > 0);
    assert_int_equal(after.received_bytes, SIZE - before.received_bytes);
    fdm_fetch_release(&before, 1);
    fdm_fetch_release(&after, 1);
    tear_down(&place);
}

static void two_processes_fetch_once(void **state)
{
    (void)state;
    struct place place;
    char url[100];
    pid_t children[4];
    set_up(&place, SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/slow/a", place.server.port);
    const struct fdm_fetch_item item = item_at(&place, url);
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct fdm_fetch_result result;
            bool done = fdm_fetch(&place.options, &item, 1, &result, NULL) == FDM_OK;
            _exit(!done ? 2 : result.received_bytes > 0);
        }
    }
    int fetched = 0;
    for (int i = 0; i < 4; i++) {
        int end;
        assert_int_equal(waitpid(children[i], &end, 0), children[i]);
        assert_true(WIFEXITED(end) && WEXITSTATUS(end) < 2);
        fetched += WEXITSTATUS(end);
    }
    assert_int_equal(fetched, 1);
    assert_int_equal(count_objects(&place), 1);
    tear_down(&place);
}

struct waiting {
    struct fdm_lock *lock;
    unsigned notes;
    unsigned polls;
};

static void count_wait(void *context, const char *name, const char *message)
{
    struct waiting *waiting = context;
    (void)name;
    assert_non_null(strstr(message, "in use by process"));
    waiting->notes++;
}

static void let_go(void *context, uint64_t done, uint64_t total)
{
    struct waiting *waiting = context;
    (void)done;
    (void)total;
    if (++waiting->polls == 7) { /* several attempts to get it */
        fdm_lock_free(waiting->lock);
        waiting->lock = NULL;
    }
}

static void waiting_for_another_process_is_told_once(void **state)
{
    (void)state;
    struct place place;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_fetch_result result;
    struct waiting waiting = {NULL, 0, 0};
    char url[100];
    set_up(&place, SIZE);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/ok/a", place.server.port);
    const struct fdm_fetch_item item = item_at(&place, url);
    place.options.context = &waiting;
    place.options.stall_s = 30;
    place.options.on_note = count_wait;
    place.options.on_progress = let_go;
    assert_ok(fdm_cache_lock(place.cache, place.sha256, &waiting.lock, &err), err);
    assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
    assert_int_equal(waiting.notes, 1);
    fdm_fetch_release(&result, 1);
    tear_down(&place);
}

static void a_changed_object_is_noticed(void **state)
{
    (void)state;
    static const char sha256[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_cache *cache;
    char *dir = test_tmpdir();
    char *partial;
    char *path;
    char *again;
    assert_ok(fdm_cache_open(dir, &cache, &err), err);
    assert_ok(fdm_cache_partial(cache, sha256, &partial, &err), err);
    assert_ok(fdm_fs_write_unsynced(partial, "hello", 5, &err), err);
    assert_ok(fdm_cache_commit(cache, sha256, &path, &err), err);
    assert_ok(fdm_cache_find(cache, sha256, 5, false, &again, &err), err);
    assert_string_equal(path, again);
    free(again);
    assert_int_equal(fdm_cache_find(cache, sha256, 6, false, &again, NULL), FDM_ERR_NOT_FOUND);
    assert_int_equal(access(path, F_OK), -1);
    /* A copy with a new time is hashed and taken; a change of the same length is not. */
    assert_ok(fdm_fs_write_unsynced(path, "hello", 5, &err), err);
    assert_ok(fdm_cache_find(cache, sha256, 5, false, &again, &err), err);
    free(again);
    assert_ok(fdm_fs_write_unsynced(path, "jello", 5, &err), err);
    assert_int_equal(fdm_cache_find(cache, sha256, 5, false, &again, NULL), FDM_ERR_NOT_FOUND);
    assert_int_equal(access(path, F_OK), -1);
    fdm_cache_free(cache);
    test_rmtree(dir);
    free(partial);
    free(path);
    free(dir);
}

/* What a power cut can leave: the file's length, time and name, and none of its bytes. */
static void lose_content(const char *path, off_t size)
{
    struct stat before;
    assert_int_equal(stat(path, &before), 0);
    const struct timespec times[2] = {before.st_atim, before.st_mtim};
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(truncate(path, size), 0);
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void a_power_cut_is_noticed(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *written; /* during this boot */
        const char *used;
        bool lost;
        uint64_t received_bytes; /* when it is used */
    } cases[] = {
        {"the same boot", "one", "one", false, 0},
        {"the same boot: nothing can be lost, so nothing is read", "one", "one", true, 0},
        {"after a restart", "one", "two", false, 0},
        {"after a power cut", "one", "two", true, SIZE},
        {"after a power cut, boots unknown by now", "one", NULL, true, SIZE},
        {"boots unknown: was synced", NULL, NULL, false, 0},
        {"boots unknown before: was synced, not read", NULL, "two", true, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_fetch_result result;
        char url[100];
        print_message("  %s\n", cases[i].remark);
        set_up(&place, SIZE);
        snprintf(url, sizeof url, "http://127.0.0.1:%u/ok/a", place.server.port);
        const struct fdm_fetch_item item = item_at(&place, url);
        fdm_cache_set_boot(place.cache, cases[i].written);
        assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
        if (cases[i].lost)
            lose_content(result.path, SIZE);
        fdm_fetch_release(&result, 1);
        fdm_cache_set_boot(place.cache, cases[i].used);
        assert_ok(fdm_fetch(&place.options, &item, 1, &result, &err), err);
        assert_int_equal(result.received_bytes, cases[i].received_bytes);
        fdm_fetch_release(&result, 1);
        tear_down(&place);
    }
}

/* Hashed once after a restart, and then never again unless it changes. */
static void a_checked_object_is_stamped_for_good(void **state)
{
    (void)state;
    static const char sha256[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    static const char *const boots[] = {"one", "two", "three"};
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_cache *cache;
    struct stat info[3];
    char *dir = test_tmpdir();
    char *partial;
    char *path;
    assert_ok(fdm_cache_open(dir, &cache, &err), err);
    fdm_cache_set_boot(cache, boots[0]);
    assert_ok(fdm_cache_partial(cache, sha256, &partial, &err), err);
    assert_ok(fdm_fs_write_unsynced(partial, "hello", 5, &err), err);
    assert_ok(fdm_cache_commit(cache, sha256, &path, &err), err);
    for (size_t i = 0; i < 3; i++) {
        char *found;
        fdm_cache_set_boot(cache, boots[i]);
        assert_ok(fdm_cache_find(cache, sha256, 5, false, &found, &err), err);
        assert_int_equal(stat(found, &info[i]), 0);
        free(found);
    }
    assert_int_not_equal(info[0].st_mtim.tv_sec, info[1].st_mtim.tv_sec);
    assert_int_equal(info[1].st_mtim.tv_sec, info[2].st_mtim.tv_sec);
    lose_content(path, 5);
    free(path);
    assert_ok(fdm_cache_find(cache, sha256, 5, false, &path, &err), err);
    fdm_cache_free(cache);
    test_rmtree(dir);
    free(partial);
    free(path);
    free(dir);
}

static void a_tree_is_whole_or_absent(void **state)
{
    (void)state;
    static const char sha256[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_cache *cache;
    char *dir = test_tmpdir();
    char *content;
    char *found;
    assert_ok(fdm_cache_open(dir, &cache, &err), err);
    assert_ok(fdm_cache_tree_begin(cache, sha256, &content, &err), err);
    char *file = fdm_fs_join(content, "f");
    assert_ok(fdm_fs_write_unsynced(file, "hello", 5, &err), err);
    assert_int_equal(fdm_cache_tree_find(cache, sha256, false, &found, NULL), FDM_ERR_NOT_FOUND);
    free(content);
    free(file);
    assert_ok(fdm_cache_tree_commit(cache, sha256, 1, 5, &err), err);
    assert_ok(fdm_cache_tree_find(cache, sha256, true, &found, &err), err);
    char *link = fdm_fs_join(dir, "datasets/d");
    struct stat before;
    struct stat after;
    assert_ok(fdm_cache_publish(cache, "datasets/d", found, &err), err);
    assert_int_equal(lstat(link, &before), 0);
    assert_ok(fdm_cache_publish(cache, "datasets/d", found, &err), err);
    assert_int_equal(lstat(link, &after), 0);
    assert_int_equal(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec); /* nothing was written */
    assert_int_equal(before.st_ino, after.st_ino);
    free(link);
    char *published = fdm_fs_join(dir, "datasets/d/f");
    assert_true(fdm_fs_is_file(published));
    assert_int_equal(unlink(published), 0);
    free(found);
    assert_int_equal(fdm_cache_tree_find(cache, sha256, true, &found, NULL), FDM_ERR_NOT_FOUND);
    assert_int_equal(fdm_cache_tree_find(cache, sha256, false, &found, NULL), FDM_ERR_NOT_FOUND);
    fdm_cache_free(cache);
    test_rmtree(dir);
    free(published);
    free(dir);
}

static void a_power_cut_in_a_tree_is_noticed(void **state)
{
    (void)state;
    static const char sha256[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";
    static const struct {
        const char *remark;
        const char *written;
        const char *used;
        bool noticed;
    } cases[] = {
        {"the same boot: nothing can be lost, so nothing is counted", "one", "one", false},
        {"after a power cut", "one", "two", true},
        {"boots unknown by now", "one", NULL, true},
        {"boots unknown", NULL, NULL, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_cache *cache;
        char *dir = test_tmpdir();
        char *content;
        char *found;
        print_message("  %s\n", cases[i].remark);
        assert_ok(fdm_cache_open(dir, &cache, &err), err);
        fdm_cache_set_boot(cache, cases[i].written);
        assert_ok(fdm_cache_tree_begin(cache, sha256, &content, &err), err);
        char *file = fdm_fs_join(content, "f");
        assert_ok(fdm_fs_write_unsynced(file, "hello", 5, &err), err);
        free(content);
        free(file);
        assert_ok(fdm_cache_tree_commit(cache, sha256, 1, 5, &err), err);
        assert_ok(fdm_cache_tree_find(cache, sha256, false, &found, &err), err);
        assert_ok(fdm_cache_publish(cache, "datasets/d", found, &err), err);
        fdm_cache_set_boot(cache, cases[i].used);
        assert_true(fdm_cache_is_published(cache, "datasets/d"));
        fdm_cache_set_boot(cache, cases[i].written);
        assert_true(fdm_cache_is_published(cache, "datasets/d"));
        file = fdm_fs_join(found, "f");
        lose_content(file, 0);
        fdm_cache_set_boot(cache, cases[i].used);
        assert_int_equal(fdm_cache_is_published(cache, "datasets/d"), !cases[i].noticed);
        assert_int_equal(access(file, F_OK) == 0, !cases[i].noticed);
        fdm_cache_free(cache);
        test_rmtree(dir);
        free(found);
        free(file);
        free(dir);
    }
}

static void pauses_grow_and_end(void **state)
{
    (void)state;
    struct fdm_fetch_options options;
    fdm_fetch_defaults(&options, NULL);
    for (uint32_t attempt = 0; attempt < 40; attempt++) {
        uint32_t low = fdm_fetch_pause_ms(&options, attempt, 0, 0);
        uint32_t high = fdm_fetch_pause_ms(&options, attempt, 0, UINT64_MAX);
        assert_true(low >= 500 && low <= high && high <= 60000);
    }
    assert_int_equal(fdm_fetch_pause_ms(&options, 2, 0, 0), 2000);
    assert_int_equal(fdm_fetch_pause_ms(&options, 0, 7, 0), 7000);
    assert_int_equal(fdm_fetch_pause_ms(&options, 0, 4000000, 0), 60000);
}

static void pointers_are_recognised(void **state)
{
    (void)state;
    static const char sum[] = "4ae8ea1e43efd0c22e7d44cefc4004650ae4d77e35044b99e0829484f6532740";
    static const struct {
        const char *format;
        bool good;
    } texts[] = {
        {"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 222208\n", true},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize 222208", false},
        {"version https://git-lfs.github.com/spec/v2\noid sha256:%s\nsize 222208\n", false},
        {"version https://git-lfs.github.com/spec/v1\noid sha256:Z%s\nsize 1\n", false},
        {"%s", false},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char text[300];
        char sha256[65];
        uint64_t bytes = 0;
        int len = snprintf(text, sizeof text, texts[i].format, sum);
        assert_int_equal(fdm_pointer_parse(text, (size_t)len, sha256, &bytes), texts[i].good);
        if (texts[i].good) {
            assert_string_equal(sha256, sum);
            assert_int_equal(bytes, 222208);
        }
    }
}

static void pointer_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *url;
        const char *expected; /* NULL: none */
    } cases[] = {
        {"https://github.com/o/r/raw/main/d/f", "https://lfs/o/r/main/d/f"},
        {"https://raw.githubusercontent.com/o/r/main/d/f", "https://lfs/o/r/main/d/f"},
        {"https://example.org/f", NULL},
        {"nonsense", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_buf out;
        fdm_buf_init(&out);
        bool known = fdm_pointer_url(cases[i].url, "https://lfs/", &out);
        assert_int_equal(known, cases[i].expected != NULL);
        if (known)
            assert_string_equal(out.data, cases[i].expected);
        fdm_buf_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_grow_and_end),
        cmocka_unit_test(pointers_are_recognised),
        cmocka_unit_test(pointer_addresses),
        cmocka_unit_test(a_changed_object_is_noticed),
        cmocka_unit_test(a_power_cut_is_noticed),
        cmocka_unit_test(a_checked_object_is_stamped_for_good),
        cmocka_unit_test(a_tree_is_whole_or_absent),
        cmocka_unit_test(a_power_cut_in_a_tree_is_noticed),
        cmocka_unit_test(the_cache_answers_without_the_network),
        cmocka_unit_test(a_password_comes_from_the_address_or_netrc),
        cmocka_unit_test(the_next_address_is_tried),
        cmocka_unit_test(the_server_says_when),
        cmocka_unit_test(a_cache_that_cannot_be_written_is_told),
        cmocka_unit_test(servers_misbehave),
        cmocka_unit_test(a_full_disk_is_told_and_what_fits_is_kept),
        cmocka_unit_test(what_came_before_an_interruption_is_kept),
        cmocka_unit_test(two_processes_fetch_once),
        cmocka_unit_test(waiting_for_another_process_is_told_once),
        cmocka_unit_test(killed_anywhere_it_goes_on),
    };
    setenv("no_proxy", "127.0.0.1,localhost", 1);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

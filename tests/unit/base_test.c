#include "tests/support/test.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/base/json.h"
#include "harness/base/lock.h"

static void first_message_wins(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_equal(fdm_fail(&err, FDM_ERR_IO, "disk %d", 1), FDM_ERR_IO);
    assert_int_equal(fdm_fail(&err, FDM_ERR_EOF, "later"), FDM_ERR_EOF);
    assert_int_equal(err.status, FDM_ERR_IO);
    fdm_error_context(&err, "file %s", "x");
    assert_string_equal(err.message, "file x: disk 1");
}

static void long_messages_are_cut_and_terminated(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char text[2000];
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    fdm_fail(&err, FDM_ERR_IO, "%s", text);
    fdm_error_context(&err, "%s", text);
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void buffer_grows_and_formats(void **state)
{
    (void)state;
    struct fdm_buf buf;
    fdm_buf_init(&buf);
    for (int i = 0; i < 1000; i++)
        fdm_buf_printf(&buf, "%03d,", i);
    assert_int_equal(buf.len, 4000);
    assert_memory_equal(buf.data + 3996, "999,", 5);
    fdm_buf_append(&buf, "x", FDM_BUF_MAX);
    assert_int_equal(fdm_buf_check(&buf, NULL), FDM_ERR_MEMORY);
    fdm_buf_release(&buf);
}

static void sha256_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        /* FIPS 180-4 examples */
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char hex[FDM_SHA256_HEX_SIZE];
        fdm_sha256_hex(cases[i].text, strlen(cases[i].text), hex);
        assert_string_equal(hex, cases[i].hex);
    }
}

static void writing_replaces_neither_links_nor_pipes(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *dir = test_tmpdir();
    char *file = fdm_fs_join(dir, "file");
    char *alias = fdm_fs_join(dir, "link");
    char *fifo = fdm_fs_join(dir, "fifo");
    struct stat info;
    char got[4] = {0};
    assert_int_equal(symlink("file", alias), 0);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    int reader = open(fifo, O_RDWR | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_ok(fdm_fs_check_writable(file, &err), err);
    assert_ok(fdm_fs_write_atomic(file, "old", 3, &err), err);
    assert_ok(fdm_fs_write_atomic(alias, "new", 3, &err), err);
    assert_int_equal(lstat(alias, &info), 0);
    assert_true(S_ISLNK(info.st_mode));
    uint8_t *data;
    size_t len;
    assert_ok(fdm_fs_read(file, 3, &data, &len, &err), err);
    assert_string_equal((char *)data, "new");
    free(data);
    assert_ok(fdm_fs_check_writable(fifo, &err), err);
    assert_ok(fdm_fs_write_atomic(fifo, "all", 3, &err), err);
    assert_int_equal(read(reader, got, 3), 3);
    assert_string_equal(got, "all");
    assert_int_equal(fdm_fs_check_writable(dir, NULL), FDM_ERR_IO);
    close(reader);
    test_rmtree(dir);
    free(file);
    free(alias);
    free(fifo);
    free(dir);
}

static void writing_keeps_to_the_rights_that_are_given(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *dir = test_tmpdir();
    char *file = fdm_fs_join(dir, "file");
    struct stat info;
    mode_t before = umask(077);
    assert_ok(fdm_fs_write_atomic(file, "new", 3, &err), err);
    umask(before);
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    assert_int_equal(chmod(file, 0640), 0);
    assert_ok(fdm_fs_write_unsynced(file, "other", 5, &err), err);
    assert_int_equal(stat(file, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0640);
    assert_int_equal(info.st_size, 5);
    test_rmtree(dir);
    free(file);
    free(dir);
}

static void files_round_trip_and_respect_bounds(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *dir = test_tmpdir();
    char *deep = fdm_fs_join(dir, "a/b");
    char *path = fdm_fs_join(deep, "f");
    assert_ok(fdm_fs_make_dirs(deep, &err), err);
    assert_ok(fdm_fs_make_dirs(deep, &err), err);
    assert_ok(fdm_fs_write_atomic(path, "hello", 5, &err), err);
    uint8_t *data;
    size_t len;
    assert_ok(fdm_fs_read(path, 5, &data, &len, &err), err);
    assert_int_equal(len, 5);
    assert_string_equal((char *)data, "hello");
    free(data);
    char hex[FDM_SHA256_HEX_SIZE];
    char whole[FDM_SHA256_HEX_SIZE];
    assert_ok(fdm_sha256_file(path, hex, &err), err);
    fdm_sha256_hex("hello", 5, whole);
    assert_string_equal(hex, whole);
    assert_int_equal(fdm_fs_read(path, 4, &data, &len, NULL), FDM_ERR_MEMORY);
    assert_int_equal(fdm_fs_read(deep, 4, &data, &len, NULL), FDM_ERR_IO);
    assert_int_equal(fdm_fs_write_atomic("/nowhere/at/all", "x", 1, NULL), FDM_ERR_NOT_FOUND);
    assert_int_equal(fdm_fs_check_writable("/nowhere/at/all", NULL), FDM_ERR_NOT_FOUND);
    test_rmtree(dir);
    assert_int_equal(fdm_fs_read(path, 4, &data, &len, NULL), FDM_ERR_NOT_FOUND);
    free(path);
    free(deep);
    free(dir);
}

static void a_lock_names_its_holder_and_dies_with_it(void **state)
{
    (void)state;
    char *dir = test_tmpdir();
    char *path = fdm_fs_join(dir, "locks/board.lock");
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_lock *lock;
    pid_t child = fork();
    if (child == 0) {
        struct fdm_lock *held;
        _exit(fdm_lock_take(path, "the child", &held, NULL) == FDM_OK && pause() ? 1 : 2);
    }
    assert_true(child > 0);
    uint8_t *text = NULL;
    size_t len = 0;
    while (len == 0) {
        free(text);
        if (fdm_fs_read(path, 1000, &text, &len, NULL) != FDM_OK)
            text = NULL;
    }
    free(text);
    assert_int_equal(fdm_lock_take(path, "we", &lock, &err), FDM_ERR_BUSY);
    assert_non_null(strstr(err.message, "in use by the child"));
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_lock_take(path, "we", &lock, &err), err);
    fdm_lock_free(lock);
    test_rmtree(dir);
    free(path);
    free(dir);
}

static void json_errors_name_the_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"{\n \"a\": }", "x.json: not valid JSON at line 2, column 7"},
        {"{} {}", "x.json: not valid JSON at line 1, column 4"},
        {"", "x.json: not valid JSON at line 1, column 1"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_json *doc;
        assert_int_equal(fdm_json_parse(cases[i].text, strlen(cases[i].text), "x.json", &doc, &err),
                         FDM_ERR_FORMAT);
        assert_null(doc);
        assert_string_equal(err.message, cases[i].message);
    }
}

static void json_members_are_checked(void **state)
{
    (void)state;
    const char *text = "{\"s\":\"t\",\"n\":3,\"f\":1.5,\"a\":[1,2],\"z\":null,\"b\":true}";
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_json *doc;
    assert_ok(fdm_json_parse(text, strlen(text), "x", &doc, &err), err);
    const char *s;
    uint64_t n;
    bool b;
    const struct fdm_json *a;
    assert_ok(fdm_json_get_string(doc, "s", &s, &err), err);
    assert_string_equal(s, "t");
    assert_ok(fdm_json_get_uint(doc, "n", 0, 3, &n, &err), err);
    assert_int_equal(n, 3);
    assert_int_equal(fdm_json_get_uint(doc, "n", 4, 9, &n, NULL), FDM_ERR_FORMAT);
    assert_int_equal(fdm_json_get_uint(doc, "f", 0, 9, &n, NULL), FDM_ERR_FORMAT);
    assert_int_equal(fdm_json_get_string(doc, "n", &s, NULL), FDM_ERR_FORMAT);
    assert_ok(fdm_json_opt_string(doc, "z", "else", &s, &err), err);
    assert_string_equal(s, "else");
    assert_int_equal(fdm_json_opt_string(doc, "n", "else", &s, NULL), FDM_ERR_FORMAT);
    assert_ok(fdm_json_opt_bool(doc, "b", false, &b, &err), err);
    assert_true(b);
    assert_ok(fdm_json_get_array(doc, "a", &a, &err), err);
    assert_int_equal(fdm_json_length(a), 2);
    fdm_json_free(doc);
}

static void json_writes_and_notices_lost_members(void **state)
{
    (void)state;
    struct fdm_buf out;
    fdm_buf_init(&out);
    struct fdm_json *doc = fdm_json_new_object();
    struct fdm_json *list = fdm_json_add_array(doc, "list");
    fdm_json_add_int(list, NULL, 9007199254740993);
    fdm_json_add_string(list, NULL, NULL);
    assert_int_equal(fdm_json_print(doc, &out, NULL), FDM_OK);
    assert_string_equal(out.data, "{\n\t\"list\":\t[9007199254740993, null]\n}\n");
    assert_null(fdm_json_add_int(doc, NULL, 1)); /* an object needs a name */
    assert_int_equal(fdm_json_print(doc, &out, NULL), FDM_ERR_MEMORY);
    fdm_json_free(doc);
    fdm_buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_message_wins),
        cmocka_unit_test(long_messages_are_cut_and_terminated),
        cmocka_unit_test(buffer_grows_and_formats),
        cmocka_unit_test(sha256_known_answers),
        cmocka_unit_test(files_round_trip_and_respect_bounds),
        cmocka_unit_test(writing_replaces_neither_links_nor_pipes),
        cmocka_unit_test(writing_keeps_to_the_rights_that_are_given),
        cmocka_unit_test(a_lock_names_its_holder_and_dies_with_it),
        cmocka_unit_test(json_errors_name_the_place),
        cmocka_unit_test(json_members_are_checked),
        cmocka_unit_test(json_writes_and_notices_lost_members),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}

#include "tests/support/test.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/fetch/unpack.h"

#define LIMIT_BYTES ((size_t)100000)
#define LIMIT_ENTRIES 10

/* ---- Archives by hand: a POSIX ustar header says anything --------------------------------------
 */

static void octal(char *field, size_t width, unsigned long long value)
{
    char digits[32];
    snprintf(digits, sizeof digits, "%0*llo", (int)(width - 1), value);
    memcpy(field, digits, width - 1);
}

static void tar_sum(char header[512])
{
    unsigned sum = 0;
    memset(header + 148, ' ', 8);
    for (int i = 0; i < 512; i++)
        sum += (unsigned char)header[i];
    octal(header + 148, 7, sum);
    header[154] = '\0';
}

/* `size` is what the header says; `data` is what follows, padded. */
static void tar_entry(struct fdm_buf *out, const char *name, char type, const char *link,
                      unsigned long long size, const char *data, size_t len)
{
    char header[512] = {0};
    char padding[512] = {0};
    size_t name_len = strlen(name);
    memcpy(header, name, name_len < 100 ? name_len : 100);
    octal(header + 100, 8, 0644);
    octal(header + 108, 8, 0);
    octal(header + 116, 8, 0);
    octal(header + 124, 12, size);
    octal(header + 136, 12, 0);
    header[156] = type;
    if (link != NULL)
        snprintf(header + 157, 100, "%s", link);
    static const char magic[8] = {'u', 's', 't', 'a', 'r', '\0', '0', '0'};
    memcpy(header + 257, magic, sizeof magic);
    octal(header + 329, 8, 1);
    octal(header + 337, 8, 3);
    tar_sum(header);
    fdm_buf_append(out, header, sizeof header);
    fdm_buf_append(out, data, len);
    fdm_buf_append(out, padding, (512 - len % 512) % 512);
}

static void tar_file(struct fdm_buf *out, const char *name, const char *data)
{
    tar_entry(out, name, '0', NULL, strlen(data), data, strlen(data));
}

static void tar_end(struct fdm_buf *out)
{
    char zeros[1024] = {0};
    fdm_buf_append(out, zeros, sizeof zeros);
}

/* A name longer than a ustar header holds, the GNU way. */
static void tar_long(struct fdm_buf *out, const char *name, const char *data)
{
    tar_entry(out, "././@LongLink", 'L', NULL, strlen(name) + 1, name, strlen(name) + 1);
    tar_file(out, name, data);
}

/* ---- Archives by libarchive: zip and compression -----------------------------------------------
 */

static int to_buf(struct archive *writer, void *context)
{
    (void)writer;
    (void)context;
    return ARCHIVE_OK;
}

static la_ssize_t put(struct archive *writer, void *context, const void *bytes, size_t len)
{
    (void)writer;
    fdm_buf_append(context, bytes, len);
    return (la_ssize_t)len;
}

static struct archive *begin(struct fdm_buf *out, bool zip, const char *options)
{
    struct archive *writer = archive_write_new();
    if (zip)
        archive_write_set_format_zip(writer);
    else
        archive_write_set_format_pax_restricted(writer);
    if (!zip)
        archive_write_add_filter_gzip(writer);
    assert_int_equal(archive_write_set_options(writer, options), ARCHIVE_OK);
    archive_write_set_bytes_in_last_block(writer, 1);
    if (options != NULL && strstr(options, "encryption") != NULL)
        archive_write_set_passphrase(writer, "x");
    assert_int_equal(archive_write_open(writer, out, to_buf, put, NULL), ARCHIVE_OK);
    return writer;
}

static void add(struct archive *writer, const char *name, unsigned type, const char *link,
                const char *data, size_t len)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_filetype(entry, type);
    archive_entry_set_perm(entry, 0777);
    if (link != NULL)
        archive_entry_set_symlink(entry, link);
    archive_entry_set_size(entry, (la_int64_t)len);
    assert_int_equal(archive_write_header(writer, entry), ARCHIVE_OK);
    if (len > 0)
        assert_int_equal(archive_write_data(writer, data, len), len);
    archive_entry_free(entry);
}

static void finish(struct archive *writer)
{
    assert_int_equal(archive_write_close(writer), ARCHIVE_OK);
    archive_write_free(writer);
}

/* ---- The hostile kinds --------------------------------------------------------------------------
 */

static void absolute(struct fdm_buf *out)
{
    tar_file(out, "/tmp/fdm-escaped", "x");
}

static void dots_first(struct fdm_buf *out)
{
    tar_file(out, "../escaped", "x");
}

static void dots_inside(struct fdm_buf *out)
{
    tar_file(out, "a/b/../../../escaped", "x");
}

static void dots_last(struct fdm_buf *out)
{
    tar_entry(out, "a/..", '5', NULL, 0, NULL, 0);
}

static void symlink_away(struct fdm_buf *out)
{
    tar_entry(out, "a", '2', "/etc/passwd", 0, NULL, 0);
}

static void symlink_through(struct fdm_buf *out)
{
    tar_entry(out, "d", '2', "..", 0, NULL, 0);
    tar_file(out, "d/escaped", "x");
}

static void symlink_within(struct fdm_buf *out)
{
    tar_entry(out, "d", '2', "e", 0, NULL, 0);
}

static void hardlink_away(struct fdm_buf *out)
{
    tar_entry(out, "a", '1', "../canary", 0, NULL, 0);
    tar_file(out, "a", "overwritten");
}

static void character_device(struct fdm_buf *out)
{
    tar_entry(out, "null", '3', NULL, 0, NULL, 0);
}

static void block_device(struct fdm_buf *out)
{
    tar_entry(out, "disk", '4', NULL, 0, NULL, 0);
}

static void named_pipe(struct fdm_buf *out)
{
    tar_entry(out, "pipe", '6', NULL, 0, NULL, 0);
}

static void twice(struct fdm_buf *out)
{
    tar_file(out, "a", "first");
    tar_file(out, "./a", "second");
}

static void below_a_file(struct fdm_buf *out)
{
    tar_file(out, "a", "x");
    tar_file(out, "a/b", "y");
}

static void folder_on_a_file(struct fdm_buf *out)
{
    tar_file(out, "a", "x");
    tar_entry(out, "a/", '5', NULL, 0, NULL, 0);
}

static void the_folder_itself(struct fdm_buf *out)
{
    tar_file(out, ".", "x");
}

static void declares_too_much(struct fdm_buf *out)
{
    tar_entry(out, "a", '0', NULL, LIMIT_BYTES + 1, "x", 1);
}

static void together_too_much(struct fdm_buf *out)
{
    static const char half[LIMIT_BYTES / 2 + 1];
    tar_entry(out, "a", '0', NULL, sizeof half, half, sizeof half);
    tar_entry(out, "b", '0', NULL, sizeof half, half, sizeof half);
}

static void sparse_giant(struct fdm_buf *out)
{
    static const char header[] = "22 GNU.sparse.major=1\n"
                                 "22 GNU.sparse.minor=0\n"
                                 "23 GNU.sparse.name=big\n"
                                 "37 GNU.sparse.realsize=1000000000000\n";
    static const char map[512] = "1\n0\n1\n";
    char data[1024] = {0};
    memcpy(data, map, sizeof map);
    tar_entry(out, "pax", 'x', NULL, sizeof header - 1, header, sizeof header - 1);
    tar_entry(out, "big", '0', NULL, 513, data, 513);
}

static void too_many(struct fdm_buf *out)
{
    for (int i = 0; i <= LIMIT_ENTRIES; i++) {
        char name[16];
        snprintf(name, sizeof name, "f%d", i);
        tar_file(out, name, "");
    }
}

static void control_character(struct fdm_buf *out)
{
    tar_file(out, "a\033[2Jb", "x");
}

static void long_part(struct fdm_buf *out)
{
    char name[301];
    memset(name, 'a', 300);
    name[300] = '\0';
    tar_long(out, name, "x");
}

static void long_path(struct fdm_buf *out)
{
    char name[2001];
    for (int i = 0; i < 2000; i++)
        name[i] = i % 50 == 49 ? '/' : 'a';
    name[2000] = '\0';
    tar_long(out, name, "x");
}

static void endless_header(struct fdm_buf *out)
{
    tar_entry(out, "pax", 'x', NULL, 8000000000u, "x", 1);
}

static void negative_size(struct fdm_buf *out)
{
    tar_file(out, "a", "x");
    memset(out->data + 124, 0xff, 12);
    tar_sum(out->data);
}

static void wrong_sum(struct fdm_buf *out)
{
    tar_file(out, "good", "x");
    tar_file(out, "bad", "x");
    out->data[1024 + 5] ^= 1;
}

static void cut_in_data(struct fdm_buf *out)
{
    tar_entry(out, "a", '0', NULL, 5000, "x", 1);
}

static void cut_gzip(struct fdm_buf *out)
{
    struct archive *writer = begin(out, false, NULL);
    uint32_t seed = 1;
    char noise[5000];
    for (size_t i = 0; i < sizeof noise; i++)
        noise[i] = (char)test_random(&seed);
    add(writer, "a", AE_IFREG, NULL, noise, sizeof noise);
    finish(writer);
    out->len /= 2;
}

static void bomb(struct fdm_buf *out)
{
    struct archive *writer = begin(out, true, NULL);
    char *zeros = calloc(1, 50 * LIMIT_BYTES);
    add(writer, "a", AE_IFREG, NULL, zeros, 50 * LIMIT_BYTES);
    finish(writer);
    free(zeros);
    assert_true(out->len < LIMIT_BYTES / 4);
}

/* The local header and the directory both say 1 byte; a million come out. */
static void bomb_that_lies(struct fdm_buf *out)
{
    bomb(out);
    for (size_t i = 0; i + 4 < out->len; i++) {
        size_t at = memcmp(out->data + i, "PK\001\002", 4) == 0   ? i + 24
                    : memcmp(out->data + i, "PK\003\004", 4) == 0 ? i + 22
                    : memcmp(out->data + i, "PK\007\010", 4) == 0 ? i + 12
                                                                  : 0;
        if (at > 0 && at + 4 <= out->len)
            memcpy(out->data + at, "\001\000\000\000", 4);
    }
}

static void zip_absolute(struct fdm_buf *out)
{
    struct archive *writer = begin(out, true, NULL);
    add(writer, "/tmp/fdm-escaped", AE_IFREG, NULL, "x", 1);
    finish(writer);
}

static void zip_dots(struct fdm_buf *out)
{
    struct archive *writer = begin(out, true, NULL);
    add(writer, "a/../../escaped", AE_IFREG, NULL, "x", 1);
    finish(writer);
}

static void zip_symlink(struct fdm_buf *out)
{
    struct archive *writer = begin(out, true, NULL);
    add(writer, "a", AE_IFLNK, "../canary", NULL, 0);
    finish(writer);
}

static void zip_encrypted(struct fdm_buf *out)
{
    struct archive *writer = begin(out, true, "zip:encryption=zipcrypt");
    add(writer, "a", AE_IFREG, NULL, "x", 1);
    finish(writer);
}

static void no_archive(struct fdm_buf *out)
{
    fdm_buf_puts(out, "<html>404 Not Found</html>");
}

static void setup(char **dir, char **archive, char **folder)
{
    *dir = test_tmpdir();
    *archive = fdm_fs_join(*dir, "archive");
    *folder = fdm_fs_join(*dir, "in");
    assert_int_equal(mkdir(*folder, 0755), 0);
    char *canary = fdm_fs_join(*dir, "canary");
    assert_int_equal(fdm_fs_write_unsynced(canary, "alive", 5, NULL), FDM_OK);
    free(canary);
}

static void teardown(char *dir, char *archive, char *folder)
{
    test_rmtree(dir);
    free(dir);
    free(archive);
    free(folder);
}

/* Beside the archive and the folder only the canary, unharmed. */
static void assert_nothing_escaped(const char *dir, const char *remark)
{
    int count = 0;
    DIR *stream = opendir(dir);
    while (readdir(stream) != NULL)
        count++;
    closedir(stream);
    char *canary = fdm_fs_join(dir, "canary");
    uint8_t *text;
    size_t len;
    assert_int_equal(fdm_fs_read(canary, 100, &text, &len, NULL), FDM_OK);
    if (count != 5 || strcmp((char *)text, "alive") != 0 || access("/tmp/fdm-escaped", F_OK) == 0)
        fail_msg("%s: something was written outside", remark);
    free(text);
    free(canary);
}

static void hostile_archives_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        void (*make)(struct fdm_buf *out);
        const char *message;
    } cases[] = {
        {"absolute path", absolute, "is an absolute path"},
        {".. in front", dots_first, "leads out of its folder"},
        {".. inside", dots_inside, "leads out of its folder"},
        {".. as a folder", dots_last, "leads out of its folder"},
        {"symbolic link to a system file", symlink_away, "is a link"},
        {"file through a symbolic link", symlink_through, "is a link"},
        {"symbolic link that stays", symlink_within, "is a link"},
        {"hard link to a file outside", hardlink_away, "is a link"},
        {"character device", character_device, "neither a file nor a folder"},
        {"block device", block_device, "neither a file nor a folder"},
        {"named pipe", named_pipe, "neither a file nor a folder"},
        {"a file twice", twice, "stands twice"},
        {"a file below a file", below_a_file, "both a file and a folder"},
        {"a folder on a file", folder_on_a_file, "both a file and a folder"},
        {"the folder itself as a file", the_folder_itself, "is no name for a file"},
        {"one file too large", declares_too_much, "expands to more than"},
        {"files too large together", together_too_much, "expands to more than"},
        {"a terabyte of holes", sparse_giant, "expands to more than"},
        {"too many entries", too_many, "more than the 10 entries"},
        {"control characters", control_character, "a control character"},
        {"a part too long", long_part, "more than 255 bytes"},
        {"a path too long", long_path, "more than 1023 bytes"},
        {"a header of gigabytes", endless_header, "damaged archive"},
        {"a negative size", negative_size, ""},
        {"a damaged header", wrong_sum, "damaged archive"},
        {"cut in a file", cut_in_data, "damaged archive"},
        {"cut compressed data", cut_gzip, "damaged archive"},
        {"a zip bomb", bomb, "expands to more than"},
        {"a zip bomb that lies about it", bomb_that_lies, ""},
        {"zip: absolute path", zip_absolute, "is an absolute path"},
        {"zip: ..", zip_dots, "leads out of its folder"},
        {"zip: symbolic link", zip_symlink, "is a link"},
        {"zip: encrypted", zip_encrypted, "is encrypted"},
        {"no archive at all", no_archive, "damaged archive"},
    };
    const struct fdm_unpack_options options = {.max_bytes = LIMIT_BYTES,
                                               .max_entries = LIMIT_ENTRIES};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *dir;
        char *archive;
        char *folder;
        setup(&dir, &archive, &folder);
        struct fdm_buf bytes;
        fdm_buf_init(&bytes);
        cases[i].make(&bytes);
        if (bytes.len % 512 == 0)
            tar_end(&bytes);
        assert_int_equal(fdm_fs_write_unsynced(archive, bytes.data, bytes.len, NULL), FDM_OK);
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_unpack_totals totals;
        enum fdm_status status = fdm_unpack(archive, folder, &options, &totals, &err);
        if (status != FDM_ERR_FORMAT || strstr(err.message, cases[i].message) == NULL)
            fail_msg("%s: %s: %s", cases[i].remark, fdm_status_name(status), err.message);
        assert_true(totals.bytes <= LIMIT_BYTES);
        assert_nothing_escaped(dir, cases[i].remark);
        fdm_buf_release(&bytes);
        teardown(dir, archive, folder);
    }
}

static void assert_file(const char *folder, const char *name, const char *text)
{
    char *path = fdm_fs_join(folder, name);
    uint8_t *data;
    size_t len;
    assert_int_equal(fdm_fs_read(path, 100000, &data, &len, NULL), FDM_OK);
    assert_string_equal((char *)data, text);
    struct stat info;
    assert_int_equal(lstat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0644);
    free(data);
    free(path);
}

static void good_archives_come_out_whole(void **state)
{
    (void)state;
    for (int zip = 0; zip < 2; zip++) {
        char *dir;
        char *archive;
        char *folder;
        setup(&dir, &archive, &folder);
        struct fdm_buf bytes;
        fdm_buf_init(&bytes);
        struct archive *writer = begin(&bytes, zip != 0, NULL);
        add(writer, "d/", AE_IFDIR, NULL, NULL, 0);
        add(writer, "./d/a b", AE_IFREG, NULL, "hello", 5);
        add(writer, "d/e/f/..x", AE_IFREG, NULL, "deep", 4);
        add(writer, "empty", AE_IFREG, NULL, NULL, 0);
        finish(writer);
        assert_int_equal(fdm_fs_write_unsynced(archive, bytes.data, bytes.len, NULL), FDM_OK);
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_unpack_totals totals;
        const struct fdm_unpack_options options = {.max_bytes = 9, .max_entries = 4};
        assert_ok(fdm_unpack(archive, folder, &options, &totals, &err), err);
        assert_int_equal(totals.files, 3);
        assert_int_equal(totals.bytes, 9);
        assert_file(folder, "d/a b", "hello");
        assert_file(folder, "d/e/f/..x", "deep");
        assert_file(folder, "empty", "");
        fdm_buf_release(&bytes);
        teardown(dir, archive, folder);
    }
}

static void names_come_out_byte_by_byte(void **state)
{
    (void)state;
    char longest[256];
    memset(longest, 'n', 255);
    longest[255] = '\0';
    const char *const names[] = {"case", "CASE", "caf\xe9", "\xff\xfe", "caf\xc3\xa9", longest};
    const size_t count = sizeof names / sizeof names[0];
    char *dir;
    char *archive;
    char *folder;
    setup(&dir, &archive, &folder);
    struct fdm_buf bytes;
    fdm_buf_init(&bytes);
    for (size_t i = 0; i < count; i++)
        tar_long(&bytes, names[i], names[i]);
    tar_end(&bytes);
    assert_int_equal(fdm_fs_write_unsynced(archive, bytes.data, bytes.len, NULL), FDM_OK);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_unpack_totals totals;
    const struct fdm_unpack_options options = {.max_bytes = LIMIT_BYTES, .max_entries = count};
    assert_ok(fdm_unpack(archive, folder, &options, &totals, &err), err);
    assert_int_equal(totals.files, count);
    for (size_t i = 0; i < count; i++)
        assert_file(folder, names[i], names[i]);
    fdm_buf_release(&bytes);
    teardown(dir, archive, folder);
}

static void a_full_disk_is_told_first(void **state)
{
    (void)state;
    char *dir = test_tmpdir();
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_unpack_check_space(dir, 1, &err), err);
    assert_int_equal(fdm_unpack_check_space(dir, UINT64_C(1) << 60, &err), FDM_ERR_IO);
    assert_non_null(strstr(err.message, "MB needed"));
    test_rmtree(dir);
    free(dir);
}

int main(void)
{
    umask(022);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_archives_are_refused),
        cmocka_unit_test(good_archives_come_out_whole),
        cmocka_unit_test(names_come_out_byte_by_byte),
        cmocka_unit_test(a_full_disk_is_told_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/support/test.h"

#include <ftw.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/datasets/cache.h"
#include "tests/support/sample_images.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const struct fdm_image_size two_sizes[] = {{4, 4}, {12, 9}};

/* A folder with one image file, and what it should give at both sizes. */
struct place {
    char *folder;
    char *image;
    char *cache; /* not created yet */
    char sha256[FDM_SHA256_HEX_SIZE];
    struct fdm_image expected[2];
};

static int set_up(void **state)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct place *place = calloc(1, sizeof *place);
    place->folder = test_tmpdir();
    place->image = fdm_fs_join(place->folder, "a.jpg");
    place->cache = fdm_fs_join(place->folder, "cache");
    struct sample_file file = sample_jpeg_file(SAMPLE_YCC_420, 33, 20, 75, NULL);
    fdm_sha256_hex(file.bytes, file.len, place->sha256);
    assert_ok(fdm_fs_write_atomic(place->image, file.bytes, file.len, &err), err);
    struct fdm_image original;
    assert_ok(fdm_image_decode(file.bytes, file.len, &original, &err), err);
    for (size_t i = 0; i < 2; i++)
        assert_ok(fdm_resize_nearest(&original, two_sizes[i], &place->expected[i], &err), err);
    fdm_image_release(&original);
    free(file.bytes);
    *state = place;
    return 0;
}

static int tear_down(void **state)
{
    struct place *place = *state;
    test_rmtree(place->folder);
    for (size_t i = 0; i < 2; i++)
        fdm_image_release(&place->expected[i]);
    free(place->folder);
    free(place->image);
    free(place->cache);
    free(place);
    return 0;
}

static bool same_image(const struct fdm_image *a, const struct fdm_image *b)
{
    return a->width == b->width && a->height == b->height && a->warnings == b->warnings &&
           memcmp(a->pixels, b->pixels, (size_t)a->width * a->height * 3) == 0;
}

/* Loads both sizes and checks them; the cache may be NULL. */
static void load_both(const struct place *place, struct fdm_image_cache *cache)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image images[2];
    struct fdm_image_origin origin;
    assert_ok(fdm_image_load(cache, place->image, two_sizes, 2, images, &origin, &err), err);
    for (size_t i = 0; i < 2; i++) {
        assert_true(same_image(&images[i], &place->expected[i]));
        fdm_image_release(&images[i]);
    }
    assert_string_equal(origin.sha256, place->sha256);
    assert_int_equal(origin.width, 33);
    assert_int_equal(origin.height, 20);
    assert_int_equal(origin.warnings, 0);
}

static struct fdm_image_cache *open_cache(const struct place *place)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache;
    assert_ok(fdm_image_cache_open(place->cache, &cache, &err), err);
    return cache;
}

static void assert_stats(struct fdm_image_cache *cache, uint64_t hits, uint64_t misses,
                         uint64_t writes)
{
    struct fdm_image_cache_stats stats;
    fdm_image_cache_stats(cache, &stats);
    assert_int_equal(stats.hits, hits);
    assert_int_equal(stats.misses, misses);
    assert_int_equal(stats.writes, writes);
}

static bool has_note(struct fdm_image_cache *cache)
{
    char note[FDM_IMAGE_CACHE_NOTE_SIZE];
    fdm_image_cache_note(cache, note);
    return note[0] != '\0';
}

/* The documented place of the entry for two_sizes[index]. */
static char *entry_path(const struct place *place, size_t index)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_printf(&path, "%s/images/%ux%u-nearest-%s/%.2s/%s.rgb", place->cache,
                   two_sizes[index].width, two_sizes[index].height, fdm_image_decoder(),
                   place->sha256, place->sha256);
    return path.data;
}

static void images_load_without_a_cache(void **state)
{
    load_both(*state, NULL);
}

static void second_load_reads_what_the_first_wrote(void **state)
{
    const struct place *place = *state;
    struct fdm_image_cache *cache = open_cache(place);
    load_both(place, cache);
    assert_stats(cache, 0, 2, 2);
    load_both(place, cache);
    assert_stats(cache, 2, 2, 2);
    fdm_image_cache_free(cache);
    cache = open_cache(place);
    load_both(place, cache);
    assert_stats(cache, 2, 0, 0);
    char *entry = entry_path(place, 0);
    assert_int_equal(unlink(entry), 0);
    load_both(place, cache);
    assert_stats(cache, 3, 1, 1);
    assert_false(has_note(cache));
    free(entry);
    fdm_image_cache_free(cache);
}

static void another_image_is_another_entry(void **state)
{
    const struct place *place = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache = open_cache(place);
    load_both(place, cache);
    struct sample_file other = sample_jpeg_file(SAMPLE_GRAY, 33, 20, 75, NULL);
    char *path = fdm_fs_join(place->folder, "b.jpg");
    assert_ok(fdm_fs_write_atomic(path, other.bytes, other.len, &err), err);
    struct fdm_image image;
    assert_ok(fdm_image_load(cache, path, two_sizes, 1, &image, NULL, &err), err);
    assert_false(same_image(&image, &place->expected[0]));
    fdm_image_release(&image);
    assert_stats(cache, 0, 3, 3);
    free(path);
    free(other.bytes);
    fdm_image_cache_free(cache);
}

/* Every byte of an entry, one after the other. */
static void damaged_entries_count_as_absent(void **state)
{
    const struct place *place = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache = open_cache(place);
    load_both(place, cache);
    char *path = entry_path(place, 0);
    uint8_t *entry;
    size_t len;
    assert_ok(fdm_fs_read(path, 1 << 20, &entry, &len, &err), err);
    assert_true(len > (size_t)4 * 4 * 3);
    uint64_t repaired = 2;
    for (size_t i = 0; i < len; i++) {
        entry[i] ^= 0x10;
        assert_ok(fdm_fs_write_unsynced(path, entry, len, &err), err);
        entry[i] ^= 0x10;
        load_both(place, cache);
        struct fdm_image_cache_stats stats;
        fdm_image_cache_stats(cache, &stats);
        if (stats.writes != ++repaired)
            fail_msg("byte %zu of %zu changed, and nothing noticed", i, len);
    }
    load_both(place, cache);
    assert_stats(cache, len + 2, len + 2, len + 2);
    free(entry);
    free(path);
    fdm_image_cache_free(cache);
}

static void short_long_and_foreign_entries_count_as_absent(void **state)
{
    const struct place *place = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache = open_cache(place);
    load_both(place, cache);
    char *path = entry_path(place, 0);
    char *other = entry_path(place, 1);
    uint8_t *entry;
    uint8_t *larger;
    size_t len;
    size_t larger_len;
    assert_ok(fdm_fs_read(path, 1 << 20, &entry, &len, &err), err);
    assert_ok(fdm_fs_read(other, 1 << 20, &larger, &larger_len, &err), err);
    uint64_t writes = 2;
    for (size_t cut = 0; cut < len; cut++) {
        assert_ok(fdm_fs_write_unsynced(path, entry, cut, &err), err);
        load_both(place, cache);
        writes++;
    }
    /* fdm_fs_read() puts a NUL behind the content, so that there is one byte more to write. */
    assert_ok(fdm_fs_write_unsynced(path, entry, len + 1, &err), err);
    load_both(place, cache);
    assert_ok(fdm_fs_write_unsynced(path, larger, larger_len, &err), err);
    load_both(place, cache);
    writes += 2;
    struct fdm_image_cache_stats stats;
    fdm_image_cache_stats(cache, &stats);
    assert_int_equal(stats.writes, writes);
    assert_false(has_note(cache));
    free(larger);
    free(entry);
    free(other);
    free(path);
    fdm_image_cache_free(cache);
}

static void an_entry_under_a_wrong_name_counts_as_absent(void **state)
{
    const struct place *place = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache = open_cache(place);
    load_both(place, cache);
    /* The same picture with a byte behind it is another file; give it the first one's entry. */
    uint8_t *bytes;
    size_t len;
    assert_ok(fdm_fs_read(place->image, 1 << 20, &bytes, &len, &err), err);
    assert_ok(fdm_fs_write_atomic(place->image, bytes, len + 1, &err), err);
    struct place longer = *place;
    fdm_sha256_hex(bytes, len + 1, longer.sha256);
    free(bytes);
    char *from = entry_path(place, 0);
    char *to = entry_path(&longer, 0);
    load_both(&longer, cache); /* makes the folder */
    assert_int_equal(rename(from, to), 0);
    load_both(&longer, cache);
    assert_stats(cache, 1, 5, 5);
    free(to);
    free(from);
    fdm_image_cache_free(cache);
}

static void a_folder_that_cannot_be_made_only_stops_writing(void **state)
{
    const struct place *place = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache;
    char *below_a_file = fdm_fs_join(place->image, "cache");
    assert_ok(fdm_image_cache_open(below_a_file, &cache, &err), err);
    load_both(place, cache);
    load_both(place, cache);
    assert_stats(cache, 0, 4, 0);
    char note[FDM_IMAGE_CACHE_NOTE_SIZE];
    fdm_image_cache_note(cache, note);
    assert_non_null(strstr(note, "decoded images are not cached any more: "));
    assert_non_null(strstr(note, place->image));
    free(below_a_file);
    fdm_image_cache_free(cache);
}

static int remaining_files;
static int count_file(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)path;
    (void)info;
    (void)walk;
    remaining_files += type == FTW_F;
    return 0;
}

/* A limit on the size of files stands for a full disk: the write fails half-way. */
static void a_full_disk_only_stops_writing(void **state)
{
    const struct place *place = *state;
    struct fdm_image_cache *cache = open_cache(place);
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    struct rlimit tight = {200, before.rlim_max}; /* the first entry fits, the second does not */
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    load_both(place, cache);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_stats(cache, 0, 2, 1);
    assert_true(has_note(cache));
    remaining_files = 0;
    nftw(place->cache, count_file, 16, FTW_PHYS);
    assert_int_equal(remaining_files, 1);
    load_both(place, cache); /* goes on reading */
    assert_stats(cache, 1, 3, 1);
    fdm_image_cache_free(cache);
}

struct worker {
    const struct place *place;
    struct fdm_image_cache *cache;
    unsigned wrong;
};

static void *load_often(void *argument)
{
    struct worker *worker = argument;
    for (int round = 0; round < 50; round++) {
        struct fdm_image images[2];
        if (fdm_image_load(worker->cache, worker->place->image, two_sizes, 2, images, NULL, NULL) !=
            FDM_OK) {
            worker->wrong++;
            continue;
        }
        for (size_t i = 0; i < 2; i++) {
            worker->wrong += !same_image(&images[i], &worker->place->expected[i]);
            fdm_image_release(&images[i]);
        }
        if (round % 10 == 0) {
            char *entry = entry_path(worker->place, 0);
            unlink(entry);
            free(entry);
        }
    }
    return NULL;
}

static unsigned load_in_threads(const struct place *place)
{
    struct fdm_image_cache *cache = open_cache(place);
    struct worker workers[4];
    pthread_t threads[4];
    unsigned wrong = 0;
    for (size_t i = 0; i < 4; i++) {
        workers[i] = (struct worker){place, cache, 0};
        wrong += pthread_create(&threads[i], NULL, load_often, &workers[i]) != 0;
    }
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
        wrong += workers[i].wrong;
    }
    wrong += has_note(cache);
    fdm_image_cache_free(cache);
    return wrong;
}

static void threads_and_processes_share_a_cache(void **state)
{
    const struct place *place = *state;
    pid_t children[2];
    for (size_t i = 0; i < 2; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0)
            _exit(load_in_threads(place) == 0 ? 0 : 1);
    }
    unsigned wrong = load_in_threads(place);
    for (size_t i = 0; i < 2; i++) {
        int status = -1;
        waitpid(children[i], &status, 0);
        wrong += status != 0;
    }
    assert_int_equal(wrong, 0);
}

static void failures_name_the_file_and_leave_nothing(void **state)
{
    const struct place *place = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image_cache *cache = open_cache(place);
    char *text = fdm_fs_join(place->folder, "notes.jpg");
    char *absent = fdm_fs_join(place->folder, "absent.jpg");
    assert_ok(fdm_fs_write_atomic(text, "hello", 5, &err), err);
    static const struct fdm_image_size empty[] = {{4, 4}, {0, 4}};
    static const struct fdm_image_size large[] = {{4, 4}, {4, UINT32_MAX}};
    const struct {
        const char *remark;
        const char *path;
        const struct fdm_image_size *sizes;
        size_t count;
        enum fdm_status status;
        const char *message;
    } cases[] = {
        {"no image", text, two_sizes, 2, FDM_ERR_FORMAT, "notes.jpg: not an image: "},
        {"no file", absent, two_sizes, 2, FDM_ERR_NOT_FOUND, "absent.jpg: No such file"},
        {"a folder", place->folder, two_sizes, 2, FDM_ERR_IO, "a folder, not a regular file"},
        {"no size", place->image, two_sizes, 0, FDM_ERR_USAGE, "0 sizes"},
        {"too many sizes", place->image, two_sizes, 9, FDM_ERR_USAGE, "9 sizes"},
        {"a side of 0", place->image, empty, 2, FDM_ERR_USAGE, "cannot resize to 0 x 4"},
        {"a huge side", place->image, large, 2, FDM_ERR_USAGE, "cannot resize to 4 x 4294967295"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_image images[2] = {{0}};
        err.status = FDM_OK;
        enum fdm_status status = fdm_image_load(cache, cases[i].path, cases[i].sizes,
                                                cases[i].count, images, NULL, &err);
        print_message("%s: %s\n", cases[i].remark, err.message);
        assert_int_equal(status, cases[i].status);
        assert_non_null(strstr(err.message, cases[i].message));
        assert_null(images[0].pixels);
        assert_null(images[1].pixels);
    }
    assert_stats(cache, 0, 0, 0);
    free(absent);
    free(text);
    fdm_image_cache_free(cache);
    fdm_image_cache_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(images_load_without_a_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(second_load_reads_what_the_first_wrote, set_up, tear_down),
        cmocka_unit_test_setup_teardown(another_image_is_another_entry, set_up, tear_down),
        cmocka_unit_test_setup_teardown(damaged_entries_count_as_absent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(short_long_and_foreign_entries_count_as_absent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_entry_under_a_wrong_name_counts_as_absent, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_folder_that_cannot_be_made_only_stops_writing, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_disk_only_stops_writing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(threads_and_processes_share_a_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failures_name_the_file_and_leave_nothing, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}

/* What can be downloaded, as the source tree lists it; and lists that are not what they should be.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/manifest.h"

static void load(struct fdm_registry **registry, struct fdm_manifest **manifest)
{
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, registry, &err), err);
    assert_ok(fdm_manifest_load(FDM_TEST_SOURCE_TREE, *registry, manifest, &err), err);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text);
    return len > strlen(ending) && strcmp(text + len - strlen(ending), ending) == 0;
}

static size_t count(const struct fdm_manifest *manifest, const char *group, const char *ending)
{
    size_t found = 0;
    for (size_t i = 0; i < fdm_manifest_count(manifest); i++) {
        const struct fdm_download *download = fdm_manifest_at(manifest, i);
        found += strcmp(download->group, group) == 0 && ends_with(download->path, ending);
    }
    return found;
}

static void both_generations_are_whole(void **state)
{
    (void)state;
    struct fdm_registry *registry;
    struct fdm_manifest *manifest;
    size_t shared = 0;
    load(&registry, &manifest);
    assert_int_equal(count(manifest, "models", "_int8.tflite"), 12);
    assert_int_equal(count(manifest, "models", ".h5"), 12);
    assert_int_equal(count(manifest, "newest", "_int8.tflite"), 12);
    assert_int_equal(count(manifest, "newest", ".keras"), 12);
    for (size_t i = 0; i < fdm_manifest_count(manifest); i++) {
        const struct fdm_download *download = fdm_manifest_at(manifest, i);
        assert_non_null(download->urls[0]);
        assert_true(ends_with(download->urls[0], download->path));
        if (download->dataset != NULL)
            continue;
        assert_int_equal(strncmp(download->urls[0], "https://", 8), 0);
        assert_non_null(download->licence);
        assert_string_equal(download->licence->id, "SLA0044");
        for (size_t n = i + 1; n < fdm_manifest_count(manifest); n++)
            shared += strcmp(download->sha256, fdm_manifest_at(manifest, n)->sha256) == 0;
    }
    /* The int8 files of Flowers and Plant leaf were published again unchanged. */
    assert_int_equal(shared, 8);
    fdm_manifest_free(manifest);
    fdm_registry_free(registry);
}

static void the_datasets_know_what_comes_out(void **state)
{
    (void)state;
    static const struct {
        const char *id;
        uint32_t images, classes;
        bool licensed;
    } sets[] = {{"flowers", 3670, 5, false},
                {"plant-village", 55448, 39, false},
                {"food-101", 101000, 101, true}};
    struct fdm_registry *registry;
    struct fdm_manifest *manifest;
    load(&registry, &manifest);
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        size_t at = 0;
        while (at < fdm_manifest_count(manifest) &&
               strcmp(fdm_download_name(fdm_manifest_at(manifest, at)), sets[s].id) != 0)
            at++;
        assert_true(at < fdm_manifest_count(manifest));
        const struct fdm_download *found = fdm_manifest_at(manifest, at);
        assert_int_equal(found->dataset->image_count, sets[s].images);
        assert_int_equal(found->dataset->class_count, sets[s].classes);
        assert_int_equal(found->licence != NULL, sets[s].licensed);
        assert_true(found->max_entries > sets[s].images && found->max_bytes > found->bytes);
    }
    fdm_manifest_free(manifest);
    fdm_registry_free(registry);
}

/* The files of the cards' generation, where test data has them. */
static void listed_files_are_the_published_ones(void **state)
{
    (void)state;
    struct fdm_registry *registry;
    struct fdm_manifest *manifest;
    free(test_data_path("models"));
    load(&registry, &manifest);
    size_t checked = 0;
    for (size_t i = 0; i < fdm_manifest_count(manifest); i++) {
        const struct fdm_download *download = fdm_manifest_at(manifest, i);
        struct fdm_error err = FDM_ERROR_INIT;
        char hex[FDM_SHA256_HEX_SIZE];
        char path[1024];
        uint8_t *bytes;
        size_t len;
        if (strcmp(download->group, "models") != 0)
            continue;
        snprintf(path, sizeof path, "%s/models/%s", test_data_dir(), download->path);
        assert_ok(fdm_fs_read(path, (size_t)4 << 20, &bytes, &len, &err), err);
        fdm_sha256_hex(bytes, len, hex);
        free(bytes);
        assert_int_equal(len, download->bytes);
        assert_string_equal(hex, download->sha256);
        checked++;
    }
    assert_int_equal(checked, 24);
    fdm_manifest_free(manifest);
    fdm_registry_free(registry);
}

#define SUM "\"4ae8ea1e43efd0c22e7d44cefc4004650ae4d77e35044b99e0829484f6532740\""
#define BASE "{\"group\": \"g\", \"base_url\": \"https://example.org/\", \"files\": ["

static void wrong_lists_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *text;
        const char *message;
    } cases[] = {
        {"no group", "{\"files\": []}", "group"},
        {"no files", "{\"group\": \"g\"}", "files"},
        {"no address",
         "{\"group\": \"g\", \"files\": [{\"path\": \"a\", \"bytes\": 1, \"sha256\": " SUM "}]}",
         "files[0]: urls"},
        {"an address that is a number",
         BASE "{\"path\": \"a\", \"bytes\": 1, \"sha256\": " SUM ", \"urls\": [1]}]}", "urls[0]"},
        {"a path that leads out", BASE "{\"path\": \"../a\", \"bytes\": 1, \"sha256\": " SUM "}]}",
         "leads out of its folder"},
        {"an absolute path", BASE "{\"path\": \"/a\", \"bytes\": 1, \"sha256\": " SUM "}]}",
         "absolute"},
        {"no size", BASE "{\"path\": \"a\", \"sha256\": " SUM "}]}", "bytes"},
        {"a size of 0", BASE "{\"path\": \"a\", \"bytes\": 0, \"sha256\": " SUM "}]}", "bytes"},
        {"a hash that is short", BASE "{\"path\": \"a\", \"bytes\": 1, \"sha256\": \"4ae8\"}]}",
         "64 lower-case digits"},
        {"a dataset that nobody knows",
         BASE "{\"path\": \"a\", \"bytes\": 1, \"sha256\": " SUM ", \"dataset\": \"d\"}]}",
         "there is no 'd'"},
        {"a dataset without bounds",
         BASE "{\"path\": \"a\", \"bytes\": 1, \"sha256\": " SUM ", \"dataset\": \"flowers\"}]}",
         "archive"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_registry *registry;
        struct fdm_manifest *manifest;
        char *dir = test_tmpdir();
        char *folder = fdm_fs_join(dir, "downloads");
        char *path = fdm_fs_join(folder, "x.json");
        assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err), err);
        assert_ok(fdm_fs_make_dirs(folder, &err), err);
        assert_ok(fdm_fs_write_unsynced(path, cases[i].text, strlen(cases[i].text), &err), err);
        enum fdm_status status = fdm_manifest_load(dir, registry, &manifest, &err);
        if (status != FDM_ERR_FORMAT || manifest != NULL ||
            strstr(err.message, cases[i].message) == NULL || strstr(err.message, "x.json") == NULL)
            fail_msg("%s: %s: %s", cases[i].remark, fdm_status_name(status), err.message);
        fdm_registry_free(registry);
        test_rmtree(dir);
        free(path);
        free(folder);
        free(dir);
    }
}

static void words_choose_downloads(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        size_t expected;
    } words[] = {{"all", 51},
                 {"models", 24},
                 {"newest", 24},
                 {"datasets", 3},
                 {"flowers", 1}, /* the dataset */
                 {"flowers/", 8},
                 {"tf_flowers/", 8},
                 {"food-101/st_fdmobilenet_v1_224_tfs", 2},
                 {"food-101/st_fdmobilenet_v1_22", 0},
                 {"fl", 0}};
    struct fdm_registry *registry;
    struct fdm_manifest *manifest;
    load(&registry, &manifest);
    for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
        size_t found = 0;
        for (size_t i = 0; i < fdm_manifest_count(manifest); i++)
            found += fdm_download_matches(fdm_manifest_at(manifest, i), words[w].word);
        if (found != words[w].expected)
            fail_msg("%s: %zu", words[w].word, found);
    }
    fdm_manifest_free(manifest);
    fdm_registry_free(registry);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_generations_are_whole),
        cmocka_unit_test(the_datasets_know_what_comes_out),
        cmocka_unit_test(wrong_lists_are_refused),
        cmocka_unit_test(words_choose_downloads),
        cmocka_unit_test(listed_files_are_the_published_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

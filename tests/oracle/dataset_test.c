/* The data set module against the real images and name lists in the test data. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/json.h"
#include "harness/datasets/cache.h"
#include "harness/datasets/dataset.h"
#include "harness/datasets/split.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Of the names of the 734 validation images, one a line, sorted by bytes: what
 * `cut -d" " -f2- flowers-val.txt | LC_ALL=C sort | sha256sum` prints. */
#define FLOWERS_VAL_SHA256 "3871c54432d87ea8fbdca6f0a22dac79b4e0be527cb6372d2d644ff7562cc9b9"

static const char *const flowers[] = {"daisy", "dandelion", "roses", "sunflowers", "tulips"};

static void flowers_names_split_into_the_published_validation_set(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *names = test_data_path("datasets/flowers-names.txt");
    char *expected = test_data_path("datasets/flowers-val.txt");
    struct fdm_listing listing;
    assert_ok(fdm_listing_from_names(names, FDM_LISTING_SORTED, flowers, 5, &listing, &err), err);
    assert_int_equal(listing.image_count, 3670);
    uint32_t *order;
    assert_ok(fdm_split_permutation(3670, FDM_SPLIT_SEED_ST, &order, &err), err);
    struct fdm_split_range range = fdm_split_validation(FDM_SPLIT_ST, 3670);
    FILE *file = fopen(expected, "r");
    assert_non_null(file);
    for (uint32_t i = 0; i < range.count; i++) {
        char theirs[256];
        char ours[256];
        const struct fdm_listing_image *image = &listing.images[order[range.first + i]];
        assert_non_null(fgets(theirs, sizeof theirs, file));
        snprintf(ours, sizeof ours, "%u %s\n", image->label, image->path);
        assert_string_equal(ours, theirs);
    }
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    free(order);
    fdm_listing_release(&listing);
    free(expected);
    free(names);
}

/* A folder with all 3670 names, whose files begin like JPEG files. */
static char *make_complete_flowers(const struct fdm_listing *listing)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *root = test_tmpdir();
    for (size_t i = 0; i < COUNT(flowers); i++) {
        char *folder = fdm_fs_join(root, flowers[i]);
        assert_ok(fdm_fs_make_dirs(folder, &err), err);
        free(folder);
    }
    for (size_t i = 0; i < listing->image_count; i++) {
        char *path = fdm_fs_join(root, listing->images[i].path);
        assert_ok(fdm_fs_write_unsynced(path, "\xff\xd8\xff", 3, &err), err);
        free(path);
    }
    return root;
}

static void complete_flowers_folder_gives_that_list(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *names = test_data_path("datasets/flowers-names.txt");
    char *expected = test_data_path("datasets/flowers-val.txt");
    struct fdm_listing listing;
    assert_ok(fdm_listing_from_names(names, FDM_LISTING_AS_WRITTEN, flowers, 5, &listing, &err),
              err);
    char *root = make_complete_flowers(&listing);
    fdm_listing_release(&listing);
    struct fdm_dataset_options options = {.root = root,
                                          .class_names = flowers,
                                          .class_count = 5,
                                          .expected_total = 3670,
                                          .known_val_sha256 = FLOWERS_VAL_SHA256};
    struct fdm_dataset *dataset;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    assert_int_equal(dataset->scheme, FDM_DATASET_ST);
    assert_true(dataset->published);
    char hex[FDM_SHA256_HEX_SIZE];
    assert_ok(fdm_sha256_file(expected, hex, &err), err);
    assert_string_equal(dataset->list_sha256, hex);
    fdm_dataset_free(dataset);
    test_rmtree(root);
    free(root);
    free(expected);
    free(names);
}

/* Decodes and resizes all images, to see that each can be. */
static void load_all(const struct fdm_dataset *dataset)
{
    static const struct fdm_image_size sizes[] = {{224, 224}, {128, 128}};
    uint32_t smallest = UINT32_MAX;
    uint32_t largest = 0;
    uint32_t warned = 0;
    for (uint32_t i = 0; i < dataset->count; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_image images[2];
        struct fdm_image_origin origin;
        char *path = fdm_dataset_path(dataset, i);
        assert_ok(fdm_image_load(NULL, path, sizes, 2, images, &origin, &err), err);
        uint32_t pixels = origin.width * origin.height;
        smallest = pixels < smallest ? pixels : smallest;
        largest = pixels > largest ? pixels : largest;
        warned += origin.warnings != 0;
        fdm_image_release(&images[0]);
        fdm_image_release(&images[1]);
        free(path);
    }
    print_message("%u images of %u to %u pixels, %u with warnings; list %s\n%s\n", dataset->count,
                  smallest, largest, warned, dataset->list_sha256, dataset->note);
    for (size_t i = 0; i < dataset->finding_count; i++)
        print_message("%s %s\n", dataset->findings[i].path,
                      fdm_listing_reason_text(dataset->findings[i].reason));
}

static void flowers_folder_is_the_published_set(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *root = test_data_path("datasets/flowers-val");
    struct fdm_dataset_options options = {.root = root,
                                          .class_names = flowers,
                                          .class_count = 5,
                                          .expected_total = 3670,
                                          .known_val_sha256 = FLOWERS_VAL_SHA256};
    struct fdm_dataset *dataset;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    assert_string_equal(dataset->names_sha256, FLOWERS_VAL_SHA256);
    assert_int_equal(dataset->scheme, FDM_DATASET_ALL);
    assert_true(dataset->published);
    assert_int_equal(dataset->count, 734);
    assert_int_equal(dataset->finding_count, 0);
    load_all(dataset);
    fdm_dataset_free(dataset);
    free(root);
}

/* The class names that an oracle vector file lists, in its document's memory. */
static size_t read_classes(const struct fdm_json *document, const char **out, size_t room)
{
    size_t count = 0;
    const struct fdm_json *list = fdm_json_member(document, "class_names");
    for (const struct fdm_json *name = fdm_json_first(list); name != NULL && count < room;
         name = fdm_json_next(name))
        out[count++] = fdm_json_text(name);
    return count;
}

static void samples_open_with_the_labels_of_the_full_set(void **state)
{
    (void)state;
    static const struct {
        const char *folder;
        const char *vectors;
        uint32_t total;
        size_t classes;
        uint32_t count;
        const char *class_name; /* one of the folder's, and its label */
        uint32_t label;
    } cases[] = {
        {"datasets/plant-sample", "vectors/plant-village.fdmobilenet_0.25_128_tfs.json", 55448, 39,
         109, "Cherry___healthy", 7},
        {"datasets/food101-sample", "vectors/food-101.fdmobilenet_0.25_128_tfs.json", 101000, 101,
         120, "tacos", 96},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        char *root = test_data_path(cases[i].folder);
        char *vectors = test_data_path(cases[i].vectors);
        struct fdm_json *document;
        const char *names[128];
        assert_ok(fdm_json_read(vectors, &document, &err), err);
        assert_int_equal(read_classes(document, names, COUNT(names)), cases[i].classes);
        struct fdm_dataset_options options = {.root = root,
                                              .class_names = names,
                                              .class_count = cases[i].classes,
                                              .expected_total = cases[i].total};
        struct fdm_dataset *dataset;
        assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
        assert_int_equal(dataset->scheme, FDM_DATASET_ALL);
        assert_false(dataset->published);
        assert_int_equal(dataset->count, cases[i].count);
        assert_string_equal(dataset->class_names[cases[i].label], cases[i].class_name);
        for (uint32_t k = 0; k < dataset->count; k++) {
            const struct fdm_listing_image *image = &dataset->images[k];
            const char *name = dataset->class_names[image->label];
            assert_memory_equal(image->path, name, strlen(name));
        }
        load_all(dataset);
        fdm_dataset_free(dataset);
        fdm_json_free(document);
        free(vectors);
        free(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(flowers_names_split_into_the_published_validation_set),
        cmocka_unit_test(complete_flowers_folder_gives_that_list),
        cmocka_unit_test(flowers_folder_is_the_published_set),
        cmocka_unit_test(samples_open_with_the_labels_of_the_full_set),
    };
    return cmocka_run_group_tests_name("oracle.dataset", tests, NULL, NULL);
}

/* Which output of a float model is right for an image of a folder. */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "harness/bench/conversion.h"
#include "tests/support/float_graph.h"

#define HASH "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static const char *const classes[] = {"Ash", "Elm_Z", "Elm_a"}; /* of the dataset, by bytes */

struct row {
    const char *remark, *sha256;
    enum fdm_label_order order;
    const char *folders[3];
    size_t folder_count;
    bool known;
    uint32_t labels[3]; /* of one image in each folder */
};

static const struct row rows[] = {
    {"published, by bytes", HASH, FDM_LABELS_BYTES, {"Ash", "Elm_Z", "Elm_a"}, 3, true, {0, 1, 2}},
    {"published, its own order",
     HASH,
     FDM_LABELS_CASE_FOLDED,
     {"Ash", "Elm_Z", "Elm_a"},
     3,
     true,
     {0, 2, 1}},
    {"published, some classes", HASH, FDM_LABELS_CASE_FOLDED, {"Elm_Z"}, 1, true, {2}},
    {"published, a stray folder", HASH, FDM_LABELS_BYTES, {"Ash", "Oak"}, 2, false, {0}},
    {"one's own", OTHER, FDM_LABELS_CASE_FOLDED, {"Elm_Z", "Elm_a", "x"}, 3, true, {0, 1, 2}},
    {"one's own, another number", OTHER, FDM_LABELS_BYTES, {"Ash", "Elm_Z"}, 2, false, {0}},
};

static void check(const struct row *row, struct fdm_graph *graph)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_dataset_entry entry = {.id = "trees", .classes = classes, .class_count = 3};
    const struct fdm_model_entry model = {
        .dataset = "trees", .label_order = row->order, .float_file = {.sha256 = HASH}};
    const struct fdm_registry registry = {
        .datasets = &entry, .dataset_count = 1, .models = &model, .model_count = 1};
    struct fdm_listing_image listed[] = {{.label = 0}, {.label = 1}, {.label = 2}};
    struct fdm_dataset dataset = {.images = listed,
                                  .count = (uint32_t)row->folder_count,
                                  .class_names = (char **)row->folders,
                                  .class_count = row->folder_count};
    struct fdm_conversion_images images = {.dataset = &dataset,
                                           .set = {.count = (uint32_t)row->folder_count}};
    memcpy(graph->sha256, row->sha256, sizeof graph->sha256);
    assert_ok(fdm_conversion_label(&images, &registry, graph, &err), err);
    if ((images.labels != NULL) != row->known)
        fail_msg("%s: labels %s", row->remark, row->known ? "are not known" : "are known");
    for (size_t i = 0; images.labels != NULL && i < row->folder_count; i++)
        if (images.labels[i] != row->labels[i])
            fail_msg("%s: image %zu has label %u", row->remark, i, images.labels[i]);
    free(images.labels);
}

static void labels_are_outputs(void **state)
{
    (void)state;
    struct fdm_graph *graph = test_float_graph(1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        check(&rows[i], graph);
    fdm_graph_free(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_are_outputs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

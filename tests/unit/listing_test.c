#include "tests/support/test.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/datasets/dataset.h"
#include "harness/datasets/listing.h"
#include "harness/datasets/split.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define JPEG "\xff\xd8\xff\xe0"
#define NEVER "0000000000000000000000000000000000000000000000000000000000000000"

/* Writes a file below `root`, with the folders that it needs; an empty folder if it ends in '/'. */
static void put(const char *root, const char *name, const char *content)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(root, name);
    size_t len = strlen(path);
    if (path[len - 1] == '/') {
        path[len - 1] = '\0';
        assert_ok(fdm_fs_make_dirs(path, &err), err);
    } else {
        char *slash = strrchr(path, '/');
        *slash = '\0';
        assert_ok(fdm_fs_make_dirs(path, &err), err);
        *slash = '/';
        assert_ok(fdm_fs_write_atomic(path, content, strlen(content), &err), err);
    }
    free(path);
}

/* A folder with the NULL-terminated names as JPEG files (by their first bytes). */
static char *make_tree(const char *const *names)
{
    char *root = test_tmpdir();
    for (size_t i = 0; names[i] != NULL; i++)
        put(root, names[i], JPEG);
    return root;
}

static void remove_tree(char *root)
{
    test_rmtree(root);
    free(root);
}

/* "0 a/x|1 b/y|" of the images, for one comparison of a whole list. */
static void describe(const struct fdm_listing_image *images, size_t count, struct fdm_buf *out)
{
    fdm_buf_reset(out);
    for (size_t i = 0; i < count; i++)
        fdm_buf_printf(out, "%u %s|", images[i].label, images[i].path);
}

static void describe_findings(const struct fdm_listing_finding *findings, size_t count,
                              struct fdm_buf *out)
{
    fdm_buf_reset(out);
    for (size_t i = 0; i < count; i++)
        fdm_buf_printf(out, "%s %d|", findings[i].path, (int)findings[i].reason);
}

static const char *const mixed_tree[] = {
    "LICENSE.txt",
    ".git/config",
    "cheesecake/b.jpg",
    "cheesecake/a.JPG",
    "cheesecake/B.txt",
    "cheesecake/.DS_Store",
    "cheesecake/.hidden.png",
    "cheesecake/sub/z.jpeg",
    "cheesecake/sub-a/y.gif",
    "cheesecake/sub/deep/x.bmp",
    "cheese_plate/10.jpg",
    "cheese_plate/9.jpg",
    "Zebra/\xc3\xa9.jpg",
    "Zebra/z.jpg",
    NULL,
};

static void entries_are_listed_in_byte_order_by_each_rule(void **state)
{
    (void)state;
    static const char *const given[] = {"cheesecake", "cheese_plate", "Zebra"};
    static const struct {
        const char *remark;
        enum fdm_listing_rule rule;
        size_t class_count;
        const char *images;
        const char *findings;
    } cases[] = {
        {"st: upper case first, '_' before 'c', every entry", FDM_LISTING_ST, 3,
         "0 Zebra/z.jpg|0 Zebra/\xc3\xa9.jpg|1 cheese_plate/10.jpg|1 cheese_plate/9.jpg|"
         "2 cheesecake/.DS_Store|2 cheesecake/.hidden.png|2 cheesecake/B.txt|2 cheesecake/a.JPG|"
         "2 cheesecake/b.jpg|",
         ".git 1|LICENSE.txt 0|cheesecake/.DS_Store 3|cheesecake/.hidden.png 3|cheesecake/sub 2|"
         "cheesecake/sub-a 2|"},
        {"st, classes from the folders", FDM_LISTING_ST, 0,
         "0 Zebra/z.jpg|0 Zebra/\xc3\xa9.jpg|1 cheese_plate/10.jpg|1 cheese_plate/9.jpg|"
         "2 cheesecake/.DS_Store|2 cheesecake/.hidden.png|2 cheesecake/B.txt|2 cheesecake/a.JPG|"
         "2 cheesecake/b.jpg|",
         ".git 1|LICENSE.txt 0|cheesecake/.DS_Store 3|cheesecake/.hidden.png 3|cheesecake/sub 2|"
         "cheesecake/sub-a 2|"},
        {"keras: the given order, extensions in any case, folders sorted as strings",
         FDM_LISTING_KERAS, 3,
         "0 cheesecake/.hidden.png|0 cheesecake/a.JPG|0 cheesecake/b.jpg|0 cheesecake/sub/z.jpeg|"
         "0 cheesecake/sub-a/y.gif|0 cheesecake/sub/deep/x.bmp|"
         "1 cheese_plate/10.jpg|1 cheese_plate/9.jpg|2 Zebra/z.jpg|2 Zebra/\xc3\xa9.jpg|",
         ".git 1|LICENSE.txt 0|cheesecake/.hidden.png 3|"},
    };
    char *root = make_tree(mixed_tree);
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_listing listing;
        assert_ok(
            fdm_listing_open(root, cases[i].rule, given, cases[i].class_count, &listing, &err),
            err);
        print_message("%s\n", cases[i].remark);
        describe(listing.images, listing.image_count, &text);
        assert_string_equal(text.data, cases[i].images);
        describe_findings(listing.findings, listing.finding_count, &text);
        assert_string_equal(text.data, cases[i].findings);
        fdm_listing_release(&listing);
    }
    fdm_buf_release(&text);
    remove_tree(root);
}

static void content_tells_what_is_an_image(void **state)
{
    (void)state;
    char *root = test_tmpdir();
    put(root, "c/1.jpg", JPEG);
    put(root, "c/2.txt", "\x89PNG\r\n\x1a\n");
    put(root, "c/3.jpg", "GIF89a");
    put(root, "c/4.jpg", "BM..");
    put(root, "c/5.jpg", "<html>");
    put(root, "c/6.jpg", "");
    char *link = fdm_fs_join(root, "c/7.jpg");
    char *loop = fdm_fs_join(root, "c/8.jpg");
    assert_int_equal(symlink("nowhere", link), 0);
    assert_int_equal(symlink("8.jpg", loop), 0);
    char *pipe = fdm_fs_join(root, "c/9.jpg");
    assert_int_equal(mkfifo(pipe, 0600), 0);

    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_listing listing;
    struct fdm_buf text;
    fdm_buf_init(&text);
    assert_ok(fdm_listing_open(root, FDM_LISTING_ST, NULL, 0, &listing, &err), err);
    assert_int_equal(listing.image_count, 9);
    assert_ok(fdm_listing_check_content(&listing, &err), err);
    describe_findings(listing.findings, listing.finding_count, &text);
    assert_string_equal(text.data, "c/3.jpg 6|c/4.jpg 6|c/5.jpg 4|c/6.jpg 4|c/7.jpg 5|c/8.jpg 5|"
                                   "c/9.jpg 5|");
    fdm_listing_release(&listing);
    fdm_buf_release(&text);
    free(pipe);
    free(loop);
    free(link);
    remove_tree(root);
}

static void links_to_folders_do_not_lead_in_circles(void **state)
{
    (void)state;
    static const char *const names[] = {"real/a.jpg", NULL};
    char *root = make_tree(names);
    char *circle = fdm_fs_join(root, "real/up");
    char *alias = fdm_fs_join(root, "alias");
    assert_int_equal(symlink("..", circle), 0);
    assert_int_equal(symlink("real", alias), 0);
    static const enum fdm_listing_rule rules[] = {FDM_LISTING_ST, FDM_LISTING_KERAS};
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t i = 0; i < COUNT(rules); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_listing listing;
        assert_ok(fdm_listing_open(root, rules[i], NULL, 0, &listing, &err), err);
        describe(listing.images, listing.image_count, &text);
        assert_string_equal(text.data, "0 alias/a.jpg|1 real/a.jpg|");
        describe_findings(listing.findings, listing.finding_count, &text);
        assert_string_equal(text.data, "alias/up 2|real/up 2|");
        fdm_listing_release(&listing);
    }
    fdm_buf_release(&text);
    free(alias);
    free(circle);
    remove_tree(root);
}

static void wrong_folders_are_named(void **state)
{
    (void)state;
    static const char *const flowers[] = {"daisy", "roses"};
    static const char *const twice[] = {"daisy", "daisy"};
    static const char *const path[] = {"daisy", "../x"};
    static const char *const a_tree[] = {"daisy/1.jpg", "roses/1.jpg", NULL};
    static const char *const extra[] = {"daisy/1.jpg", "roses/1.jpg", "tulips/1.jpg", NULL};
    static const char *const misspelt[] = {"daisy/1.jpg", "rose/1.jpg", NULL};
    static const char *const above[] = {"flower_photos/daisy/1.jpg", NULL};
    static const char *const empty[] = {"readme.txt", NULL};
    static const char *const newline[] = {"daisy/a\nb.jpg", NULL};
    static const struct {
        const char *remark;
        const char *const *tree;
        const char *const *classes;
        enum fdm_status status;
        const char *message; /* behind the folder's name */
    } cases[] = {
        {"a folder too many", extra, flowers, FDM_ERR_MISMATCH,
         ": folder 'tulips' is none of the 2 classes; move it away"},
        {"another name", misspelt, flowers, FDM_ERR_MISMATCH,
         ": folder 'rose' is none of the 2 classes, and class 'roses' has no folder"},
        {"the folder above", above, flowers, FDM_ERR_NOT_FOUND, "/flower_photos?"},
        {"no folder", empty, flowers, FDM_ERR_NOT_FOUND,
         ": no class folder in it; expected 'daisy' and so on, 2 in all"},
        {"no folder, no classes", empty, NULL, FDM_ERR_NOT_FOUND,
         ": no folder in it; expected one for each class"},
        {"a class twice", a_tree, twice, FDM_ERR_USAGE, "class 'daisy' is named twice"},
        {"a class that is a path", a_tree, path, FDM_ERR_USAGE,
         "'../x' cannot be a class: it is no folder name"},
        {"a line break in a name", newline, NULL, FDM_ERR_UNSUPPORTED,
         "/daisy: a file name with a line break; rename it"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_listing listing;
        char *root = make_tree(cases[i].tree);
        enum fdm_status status = fdm_listing_open(root, FDM_LISTING_ST, cases[i].classes,
                                                  cases[i].classes != NULL ? 2 : 0, &listing, &err);
        print_message("%s: %s\n", cases[i].remark, err.message);
        assert_int_equal(status, cases[i].status);
        assert_non_null(strstr(err.message, cases[i].message));
        assert_null(listing.images);
        assert_null(listing.root);
        remove_tree(root);
    }
    struct fdm_listing listing;
    assert_int_equal(fdm_listing_open("/nowhere/at/all", FDM_LISTING_ST, NULL, 0, &listing, NULL),
                     FDM_ERR_NOT_FOUND);
}

static void unreadable_folder_is_named(void **state)
{
    (void)state;
    static const char *const names[] = {"a/1.jpg", "b/1.jpg", NULL};
    char *root = make_tree(names);
    char *closed = fdm_fs_join(root, "b");
    assert_int_equal(chmod(root, 0755), 0);
    assert_int_equal(chmod(closed, 0), 0);
    uid_t user = geteuid();
    if (user == 0) /* root may read everything: be nobody for the moment */
        assert_int_equal(seteuid(65534), 0);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_listing listing;
    enum fdm_status status = fdm_listing_open(root, FDM_LISTING_ST, NULL, 0, &listing, &err);
    assert_int_equal(seteuid(user), 0);
    assert_int_equal(status, FDM_ERR_IO);
    assert_non_null(strstr(err.message, closed));
    assert_int_equal(chmod(closed, 0700), 0);
    free(closed);
    remove_tree(root);
}

static void depth_is_bounded(void **state)
{
    (void)state;
    char *root = test_tmpdir();
    struct fdm_buf path;
    fdm_buf_init(&path);
    fdm_buf_puts(&path, "c");
    for (unsigned i = 0; i < FDM_LISTING_DEPTH_MAX; i++)
        fdm_buf_puts(&path, "/d");
    fdm_buf_puts(&path, "/");
    put(root, path.data, "");
    struct fdm_listing listing;
    assert_int_equal(fdm_listing_open(root, FDM_LISTING_KERAS, NULL, 0, &listing, NULL),
                     FDM_ERR_MEMORY);
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_listing_open(root, FDM_LISTING_ST, NULL, 0, &listing, &err), err);
    fdm_listing_release(&listing);
    fdm_buf_release(&path);
    remove_tree(root);
}

static void names_files_are_read_and_checked(void **state)
{
    (void)state;
    static const char *const classes[] = {"b", "a", "unused"};
    static const struct {
        const char *remark;
        const char *text;
        enum fdm_listing_order order;
        bool with_classes;
        enum fdm_status status;
        const char *result; /* the images, or the end of the message */
    } cases[] = {
        {"sorted", "b/2\na/x y.jpg\n\nb/10\r\nb/1", FDM_LISTING_SORTED, false, FDM_OK,
         "0 a/x y.jpg|1 b/1|1 b/10|1 b/2|"},
        {"as written", "b/2\na/x y.jpg\n\nb/10\r\nb/1\n", FDM_LISTING_AS_WRITTEN, true, FDM_OK,
         "1 b/2|0 a/x y.jpg|1 b/10|1 b/1|"},
        {"classes with a common start", "a-b/1\na/2\n", FDM_LISTING_SORTED, false, FDM_OK,
         "0 a/2|1 a-b/1|"},
        {"empty", "\n", FDM_LISTING_SORTED, false, FDM_OK, ""},
        {"no class", "a/1\nb\n", FDM_LISTING_SORTED, false, FDM_ERR_FORMAT,
         ": line 2: expected \"class/name\", found \"b\""},
        {"out of the root", "a/../../etc/passwd", FDM_LISTING_SORTED, false, FDM_ERR_FORMAT,
         ": line 1: expected \"class/name\", found \"a/../../etc/passwd\""},
        {"dots", "./a", FDM_LISTING_SORTED, false, FDM_ERR_FORMAT, "found \"./a\""},
        {"absolute", "/etc/passwd", FDM_LISTING_SORTED, false, FDM_ERR_FORMAT,
         "found \"/etc/passwd\""},
        {"no name", "a/", FDM_LISTING_SORTED, false, FDM_ERR_FORMAT, "found \"a/\""},
        {"a name twice", "a/1\nb/1\na/1\n", FDM_LISTING_AS_WRITTEN, false, FDM_ERR_FORMAT,
         ": 'a/1' is named twice"},
        {"another class", "a/1\nc/1\n", FDM_LISTING_AS_WRITTEN, true, FDM_ERR_MISMATCH,
         ": 'c' is none of the 3 classes"},
    };
    char *root = test_tmpdir();
    char *path = fdm_fs_join(root, "names.txt");
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_listing listing;
        put(root, "names.txt", cases[i].text);
        enum fdm_status status = fdm_listing_from_names(
            path, cases[i].order, classes, cases[i].with_classes ? 3 : 0, &listing, &err);
        print_message("%s: %s\n", cases[i].remark, err.message);
        assert_int_equal(status, cases[i].status);
        fdm_buf_reset(&text);
        fdm_buf_puts(&text, "");
        describe(listing.images, listing.image_count, &text);
        if (status == FDM_OK)
            assert_string_equal(text.data != NULL ? text.data : "", cases[i].result);
        else
            assert_non_null(strstr(err.message, cases[i].result));
        assert_int_equal(fdm_listing_check_content(&listing, NULL), FDM_ERR_USAGE);
        fdm_listing_release(&listing);
    }
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_listing listing;
    assert_ok(fdm_fs_write_atomic(path, "a/1\0b\n", 6, &err), err);
    assert_int_equal(fdm_listing_from_names(path, FDM_LISTING_SORTED, NULL, 0, &listing, NULL),
                     FDM_ERR_FORMAT);
    assert_int_equal(fdm_listing_from_names(root, FDM_LISTING_SORTED, NULL, 0, &listing, NULL),
                     FDM_ERR_IO);
    fdm_buf_release(&text);
    free(path);
    remove_tree(root);
}

/* ---- data sets ---- */

static const char *const ten_images[] = {
    "a/0.jpg", "a/1.jpg", "a/2.jpg", "a/3.jpg", "a/4.jpg", "b/5.jpg",
    "b/6.jpg", "b/7.jpg", "b/8.jpg", "b/9.jpg", NULL,
};
static const char *const two_classes[] = {"b", "a"};

/* Sorted names of the two images that the st split of ten_images holds: the permutation of 10 with
 * seed 127 ends in 2 9. */
static void hash_text(const char *text, char hex[FDM_SHA256_HEX_SIZE])
{
    fdm_sha256_hex(text, strlen(text), hex);
}

static void schemes_choose_and_label(void **state)
{
    (void)state;
    char known[FDM_SHA256_HEX_SIZE];
    char all[FDM_SHA256_HEX_SIZE];
    hash_text("a/2.jpg\nb/9.jpg\n", known);
    hash_text("a/0.jpg\na/1.jpg\na/2.jpg\na/3.jpg\na/4.jpg\nb/5.jpg\nb/6.jpg\nb/7.jpg\nb/8.jpg\n"
              "b/9.jpg\n",
              all);
    const struct {
        const char *remark;
        enum fdm_dataset_scheme scheme;
        int seed; /* -1: none given */
        uint32_t expected_total;
        enum fdm_dataset_scheme applied;
        const char *known;
        uint32_t applied_seed;
        bool published;
        const char *images;
    } cases[] = {
        {"auto, complete", FDM_DATASET_AUTO, -1, 10, FDM_DATASET_ST, known, 127, true,
         "0 a/2.jpg|1 b/9.jpg|"},
        {"auto, complete, other names", FDM_DATASET_AUTO, -1, 10, FDM_DATASET_ST, NEVER, 127, false,
         "0 a/2.jpg|1 b/9.jpg|"},
        {"auto, complete, names not known", FDM_DATASET_AUTO, -1, 10, FDM_DATASET_ST, NULL, 127,
         true, "0 a/2.jpg|1 b/9.jpg|"},
        {"auto, a folder of the validation images", FDM_DATASET_AUTO, -1, 50, FDM_DATASET_ALL, all,
         0, true, NULL},
        {"auto, a sample", FDM_DATASET_AUTO, -1, 50, FDM_DATASET_ALL, known, 0, false, NULL},
        {"auto, nothing known", FDM_DATASET_AUTO, -1, 0, FDM_DATASET_ALL, NULL, 0, false, NULL},
        {"st, seed 42", FDM_DATASET_ST, 42, 10, FDM_DATASET_ST, NULL, 42, false,
         "0 a/3.jpg|1 b/6.jpg|"},
        {"st, the wrong total", FDM_DATASET_ST, -1, 11, FDM_DATASET_ST, NULL, 127, false,
         "0 a/2.jpg|1 b/9.jpg|"},
        {"keras counts in the classes' given order", FDM_DATASET_KERAS, 127, 0, FDM_DATASET_KERAS,
         NULL, 127, false, "0 b/7.jpg|1 a/4.jpg|"},
        {"all of a complete set", FDM_DATASET_ALL, -1, 10, FDM_DATASET_ALL, known, 0, false, NULL},
    };
    char *root = make_tree(ten_images);
    struct fdm_buf text;
    fdm_buf_init(&text);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_dataset_options options = {
            .root = root,
            .scheme = cases[i].scheme,
            .has_seed = cases[i].seed >= 0,
            .seed = (uint32_t)cases[i].seed,
            .class_names = two_classes,
            .class_count = 2,
            .expected_total = cases[i].expected_total,
            .known_val_sha256 = cases[i].known,
        };
        struct fdm_dataset *dataset;
        assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
        print_message("%s: %s\n", cases[i].remark, dataset->note);
        assert_int_equal(dataset->scheme, cases[i].applied);
        assert_int_equal(dataset->seed, cases[i].applied_seed);
        assert_int_equal(dataset->published, cases[i].published);
        assert_int_equal(dataset->total, 10);
        describe(dataset->images, dataset->count, &text);
        if (cases[i].images != NULL)
            assert_string_equal(text.data, cases[i].images);
        else
            assert_int_equal(dataset->count, 10);
        fdm_dataset_free(dataset);
    }
    fdm_buf_release(&text);
    remove_tree(root);
}

static void hashes_are_of_lines(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *root = make_tree(ten_images);
    struct fdm_dataset_options options = {.root = root, .scheme = FDM_DATASET_ST};
    struct fdm_dataset *dataset;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    char hex[FDM_SHA256_HEX_SIZE];
    hash_text("0 a/2.jpg\n1 b/9.jpg\n", hex);
    assert_string_equal(dataset->list_sha256, hex);
    hash_text("a/2.jpg\nb/9.jpg\n", hex);
    assert_string_equal(dataset->names_sha256, hex);
    uint32_t *order;
    assert_ok(fdm_split_permutation(10, 127, &order, &err), err);
    assert_ok(fdm_split_sha256(order, 10, hex, &err), err);
    assert_string_equal(dataset->permutation_sha256, hex);
    free(order);
    char *path = fdm_dataset_path(dataset, 1);
    assert_true(fdm_fs_is_file(path));
    free(path);
    fdm_dataset_free(dataset);
    remove_tree(root);
}

static void a_sample_of_few_classes_keeps_the_full_labels(void **state)
{
    (void)state;
    static const char *const full[] = {"cheesecake", "apple", "cheese_plate", "zoo"};
    static const char *const names[] = {"cheesecake/1.jpg", "cheese_plate/1.jpg", NULL};
    struct fdm_error err = FDM_ERROR_INIT;
    char *root = make_tree(names);
    struct fdm_dataset_options options = {
        .root = root, .class_names = full, .class_count = 4, .expected_total = 400};
    struct fdm_dataset *dataset;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    assert_int_equal(dataset->class_count, 4);
    assert_int_equal(dataset->images[0].label, 1);
    assert_int_equal(dataset->images[1].label, 2);
    assert_string_equal(dataset->class_names[1], "cheese_plate");
    fdm_dataset_free(dataset);
    /* As many files as the complete set has, but classes missing: still no split. */
    options.expected_total = 2;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    assert_int_equal(dataset->scheme, FDM_DATASET_ALL);
    fdm_dataset_free(dataset);
    options.scheme = FDM_DATASET_ST;
    assert_int_equal(fdm_dataset_open(&options, &dataset, &err), FDM_ERR_USAGE);
    assert_null(dataset);
    assert_non_null(strstr(err.message, "no image of class 'apple'"));
    remove_tree(root);
}

static void strays_shift_a_split_but_not_a_sample(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char known[FDM_SHA256_HEX_SIZE];
    hash_text("a/1.jpg\nb/1.jpg\n", known);
    static const char *const names[] = {"a/1.jpg", "b/1.jpg", NULL};
    char *root = make_tree(names);
    put(root, "a/.DS_Store", "x");
    put(root, "a/Thumbs.db", "x");
    put(root, "b/notes.txt", "x");
    struct fdm_dataset_options options = {.root = root, .known_val_sha256 = known};
    struct fdm_dataset *dataset;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    assert_true(dataset->published);
    assert_int_equal(dataset->count, 2);
    assert_int_equal(dataset->left_out, 3);
    assert_int_equal(dataset->finding_count, 4);
    fdm_dataset_free(dataset);
    options.scheme = FDM_DATASET_ST;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    assert_int_equal(dataset->total, 5);
    assert_int_equal(dataset->left_out, 0);
    fdm_dataset_free(dataset);
    remove_tree(root);
}

static void lists_keep_their_order(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *root = make_tree(ten_images);
    put(root, "list.txt", "b/9.jpg\na/1.jpg\nb/5.jpg\n");
    char *list = fdm_fs_join(root, "list.txt");
    struct fdm_dataset_options options = {
        .root = root, .scheme = FDM_DATASET_LIST, .class_names = two_classes, .class_count = 2};
    struct fdm_dataset *dataset;
    assert_int_equal(fdm_dataset_open(&options, &dataset, NULL), FDM_ERR_USAGE);
    options.list_path = list;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    struct fdm_buf text;
    fdm_buf_init(&text);
    describe(dataset->images, dataset->count, &text);
    assert_string_equal(text.data, "1 b/9.jpg|0 a/1.jpg|1 b/5.jpg|");
    assert_string_equal(dataset->root, root);
    fdm_dataset_free(dataset);
    put(root, "list.txt", "\n");
    assert_int_equal(fdm_dataset_open(&options, &dataset, NULL), FDM_ERR_NOT_FOUND);
    fdm_buf_release(&text);
    free(list);
    remove_tree(root);
}

static void the_first_of_all_are_of_every_class(void **state)
{
    (void)state;
    enum { CLASSES = 4, EACH = 50, FIRST = 40 };
    char *root = test_tmpdir();
    for (int i = 0; i < CLASSES * EACH; i++) {
        char name[16];
        snprintf(name, sizeof name, "%c/%03d", 'a' + i / EACH, i);
        put(root, name, "\xff\xd8\xff");
    }
    struct fdm_dataset_options options = {.root = root, .scheme = FDM_DATASET_ALL};
    struct fdm_dataset *dataset;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_dataset_open(&options, &dataset, &err), err);
    unsigned seen[CLASSES] = {0};
    for (int i = 0; i < FIRST; i++)
        seen[dataset->images[i].label]++;
    for (int i = 0; i < CLASSES; i++)
        assert_true(seen[i] >= 4);
    fdm_dataset_free(dataset);
    remove_tree(root);
}

static void scheme_names_round_trip(void **state)
{
    (void)state;
    for (int i = FDM_DATASET_AUTO; i <= FDM_DATASET_LIST; i++) {
        enum fdm_dataset_scheme scheme;
        struct fdm_error err = FDM_ERROR_INIT;
        const char *name = fdm_dataset_scheme_name((enum fdm_dataset_scheme)i);
        assert_ok(fdm_dataset_scheme_parse(name, &scheme, &err), err);
        assert_int_equal(scheme, i);
    }
    enum fdm_dataset_scheme scheme;
    assert_int_equal(fdm_dataset_scheme_parse("best", &scheme, NULL), FDM_ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(entries_are_listed_in_byte_order_by_each_rule),
        cmocka_unit_test(content_tells_what_is_an_image),
        cmocka_unit_test(links_to_folders_do_not_lead_in_circles),
        cmocka_unit_test(wrong_folders_are_named),
        cmocka_unit_test(unreadable_folder_is_named),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(names_files_are_read_and_checked),
        cmocka_unit_test(schemes_choose_and_label),
        cmocka_unit_test(hashes_are_of_lines),
        cmocka_unit_test(a_sample_of_few_classes_keeps_the_full_labels),
        cmocka_unit_test(strays_shift_a_split_but_not_a_sample),
        cmocka_unit_test(lists_keep_their_order),
        cmocka_unit_test(the_first_of_all_are_of_every_class),
        cmocka_unit_test(scheme_names_round_trip),
    };
    return cmocka_run_group_tests_name("listing", tests, NULL, NULL);
}

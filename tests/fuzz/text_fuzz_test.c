/* Damaged texts through all that reads them: descriptions of boards, datasets, models, cards and
 * laboratories, and lists of images. Each is taken or refused with a message (fuzz_child.h). */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/datasets/listing.h"
#include "harness/registry/entries.h"
#include "harness/registry/lab.h"
#include "tests/fuzz/fuzz_child.h"
#include "tests/support/mutate.h"

#define TEXT_MAX (1U << 20)

struct subject {
    const uint8_t *text;
    size_t len;
    const char *path;                    /* where readers of files find the damaged text */
    const struct fdm_registry *registry; /* what a laboratory refers to */
    enum fdm_status (*read)(const struct subject *subject, const char *text, size_t len,
                            struct fdm_error *err);
};

/* ---- Readers --------------------------------------------------------------------------------- */

typedef enum fdm_status document_reader(struct fdm_registry_owned *owned,
                                        const struct fdm_json *document, struct fdm_error *err);

static enum fdm_status read_document(document_reader *read, const char *text, size_t len,
                                     struct fdm_error *err)
{
    struct fdm_registry_owned owned = {0};
    struct fdm_json *document = NULL;
    enum fdm_status status = fdm_json_parse(text, len, "fuzz", &document, err);
    if (status == FDM_OK)
        status = read(&owned, document, err);
    fdm_json_free(document);
    fdm_registry_release(&owned);
    return status;
}

static enum fdm_status board_entry(struct fdm_registry_owned *owned,
                                   const struct fdm_json *document, struct fdm_error *err)
{
    struct fdm_board_entry entry = {.file = "fuzz"};
    return fdm_board_read(owned, document, &entry, err);
}

static enum fdm_status dataset_entry(struct fdm_registry_owned *owned,
                                     const struct fdm_json *document, struct fdm_error *err)
{
    struct fdm_dataset_entry entry = {.file = "fuzz"};
    return fdm_dataset_read(owned, document, &entry, err);
}

static enum fdm_status model_entries(struct fdm_registry_owned *owned,
                                     const struct fdm_json *document, struct fdm_error *err)
{
    struct fdm_model_entry *entries;
    size_t count;
    return fdm_models_read(owned, document, &entries, &count, err);
}

static enum fdm_status card(struct fdm_registry_owned *owned, const struct fdm_json *document,
                            struct fdm_error *err)
{
    struct fdm_card out = {0};
    return fdm_card_read(owned, document, &out, err);
}

#define DOCUMENT(name, reader)                                                                     \
    static enum fdm_status name(const struct subject *subject, const char *text, size_t len,       \
                                struct fdm_error *err)                                             \
    {                                                                                              \
        (void)subject;                                                                             \
        return read_document(reader, text, len, err);                                              \
    }
DOCUMENT(read_board, board_entry)
DOCUMENT(read_dataset, dataset_entry)
DOCUMENT(read_models, model_entries)
DOCUMENT(read_card, card)

static void put_file(const struct subject *subject, const char *text, size_t len)
{
    FILE *file = fopen(subject->path, "wb");
    if (file == NULL || fwrite(text, 1, len, file) != len || fclose(file) != 0)
        abort();
}

static enum fdm_status read_lab(const struct subject *subject, const char *text, size_t len,
                                struct fdm_error *err)
{
    struct fdm_lab *lab;
    put_file(subject, text, len);
    enum fdm_status status = fdm_lab_load(subject->path, subject->registry, &lab, err);
    fdm_lab_free(lab);
    return status;
}

static enum fdm_status read_names(const struct subject *subject, const char *text, size_t len,
                                  struct fdm_error *err)
{
    struct fdm_listing listing;
    put_file(subject, text, len);
    enum fdm_status status =
        fdm_listing_from_names(subject->path, FDM_LISTING_SORTED, NULL, 0, &listing, err);
    if (status == FDM_OK)
        fdm_listing_release(&listing);
    return status;
}

/* ---- Damage ---------------------------------------------------------------------------------- */

/* A value of the document, of those without a structure, gives way to another: bytes at random
 * seldom leave JSON. */
static void replace_value(const struct subject *subject, uint32_t *random, struct fdm_buf *out)
{
    static const char *const values[] = {
        "null",  "true",     "-1",          "0",           "1e308",  "18446744073709551616",
        "0.5",   "\"\"",     "[]",          "{}",          "[null]", "{\"a\":1}",
        "\"/\"", "\"../x\"", "\"\\u0000\"", "\"\\ud800\"",
    };
    const char *text = (const char *)subject->text;
    size_t at = test_random(random) % subject->len;
    while (at < subject->len && strchr("[:,", text[at]) == NULL)
        at++;
    at += at < subject->len;
    while (at < subject->len && strchr(" \n", text[at]) != NULL)
        at++;
    size_t end = at;
    if (end < subject->len && text[end] == '"')
        while (++end < subject->len && text[end] != '"') {
        }
    while (end < subject->len && strchr(",]}\n", text[end]) == NULL)
        end++;
    fdm_buf_append(out, text, at);
    fdm_buf_puts(out, values[test_random(random) % (sizeof values / sizeof values[0])]);
    fdm_buf_append(out, text + end, subject->len - end);
}

static bool try_text(const void *context, uint32_t seed, uint32_t number, bool *accepted)
{
    const struct subject *subject = context;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status;
    if (number % 2 == 0) {
        size_t len = subject->len;
        uint8_t *bytes = test_mutate(subject->text, &len, seed, number);
        status = subject->read(subject, (const char *)bytes, len, &err);
        free(bytes);
    } else {
        uint32_t random = (seed + number * 2654435761U) | 1U;
        struct fdm_buf text;
        fdm_buf_init(&text);
        replace_value(subject, &random, &text);
        status = text.failed ? FDM_ERR_MEMORY : subject->read(subject, text.data, text.len, &err);
        fdm_buf_release(&text);
    }
    *accepted = status == FDM_OK;
    return (status == FDM_OK) == (err.status == FDM_OK) && status == err.status &&
           (status == FDM_OK || err.message[0] != '\0');
}

/* ---- Tests ----------------------------------------------------------------------------------- */

static void fuzz_text(struct subject *subject, uint32_t divisor)
{
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(subject->read(subject, (const char *)subject->text, subject->len, &err), err);
    fuzz_in_child(try_text, subject, divisor);
}

static void damaged_documents(void **state)
{
    (void)state;
    static const struct {
        const char *file; /* below the source tree */
        enum fdm_status (*read)(const struct subject *subject, const char *text, size_t len,
                                struct fdm_error *err);
    } rows[] = {
        {"targets/boards/STM32H747I-DISCO.json", read_board},
        {"targets/boards/emulated-cortex-a7.json", read_board},
        {"reference/datasets/flowers.json", read_dataset},
        {"reference/models/fdmobilenet.json", read_models},
        {"results/published/10.0.0.json", read_card},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        uint8_t *text;
        size_t len;
        char *path = fdm_fs_join(FDM_TEST_SOURCE_TREE, rows[i].file);
        assert_ok(fdm_fs_read(path, TEXT_MAX, &text, &len, &err), err);
        struct subject subject = {.text = text, .len = len, .read = rows[i].read};
        fuzz_text(&subject, 20);
        free(text);
        free(path);
    }
}

static void damaged_files(void **state)
{
    (void)state;
    static const char lab[] =
        "{\n\"boards\": [\n"
        "{ \"name\": \"disco\", \"board\": \"STM32H747I-DISCO\", \"port\": \"/dev/ttyACM0\",\n"
        "\"probe\": \"0038\", \"baud\": 921600 },\n"
        "{ \"name\": \"a7\", \"board\": \"STM32MP157F-DK2\", \"ssh\": \"me@server\",\n"
        "\"run_prefix\": [\"qemu-arm\", \"-cpu\", \"cortex-a7\"] }\n]\n}\n";
    static const char names[] = "daisy/1.jpg\ndaisy/2.jpg\r\nroses/deep/3.png\n\ntulips/4.jpg\n";
    char *folder = test_tmpdir();
    char *path = fdm_fs_join(folder, "damaged");
    struct fdm_registry *registry;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err), err);
    struct subject subjects[] = {
        {(const uint8_t *)lab, sizeof lab - 1, path, registry, read_lab},
        {(const uint8_t *)names, sizeof names - 1, path, NULL, read_names},
    };
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
        fuzz_text(&subjects[i], 10);
    fdm_registry_free(registry);
    test_rmtree(folder);
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_documents),
        cmocka_unit_test(damaged_files),
    };
    return cmocka_run_group_tests_name("fuzz.text", tests, NULL, NULL);
}

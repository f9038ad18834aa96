/* Writes a tiny world for the command-line tests: a data folder with one board, one dataset of two
 * classes and one published model; the model; and N images a class. Usage: workspace DIR N */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "tests/support/sample_images.h"
#include "tests/support/tflite_builder.h"

#define SIDE 12

static int write_file(const char *root, const char *name, const void *bytes, size_t len)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(root, name);
    char *folder = path != NULL ? strdup(path) : NULL;
    if (folder == NULL)
        return 1;
    *strrchr(folder, '/') = '\0';
    if (fdm_fs_make_dirs(folder, &err) == FDM_OK)
        fdm_fs_write_atomic(path, bytes, len, &err);
    if (err.status != FDM_OK)
        fprintf(stderr, "%s\n", err.message);
    free(folder);
    free(path);
    return err.status != FDM_OK;
}

static int write_text(const char *root, const char *name, const char *text)
{
    return write_file(root, name, text, strlen(text));
}

static int write_model(const char *root)
{
    static struct test_tflite model;
    struct fdm_buf bytes;
    char sha256[FDM_SHA256_HEX_SIZE];
    char entry[1024];
    fdm_buf_init(&bytes);
    test_tflite_small(&model);
    test_tflite_write(&model, &bytes);
    fdm_sha256_hex(bytes.data, bytes.len, sha256);
    snprintf(entry, sizeof entry,
             "{\"models\":[{\"id\":\"tiny/small\",\"family\":\"Small\",\"dataset\":\"tiny\","
             "\"resolution\":8,\"published_rescaling\":{\"scale\":\"1/255\",\"offset\":0},"
             "\"label_order\":\"bytes\",\"seed\":127,"
             "\"int8\":{\"path\":\"small.tflite\",\"bytes\":%zu,\"sha256\":\"%s\"}}]}",
             bytes.len, sha256);
    int failed = write_file(root, "models/small.tflite", bytes.data, bytes.len) |
                 write_text(root, "data/models/tiny.json", entry);
    fdm_buf_release(&bytes);
    return failed;
}

static int write_image(const char *root, const char *class_name, unsigned number)
{
    char name[64];
    const uint8_t colour[4] = {(uint8_t)(number * 37), (uint8_t)(number * 91), (uint8_t)number, 0};
    struct sample_file file = sample_jpeg_file(SAMPLE_YCC_420, SIDE + number % 5, SIDE + number % 3,
                                               90, number % 2 == 0 ? NULL : colour);
    snprintf(name, sizeof name, "images/%s/%05u.jpg", class_name, number);
    int failed = file.bytes == NULL || write_file(root, name, file.bytes, file.len);
    free(file.bytes);
    return failed;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        return 2;
    const char *root = argv[1];
    unsigned long count = strtoul(argv[2], NULL, 10);
    int failed =
        write_text(root, "data/boards/host.json",
                   "{\"id\":\"host\",\"kind\":\"host\",\"description\":\"This computer\"}") |
        write_text(root, "data/datasets/tiny.json",
                   "{\"id\":\"tiny\",\"title\":\"Tiny\",\"url\":\"https://example.org/tiny\","
                   "\"image_count\":100000,\"split\":{\"scheme\":\"st\",\"seed\":127,"
                   "\"fraction\":0.2,\"validation_count\":20000},\"classes\":[\"ash\",\"oak\"]}") |
        write_text(root, "data/published/.keep", "") | write_model(root);
    for (unsigned i = 0; i < count && !failed; i++)
        failed = write_image(root, "ash", i) | write_image(root, "oak", i + 7);
    return failed;
}

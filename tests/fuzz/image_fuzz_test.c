/* Damaged images, thousands of them: each gives an image or an error, and nothing else happens.
 *
 * FDM_FUZZ_CASES sets their number, FDM_FUZZ_SEED the seed, and FDM_FUZZ_FIRST the first case, so
 * that a failure runs again alone. The cases run in a child, so that the case is known also when
 * the program dies or hangs. */
#include "tests/support/test.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <png.h>

#include "harness/base/fs.h"
#include "harness/datasets/image.h"
#include "targets/wire/crc32.h"
#include "tests/fuzz/fuzz_child.h"
#include "tests/support/sample_images.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

enum { SEEDS_MAX = 128, REAL_PER_CLASS = 4, SECONDS_PER_CASE = 60 };

/* Sound files to damage. */
struct corpus {
    struct sample_file file[SEEDS_MAX];
    size_t count;
    size_t made; /* the first so many are made here, the rest are real photographs */
};

static void add(struct corpus *corpus, struct sample_file file)
{
    assert_true(corpus->count < SEEDS_MAX);
    corpus->file[corpus->count++] = file;
}

static void add_made(struct corpus *corpus)
{
    static const struct sample_png pngs[] = {
        {"gray 1", PNG_COLOR_TYPE_GRAY, 1, false, false},
        {"gray 16, interlaced", PNG_COLOR_TYPE_GRAY, 16, true, false},
        {"gray alpha", PNG_COLOR_TYPE_GRAY_ALPHA, 8, false, false},
        {"RGB", PNG_COLOR_TYPE_RGB, 8, false, true},
        {"RGB 16", PNG_COLOR_TYPE_RGB, 16, false, false},
        {"RGBA, interlaced", PNG_COLOR_TYPE_RGB_ALPHA, 8, true, false},
        {"palette 2", PNG_COLOR_TYPE_PALETTE, 2, false, true},
        {"palette 8, interlaced", PNG_COLOR_TYPE_PALETTE, 8, true, true},
    };
    for (int kind = 0; kind < SAMPLE_JPEG_COUNT; kind++) {
        add(corpus, sample_jpeg_file((enum sample_jpeg)kind, 1, 1, 75, NULL));
        add(corpus, sample_jpeg_file((enum sample_jpeg)kind, 37, 23, 50, NULL));
        add(corpus, sample_jpeg_file((enum sample_jpeg)kind, 130, 70, 90, NULL));
    }
    for (size_t i = 0; i < COUNT(pngs); i++) {
        add(corpus, sample_png_file(&pngs[i], 1, 1));
        add(corpus, sample_png_file(&pngs[i], 37, 23));
    }
    corpus->made = corpus->count;
}

static void add_folder(struct corpus *corpus, const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    int taken = 0;
    while (folder != NULL && taken < REAL_PER_CLASS && (entry = readdir(folder)) != NULL) {
        struct sample_file file;
        char *name = fdm_fs_join(path, entry->d_name);
        if (fdm_fs_read(name, (size_t)1 << 20, &file.bytes, &file.len, NULL) == FDM_OK) {
            add(corpus, file);
            taken++;
        }
        free(name);
    }
    if (folder != NULL)
        closedir(folder);
}

static void add_real(struct corpus *corpus)
{
    static const char *const folders[] = {
        "datasets/flowers-val/daisy",
        "datasets/flowers-val/tulips",
        "datasets/plant-sample/Apple___healthy",
        "datasets/food101-sample/sushi",
    };
    for (size_t i = 0; i < COUNT(folders) && test_data_dir() != NULL; i++) {
        char *path = fdm_fs_join(test_data_dir(), folders[i]);
        add_folder(corpus, path);
        free(path);
    }
    print_message("%zu files made, %zu real ones\n", corpus->made, corpus->count - corpus->made);
}

/* ---- damage ---- */

static uint32_t below(uint32_t *random, size_t bound)
{
    return bound == 0 ? 0 : (uint32_t)(test_random(random) % bound);
}

/* Headers decide much, so that a quarter of the places are among the first bytes. */
static size_t place(uint32_t *random, size_t len)
{
    size_t start = len < 700 ? len : 700;
    return below(random, test_random(random) % 4 == 0 ? start : len);
}

static void flip_bits(struct sample_file *file, uint32_t *random)
{
    for (uint32_t n = 1 + below(random, 8); n > 0; n--)
        file->bytes[place(random, file->len)] ^= (uint8_t)(1U << below(random, 8));
}

static void set_bytes(struct sample_file *file, uint32_t *random)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
    for (uint32_t n = 1 + below(random, 4); n > 0; n--)
        file->bytes[place(random, file->len)] = values[below(random, COUNT(values))];
}

static void set_marker(struct sample_file *file, uint32_t *random)
{
    size_t at = place(random, file->len);
    file->bytes[at] = 0xff;
    if (at + 1 < file->len)
        file->bytes[at + 1] = (uint8_t)(0xc0 + below(random, 0x40));
}

static void cut(struct sample_file *file, uint32_t *random)
{
    file->len = below(random, file->len);
}

static void remove_piece(struct sample_file *file, uint32_t *random)
{
    size_t at = place(random, file->len);
    size_t piece = 1 + below(random, file->len - at);
    memmove(file->bytes + at, file->bytes + at + piece, file->len - at - piece);
    file->len -= piece;
}

static void repeat_piece(struct sample_file *file, uint32_t *random)
{
    size_t from = place(random, file->len);
    size_t piece = below(random, file->len - from);
    size_t to = below(random, file->len - piece);
    memmove(file->bytes + to, file->bytes + from, piece);
}

static void (*const damages[])(struct sample_file *, uint32_t *) = {
    flip_bits,  flip_bits, flip_bits,    set_bytes,    set_bytes,
    set_marker, cut,       remove_piece, repeat_piece,
};

/* Most damage to a PNG file stops at a wrong checksum; with the right ones it gets further. */
static void repair_checksums(struct sample_file *file)
{
    size_t at = 8;
    while (file->len >= 12 && at <= file->len - 12) {
        const uint8_t *size = file->bytes + at;
        size_t len = (size_t)size[0] << 24 | (size_t)size[1] << 16 | (size_t)size[2] << 8 | size[3];
        if (len > file->len - 12 - at)
            return;
        uint32_t crc = fdm_crc32(FDM_CRC32_INIT, file->bytes + at + 4, len + 4);
        for (unsigned i = 0; i < 4; i++)
            file->bytes[at + 8 + len + i] = (uint8_t)(crc >> (24 - 8 * i));
        at += 12 + len;
    }
}

/* The front of one file and the back of another. */
static struct sample_file splice(const struct sample_file *front, const struct sample_file *back,
                                 uint32_t *random)
{
    size_t head = below(random, front->len);
    size_t tail = below(random, back->len);
    struct sample_file joined = {malloc(head + tail + 1), head + tail};
    memcpy(joined.bytes, front->bytes, head);
    memcpy(joined.bytes + head, back->bytes + back->len - tail, tail);
    return joined;
}

/* Mostly the made files: they are small, and of more kinds. */
static const struct sample_file *pick(const struct corpus *corpus, uint32_t *random)
{
    size_t among = test_random(random) % 4 == 0 ? corpus->count : corpus->made;
    return &corpus->file[below(random, among)];
}

static struct sample_file damaged(const struct corpus *corpus, uint32_t *random)
{
    const struct sample_file *sound = pick(corpus, random);
    struct sample_file file;
    if (test_random(random) % 16 == 0) {
        file = splice(sound, pick(corpus, random), random);
    } else {
        file = (struct sample_file){malloc(sound->len + 1), sound->len};
        memcpy(file.bytes, sound->bytes, sound->len);
    }
    for (uint32_t n = 1 + below(random, 2); n > 0 && file.len > 0; n--)
        damages[below(random, COUNT(damages))](&file, random);
    if (fdm_image_format(file.bytes, file.len) == FDM_IMAGE_PNG && test_random(random) % 4 != 0)
        repair_checksums(&file);
    return file;
}

/* ---- cases ---- */

struct outcome {
    uint32_t running; /* the case under way */
    uint32_t images;
    uint32_t errors;
    uint32_t sum; /* of all pixels, so that each is read */
};

static bool is_expected(enum fdm_status status, const struct fdm_error *err)
{
    return (status == FDM_ERR_FORMAT || status == FDM_ERR_UNSUPPORTED ||
            status == FDM_ERR_MEMORY) &&
           err->status == status && err->message[0] != '\0';
}

static bool run_case(const struct corpus *corpus, uint32_t seed, struct outcome *outcome)
{
    uint32_t random = seed + outcome->running * 2654435761U;
    random += random == 0;
    struct sample_file file = damaged(corpus, &random);
    /* Of exactly its size and at its end, so that a sanitizer sees each byte too many. */
    uint8_t *exact = malloc(file.len + 1);
    memcpy(exact + 1, file.bytes, file.len);
    free(file.bytes);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_image image;
    enum fdm_status status = fdm_image_decode(exact + 1, file.len, &image, &err);
    free(exact);
    if (status != FDM_OK) {
        outcome->errors++;
        return image.pixels == NULL && is_expected(status, &err);
    }
    size_t bytes = (size_t)image.width * image.height * 3;
    for (size_t i = 0; i < bytes; i++)
        outcome->sum += image.pixels[i];
    fdm_image_release(&image);
    outcome->images++;
    return bytes > 0 && err.status == FDM_OK;
}

static int run_cases(const struct corpus *corpus, uint32_t seed, uint32_t first, uint32_t count,
                     struct outcome *outcome)
{
    for (uint32_t i = 0; i < count; i++) {
        outcome->running = first + i;
        alarm(SECONDS_PER_CASE);
        if (!run_case(corpus, seed, outcome))
            return 1;
    }
    alarm(0);
    return 0;
}

static void release(struct corpus *corpus)
{
    for (size_t i = 0; i < corpus->count; i++)
        free(corpus->file[i].bytes);
}

static void damaged_images_give_an_image_or_an_error(void **state)
{
    (void)state;
    uint32_t seed = fuzz_setting("FDM_FUZZ_SEED", 20240601);
    uint32_t first = fuzz_setting("FDM_FUZZ_FIRST", 0);
    uint32_t count = fuzz_setting("FDM_FUZZ_CASES", 10000);
    struct corpus corpus = {.count = 0};
    add_made(&corpus);
    add_real(&corpus);
    FILE *shared = tmpfile();
    assert_non_null(shared);
    assert_int_equal(ftruncate(fileno(shared), sizeof(struct outcome)), 0);
    struct outcome *outcome =
        mmap(NULL, sizeof *outcome, PROT_READ | PROT_WRITE, MAP_SHARED, fileno(shared), 0);
    assert_true(outcome != MAP_FAILED);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int failed = run_cases(&corpus, seed, first, count, outcome);
        release(&corpus);
        exit(failed); /* not _exit(): the leak check runs here */
    }
    int status = -1;
    waitpid(child, &status, 0);
    release(&corpus);
    print_message("%u images, %u errors\n", outcome->images, outcome->errors);
    if (status != 0)
        fail_msg("status %x in case %u; run again with FDM_FUZZ_SEED=%u FDM_FUZZ_FIRST=%u "
                 "FDM_FUZZ_CASES=1 (if the case passes alone: with the cases up to it)",
                 (unsigned)status, outcome->running, seed, outcome->running);
    if (count >= 1000) { /* both ways out must be well travelled */
        assert_true(outcome->images > count / 20);
        assert_true(outcome->errors > count / 20);
    }
    munmap(outcome, sizeof *outcome);
    fclose(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_images_give_an_image_or_an_error),
    };
    return cmocka_run_group_tests_name("fuzz.image", tests, NULL, NULL);
}

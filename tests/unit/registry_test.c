#include "tests/support/test.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/registry/registry.h"

static struct fdm_registry *load_built_in(void)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *registry;
    assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err), err);
    return registry;
}

/* ---- What is built in ------------------------------------------------------------------------ */

static void the_built_in_data_is_sound(void **state)
{
    (void)state;
    struct fdm_registry *r = load_built_in();
    static const char *const boards[] = {
        "B-L4S5I-IOT01A",      "B-U585I-IOT02A",     "NUCLEO-H743ZI2",
        "STM32F769I-DISCO",    "STM32H747I-DISCO",   "STM32MP135F-DK2",
        "STM32MP157F-DK2",     "STM32MP257F-DK2",    "STM32N6570-DK",
        "emulated-cortex-a35", "emulated-cortex-a7", "emulated-cortex-m0",
        "emulated-cortex-m33", "emulated-cortex-m4", "emulated-cortex-m55",
        "emulated-cortex-m7",  "emulated-stm32f405", "host"};
    assert_int_equal(r->board_count, 18);
    for (size_t i = 0; i < 18; i++)
        assert_string_equal(r->boards[i].id, boards[i]);
    for (size_t i = 0; i < r->board_count; i++) {
        assert_int_equal(r->boards[i].hardware_tested, r->boards[i].kind == FDM_BOARD_HOST);
        if (r->boards[i].twin != NULL)
            assert_string_equal(fdm_registry_board(r, r->boards[i].twin)->cpu, r->boards[i].cpu);
    }
    assert_int_equal(fdm_registry_board(r, "STM32F769I-DISCO")->clock_hz, 216000000);
    assert_string_equal(fdm_registry_board(r, "STM32N6570-DK")->twin, "emulated-cortex-m55");
    assert_string_equal(fdm_registry_board(r, "emulated-cortex-m7")->machine, "mps2-an500");
    for (size_t i = 0; i < r->board_count; i++) {
        bool emulated = r->boards[i].kind == FDM_BOARD_EMULATED;
        bool here = emulated || r->boards[i].kind == FDM_BOARD_HOST;
        assert_int_equal(r->boards[i].launch_count > 0, here);
        assert_true(!here || r->boards[i].firmware != NULL);
        if (emulated)
            assert_string_equal(r->boards[i].launch[0], r->boards[i].emulator);
    }
    assert_null(fdm_registry_board(r, "emulated-cortex-m85"));
    assert_int_equal(r->dataset_count, 4);
    assert_int_equal(fdm_registry_dataset(r, "plant-village")->class_count, 39);
    assert_int_equal(fdm_registry_dataset(r, "food-101")->class_count, 101);
    assert_string_equal(fdm_registry_dataset(r, "food-101")->classes[16], "cheese_plate");
    assert_string_equal(fdm_registry_dataset(r, "food-101")->classes[17], "cheesecake");
    assert_int_equal(r->model_count, 13); /* twelve published, one of ours */
    assert_string_equal(r->models[0].id, "flowers/fdmobilenet_0.25_224_tfs");
    assert_string_equal(r->models[11].id, "food-101/st_fdmobilenet_v1_128_tfs");
    assert_string_equal(r->models[12].id, "demo/fdmobilenet_0.25_128");
    for (size_t i = 0; i < r->model_count; i++)
        assert_int_equal(r->models[i].folder != NULL, i == 12);
    assert_null(fdm_registry_dataset(r, "demo")->split_scheme);
    assert_int_equal(r->card_count, 2);
    assert_string_equal(r->cards[0].version, "9.1.0");
    assert_string_equal(r->cards[1].version, "10.0.0");
    assert_null(fdm_registry_card(r, "8.1.0"));
    fdm_registry_free(r);
}

/* What fits an emulator with more memory than the board has would prove nothing. */
static void an_emulated_board_is_launched_with_its_own_memories(void **state)
{
    (void)state;
    static const struct {
        const char *memory, *property;
    } cases[] = {{"Flash", "nrf51-soc.flash-size"}, {"RAM", "nrf51-soc.sram-size"}};
    struct fdm_registry *r = load_built_in();
    const struct fdm_board_entry *board = fdm_registry_board(r, "emulated-cortex-m0");
    assert_int_equal(board->memory_count, 2);
    for (size_t i = 0; i < 2; i++) {
        char word[64];
        size_t found = 0;
        assert_string_equal(board->memories[i].name, cases[i].memory);
        snprintf(word, sizeof word, "%s=%" PRIu64, cases[i].property, board->memories[i].bytes);
        for (size_t k = 0; k < board->launch_count; k++)
            found += strcmp(board->launch[k], word) == 0;
        assert_int_equal(found, 1);
    }
    fdm_registry_free(r);
}

static void published_splits_have_the_sizes_of_their_fractions(void **state)
{
    (void)state;
    struct fdm_registry *r = load_built_in();
    for (size_t i = 0; i < r->dataset_count; i++) {
        const struct fdm_dataset_entry *d = &r->datasets[i];
        if (strcmp(d->id, "demo") == 0)
            continue;
        double training = trunc((double)d->image_count * (1.0 - d->split_fraction));
        assert_string_equal(d->split_scheme, "st");
        assert_int_equal(d->split_seed, 127);
        assert_int_equal(d->validation_count, d->image_count - (uint32_t)training);
        assert_non_null(d->permutation_sha256);
    }
    fdm_registry_free(r);
}

static void only_one_model_folds_case(void **state)
{
    (void)state;
    struct fdm_registry *r = load_built_in();
    for (size_t i = 0; i < r->model_count; i++)
        assert_int_equal(r->models[i].label_order == FDM_LABELS_CASE_FOLDED,
                         strcmp(r->models[i].id, "plant-village/fdmobilenet_0.25_224_tfs") == 0);
    fdm_registry_free(r);
}

/* ---- Against the files that the entries describe --------------------------------------------- */

static void check_file(const char *path, const struct fdm_model_file *file)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *bytes;
    size_t len;
    char hex[FDM_SHA256_HEX_SIZE];
    assert_ok(fdm_fs_read(path, (size_t)1 << 24, &bytes, &len, &err), err);
    assert_int_equal(len, file->bytes);
    fdm_sha256_hex(bytes, len, hex);
    assert_string_equal(hex, file->sha256);
    free(bytes);
}

static void check_published_file(const struct fdm_model_file *file)
{
    struct fdm_buf relative;
    fdm_buf_init(&relative);
    fdm_buf_printf(&relative, "models/%s", file->path);
    char *path = test_data_path(relative.data);
    check_file(path, file);
    free(path);
    fdm_buf_release(&relative);
}

static void our_own_files_come_with_their_entry(void **state)
{
    (void)state;
    struct fdm_registry *r = load_built_in();
    const struct fdm_model_entry *model = fdm_registry_model(r, "demo/fdmobilenet_0.25_128");
    const struct fdm_model_file *const files[] = {&model->float_file, &model->int8_file};
    uint64_t bytes = 0;
    for (size_t i = 0; i < 2; i++) {
        if (files[i]->path == NULL)
            continue;
        char *path = fdm_fs_join(model->folder, files[i]->path);
        check_file(path, files[i]);
        bytes += files[i]->bytes;
        free(path);
    }
    assert_in_range(bytes, 1, 1000000);
    fdm_registry_free(r);
}

static void entries_describe_the_published_files(void **state)
{
    (void)state;
    if (test_data_dir() == NULL)
        skip();
    struct fdm_registry *r = load_built_in();
    for (size_t i = 0; i < r->model_count; i++) {
        if (r->models[i].folder != NULL)
            continue;
        check_published_file(&r->models[i].int8_file);
        check_published_file(&r->models[i].float_file);
    }
    fdm_registry_free(r);
}

/* The published training configuration of a model, as far as the registry repeats it. */
struct configuration {
    char *text;
    const char *classes[128];
    size_t class_count;
    char *scale;
    double offset;
};

/* A value behind "name:", up to the end of the line, ',' or '}'. The text is cut there. */
static char *value_after(char *text, const char *name)
{
    char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    at += strspn(at, " ");
    at[strcspn(at, ",}\n ")] = '\0';
    return at;
}

static void read_configuration(const struct fdm_model_entry *model, struct configuration *out)
{
    struct fdm_buf relative;
    struct fdm_error err = FDM_ERROR_INIT;
    size_t len;
    uint8_t *bytes;
    fdm_buf_init(&relative);
    fdm_buf_printf(&relative, "models/%s/%s_config.yaml", model->id, fdm_fs_basename(model->id));
    char *path = test_data_path(relative.data);
    assert_ok(fdm_fs_read(path, 65536, &bytes, &len, &err), err);
    memset(out, 0, sizeof *out);
    out->text = (char *)bytes;
    char *rescaling = strstr(out->text, "rescaling:");
    char *list = strstr(out->text, "class_names:");
    assert_non_null(rescaling);
    assert_non_null(list);
    char *offset = strstr(rescaling, "offset:");
    assert_non_null(offset);
    out->offset = strtod(offset + strlen("offset:"), NULL);
    out->scale = value_after(rescaling, "scale:");
    list += strlen("class_names:");
    if (strchr(" \r", *list) != NULL && strchr(list, '[') != NULL &&
        strchr(list, '[') < strchr(list, '\n')) {
        char *end = strchr(list, ']');
        assert_non_null(end);
        *end = '\0';
        for (char *at = strtok_r(strchr(list, '[') + 1, ", \n", &list); at != NULL;
             at = strtok_r(NULL, ", \n", &list))
            out->classes[out->class_count++] = at;
    } else {
        for (char *at = strchr(list, '\n') + 1; strncmp(at + strspn(at, " "), "- ", 2) == 0;) {
            at += strspn(at, " -");
            out->classes[out->class_count++] = at;
            at += strcspn(at, "\r\n");
            *at++ = '\0';
            at += strspn(at, "\n");
            assert_true(out->class_count < 128);
        }
    }
    free(path);
    fdm_buf_release(&relative);
}

static int compare_upper(const void *a, const void *b)
{
    const char *x = *(const char *const *)a;
    const char *y = *(const char *const *)b;
    while (*x != '\0' && toupper((unsigned char)*x) == toupper((unsigned char)*y)) {
        x++;
        y++;
    }
    return toupper((unsigned char)*x) - toupper((unsigned char)*y);
}

/* The configurations list the classes in case-folded order, whatever order the model learned. */
static void entries_repeat_the_published_configurations(void **state)
{
    (void)state;
    if (test_data_dir() == NULL)
        skip();
    struct fdm_registry *r = load_built_in();
    for (size_t i = 0; i < r->model_count; i++) {
        const struct fdm_model_entry *model = &r->models[i];
        if (model->folder != NULL)
            continue;
        const struct fdm_dataset_entry *dataset = fdm_registry_dataset(r, model->dataset);
        struct configuration c;
        read_configuration(model, &c);
        assert_string_equal(c.scale, model->scale_text);
        assert_true(c.offset == model->offset);
        assert_int_equal(c.class_count, dataset->class_count);
        const char *folded[128];
        memcpy(folded, dataset->classes, c.class_count * sizeof folded[0]);
        qsort(folded, c.class_count, sizeof folded[0], compare_upper);
        for (size_t k = 0; k < c.class_count; k++)
            assert_string_equal(folded[k], c.classes[k]);
        free(c.text);
    }
    fdm_registry_free(r);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void the_names_of_the_flowers_split_are_known(void **state)
{
    (void)state;
    char *path = test_data_path("datasets/flowers-val.txt");
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *text;
    size_t len;
    char *names[1024];
    size_t count = 0;
    struct fdm_buf lines;
    char hex[FDM_SHA256_HEX_SIZE];
    assert_ok(fdm_fs_read(path, 1 << 20, &text, &len, &err), err);
    fdm_buf_init(&lines);
    char *rest = (char *)text;
    for (char *line = strtok_r(rest, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest))
        names[count++] = strchr(line, ' ') + 1;
    qsort(names, count, sizeof names[0], compare_names);
    for (size_t i = 0; i < count; i++)
        fdm_buf_printf(&lines, "%s\n", names[i]);
    fdm_sha256_hex(lines.data, lines.len, hex);
    struct fdm_registry *r = load_built_in();
    assert_int_equal(fdm_registry_dataset(r, "flowers")->validation_count, count);
    assert_string_equal(fdm_registry_dataset(r, "flowers")->validation_names_sha256, hex);
    fdm_registry_free(r);
    fdm_buf_release(&lines);
    free(text);
    free(path);
}

/* ---- A small data folder to break ------------------------------------------------------------ */

static const char a_board[] =
    "{\"id\":\"nucleo\",\"kind\":\"serial\",\"description\":\"d\",\"series\":\"STM32H7\","
    "\"cpu\":\"cortex-m7\",\"cores\":1,\"clock_hz\":400000000,"
    "\"memories\":[{\"name\":\"Flash\",\"bytes\":2097152}],\"engines\":[{\"name\":\"1 CPU\"}],"
    "\"twin\":\"emu\",\"hardware_tested\":false}";
static const char a_twin[] =
    "{\"id\":\"emu\",\"kind\":\"emulated\",\"description\":\"d\","
    "\"cpu\":\"cortex-m7\",\"emulator\":\"qemu-system-arm\","
    "\"firmware\":{\"port\":\"p\",\"compiler\":\"gcc\",\"packages\":\"gcc\","
    "\"flags\":[\"-mthumb\",\"-O2\"],\"defines\":[\"X=\\\"y\\\"\"],\"kernels\":[\"mve\"],"
    "\"arena_limit\":11264},"
    "\"launch\":[\"qemu\",\"-kernel\",\"{program}\"]}";
static const char a_dataset[] =
    "{\"id\":\"set\",\"title\":\"Set\",\"image_count\":10,\"split\":{\"scheme\":\"st\",\"seed\":"
    "127,"
    "\"fraction\":0.2,\"validation_count\":2},\"classes\":[\"A\",\"B\",\"a\"]}";
#define A_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
static const char a_model[] =
    "{\"models\":[{\"id\":\"set/m\",\"family\":\"F\",\"dataset\":\"set\",\"resolution\":128,"
    "\"published_rescaling\":{\"scale\":\"1/127.5\",\"offset\":-1},\"label_order\":\"bytes\","
    "\"seed\":127,\"int8\":{\"path\":\"set/m.tflite\",\"bytes\":5,\"sha256\":\"" A_SHA256 "\"}}]}";
static const char a_card[] =
    "{\"version\":\"1.0\",\"title\":\"T\",\"url\":\"u\",\"tables\":[{\"kind\":\"accuracy\","
    "\"dataset\":\"set\",\"columns\":[{\"title\":\"Model\",\"name\":\"model\"},{\"title\":\"Top "
    "1\",\"name\":\"top1_percent\"}],\"rows\":[{\"keys\":{\"model\":\"set/m\",\"format\":\"int8\"},"
    "\"cells\":[\"F\",{\"text\":\"84.6 %\",\"value\":84.6}],\"notes\":[{\"column\":\"model\","
    "\"text\":\"n\"}]}]}]}";

static void put_file(const char *dir, const char *name, const char *text)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(dir, name);
    char *slash = strrchr(path, '/');
    *slash = '\0';
    assert_ok(fdm_fs_make_dirs(path, &err), err);
    *slash = '/';
    assert_ok(fdm_fs_write_atomic(path, text, strlen(text), &err), err);
    free(path);
}

static char *small_data(void)
{
    char *dir = test_tmpdir();
    put_file(dir, "boards/a.json", a_board);
    put_file(dir, "boards/b.json", a_twin);
    put_file(dir, "boards/notes.txt", "no entry");
    put_file(dir, "boards/.hidden.json", "no entry either");
    put_file(dir, "datasets/a.json", a_dataset);
    put_file(dir, "models/a.json", a_model);
    put_file(dir, "published/a.json", a_card);
    return dir;
}

/* `text` with its first `from` replaced; the caller frees. */
static char *replaced(const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);
    if (at == NULL)
        fail_msg("no %s to replace", from);
    struct fdm_buf out;
    fdm_buf_init(&out);
    fdm_buf_append(&out, text, (size_t)(at - text));
    fdm_buf_puts(&out, to);
    fdm_buf_puts(&out, at + strlen(from));
    return out.data;
}

static void small_data_is_read(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *r;
    char *dir = small_data();
    assert_ok(fdm_registry_load(dir, NULL, &r, &err), err);
    const struct fdm_board_entry *board = fdm_registry_board(r, "nucleo");
    assert_int_equal(board->kind, FDM_BOARD_SERIAL);
    assert_int_equal(board->memories[0].bytes, 2097152);
    assert_string_equal(board->engines[0].name, "1 CPU");
    assert_int_equal(board->engines[0].clock_hz, 0);
    assert_non_null(strstr(board->file, "boards/a.json"));
    assert_null(board->firmware);
    assert_int_equal(board->launch_count, 0);
    const struct fdm_board_entry *twin = fdm_registry_board(r, "emu");
    assert_string_equal(twin->firmware->compiler, "gcc");
    assert_int_equal(twin->firmware->flag_count, 2);
    assert_string_equal(twin->firmware->flags[1], "-O2");
    assert_string_equal(twin->firmware->defines[0], "X=\"y\"");
    assert_int_equal(twin->firmware->link_flag_count, 0);
    assert_int_equal(twin->firmware->kernel_count, 1);
    assert_string_equal(twin->firmware->kernels[0], "mve");
    assert_int_equal(twin->firmware->arena_limit, 11264);
    assert_int_equal(twin->launch_count, 3);
    assert_string_equal(twin->launch[2], FDM_BOARD_PROGRAM);
    assert_true(r->models[0].scale == 1.0 / 127.5);
    assert_true(r->models[0].offset == -1.0);
    assert_null(r->models[0].float_file.path);
    const struct fdm_card_row *row = &r->cards[0].tables[0].rows[0];
    assert_string_equal(row->keys.family, "F");
    assert_string_equal(row->keys.dataset, "set");
    assert_string_equal(row->cells[1].text, "84.6 %");
    assert_true(row->cells[1].has_value && row->cells[1].value == 84.6);
    assert_false(row->cells[0].has_value);
    fdm_registry_free(r);
    test_rmtree(dir);
    free(dir);
}

static void wrong_data_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *text;
        const char *from;
        const char *to;
        const char *message; /* a part of it */
    } rows[] = {
        {"boards/a.json", a_board, "{\"id\"", "[\"id\"", "boards/a.json: not valid JSON at line 1"},
        {"boards/a.json", a_board, "\"id\":\"nucleo\",", "",
         "boards/a.json: id: expected a string"},
        {"boards/a.json", a_board, "nucleo", "nuc/leo", "id: 'nuc/leo' should be letters"},
        {"boards/a.json", a_board, "nucleo", "../x", "id: '../x' should be letters"},
        {"boards/a.json", a_board, "nucleo", "-rf", "id: '-rf' should be letters"},
        {"boards/a.json", a_board, "nucleo", "a b", "id: 'a b' should be letters"},
        {"boards/a.json", a_board, "nucleo", "", "id: expected 1 to 63 bytes"},
        {"boards/a.json", a_board, "nucleo",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
         "id: expected 1 to 63 bytes"},
        {"boards/a.json", a_board, "nucleo", "emu", "id: 'emu' stands in"},
        {"boards/a.json", a_board, "serial", "parallel",
         "kind: 'parallel' is none of host, serial, ssh, emulated"},
        {"boards/a.json", a_board, "400000000", "0", "clock_hz: expected a whole number from 1"},
        {"boards/a.json", a_board, "400000000", "\"fast\"", "clock_hz: expected a whole number"},
        {"boards/a.json", a_board, "400000000", "1.5", "clock_hz: expected a whole number"},
        {"boards/a.json", a_board, "\"clock_hz\"", "\"clock_mhz\"",
         "clock_mhz: unknown; is clock_hz meant?"},
        {"boards/a.json", a_board, "\"twin\"", "\"Twin\"", "Twin: unknown; is twin meant?"},
        {"boards/a.json", a_board, "\"cores\"", "\"croes\"", "croes: unknown; is cores meant?"},
        {"boards/a.json", a_board, "\"cores\":1", "\"cores\":1,\"cores\":2",
         "cores: stands there twice"},
        {"boards/a.json", a_board, "2097152", "-1", "memories[0]: bytes: expected a whole number"},
        {"boards/a.json", a_board, "\"bytes\"", "\"byte\"", "memories[0]: byte: unknown"},
        {"boards/a.json", a_board, "[{\"name\":\"1 CPU\"}]", "[5]",
         "engines[0]: expected an object"},
        {"boards/a.json", a_board, "[{\"name\":\"1 CPU\"}]", "{}", "engines: expected an array"},
        {"boards/a.json", a_board, "\"twin\":\"emu\"", "\"twin\":\"nucleo\"",
         "twin: no emulated board is called 'nucleo'"},
        {"boards/a.json", a_board, "false", "\"no\"", "hardware_tested: expected true or false"},
        {"boards/a.json", a_board, "\"cpu\":\"cortex-m7\",", "", "cpu: expected a string, because"},
        {"boards/a.json", a_board, "\"series\":\"STM32H7\",", "", "series: expected a string"},
        {"boards/b.json", a_twin, "\"emulator\":\"qemu-system-arm\"", "\"later\":1",
         "emulator: expected a string"},
        {"boards/b.json", a_twin, "\"port\":\"p\",", "", "firmware: port: expected a string"},
        {"boards/b.json", a_twin, "\"port\":\"p\"", "\"port\":\"a/b\"",
         "firmware: port: 'a/b' should be letters"},
        {"boards/b.json", a_twin, "\"compiler\":\"gcc\"", "\"compiler\":[]",
         "firmware: compiler: expected a string"},
        {"boards/b.json", a_twin, "\"flags\"", "\"flag\"",
         "firmware: flag: unknown; is flags meant?"},
        {"boards/b.json", a_twin, "\"-O2\"", "2", "firmware: flags[1]: expected a string"},
        {"boards/b.json", a_twin, "[\"qemu\",", "[\"{program}\",",
         "launch: expected {program} once"},
        {"boards/b.json", a_twin, "\"{program}\"", "\"x\"", "launch: expected {program} once"},
        {"datasets/a.json", a_dataset, "\"A\",\"B\"", "\"B\",\"A\"",
         "classes[1]: 'A' should stand before 'B'"},
        {"datasets/a.json", a_dataset, "\"A\",\"B\"", "\"A\",\"A\"",
         "classes[1]: 'A' should stand"},
        {"datasets/a.json", a_dataset, "\"A\"", "\"..\"", "classes[0]: '..' cannot be a folder"},
        {"datasets/a.json", a_dataset, "\"A\"", "\"x/y\"", "classes[0]: 'x/y' cannot be a folder"},
        {"datasets/a.json", a_dataset, "\"A\"", "\"A\\n\"", "classes: holds a control character"},
        {"datasets/a.json", a_dataset, "\"A\"", "7", "classes[0]: expected a string"},
        {"datasets/a.json", a_dataset, "\"A\",\"B\",\"a\"", "",
         "classes: expected an array of 1 to"},
        {"datasets/a.json", a_dataset, "0.2", "1.0", "split: fraction: expected a number between"},
        {"datasets/a.json", a_dataset, "\"st\"", "\"tf\"", "split: scheme: 'tf' is none of"},
        {"datasets/a.json", a_dataset, "\"validation_count\":2", "\"validation_count\":11",
         "split: validation_count: more than image_count"},
        {"datasets/a.json", a_dataset, "\"validation_count\":2",
         "\"validation_count\":2,\"permutation_sha256\":\"AB\"",
         "split: permutation_sha256: expected 64"},
        {"models/a.json", a_model, "\"dataset\":\"set\"", "\"dataset\":\"sett\"",
         "models/a.json: set/m: dataset: none is called 'sett'"},
        {"models/a.json", a_model, "set/m\"", "set/m/n\"", "models[0]: id: 'set/m/n' should be"},
        {"models/a.json", a_model, "set/m\"", "/m\"", "models[0]: id: '/m' should be"},
        {"models/a.json", a_model, "set/m\"", "set/\"", "models[0]: id: 'set/' should be"},
        {"models/a.json", a_model, "1/127.5", "1/0", "published_rescaling: scale: '1/0' is no"},
        {"models/a.json", a_model, "1/127.5", "1/2/3", "scale: '1/2/3' is no"},
        {"models/a.json", a_model, "1/127.5", "-1", "scale: '-1' is no"},
        {"models/a.json", a_model, "1/127.5", "/", "scale: '/' is no"},
        {"models/a.json", a_model, "\"offset\":-1", "\"offset\":\"-1\"",
         "published_rescaling: offset: expected a number"},
        {"models/a.json", a_model, "\"bytes\"", "\"locale\"", "label_order: 'locale' is none of"},
        {"models/a.json", a_model, "set/m.tflite", "../m.tflite", "int8: path: '../m.tflite'"},
        {"models/a.json", a_model, "set/m.tflite", "/etc/passwd", "int8: path: '/etc/passwd'"},
        {"models/a.json", a_model, "set/m.tflite", "a//m", "int8: path: 'a//m'"},
        {"models/a.json", a_model, "set/m.tflite", "a/", "int8: path: 'a/'"},
        {"models/a.json", a_model, "set/m.tflite", "a/./m", "int8: path: 'a/./m'"},
        {"models/a.json", a_model, A_SHA256, "e3b0", "int8: sha256: expected 64"},
        {"models/a.json", a_model, "e3b0c", "E3B0C", "int8: sha256: expected 64"},
        {"models/a.json", a_model, "\"int8\":{", "\"other\":{", "models[0]: int8: expected"},
        {"models/a.json", a_model, "\"models\":[", "\"models\":[7,",
         "models[0]: expected an object"},
        {"published/a.json", a_card, "\"1.0\"", "\"\"", "version: expected 1 to"},
        {"published/a.json", a_card, "\"accuracy\"", "\"speed\"", "tables[0]: kind: 'speed' is"},
        {"published/a.json", a_card, "top1_percent", "top5_percent",
         "tables[0]: columns[1]: name: 'top5_percent' is none of"},
        {"published/a.json", a_card, "top1_percent", "model",
         "columns[1]: name: the table has 'model' already"},
        {"published/a.json", a_card, "\"F\",", "", "rows[0]: cells: 1 of them for 2 columns"},
        {"published/a.json", a_card, "\"value\":84.6", "\"value\":84.7",
         "cells[1]: value: is not the number that '84.6 %' begins with"},
        {"published/a.json", a_card, "\"value\":84.6", "\"vale\":84.6", "vale: unknown"},
        {"published/a.json", a_card, "\"F\",", "5,", "cells[0]: expected an object"},
        {"published/a.json", a_card, "set/m", "set/n", "keys: nothing is called 'set/n'"},
        {"published/a.json", a_card, "\"dataset\":\"set\"", "\"dataset\":\"x\"",
         "card 1.0: tables[0]: dataset: none is called 'x'"},
        {"published/a.json", a_card, "\"column\":\"model\"", "\"column\":\"board\"",
         "notes[0]: column: the table has no 'board'"},
    };
    char *dir = small_data();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_registry *r;
        char *broken = replaced(rows[i].text, rows[i].from, rows[i].to);
        put_file(dir, rows[i].file, broken);
        enum fdm_status status = fdm_registry_load(dir, NULL, &r, &err);
        if (status != FDM_ERR_FORMAT || strstr(err.message, rows[i].message) == NULL)
            fail_msg("%s with %s: %s: %s", rows[i].file, rows[i].to, fdm_status_name(status),
                     err.message);
        assert_null(r);
        put_file(dir, rows[i].file, rows[i].text);
        free(broken);
    }
    test_rmtree(dir);
    free(dir);
}

static void unknown_members_are_tolerated(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *r;
    char *dir = small_data();
    char *newer = replaced(a_board, "{", "{\"flash_with\":{\"tool\":\"openocd\"},\"uart\":null,");
    put_file(dir, "boards/a.json", newer);
    assert_ok(fdm_registry_load(dir, NULL, &r, &err), err);
    fdm_registry_free(r);
    free(newer);
    test_rmtree(dir);
    free(dir);
}

static void missing_folders_are_named(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *r;
    char *dir = test_tmpdir();
    put_file(dir, "targets/boards/a.json", a_twin);
    assert_int_equal(fdm_registry_load(dir, NULL, &r, &err), FDM_ERR_NOT_FOUND);
    assert_non_null(strstr(err.message, "has neither datasets nor reference/datasets"));
    assert_null(r);
    test_rmtree(dir);
    free(dir);
}

/* ---- The user's own -------------------------------------------------------------------------- */

static void the_user_adds_and_replaces(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *r;
    char *dir = small_data();
    char *user = test_tmpdir();
    char *replacement = replaced(a_board, "400000000", "480000000");
    char *addition = replaced(a_board, "nucleo", "mine");
    char *second = replaced(a_model, "\"models\":[{\"id\":\"set/m\"",
                            "\"folder\":\"../files\",\"models\":[{\"id\":\"set/own\"");
    char *third = replaced(second, "../files", "/files");
    char *fourth = replaced(third, "set/own", "set/far");
    put_file(user, "boards/x.json", replacement);
    put_file(user, "boards/y.json", addition);
    put_file(user, "models/y.json", second);
    put_file(user, "models/z.json", fourth);
    put_file(user, "published/a.json", "no card is read from here");
    assert_ok(fdm_registry_load(dir, user, &r, &err), err);
    assert_int_equal(r->board_count, 3);
    assert_int_equal(fdm_registry_board(r, "nucleo")->clock_hz, 480000000);
    assert_true(fdm_registry_board(r, "nucleo")->user);
    assert_false(fdm_registry_board(r, "emu")->user);
    assert_string_equal(r->models[1].id, "set/own");
    assert_null(r->models[0].folder);
    size_t root = strlen(user);
    assert_memory_equal(r->models[1].folder, user, root);
    assert_string_equal(r->models[1].folder + root, "/models/../files");
    assert_string_equal(r->models[2].id, "set/far");
    assert_string_equal(r->models[2].folder, "/files");
    fdm_registry_free(r);
    put_file(user, "boards/z.json", addition); /* twice among the user's */
    assert_int_equal(fdm_registry_load(dir, user, &r, &err), FDM_ERR_FORMAT);
    assert_non_null(strstr(err.message, "boards/z.json: id: 'mine' stands in"));
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_registry_load(dir, "/nonexistent", &r, &err), err);
    fdm_registry_free(r);
    free(fourth);
    free(third);
    free(second);
    free(addition);
    free(replacement);
    test_rmtree(user);
    test_rmtree(dir);
    free(user);
    free(dir);
}

static void the_data_folder_is_found(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    char *found;
    char *dir = small_data();
    assert_int_equal(unsetenv("FDM_DATA_DIR"), 0);
    assert_ok(fdm_registry_find_data(&found, &err), err);
    assert_string_equal(found, FDM_TEST_SOURCE_TREE);
    free(found);
    assert_int_equal(setenv("FDM_DATA_DIR", dir, 1), 0);
    assert_int_equal(setenv("XDG_CONFIG_HOME", dir, 1), 0);
    assert_ok(fdm_registry_find_data(&found, &err), err);
    assert_string_equal(found, dir);
    free(found);
    struct fdm_registry *r;
    put_file(dir, "fdm-bench/boards/mine.json", a_board);
    assert_ok(fdm_registry_load_default(&r, &err), err);
    assert_int_equal(r->board_count, 2);
    assert_true(fdm_registry_board(r, "nucleo")->user);
    fdm_registry_free(r);
    assert_int_equal(setenv("FDM_DATA_DIR", "/nonexistent", 1), 0);
    assert_int_equal(fdm_registry_find_data(&found, &err), FDM_ERR_NOT_FOUND);
    assert_null(found);
    assert_non_null(strstr(err.message, "/nonexistent"));
    assert_int_equal(unsetenv("FDM_DATA_DIR"), 0);
    test_rmtree(dir);
    free(dir);
}

/* ---- Hostile files --------------------------------------------------------------------------- */

static void damaged_files_never_crash(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const char *text;
    } files[] = {{"boards/a.json", a_board},
                 {"datasets/a.json", a_dataset},
                 {"models/a.json", a_model},
                 {"published/a.json", a_card}};
    char *dir = small_data();
    uint32_t random = 4711;
    unsigned refused = 0;
    for (int i = 0; i < 400; i++) {
        size_t which = test_random(&random) % 4;
        char *text = strdup(files[which].text);
        size_t len = strlen(text);
        assert_non_null(text);
        for (uint32_t n = test_random(&random) % 4 + 1; n > 0; n--)
            text[test_random(&random) % len] = (char)(test_random(&random) % 95 + 32);
        if (i % 5 == 0)
            text[test_random(&random) % len] = '\0';
        put_file(dir, files[which].file, text);
        struct fdm_registry *r;
        if (fdm_registry_load(dir, NULL, &r, NULL) == FDM_OK)
            fdm_registry_free(r);
        else
            refused++;
        put_file(dir, files[which].file, files[which].text);
        free(text);
    }
    assert_true(refused > 200);
    test_rmtree(dir);
    free(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_built_in_data_is_sound),
        cmocka_unit_test(an_emulated_board_is_launched_with_its_own_memories),
        cmocka_unit_test(published_splits_have_the_sizes_of_their_fractions),
        cmocka_unit_test(only_one_model_folds_case),
        cmocka_unit_test(our_own_files_come_with_their_entry),
        cmocka_unit_test(entries_describe_the_published_files),
        cmocka_unit_test(entries_repeat_the_published_configurations),
        cmocka_unit_test(the_names_of_the_flowers_split_are_known),
        cmocka_unit_test(small_data_is_read),
        cmocka_unit_test(wrong_data_is_named),
        cmocka_unit_test(unknown_members_are_tolerated),
        cmocka_unit_test(missing_folders_are_named),
        cmocka_unit_test(the_user_adds_and_replaces),
        cmocka_unit_test(the_data_folder_is_found),
        cmocka_unit_test(damaged_files_never_crash),
    };
    return cmocka_run_group_tests_name("registry", tests, NULL, NULL);
}

#include "tests/support/test.h"

#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/fs.h"
#include "harness/base/json.h"
#include "harness/base/proc.h"
#include "harness/build/firmware.h"
#include "reference/compiler/compile.h"
#include "tests/support/network.h"

/* A small tree of device sources: the network's headers are the real ones, the rest is here. */
static const char a_recipe[] =
    "{\"folders\":[\"targets\"],\"flags\":[\"-O1\"],\"plain_flags\":[\"-std=c11\",\"-Wall\"],"
    "\"network\":[\"targets/kernels.c\"],\"agent\":[\"targets/agent.c\"],"
    "\"ports\":[{\"name\":\"other\",\"sources\":[]},"
    "{\"name\":\"here\",\"sources\":[\"targets/main.c\"],\"defines\":[\"PORT=1\"],"
    "\"link_flags\":[\"-Wl,--gc-sections\"]}]}";
static const char kernels_c[] =
    "#include \"reference/network/network.h\"\n"
    "#define FDM_NN_KERNEL(NAME, name) enum fdm_nn_status fdm_nn_##name##_run("
    "const struct fdm_nn_call *call) { (void)call; return FDM_NN_OK; }\n"
    "#include \"reference/kernels/kernels.def\"\n";
static const char agent_c[] = "int answer(void);\nint answer(void)\n{\n    return 40;\n}\n";
/* Exits with 42 if everything that the recipe and the board promise arrived. */
static const char main_c[] =
    "#include <string.h>\n#include \"reference/network/network.h\"\n"
    "extern const struct fdm_network fdm_agent_network;\n"
    "extern unsigned char fdm_agent_arena[], fdm_agent_input[];\n"
    "int answer(void);\n"
    "int main(void)\n{\n"
    "    int ok = fdm_agent_network.layer_count > 0 && &fdm_agent_arena[0] != "
    "&fdm_agent_input[0];\n"
    "    ok = ok && strcmp(FDM_AGENT_BOARD, \"bench\") == 0 && strcmp(FDM_AGENT_CPU, \"any\") == "
    "0;\n"
    "    ok = ok && strcmp(FDM_AGENT_FLAGS, \"-O1 -fno-builtin\") == 0;\n"
    "    ok = ok && strcmp(FDM_AGENT_VERSION, \"1.2\") == 0 && strcmp(TEXT, \"a b\") == 0;\n"
    "    ok = ok && strcmp(__FILE__, \"./targets/main.c\") == 0;\n"
    "    return ok ? answer() + PORT + OF_BOARD : 1;\n}\n";

static const char *const flags[] = {"-fno-builtin"};
static const char *const defines[] = {"TEXT=\"a b\"", "OF_BOARD=1"};
static const char *const link_flags[] = {"-Wl,--as-needed"};
static const char *const launch[] = {"sh", "-c", "{program}", "{program}"};
static const struct fdm_board_firmware a_firmware = {.port = "here",
                                                     .compiler = "cc",
                                                     .packages = "gcc libc6-dev",
                                                     .flags = flags,
                                                     .flag_count = 1,
                                                     .defines = defines,
                                                     .define_count = 2,
                                                     .link_flags = link_flags,
                                                     .link_flag_count = 1};
static const struct fdm_board_entry a_board = {
    .id = "bench", .cpu = "any", .firmware = &a_firmware, .launch = launch, .launch_count = 3};

struct world {
    char *dir, *sources, *folder;
    struct fdm_network *network;
    struct fdm_board_firmware firmware;
    struct fdm_board_entry board;
    struct fdm_firmware_options options;
};

static void put(const char *folder, const char *name, const char *text)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(folder, name);
    assert_ok(fdm_fs_write_unsynced(path, text, strlen(text), &err), err);
    free(path);
}

static char *make_sources(const char *dir, const char *name)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *sources = fdm_fs_join(dir, name);
    char *targets = fdm_fs_join(sources, "targets");
    char *reference = fdm_fs_join(sources, "reference");
    assert_ok(fdm_fs_make_dirs(targets, &err), err);
    assert_int_equal(symlink(FDM_TEST_SOURCE_TREE "/reference", reference), 0);
    put(targets, "firmware.json", a_recipe);
    put(targets, "kernels.c", kernels_c);
    put(targets, "agent.c", agent_c);
    put(targets, "main.c", main_c);
    free(reference);
    free(targets);
    return sources;
}

static void set_up(struct world *world)
{
    world->dir = test_tmpdir();
    world->sources = make_sources(world->dir, "sources");
    world->folder = fdm_fs_join(world->dir, "programs");
    world->network = test_small_network("tflite");
    world->firmware = a_firmware;
    world->board = a_board;
    world->board.firmware = &world->firmware;
    world->options = (struct fdm_firmware_options){.board = &world->board,
                                                   .network = world->network,
                                                   .version = "1.2",
                                                   .sources = world->sources,
                                                   .folder = world->folder};
}

static void tear_down(struct world *world)
{
    fdm_network_free(world->network);
    test_rmtree(world->dir);
    free(world->folder);
    free(world->sources);
    free(world->dir);
}

static struct fdm_firmware build(const struct fdm_firmware_options *options)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_firmware firmware;
    assert_ok(fdm_firmware_build(options, &firmware, &err), err);
    return firmware;
}

static void forget(struct fdm_firmware *firmware)
{
    fdm_firmware_release(firmware);
    assert_null(firmware->program);
}

static int run(const char *program)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_proc_exit end;
    const char *const argv[] = {program, NULL};
    assert_ok(fdm_proc_run(argv, NULL, UINT64_MAX, 0, NULL, NULL, &end, &err), err);
    return end.code;
}

/* What the folder of programs holds, but for shared objects. */
static size_t count_entries(const char *folder)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir))
        count += entry->d_name[0] != '.' && strcmp(entry->d_name, "objects") != 0;
    closedir(dir);
    return count;
}

static void a_program_is_built_and_found_again(void **state)
{
    (void)state;
    struct world world;
    set_up(&world);
    struct fdm_firmware first = build(&world.options);
    assert_false(first.kept);
    assert_int_equal(run(first.program), 42);
    assert_string_equal(first.flags, "-O1 -fno-builtin");
    assert_string_equal(first.words, "");
    assert_non_null(strstr(first.compiler, "cc"));
    char hex[FDM_SHA256_HEX_SIZE];
    assert_int_equal(fdm_sha256_file(first.program, hex, NULL), FDM_OK);
    assert_string_equal(first.sha256, hex);
    struct fdm_firmware again = build(&world.options);
    assert_true(again.kept);
    assert_string_equal(again.program, first.program);
    assert_string_equal(again.sha256, first.sha256);
    assert_int_equal(count_entries(world.folder), 1);
    forget(&first);
    forget(&again);
    tear_down(&world);
}

/* "KEY/agent.elf" of a path. */
static const char *kept_name(const char *program)
{
    const char *at = fdm_fs_basename(program) - 1;
    while (at[-1] != '/')
        at--;
    return at;
}

static void the_same_bytes_wherever_it_is_built(void **state)
{
    (void)state;
    struct world world;
    set_up(&world);
    struct fdm_firmware first = build(&world.options);
    char *elsewhere = make_sources(world.dir, "a longer name of sources");
    struct fdm_firmware_options options = world.options;
    options.sources = elsewhere;
    options.folder = world.dir;
    struct fdm_firmware second = build(&options);
    assert_false(second.kept);
    assert_string_equal(first.sha256, second.sha256);
    assert_string_equal(kept_name(first.program), kept_name(second.program));
    free(elsewhere);
    forget(&first);
    forget(&second);
    tear_down(&world);
}

/* Each of these makes another program, and none takes the place of the first. */
static void change_network(struct world *world)
{
    fdm_network_free(world->network);
    world->network = test_small_network("xnnpack");
    world->options.network = world->network;
}

static void change_flags(struct world *world)
{
    static const char *const other[] = {"-fno-builtin", "-fno-common"};
    world->firmware.flags = other;
    world->firmware.flag_count = 2;
}

static void change_link(struct world *world)
{
    world->firmware.link_flag_count = 0;
}

static void change_define(struct world *world)
{
    static const char *const other[] = {"TEXT=\"a b\"", "OF_BOARD=2"};
    world->firmware.defines = other;
}

static void change_source(struct world *world)
{
    put(world->sources, "targets/agent.c", "int answer(void);\nint answer(void) { return 39; }\n");
}

static void change_header(struct world *world)
{
    put(world->sources, "targets/some.h", "/* new */\n");
}

static void change_version(struct world *world)
{
    world->options.version = "1.3";
}

static void change_board(struct world *world)
{
    world->board.id = "bench2";
}

/* A compiler that calls itself so, and writes what it compiles and links into "calls". */
static char *make_compiler(const struct world *world, const char *version)
{
    char text[512];
    char *path = fdm_fs_join(world->dir, "compiler");
    snprintf(text, sizeof text,
             "#!/bin/sh\n[ \"$1\" = --version ] && { echo %s; exit 0; }\n"
             "echo \"$@\" >>'%s/calls'\nexec cc \"$@\"\n",
             version, world->dir);
    put(world->dir, "compiler", text);
    assert_int_equal(chmod(path, 0700), 0);
    return path;
}

/* How often it was called since the last time. */
static size_t take_calls(const struct world *world)
{
    size_t count = 0;
    size_t len;
    uint8_t *text;
    char *path = fdm_fs_join(world->dir, "calls");
    assert_int_equal(fdm_fs_read(path, 1 << 20, &text, &len, NULL), FDM_OK);
    for (size_t i = 0; i < len; i++)
        count += text[i] == '\n';
    assert_int_equal(unlink(path), 0);
    free(text);
    free(path);
    return count;
}

/* And nothing is compiled again that does not depend on what changed: there are kernels, the
 * network, the agent, and the link. */
static void whatever_makes_a_program_names_it(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        void (*change)(struct world *world);
        size_t calls; /* of the compiler */
    } cases[] = {
        {"network", change_network, 2}, {"flags", change_flags, 4},
        {"link flags", change_link, 2}, {"macro", change_define, 3},
        {"source", change_source, 4},   {"header", change_header, 4},
        {"version", change_version, 3}, {"board", change_board, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        set_up(&world);
        char *compiler = make_compiler(&world, "one");
        world.firmware.compiler = compiler;
        struct fdm_firmware first = build(&world.options);
        assert_int_equal(take_calls(&world), 4);
        cases[i].change(&world);
        struct fdm_firmware second = build(&world.options);
        size_t calls = take_calls(&world);
        if (second.kept || strcmp(first.program, second.program) == 0 || calls != cases[i].calls)
            fail_msg("%s: %zu calls", cases[i].remark, calls);
        assert_int_equal(count_entries(world.folder), 2);
        forget(&first);
        forget(&second);
        free(compiler);
        tear_down(&world);
    }
}

static void another_compiler_makes_another_program(void **state)
{
    (void)state;
    struct world world;
    set_up(&world);
    char *compiler = make_compiler(&world, "one");
    world.firmware.compiler = compiler;
    struct fdm_firmware first = build(&world.options);
    assert_string_equal(first.compiler, "one");
    free(make_compiler(&world, "two"));
    struct fdm_firmware second = build(&world.options);
    assert_false(second.kept);
    assert_string_equal(second.compiler, "two");
    forget(&first);
    forget(&second);
    free(compiler);
    tear_down(&world);
}

static void a_damaged_program_is_built_again(void **state)
{
    (void)state;
    struct world world;
    set_up(&world);
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_firmware first = build(&world.options);
    assert_ok(fdm_fs_write_unsynced(first.program, "cut", 3, &err), err);
    struct fdm_firmware second = build(&world.options);
    assert_false(second.kept);
    assert_string_equal(first.sha256, second.sha256);
    assert_int_equal(run(second.program), 42);
    forget(&first);
    forget(&second);
    tear_down(&world);
}

/* Cuts the files below a folder whose names end so, and counts them. */
static size_t damage(const char *folder, const char *end)
{
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char *path = fdm_fs_join(folder, entry->d_name);
        size_t len = strlen(path);
        if (entry->d_name[0] != '.' && fdm_fs_is_dir(path)) {
            count += damage(path, end);
        } else if (len > strlen(end) && strcmp(path + len - strlen(end), end) == 0) {
            assert_int_equal(fdm_fs_write_unsynced(path, "cut", 3, NULL), FDM_OK);
            count++;
        }
        free(path);
    }
    closedir(dir);
    return count;
}

/* Those that a crash cut, and those that a kill left without their hash. */
static void damaged_objects_are_compiled_again(void **state)
{
    (void)state;
    static const char *const ends[] = {"kernels.o", "agent.o", "sha256"};
    struct world world;
    set_up(&world);
    struct fdm_firmware first = build(&world.options);
    char *objects = fdm_fs_join(world.folder, "objects");
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        assert_int_equal(damage(objects, ends[i]), i == 2 ? 2 : 1);
        assert_int_equal(unlink(first.program), 0);
        struct fdm_firmware again = build(&world.options);
        assert_false(again.kept);
        assert_string_equal(again.sha256, first.sha256);
        assert_int_equal(run(again.program), 42);
        forget(&again);
    }
    free(objects);
    forget(&first);
    tear_down(&world);
}

/* What the compiler warns of is told by every build. */
static void warnings_are_not_lost_in_kept_objects(void **state)
{
    (void)state;
    struct world world;
    set_up(&world);
    put(world.sources, "targets/agent.c",
        "int answer(void);\nint answer(void)\n{\n    int unused;\n    return 40;\n}\n");
    struct fdm_firmware first = build(&world.options);
    change_network(&world);
    struct fdm_firmware second = build(&world.options);
    assert_non_null(strstr(first.words, "unused"));
    assert_non_null(strstr(second.words, "unused"));
    forget(&first);
    forget(&second);
    tear_down(&world);
}

static void *build_in_thread(void *context)
{
    struct fdm_firmware *firmware = malloc(sizeof *firmware);
    struct fdm_error err = FDM_ERROR_INIT;
    if (firmware != NULL && fdm_firmware_build(context, firmware, &err) != FDM_OK) {
        free(firmware);
        firmware = NULL;
    }
    return firmware;
}

static void builders_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct world world;
    set_up(&world);
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, build_in_thread, &world.options), 0);
    char hex[FDM_SHA256_HEX_SIZE] = "";
    for (size_t i = 0; i < 3; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_non_null(result);
        struct fdm_firmware *firmware = result;
        if (i > 0)
            assert_string_equal(firmware->sha256, hex);
        memcpy(hex, firmware->sha256, sizeof hex);
        fdm_firmware_release(firmware);
        free(firmware);
    }
    assert_int_equal(count_entries(world.folder), 1);
    tear_down(&world);
}

/* ---- what can be wrong ---------------------------------------------------------------------- */

static void lose_firmware(struct world *world)
{
    world->board.firmware = NULL;
}

static void lose_compiler(struct world *world)
{
    world->firmware.compiler = "no-such-gcc";
    world->firmware.packages = "gcc-none libnone";
}

static void lose_port(struct world *world)
{
    world->firmware.port = "gone";
}

static void lose_sources(struct world *world)
{
    world->options.sources = world->folder;
}

static void lose_source(struct world *world)
{
    char *path = fdm_fs_join(world->sources, "targets/agent.c");
    assert_int_equal(unlink(path), 0);
    free(path);
}

static void break_source(struct world *world)
{
    put(world->sources, "targets/agent.c", "int answer(void)\n{\n    return wrong;\n}\n");
}

static void break_link(struct world *world)
{
    put(world->sources, "targets/agent.c", "int other(void);\nint other(void) { return 1; }\n");
}

static void break_recipe(struct world *world)
{
    put(world->sources, "targets/firmware.json", "{\"ports\":5}");
}

static void break_list(struct world *world)
{
    put(world->sources, "targets/firmware.json",
        "{\"flags\":[\"-O1\",2],\"ports\":[{\"name\":\"here\"}]}");
}

static void break_folders(struct world *world)
{
    put(world->sources, "targets/firmware.json",
        "{\"folders\":[\"nowhere\"],\"ports\":[{\"name\":\"here\"}]}");
}

static void mute_compiler(struct world *world)
{
    world->firmware.compiler = "false";
}

static void failures_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        void (*change)(struct world *world);
        enum fdm_status status;
        const char *words; /* parts of the message, parted by '|' */
    } cases[] = {
        {"no firmware", lose_firmware, FDM_ERR_UNSUPPORTED, "bench"},
        {"no compiler", lose_compiler, FDM_ERR_NOT_FOUND,
         "no-such-gcc|apt-get install gcc-none libnone"},
        {"no port", lose_port, FDM_ERR_NOT_FOUND, "targets/firmware.json|'gone'"},
        {"no sources", lose_sources, FDM_ERR_NOT_FOUND, "device sources|firmware.json"},
        {"a source is missing", lose_source, FDM_ERR_FORMAT, "cc|gcc libc6-dev|targets/agent.c"},
        {"a source is wrong", break_source, FDM_ERR_FORMAT, "agent.c|wrong|undeclared"},
        {"a function is missing", break_link, FDM_ERR_FORMAT, "undefined reference|answer"},
        {"no list of ports", break_recipe, FDM_ERR_FORMAT, "targets/firmware.json|ports"},
        {"no string", break_list, FDM_ERR_FORMAT, "flags: expected strings"},
        {"a folder is missing", break_folders, FDM_ERR_NOT_FOUND, "nowhere"},
        {"a compiler that does not answer", mute_compiler, FDM_ERR_UNSUPPORTED, "false --version"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct world world;
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_firmware firmware;
        set_up(&world);
        cases[i].change(&world);
        enum fdm_status status = fdm_firmware_build(&world.options, &firmware, &err);
        char words[128];
        snprintf(words, sizeof words, "%s", cases[i].words);
        char *rest = words;
        for (char *word = strtok_r(rest, "|", &rest); word != NULL;
             word = strtok_r(NULL, "|", &rest))
            if (status != cases[i].status || strstr(err.message, word) == NULL)
                fail_msg("%s: %s, %s", cases[i].remark, fdm_status_name(status), err.message);
        assert_null(firmware.program);
        if (fdm_fs_is_dir(world.folder))
            assert_int_equal(count_entries(world.folder), 0);
        tear_down(&world);
    }
}

/* ---- commands ------------------------------------------------------------------------------- */

static void commands_name_the_program(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    const char *argv[5];
    const struct fdm_firmware built = {.program = (char[]){"p"}, .counter = (char[]){"c"}};
    struct fdm_board_entry board = a_board;
    board.launch_count = 4;
    assert_ok(fdm_firmware_command(&board, &built, argv, 5, &err), err);
    static const char *const expected[] = {"sh", "-c", "p", "p"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(argv[i], expected[i]);
    assert_null(argv[4]);
    assert_int_equal(fdm_firmware_command(&board, &built, argv, 4, NULL), FDM_ERR_USAGE);
    static const char *const counted[] = {"qemu", "-plugin", FDM_BOARD_COUNTER, FDM_BOARD_PROGRAM};
    board.launch = counted;
    assert_ok(fdm_firmware_command(&board, &built, argv, 5, &err), err);
    assert_string_equal(argv[2], "c");
    assert_string_equal(argv[3], "p");
    board.launch_count = 0;
    assert_int_equal(fdm_firmware_command(&board, &built, argv, 5, NULL), FDM_ERR_UNSUPPORTED);
}

/* ---- the real sources ----------------------------------------------------------------------- */

static bool is_listed(const struct fdm_json *array, const char *path)
{
    for (const struct fdm_json *item = fdm_json_first(array); item != NULL;
         item = fdm_json_next(item))
        if (strcmp(fdm_json_text(item), path) == 0)
            return true;
    return false;
}

/* Nothing of these folders may be forgotten: a kernel that is not compiled is missed at the end of
 * a long build only. */
static void the_recipe_knows_every_source(void **state)
{
    (void)state;
    static const struct {
        const char *folder;
        const char *list;
    } cases[] = {
        {"reference/kernels", "network"},
        {"targets/wire", "agent"},
        {"targets/agent", "agent"},
    };
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_json *recipe;
    assert_ok(fdm_json_read(FDM_TEST_SOURCE_TREE "/targets/firmware.json", &recipe, &err), err);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", FDM_TEST_SOURCE_TREE, cases[i].folder);
        assert_true(is_listed(fdm_json_member(recipe, "folders"), cases[i].folder));
        DIR *dir = opendir(path);
        assert_non_null(dir);
        for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
            const char *dot = strrchr(entry->d_name, '.');
            snprintf(path, sizeof path, "%s/%.200s", cases[i].folder, entry->d_name);
            if (dot != NULL && strcmp(dot, ".c") == 0 &&
                !is_listed(fdm_json_member(recipe, cases[i].list), path))
                fail_msg("%s is not in targets/firmware.json", path);
        }
        closedir(dir);
    }
    fdm_json_free(recipe);
}

/* The linker's own words tell what does not fit. */
static void networks_that_do_not_fit_are_refused(void **state)
{
    (void)state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_registry *registry;
    struct fdm_firmware firmware;
    struct world world;
    if (!fdm_proc_exists("arm-none-eabi-gcc")) {
        print_message("skipped: no arm-none-eabi-gcc (package gcc-arm-none-eabi)\n");
        skip();
    }
    set_up(&world);
    assert_ok(fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err), err);
    world.options.sources = FDM_TEST_SOURCE_TREE;
    world.options.board = fdm_registry_board(registry, "emulated-cortex-m55");
    struct fdm_network network = *world.network;
    network.arena_bytes = 600 * (size_t)1024;
    world.options.network = &network;
    assert_int_equal(fdm_firmware_build(&world.options, &firmware, &err), FDM_ERR_FORMAT);
    if (strstr(err.message, "does not fit the board's RAM") == NULL)
        fail_msg("%s", err.message);
    fdm_registry_free(registry);
    tear_down(&world);
}

static void instruction_sets_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *words[2];
        size_t count;
        unsigned expected;
        const char *message;
    } cases[] = {
        {"none", {NULL}, 0, 0, NULL},
        {"two", {"mve", "dsp"}, 2, FDM_NN_ISA_MVE | FDM_NN_ISA_DSP, NULL},
        {"unknown", {"dsp", "sse9"}, 2, 0, "bench: firmware: kernels[1]: no kernels for 'sse9'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_board_firmware firmware = a_firmware;
        struct fdm_board_entry board = a_board;
        unsigned isas;
        firmware.kernels = cases[i].words;
        firmware.kernel_count = cases[i].count;
        board.firmware = &firmware;
        enum fdm_status status = fdm_firmware_isas(&board, &isas, &err);
        if (cases[i].message == NULL
                ? status != FDM_OK || isas != cases[i].expected
                : status != FDM_ERR_FORMAT || strcmp(err.message, cases[i].message) != 0)
            fail_msg("%s: %s", cases[i].remark, err.message);
    }
}

static void the_arena_limit_is_the_users_or_the_boards(void **state)
{
    (void)state;
    const struct fdm_board_firmware small = {.arena_limit = 11264};
    const struct fdm_board_entry board = {.id = "small", .firmware = &small};
    const struct fdm_board_entry host = {.id = "host"};
    assert_int_equal(fdm_firmware_arena_limit(&board, 0), 11264);
    assert_int_equal(fdm_firmware_arena_limit(&board, 20000), 20000);
    assert_int_equal(fdm_firmware_arena_limit(&host, 0), 0);
    assert_int_equal(fdm_firmware_arena_limit(&host, 7), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_is_built_and_found_again),
        cmocka_unit_test(the_same_bytes_wherever_it_is_built),
        cmocka_unit_test(whatever_makes_a_program_names_it),
        cmocka_unit_test(another_compiler_makes_another_program),
        cmocka_unit_test(a_damaged_program_is_built_again),
        cmocka_unit_test(damaged_objects_are_compiled_again),
        cmocka_unit_test(warnings_are_not_lost_in_kept_objects),
        cmocka_unit_test(builders_do_not_disturb_each_other),
        cmocka_unit_test(failures_are_explained),
        cmocka_unit_test(commands_name_the_program),
        cmocka_unit_test(the_recipe_knows_every_source),
        cmocka_unit_test(networks_that_do_not_fit_are_refused),
        cmocka_unit_test(instruction_sets_are_named),
        cmocka_unit_test(the_arena_limit_is_the_users_or_the_boards),
    };
    return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}

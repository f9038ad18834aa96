/* Usage: test_emulated BOARD. Builds the agent for a board that is started on this computer, runs
 * networks on it, and holds every output against the same network on the host. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/proc.h"
#include "harness/build/elf_memory.h"
#include "harness/build/firmware.h"
#include "harness/client/client.h"
#include "reference/compiler/compile.h"
#include "targets/wire/crc32.h"
#include "tests/support/network.h"

#define MAX_WORDS 32
#define MAX_LAYERS 64
#define RUNS 3
#define SILENCE_NS UINT64_C(60000000000) /* an emulator starts late on a busy computer */

/* A board that runs a network. */
struct rig {
    const struct fdm_board_entry *board;
    const struct fdm_network *network;
    struct fdm_firmware firmware;
    struct fdm_stream *stream;
    struct fdm_client *client;
    const struct fdm_msg_hello_reply *hello;
    uint8_t *input;
    void *arena; /* of the host's run */
    uint32_t layer_crc32[MAX_LAYERS];
    uint32_t pieces; /* kernel calls of the host's run */
};

static struct fdm_registry *registry;
static char *folder; /* of built programs */

static enum fdm_status try_boot(struct rig *rig, struct fdm_error *err)
{
    const char *argv[MAX_WORDS];
    assert_ok(fdm_firmware_command(rig->board, &rig->firmware, argv, MAX_WORDS, err), *err);
    const struct fdm_stream_process_options options = {.argv = argv, .name = rig->board->id};
    assert_ok(fdm_stream_open_process(&options, &rig->stream, err), *err);
    const struct fdm_client_options patient = {.silence_ns = SILENCE_NS};
    return fdm_client_open(rig->stream, &patient, &rig->client, err);
}

static void boot(struct rig *rig)
{
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(try_boot(rig, &err), err);
    rig->hello = fdm_client_hello(rig->client);
}

static void shut_down(struct rig *rig)
{
    fdm_client_close(rig->client);
    fdm_stream_free(rig->stream);
}

static void build(struct rig *rig, const struct fdm_board_entry *board,
                  const struct fdm_network *network)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_firmware_options options = {.board = board,
                                                 .network = network,
                                                 .version = "test",
                                                 .sources = FDM_TEST_SOURCE_TREE,
                                                 .folder = folder};
    *rig = (struct rig){.board = board, .network = network};
    assert_ok(fdm_firmware_build(&options, &rig->firmware, &err), err);
    assert_string_equal(rig->firmware.words, "");
    rig->input = malloc(network->tensors[network->input].bytes);
    assert_non_null(rig->input);
    rig->arena = test_arena(network);
}

static void set_up(struct rig *rig, const struct fdm_board_entry *board,
                   const struct fdm_network *network)
{
    build(rig, board, network);
    boot(rig);
}

static void tear_down(struct rig *rig)
{
    shut_down(rig);
    fdm_firmware_release(&rig->firmware);
    free(rig->input);
    free(rig->arena);
}

/* ---- the host's opinion ---- */

static void note_crc32(void *context, uint32_t layer, size_t at, const void *output, size_t bytes)
{
    struct rig *rig = context;
    assert_true(layer < MAX_LAYERS);
    rig->pieces++;
    rig->layer_crc32[layer] =
        fdm_crc32(at == 0 ? FDM_CRC32_INIT : rig->layer_crc32[layer], output, bytes);
}

static const float *run_on_host(struct rig *rig, uint32_t seed)
{
    const struct fdm_network *network = rig->network;
    const struct fdm_network_observer observer = {.context = rig, .after = note_crc32};
    rig->pieces = 0;
    test_fill_input(network, seed, rig->input);
    assert_int_equal(fdm_network_run_image(network, rig->arena, rig->input, &observer), FDM_NN_OK);
    return fdm_network_output(network, rig->arena);
}

/* ---- and the board's ---- */

static void load(struct rig *rig)
{
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_client_load_input(rig->client, rig->input, rig->hello->input_bytes, &err), err);
}

static void assert_same_output(struct rig *rig, const float *expected)
{
    struct fdm_error err = FDM_ERROR_INIT;
    size_t bytes = rig->network->tensors[rig->network->output].bytes;
    float got[128];
    assert_true(bytes <= sizeof got);
    assert_int_equal(rig->hello->output_bytes, bytes);
    assert_ok(fdm_client_output(rig->client, got, sizeof got, &err), err);
    assert_memory_equal(got, expected, bytes);
}

static bool is_program(const struct fdm_board_entry *board)
{
    return strcmp(board->firmware->port, "linux") == 0;
}

static bool is_exact(const struct rig *rig)
{
    return rig->hello->counter_kind == FDM_COUNTER_INSTRUCTIONS;
}

/* The cost of one inference; the same every time where instructions are counted. */
static uint64_t measure(struct rig *rig)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint64_t counters[RUNS];
    assert_ok(fdm_client_infer(rig->client, 0, RUNS, counters, NULL, &err), err);
    for (size_t i = 0; i < RUNS; i++) {
        assert_true(counters[i] > 0);
        if (is_exact(rig))
            assert_int_equal(counters[i], counters[0]);
    }
    return counters[0];
}

static void assert_same_layers(struct rig *rig, uint64_t whole)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_msg_layer layers[MAX_LAYERS];
    uint64_t sum = 0;
    assert_int_equal(rig->hello->layers, rig->network->layer_count);
    assert_ok(
        fdm_client_profile(rig->client, 0, 1, FDM_PROFILE_COUNTERS | FDM_PROFILE_CRC, layers, &err),
        err);
    for (uint32_t i = 0; i < rig->network->layer_count; i++) {
        if (layers[i].output_crc32 != rig->layer_crc32[i])
            fail_msg("layer %u (%s) differs", i, rig->network->layers[i].name);
        sum += layers[i].counter;
    }
    /* What the executor does between calls is little; what reading a counter costs is, too. */
    if (is_exact(rig)) {
        int64_t between = (int64_t)(whole - sum) / (int64_t)rig->pieces;
        if (between < -400 || between > 400)
            fail_msg("%lld instructions between two of %u calls", (long long)between, rig->pieces);
    }
}

/* UINT64_MAX where the board does not say. */
static uint64_t memory_of(const struct fdm_board_entry *board, const char *name)
{
    for (size_t i = 0; i < board->memory_count; i++) {
        if (strcmp(board->memories[i].name, name) == 0)
            return board->memories[i].bytes;
    }
    return UINT64_MAX;
}

static void assert_fits(const struct fdm_board_entry *board, const struct fdm_elf_memory *memory)
{
    struct fdm_card_memory sum;
    fdm_elf_memory_sum(memory, &sum);
    assert_true(sum.total_flash > 0 && sum.total_flash <= memory_of(board, "Flash"));
    assert_true(sum.total_ram > 0 && sum.total_ram + memory->staging <= memory_of(board, "RAM"));
}

static void assert_same_memory(struct rig *rig)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_msg_memory told;
    struct fdm_elf_memory read;
    assert_ok(fdm_client_memory(rig->client, &told, &err), err);
    assert_ok(fdm_elf_memory_read(rig->firmware.program, &read, &err), err);
    assert_true(told.stack_used > 1000 &&
                (told.stack_bytes == 0 || told.stack_used < told.stack_bytes));
    if (is_program(rig->board)) /* programs under Linux know less about themselves */
        return;
    assert_fits(rig->board, &read);
    assert_int_equal(told.arena_bytes, rig->network->arena_bytes);
    assert_int_equal(read.activations, told.arena_bytes);
    assert_true(told.arena_used <= told.arena_bytes && told.arena_used > 0);
    assert_int_equal(told.stack_bytes, read.stack);
    assert_int_equal(told.static_bytes, read.variables);
    assert_true(told.constant_bytes >= read.weights && told.constant_bytes < read.weights + 16);
    assert_true(told.code_bytes + 64 > read.network_code + read.agent_code);
}

static void print_cost(const struct rig *rig, const char *name, uint64_t cost)
{
    static const char *const units[] = {"?", "cycles", "instructions", "ticks", "ns"};
    print_message("%s: %s: %llu %s\n", rig->board->id, name, (unsigned long long)cost,
                  units[rig->hello->counter_kind]);
}

/* Returns what the last image cost. */
static uint64_t check_network(const struct fdm_board_entry *board, const char *name,
                              const struct fdm_network *network, uint32_t images)
{
    struct rig rig;
    uint64_t cost = 0;
    set_up(&rig, board, network);
    assert_string_equal(rig.hello->agent, "test");
    assert_string_equal(rig.hello->network, network->name);
    assert_string_equal(rig.hello->engine, "reference");
    for (uint32_t seed = 1; seed <= images; seed++) {
        const float *expected = run_on_host(&rig, seed);
        load(&rig);
        cost = measure(&rig);
        assert_same_output(&rig, expected);
        print_cost(&rig, name, cost);
    }
    assert_same_layers(&rig, cost);
    assert_same_memory(&rig);
    if (!is_exact(&rig))
        cost = 0;
    tear_down(&rig);
    return cost;
}

/* The presets that hold every rule among them. */
static void small_networks_agree_by_every_rule(void **state)
{
    const struct fdm_board_entry *board = *state;
    static const char *const semantics[] = {"tflite", "tflite-x86", "xnnpack", "tflm"};
    for (size_t i = 0; i < sizeof semantics / sizeof semantics[0]; i++) {
        struct fdm_network *network = test_small_network(semantics[i]);
        check_network(board, semantics[i], network, 2);
        fdm_network_free(network);
    }
}

/* Counts do not depend on what happened before, on the emulator's process or on the load of this
 * computer. */
static void counts_survive_restarts(void **state)
{
    const struct fdm_board_entry *board = *state;
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_network *network = test_small_network(FDM_SEMANTICS_DEFAULT);
    struct rig rig;
    set_up(&rig, board, network);
    if (is_exact(&rig)) {
        run_on_host(&rig, 1);
        load(&rig);
        uint64_t first = measure(&rig);
        if (!is_program(board))
            assert_ok(fdm_client_reset(rig.client, FDM_RESET_BOARD, &err), err);
        load(&rig);
        assert_int_equal(measure(&rig), first);
        shut_down(&rig);
        boot(&rig);
        load(&rig);
        assert_int_equal(measure(&rig), first);
    }
    tear_down(&rig);
    fdm_network_free(network);
}

/* ---- a board that cannot go on ---- */

/* The board with two more words for its linker. */
struct variant {
    struct fdm_board_entry board;
    struct fdm_board_firmware firmware;
    const char *link_flags[MAX_WORDS];
};

static void vary(struct variant *variant, const struct fdm_board_entry *board, const char *words[2])
{
    size_t count = board->firmware->link_flag_count;
    assert_true(count + 2 <= MAX_WORDS);
    variant->board = *board;
    variant->firmware = *board->firmware;
    memcpy(variant->link_flags, board->firmware->link_flags, count * sizeof *variant->link_flags);
    memcpy(variant->link_flags + count, words, 2 * sizeof *words);
    variant->firmware.link_flags = variant->link_flags;
    variant->firmware.link_flag_count = count + 2;
    variant->board.firmware = &variant->firmware;
}

static uint32_t stack_needed(const struct fdm_board_entry *board, const struct fdm_network *network)
{
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_msg_memory memory;
    struct rig rig;
    set_up(&rig, board, network);
    run_on_host(&rig, 1);
    load(&rig);
    measure(&rig);
    assert_ok(fdm_client_memory(rig.client, &memory, &err), err);
    tear_down(&rig);
    return memory.stack_used;
}

/* Whether a program linked with these two words comes to an output. */
static enum fdm_status try_variant(const struct fdm_board_entry *board,
                                   const struct fdm_network *network, const char *words[2],
                                   struct fdm_error *err)
{
    struct variant variant;
    struct rig rig;
    uint64_t counter;
    vary(&variant, board, words);
    build(&rig, &variant.board, network);
    run_on_host(&rig, 1);
    enum fdm_status status = try_boot(&rig, err);
    if (status == FDM_OK)
        status = fdm_client_load_input(rig.client, rig.input,
                                       network->tensors[network->input].bytes, err);
    if (status == FDM_OK)
        status = fdm_client_infer(rig.client, 0, 1, &counter, NULL, err);
    tear_down(&rig);
    return status;
}

/* It stops on its way there, and says so. */
static void assert_stops_with(const struct fdm_board_entry *board,
                              const struct fdm_network *network, const char *words[2],
                              const char *text)
{
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = try_variant(board, network, words, &err);
    print_message("%s\n", err.message);
    assert_int_equal(status, FDM_ERR_TARGET);
    assert_non_null(strstr(err.message, text));
}

static void a_board_that_stops_says_why(void **state)
{
    const struct fdm_board_entry *board = *state;
    if (is_program(board))
        skip();
    struct fdm_network *network = test_small_network(FDM_SEMANTICS_DEFAULT);
    char stack[64];
    snprintf(stack, sizeof stack, "-Wl,--defsym=FDM_STACK_BYTES=%u",
             (unsigned)stack_needed(board, network) / 64 * 32);
    assert_stops_with(board, network, (const char *[]){stack, "-Wl,--gc-sections"},
                      "last words: fdm-bench: stack overflow, exception ");
    assert_stops_with(board, network,
                      (const char *[]){"-Wl,--wrap=fdm_network_run",
                                       "-Wl,--defsym=__wrap_fdm_network_run=0xE0000001"},
                      "last words: fdm-bench: fault, exception ");
    fdm_network_free(network);
}

/* The guard's addresses wrap to the end of memory. */
static void a_stack_at_address_zero_is_guarded(void **state)
{
    const struct fdm_board_entry *board = *state;
    if (strcmp(board->id, "emulated-cortex-m7") != 0)
        skip();
    const char *script = "-T" FDM_TEST_SOURCE_TREE "/tests/emulated/stack_at_zero.ld";
    const char *launch[MAX_WORDS];
    struct fdm_board_firmware firmware = *board->firmware;
    struct fdm_board_entry moved = *board;
    void *moved_state = &moved;
    assert_int_equal(firmware.link_flag_count, 1);
    firmware.link_flags = &script;
    moved.firmware = &firmware;
    assert_true(moved.launch_count + 2 <= MAX_WORDS);
    memcpy(launch, board->launch, board->launch_count * sizeof *launch);
    launch[moved.launch_count++] = "-global";
    launch[moved.launch_count++] = "armv7m.init-nsvtor=0x4000";
    moved.launch = launch;
    a_board_that_stops_says_why(&moved_state);
}

/* What runs on an emulated core proves what the core needs only if it refuses the rest. */
static void a_core_has_its_own_instructions_only(void **state)
{
    const struct fdm_board_entry *board = *state;
    static const char *words[] = {"-Wl,--wrap=fdm_network_run",
                                  FDM_TEST_SOURCE_TREE "/tests/emulated/armv7_instruction.S"};
    if (is_program(board))
        skip();
    struct fdm_error err = FDM_ERROR_INIT;
    struct fdm_network *network = test_small_network(FDM_SEMANTICS_DEFAULT);
    if (strcmp(board->cpu, "cortex-m0") == 0)
        assert_stops_with(board, network, words,
                          "last words: fdm-bench: fault, exception 00000003 sp ");
    else
        assert_ok(try_variant(board, network, words, &err), err);
    fdm_network_free(network);
}

#define AGENT_RAM ((uint64_t)30 << 10) /* its variables and stack take less */

static bool fits(const struct fdm_board_entry *board, const struct fdm_network *network)
{
    return network->arena_bytes + network->tensors[network->input].bytes + AGENT_RAM <=
           memory_of(board, "RAM");
}

/* Row by row, with a quarter of the memory, and 3 % more instructions at most. */
static void check_streamed(const struct fdm_board_entry *board, const char *relative,
                           const struct fdm_network *whole, uint64_t whole_cost)
{
    size_t limit = whole->arena_bytes / 4;
    struct fdm_network *streamed = test_model_network(relative, whole->semantics, limit);
    uint64_t cost = check_network(board, "the same, streamed", streamed, 1);
    if (whole_cost > 0) /* the board had room for it */
        assert_true(cost <= whole_cost + whole_cost * 3 / 100);
    fdm_network_free(streamed);
}

/* The smallest of ST's networks, whole and streamed. */
static void a_published_network_agrees(void **state)
{
    const struct fdm_board_entry *board = *state;
    const char *file = "flowers/fdmobilenet_0.25_128_tfs/fdmobilenet_0.25_128_tfs_int8.tflite";
    struct fdm_network *network = test_model_network(file, FDM_SEMANTICS_DEFAULT, 0);
    uint64_t cost = 0;
    if (fits(board, network))
        cost = check_network(board, file, network, 1);
    else
        print_message("%s has no room for %s\n", board->id, file);
    check_streamed(board, file, network, cost);
    fdm_network_free(network);
}

static bool is_missing(const char *program, const char *packages)
{
    if (fdm_proc_exists(program))
        return false;
    print_message("skipped: no %s (packages: %s)\n", program, packages);
    return true;
}

int main(int argc, char **argv)
{
    struct fdm_error err = FDM_ERROR_INIT;
    if (argc != 2 || fdm_registry_load(FDM_TEST_SOURCE_TREE, NULL, &registry, &err) != FDM_OK) {
        print_error("usage: test_emulated BOARD; %s\n", err.message);
        return 2;
    }
    const struct fdm_board_entry *board = fdm_registry_board(registry, argv[1]);
    if (board == NULL || board->firmware == NULL || board->launch_count == 0) {
        print_error("%s cannot be started from here\n", argv[1]);
        return 2;
    }
    int failed = 77;
    bool ready =
        !is_missing(board->firmware->compiler, board->firmware->packages) &&
        (board->emulator == NULL || !is_missing(board->emulator, "qemu-system-arm qemu-user"));
    if (ready) {
        void *state = (void *)board;
        const struct CMUnitTest tests[] = {
            cmocka_unit_test_prestate(small_networks_agree_by_every_rule, state),
            cmocka_unit_test_prestate(counts_survive_restarts, state),
            cmocka_unit_test_prestate(a_board_that_stops_says_why, state),
            cmocka_unit_test_prestate(a_stack_at_address_zero_is_guarded, state),
            cmocka_unit_test_prestate(a_core_has_its_own_instructions_only, state),
            cmocka_unit_test_prestate(a_published_network_agrees, state),
        };
        folder = test_firmware_folder();
        failed = cmocka_run_group_tests_name(board->id, tests, NULL, NULL);
        test_rmtree(folder);
        free(folder);
    }
    fdm_registry_free(registry);
    return failed;
}

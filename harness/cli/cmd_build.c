#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/fs.h"
#include "harness/build/elf_memory.h"
#include "harness/build/firmware.h"
#include "harness/cli/cmd.h"
#include "harness/cli/supply.h"
#include "harness/cli/version.h"
#include "harness/cli/workspace.h"
#include "reference/compiler/compile.h"
#include "reference/importers/importers.h"
#include "reports/report.h"

#define PROGRAM_MAX ((size_t)64 << 20)

static const struct fdm_usage usage = {
    "build",
    "build --board BOARD (--model ID | --model-file FILE) [OPTIONS]",
    "Builds the program that runs one model on a board, and prints its memory in a card's "
    "columns.\n"
    "A program that was built before, from the same model, sources, compiler and flags, is found "
    "again.",
    "  fdm-bench build --board emulated-cortex-m7 --model flowers/fdmobilenet_0.25_128_tfs\n"
    "  fdm-bench build --board emulated-cortex-m55 --model-file model.tflite --to firmware\n"
    "  fdm-bench build --board emulated-cortex-m7 --model flowers/fdmobilenet_0.25_128_tfs "
    "--arena-limit 14K",
};

struct request {
    const char *board;
    const char *model;
    const char *model_file;
    const char *models_dir;
    struct fdm_supply supply;
    const char *format;
    const char *semantics;
    const char *engine;
    uint32_t arena_limit;
    const char *to;
    struct fdm_output output;
};

/* What is built, and what it came from. */
struct product {
    struct fdm_registry *registry;
    const struct fdm_board_entry *board;
    const char *model_path;
    char *published_path;     /* owns it, unless the user named a file */
    const char *model_sha256; /* that the file must have; NULL for any */
    struct fdm_graph *graph;
    struct fdm_network *network;
    struct fdm_firmware firmware;
    struct fdm_elf_memory memory;
    char *copy;
};

/* ---- choosing ---- */

static enum fdm_status find_board(const struct request *request, struct product *product,
                                  struct fdm_error *err)
{
    if (request->board == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "for which --board? `fdm-bench list boards`");
    product->board = fdm_registry_board(product->registry, request->board);
    if (product->board == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "no board \"%s\"; `fdm-bench list boards`",
                        request->board);
    return FDM_OK;
}

/* By its whole id, or by a part of the id that no other model has. */
static enum fdm_status find_model(const struct request *request, const struct product *product,
                                  const struct fdm_model_entry **out, struct fdm_error *err)
{
    *out = fdm_registry_model(product->registry, request->model);
    size_t found = 0;
    for (size_t i = 0; *out == NULL && i < product->registry->model_count; i++)
        found += strstr(product->registry->models[i].id, request->model) != NULL;
    for (size_t i = 0; found == 1 && *out == NULL; i++)
        if (strstr(product->registry->models[i].id, request->model) != NULL)
            *out = &product->registry->models[i];
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_USAGE,
                        "%s model has \"%s\" in its id; `fdm-bench list models`",
                        found > 1 ? "more than one" : "no", request->model);
    return FDM_OK;
}

/* Files that come with their entry lie beside it; those that nobody publishes in the folder of
 * models; the others may be fetched. */
static enum fdm_status locate(const struct request *request, const struct fdm_model_entry *model,
                              const char *path, char **out, struct fdm_error *err)
{
    char *folder = NULL;
    if (model->folder == NULL && model->base_url != NULL)
        return fdm_supply_model(&request->supply, request->models_dir, path, out, err);
    enum fdm_status status = FDM_OK;
    if (model->folder == NULL)
        status = fdm_workspace_models(request->models_dir, &folder, err);
    if (status == FDM_OK) {
        *out = fdm_fs_join(model->folder != NULL ? model->folder : folder, path);
        if (*out == NULL)
            status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    }
    free(folder);
    return status;
}

static enum fdm_status find_published(const struct request *request, struct product *product,
                                      struct fdm_error *err)
{
    const struct fdm_model_entry *model;
    enum fdm_status status = find_model(request, product, &model, err);
    if (status != FDM_OK)
        return status;
    bool is_float = request->format != NULL && strcmp(request->format, "float") == 0;
    const struct fdm_model_file *file = is_float ? &model->float_file : &model->int8_file;
    if (file->path == NULL)
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s was not published in this format", model->id);
    status = locate(request, model, file->path, &product->published_path, err);
    product->model_path = product->published_path;
    product->model_sha256 = file->sha256;
    return status;
}

static enum fdm_status find_file(const struct request *request, struct product *product,
                                 struct fdm_error *err)
{
    if (request->format != NULL && strcmp(request->format, "int8") != 0 &&
        strcmp(request->format, "float") != 0)
        return fdm_fail(err, FDM_ERR_USAGE, "--format: \"%s\" is neither int8 nor float",
                        request->format);
    if ((request->model == NULL) == (request->model_file == NULL))
        return fdm_fail(err, FDM_ERR_USAGE, "which --model, or which --model-file?");
    if (request->model != NULL)
        return find_published(request, product, err);
    product->model_path = request->model_file;
    return FDM_OK;
}

/* Tuned kernels for the board's instruction sets, unless the user wants the reference. */
static enum fdm_status choose_engine(const struct request *request, const struct product *product,
                                     struct fdm_compile_options *out, struct fdm_error *err)
{
    const char *engine = request->engine;
    enum fdm_status status = fdm_firmware_isas(product->board, &out->isas, err);
    if (status != FDM_OK)
        return status;
    if (engine != NULL && strcmp(engine, "reference") != 0 && strcmp(engine, "tuned") != 0)
        return fdm_fail(err, FDM_ERR_USAGE, "--engine: \"%s\" is neither reference nor tuned",
                        engine);
    out->tuned = engine != NULL ? strcmp(engine, "tuned") == 0 : out->isas != 0;
    return FDM_OK;
}

static enum fdm_status load_network(const struct request *request, struct product *product,
                                    struct fdm_error *err)
{
    const char *name = request->semantics != NULL ? request->semantics : FDM_SEMANTICS_DEFAULT;
    const struct fdm_semantics *semantics = fdm_semantics_find(name);
    if (semantics == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "no semantics \"%s\"; `fdm-bench list semantics`",
                        name);
    struct fdm_compile_options options = {
        .arena_limit = fdm_firmware_arena_limit(product->board, request->arena_limit)};
    enum fdm_status status = choose_engine(request, product, &options, err);
    if (status == FDM_OK)
        status = fdm_import_file(product->model_path, &product->graph, err);
    if (status != FDM_OK)
        return status;
    if (product->model_sha256 != NULL && strcmp(product->model_sha256, product->graph->sha256) != 0)
        return fdm_fail(err, FDM_ERR_MISMATCH,
                        "%s: its sha256 is %.12s…, the published one %.12s…: another file; to use "
                        "it, name it with --model-file",
                        product->model_path, product->graph->sha256, product->model_sha256);
    return fdm_compile(product->graph, semantics, &options, &product->network, err);
}

/* ---- building ---- */

static const char *semantics_of(const struct product *product)
{
    return product->network->semantics != NULL ? product->network->semantics : "float";
}

/* "BOARD-MODEL-SEMANTICS.elf" in the named folder, with the right to be run. */
static enum fdm_status copy_program(const struct request *request, struct product *product,
                                    struct fdm_error *err)
{
    char name[320];
    uint8_t *bytes = NULL;
    size_t len;
    const char *file = fdm_fs_basename(product->model_path);
    snprintf(name, sizeof name, "%s-%.*s-%s.elf", product->board->id, (int)strcspn(file, "/"), file,
             semantics_of(product));
    product->copy = fdm_fs_join(request->to, name);
    if (product->copy == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = fdm_fs_make_dirs(request->to, err);
    if (status == FDM_OK)
        status = fdm_fs_read(product->firmware.program, PROGRAM_MAX, &bytes, &len, err);
    if (status == FDM_OK)
        status = fdm_fs_write_atomic(product->copy, bytes, len, err);
    if (status == FDM_OK && chmod(product->copy, 0755) != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: cannot be made executable", product->copy);
    free(bytes);
    return status;
}

static enum fdm_status build(const struct request *request, struct product *product,
                             struct fdm_error *err)
{
    enum fdm_status status = fdm_registry_load_default(&product->registry, err);
    if (status == FDM_OK)
        status = find_board(request, product, err);
    if (status == FDM_OK)
        status = find_file(request, product, err);
    if (status == FDM_OK)
        status = load_network(request, product, err);
    if (status == FDM_OK) {
        const struct fdm_firmware_options options = {
            .board = product->board, .network = product->network, .version = FDM_VERSION};
        status = fdm_firmware_build(&options, &product->firmware, err);
    }
    if (status == FDM_OK)
        status = fdm_elf_memory_read(product->firmware.program, &product->memory, err);
    if (status == FDM_OK && request->to != NULL)
        status = copy_program(request, product, err);
    return status;
}

static void release(struct product *product)
{
    free(product->copy);
    fdm_firmware_release(&product->firmware);
    fdm_network_free(product->network);
    fdm_graph_free(product->graph);
    free(product->published_path);
    fdm_registry_free(product->registry);
}

/* ---- telling ---- */

static void add_bytes(struct fdm_report *report, const char *key, const char *label, uint64_t bytes)
{
    char text[64];
    snprintf(text, sizeof text, "%llu bytes = %.2f KiB", (unsigned long long)bytes,
             (double)bytes / 1024.0);
    fdm_report_add_number(report, key, label, (double)bytes, text);
}

static void add_facts(struct fdm_report *report, const struct product *product)
{
    const struct fdm_firmware *firmware = &product->firmware;
    fdm_report_add_fact(report, "program", "program",
                        product->copy != NULL ? product->copy : firmware->program);
    fdm_report_add_fact(report, "sha256", "sha256", firmware->sha256);
    fdm_report_add_fact(report, "board", "board", product->board->id);
    fdm_report_add_fact(report, "model", "model", product->model_path);
    fdm_report_add_fact(report, "model_sha256", "model sha256", product->graph->sha256);
    fdm_report_add_fact(report, "semantics", "semantics", product->network->semantics);
    fdm_report_add_fact(report, "engine", "engine", product->network->engine);
    fdm_report_add_fact(report, "compiler", "compiler", firmware->compiler);
    fdm_report_add_fact(report, "flags", "flags", firmware->flags);
    fdm_report_add_fact(report, "kept", "built", firmware->kept ? "before" : "now");
    fdm_report_add_fact(report, "words", "compiler's words", firmware->words);
}

/* "the first 9 of 28 layers row by row, of an image that comes row by row" */
static void add_plan(struct fdm_report *report, const struct fdm_network *network)
{
    char text[128];
    bool image = network->tensors[network->input].ring > 0;
    if (network->streamed == 0)
        snprintf(text, sizeof text, "whole tensors");
    else
        snprintf(text, sizeof text, "the first %u of %u layers row by row%s", network->streamed,
                 network->layer_count, image ? ", and so comes the image" : "");
    fdm_report_add_number(report, "streamed_layers", "plan", network->streamed, text);
    add_bytes(report, "arena_bytes", "arena", network->arena_bytes);
}

/* Programs for Linux take their arena and stack from the system: only flash can be told. */
static void add_memory(struct fdm_report *report, const struct fdm_elf_memory *memory)
{
    struct fdm_card_memory card;
    fdm_elf_memory_sum(memory, &card);
    add_bytes(report, "weights_flash_bytes", "Weights Flash", card.weights_flash);
    add_bytes(report, "code_flash_bytes", "Code Flash", card.code_flash);
    if (memory->activations == 0)
        return;
    add_bytes(report, "network_code_bytes", "of it kernels and the network's tables",
              memory->network_code);
    add_bytes(report, "runtime_flash_bytes", "Total Flash without the agent",
              memory->weights + memory->network_code);
    add_bytes(report, "activation_ram_bytes", "Activation RAM", card.activation_ram);
    add_bytes(report, "runtime_ram_bytes", "Runtime RAM", card.runtime_ram);
    add_bytes(report, "stack_bytes", "of it stack", memory->stack);
    add_bytes(report, "staging_bytes", "copy of the image, beside it", memory->staging);
}

static enum fdm_status print(const struct request *request, const struct product *product,
                             enum fdm_report_format format, struct fdm_error *err)
{
    struct fdm_report report;
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_report_init(&report, "build", fdm_fs_basename(product->model_path));
    add_facts(&report, product);
    add_plan(&report, product->network);
    add_memory(&report, &product->memory);
    enum fdm_status status = fdm_report_render(&report, format, &text, err);
    if (status == FDM_OK)
        status = fdm_cmd_write(&text, request->output.path, err);
    fdm_report_release(&report);
    fdm_buf_release(&text);
    return status;
}

int fdm_cmd_build(int argc, char **argv)
{
    struct request request = {0};
    const struct fdm_opt options[] = {
        {"board", "BOARD", "whose program; `list boards`", FDM_OPT_TEXT, &request.board, 0, 0},
        {"model", "ID", "published model, or a part of its id that no other has", FDM_OPT_TEXT,
         &request.model, 0, 0},
        {"model-file", "FILE", "this .tflite, .h5 or .keras instead", FDM_OPT_TEXT,
         &request.model_file, 0, 0},
        {"models", "DIR",
         "folder of the published files (default: $FDM_MODELS, else models in the user's data "
         "folder)",
         FDM_OPT_TEXT, &request.models_dir, 0, 0},
        {"format", "FORMAT", "of a published model: int8 (default) or float", FDM_OPT_TEXT,
         &request.format, 0, 0},
        {"semantics", "NAME",
         "rounding rules of an int8 model (default: " FDM_SEMANTICS_DEFAULT ")", FDM_OPT_TEXT,
         &request.semantics, 0, 0},
        {"engine", "NAME",
         "tuned (default where the board's processor has kernels of its own) or reference",
         FDM_OPT_TEXT, &request.engine, 0, 0},
        {"arena-limit", "BYTES",
         "bytes (or KiB: 28K) that the network's activations may take: where they take more, its "
         "first layers run row by row, and at last the image comes row by row, too",
         FDM_OPT_BYTES, &request.arena_limit, 1, UINT32_MAX},
        {"to", "DIR", "also copy the program there", FDM_OPT_TEXT, &request.to, 0, 0},
        FDM_SUPPLY_OPTIONS(&request.supply),
        FDM_OUTPUT_OPTIONS(&request.output),
        {NULL, NULL, NULL, FDM_OPT_FLAG, NULL, 0, 0},
    };
    size_t operands;
    int done = fdm_cmd_parse(argc, argv, &usage, options, NULL, 0, &operands);
    if (done >= 0)
        return done;
    struct fdm_error err = FDM_ERROR_INIT;
    struct product product = {0};
    enum fdm_report_format format;
    enum fdm_status status = fdm_output_format(&request.output, &format, &err);
    if (status == FDM_OK)
        status = build(&request, &product, &err);
    if (status == FDM_OK)
        print(&request, &product, format, &err);
    release(&product);
    return err.status == FDM_OK ? FDM_EXIT_OK : fdm_cmd_fail(usage.command, &err);
}

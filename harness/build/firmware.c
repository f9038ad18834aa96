#include "harness/build/firmware.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "harness/build/counter.h"
#include "harness/build/objects.h"
#include "harness/build/recipe.h"
#include "harness/build/words.h"
#include "reference/compiler/emit.h"

#define COMPILE_NS (600 * FDM_NS_PER_S)
#define WORDS_MAX ((size_t)256 << 10)
#define KEY_DIGITS 16
#define COUNTER "counter.so"
#define PROGRAM "agent.elf"
#define NOTE "sha256" /* of the program; written last */
#define OBJECTS "objects"

/* A build under way. */
struct build {
    const struct fdm_firmware_options *options;
    struct fdm_recipe recipe;
    struct fdm_buf network; /* the emitted source */
    struct fdm_buf words;   /* what the compiler said so far */
    char *sources;          /* absolute */
    char *folder;           /* of all programs, absolute */
    char *compiler;         /* first line of --version */
    char name[160];         /* of this program's folder */
    char *work;             /* where it is made, before it gets its name */
};

size_t fdm_firmware_arena_limit(const struct fdm_board_entry *board, size_t wanted)
{
    if (wanted != 0 || board->firmware == NULL)
        return wanted;
    return (size_t)board->firmware->arena_limit;
}

enum fdm_status fdm_firmware_isas(const struct fdm_board_entry *board, unsigned *out,
                                  struct fdm_error *err)
{
    const struct fdm_board_firmware *firmware = board->firmware;
    *out = 0;
    for (size_t i = 0; firmware != NULL && i < firmware->kernel_count; i++) {
        unsigned isa = fdm_nn_isa_find(firmware->kernels[i]);
        if (isa == 0)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: firmware: kernels[%zu]: no kernels for '%s'",
                            board->id, i, firmware->kernels[i]);
        *out |= isa;
    }
    return FDM_OK;
}

static enum fdm_status no_memory(struct fdm_error *err)
{
    return fdm_fail(err, FDM_ERR_MEMORY, "no memory for a firmware build");
}

static enum fdm_status join(char **out, const char *folder, const char *name, struct fdm_error *err)
{
    *out = fdm_fs_join(folder, name);
    return *out != NULL ? FDM_OK : no_memory(err);
}

/* ---- places ---- */

static bool holds_recipe(const char *folder)
{
    char *path = folder != NULL ? fdm_fs_join(folder, FDM_RECIPE_FILE) : NULL;
    bool found = path != NULL && fdm_fs_is_file(path);
    free(path);
    return found;
}

/* An installation has the device sources in "src" of its data folder; the source tree is both. */
static enum fdm_status find_sources(const char *given, char **out, struct fdm_error *err)
{
    char *data = NULL;
    char *installed = NULL;
    enum fdm_status status = FDM_OK;
    *out = NULL;
    if (given == NULL) {
        status = fdm_registry_find_data(&data, err);
        if (status != FDM_OK)
            return status;
        installed = fdm_fs_join(data, "src");
    }
    const char *const places[] = {given, installed, data};
    for (size_t i = 0; i < sizeof places / sizeof places[0] && *out == NULL; i++) {
        if (holds_recipe(places[i]))
            *out = realpath(places[i], NULL);
    }
    if (*out == NULL)
        status =
            fdm_fail(err, FDM_ERR_NOT_FOUND, "no device sources: %s/" FDM_RECIPE_FILE " is missing",
                     given != NULL       ? given
                     : installed != NULL ? installed
                                         : "?");
    free(data);
    free(installed);
    return status;
}

static enum fdm_status find_folder(const char *given, char **out, struct fdm_error *err)
{
    char *user = NULL;
    char *folder = NULL;
    enum fdm_status status = FDM_OK;
    *out = NULL;
    if (given == NULL) {
        status = fdm_fs_user_dir(FDM_FS_CACHE, &user, err);
        if (status == FDM_OK)
            status = join(&folder, user, "firmware", err);
        given = folder;
    }
    if (status == FDM_OK)
        status = fdm_fs_make_dirs(given, err);
    if (status == FDM_OK) {
        *out = realpath(given, NULL);
        if (*out == NULL)
            status = fdm_fail(err, FDM_ERR_IO, "%s: %s", given, strerror(errno));
    }
    free(user);
    free(folder);
    return status;
}

/* ---- the compiler ---- */

static enum fdm_status find_compiler(struct build *build, struct fdm_error *err)
{
    const struct fdm_board_firmware *firmware = build->options->board->firmware;
    const char *const argv[] = {firmware->compiler, "--version", NULL};
    struct fdm_proc_exit end = {0};
    struct fdm_buf text = {0};
    if (!fdm_proc_exists(firmware->compiler))
        return fdm_fail(err, FDM_ERR_NOT_FOUND,
                        "%s is not installed, and makes the programs for %s: apt-get install %s",
                        firmware->compiler, build->options->board->id, firmware->packages);
    enum fdm_status status = fdm_proc_run(argv, NULL, fdm_clock_now_ns() + COMPILE_NS, WORDS_MAX,
                                          &text, NULL, &end, err);
    if (status == FDM_OK && (end.code != 0 || text.len == 0))
        status =
            fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s --version does not answer", firmware->compiler);
    if (status == FDM_OK) {
        text.data[strcspn(text.data, "\n")] = '\0';
        build->compiler = strdup(text.data);
        if (build->compiler == NULL)
            status = no_memory(err);
    }
    fdm_buf_release(&text);
    return status;
}

static enum fdm_status run_compiler(struct build *build, const struct fdm_words *argv,
                                    const char *folder, struct fdm_error *err)
{
    const struct fdm_board_entry *board = build->options->board;
    struct fdm_proc_exit end = {0};
    size_t before = build->words.len;
    enum fdm_status status = fdm_words_check(argv, err);
    if (status == FDM_OK)
        status =
            fdm_proc_run((const char *const *)argv->at, folder, fdm_clock_now_ns() + COMPILE_NS,
                         WORDS_MAX, NULL, &build->words, &end, err);
    if (status == FDM_OK && end.code != 0)
        status =
            fdm_fail(err, FDM_ERR_FORMAT, "%s (of %s) refuses the program for %s:\n%s", argv->at[0],
                     board->firmware->packages, board->id,
                     build->words.len > before ? build->words.data + before : "no reason given");
    return status;
}

static void add_all(struct fdm_words *to, const struct fdm_words *from)
{
    fdm_words_add_list(to, (const char *const *)from->at, from->count);
}

/* The place of a group's objects: named by the compiler and all that it reads. */
static enum fdm_status name_objects(const struct build *build, const struct fdm_recipe_group *group,
                                    char **out, struct fdm_error *err)
{
    struct fdm_sha256 *hash;
    char hex[FDM_SHA256_HEX_SIZE];
    char name[sizeof OBJECTS + 1 + KEY_DIGITS];
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    fdm_sha256_update(hash, build->compiler, strlen(build->compiler));
    fdm_sha256_update(hash, group->digest.data, group->digest.len);
    fdm_sha256_finish(hash, hex);
    snprintf(name, sizeof name, OBJECTS "/%.*s", KEY_DIGITS, hex);
    return join(out, build->folder, name, err);
}

static enum fdm_status compile(struct build *build, const struct fdm_words *command,
                               const struct fdm_words *sources, const char *folder,
                               struct fdm_error *err)
{
    struct fdm_words argv = {0};
    add_all(&argv, command);
    add_all(&argv, sources);
    enum fdm_status status = run_compiler(build, &argv, folder, err);
    fdm_words_release(&argv);
    return status;
}

/* A group's objects in a new folder of the build: those kept, or new ones. New ones are kept if the
 * compiler had nothing to say, which the next build would not hear. */
static enum fdm_status provide(struct build *build, const char *name,
                               const struct fdm_recipe_group *group, struct fdm_error *err)
{
    char *folder = NULL;
    char *set = NULL;
    size_t before = build->words.len;
    enum fdm_status status = join(&folder, build->work, name, err);
    if (status == FDM_OK)
        status = fdm_fs_make_dirs(folder, err);
    if (status == FDM_OK)
        status = name_objects(build, group, &set, err);
    if (status == FDM_OK && !fdm_objects_take(set, &group->sources, folder)) {
        status = compile(build, &group->compile, &group->sources, folder, err);
        if (status == FDM_OK && build->words.len == before)
            status = fdm_objects_keep(set, &group->sources, folder, err);
    }
    free(folder);
    free(set);
    return status;
}

static enum fdm_status compile_network(struct build *build, const char *source,
                                       struct fdm_error *err)
{
    struct fdm_words sources = {0};
    char *folder = NULL;
    fdm_words_add(&sources, source);
    enum fdm_status status = join(&folder, build->work, "network", err);
    if (status == FDM_OK)
        status = compile(build, &build->recipe.network.compile, &sources, folder, err);
    fdm_words_release(&sources);
    free(folder);
    return status;
}

static enum fdm_status link_program(struct build *build, struct fdm_error *err)
{
    struct fdm_words argv = {0};
    add_all(&argv, &build->recipe.link);
    fdm_words_add(&argv, "-o");
    fdm_words_add(&argv, PROGRAM);
    fdm_objects_add(&argv, "network", &build->recipe.network.sources);
    fdm_words_add(&argv, "network/network.o");
    fdm_objects_add(&argv, "agent", &build->recipe.agent.sources);
    enum fdm_status status = run_compiler(build, &argv, build->work, err);
    fdm_words_release(&argv);
    return status;
}

/* ---- the counter of instructions ---- */

static bool wants_counter(const struct build *build)
{
    const struct fdm_board_entry *board = build->options->board;
    for (size_t i = 0; i < board->launch_count; i++)
        if (strcmp(board->launch[i], FDM_BOARD_COUNTER) == 0)
            return true;
    return build->options->counter;
}

static enum fdm_status make_counter(struct build *build, struct fdm_error *err)
{
    char *out = NULL;
    enum fdm_status status = join(&out, build->work, COUNTER, err);
    if (status == FDM_OK)
        status = fdm_counter_make(build->sources, out, &build->words, err);
    free(out);
    return status;
}

/* ---- the whole ---- */

static enum fdm_status name_program(struct build *build, struct fdm_error *err)
{
    struct fdm_sha256 *hash;
    char hex[FDM_SHA256_HEX_SIZE];
    enum fdm_status status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        return status;
    fdm_sha256_update(hash, build->compiler, strlen(build->compiler));
    fdm_sha256_update(hash, build->recipe.digest.data, build->recipe.digest.len);
    fdm_sha256_update(hash, build->network.data, build->network.len);
    if (wants_counter(build))
        status = fdm_counter_hash(build->sources, hash, err);
    fdm_sha256_finish(hash, hex);
    snprintf(build->name, sizeof build->name, "%s-%.*s", build->options->board->id, KEY_DIGITS,
             hex);
    return status;
}

static enum fdm_status prepare(struct build *build, struct fdm_error *err)
{
    const struct fdm_emit_options emit = {FDM_FIRMWARE_NETWORK, FDM_FIRMWARE_ARENA,
                                          FDM_FIRMWARE_INPUT};
    const struct fdm_board_entry *board = build->options->board;
    if (board->firmware == NULL)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "no program can be built for %s yet", board->id);
    enum fdm_status status = find_sources(build->options->sources, &build->sources, err);
    if (status == FDM_OK)
        status = find_folder(build->options->folder, &build->folder, err);
    if (status == FDM_OK)
        status = fdm_recipe_read(build->sources, build->options, &build->recipe, err);
    if (status == FDM_OK)
        status = find_compiler(build, err);
    if (status == FDM_OK)
        status = fdm_emit_c(build->options->network, &emit, &build->network, err);
    return status == FDM_OK ? name_program(build, err) : status;
}

/* A program is only kept whole: its hash comes to stand beside it when it is done. */
static bool find_kept(const struct build *build, struct fdm_firmware *out)
{
    char *folder = fdm_fs_join(build->folder, build->name);
    char *note = folder != NULL ? fdm_fs_join(folder, NOTE) : NULL;
    char *program = folder != NULL ? fdm_fs_join(folder, PROGRAM) : NULL;
    uint8_t *written = NULL;
    size_t len;
    bool ok = note != NULL && program != NULL &&
              fdm_fs_read(note, FDM_SHA256_HEX_SIZE, &written, &len, NULL) == FDM_OK &&
              fdm_sha256_file(program, out->sha256, NULL) == FDM_OK &&
              strcmp((const char *)written, out->sha256) == 0;
    if (ok && wants_counter(build)) {
        out->counter = fdm_fs_join(folder, COUNTER);
        ok = out->counter != NULL && access(out->counter, R_OK) == 0;
    }
    if (!ok) {
        free(out->counter);
        out->counter = NULL;
    }
    if (!ok && folder != NULL)
        fdm_fs_remove_tree(folder);
    if (ok)
        out->program = program;
    else
        free(program);
    free(written);
    free(note);
    free(folder);
    return ok;
}

static enum fdm_status write_source(const struct build *build, char **path, struct fdm_error *err)
{
    enum fdm_status status = join(path, build->work, "network.c", err);
    if (status == FDM_OK)
        status = fdm_fs_write_unsynced(*path, build->network.data, build->network.len, err);
    return status;
}

static enum fdm_status note_sha256(const struct build *build, struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    char *program = NULL;
    char *note = NULL;
    enum fdm_status status = join(&program, build->work, PROGRAM, err);
    if (status == FDM_OK)
        status = fdm_sha256_file(program, hex, err);
    if (status == FDM_OK)
        status = join(&note, build->work, NOTE, err);
    if (status == FDM_OK)
        status = fdm_fs_write_unsynced(note, hex, strlen(hex), err);
    free(program);
    free(note);
    return status;
}

static enum fdm_status move(const char *from, const char *to, const char *name,
                            struct fdm_error *err)
{
    char *old = fdm_fs_join(from, name);
    char *new = fdm_fs_join(to, name);
    enum fdm_status status = FDM_OK;
    if (old == NULL || new == NULL)
        status = no_memory(err);
    else if (rename(old, new) != 0)
        status = fdm_fail(err, FDM_ERR_IO, "%s: %s", new, strerror(errno));
    free(old);
    free(new);
    return status;
}

/* Puts the finished program in its place, file by file. Where another process does the same at the
 * same time, or a damaged program is there, the same bytes take the place of what is there; nothing
 * is ever removed from under a reader. */
static enum fdm_status keep(struct build *build, struct fdm_firmware *out, struct fdm_error *err)
{
    char *folder = NULL;
    enum fdm_status status = join(&folder, build->folder, build->name, err);
    if (status == FDM_OK)
        status = fdm_fs_make_dirs(folder, err);
    if (status == FDM_OK)
        status = move(build->work, folder, PROGRAM, err);
    if (status == FDM_OK && wants_counter(build))
        status = move(build->work, folder, COUNTER, err);
    if (status == FDM_OK)
        status = move(build->work, folder, NOTE, err);
    if (status == FDM_OK && !find_kept(build, out))
        status = fdm_fail(err, FDM_ERR_IO, "%s vanished after it was built", folder);
    free(folder);
    return status;
}

static enum fdm_status make(struct build *build, struct fdm_firmware *out, struct fdm_error *err)
{
    char name[sizeof build->name + 8];
    char *source = NULL;
    snprintf(name, sizeof name, "%s.XXXXXX", build->name);
    enum fdm_status status = join(&build->work, build->folder, name, err);
    if (status == FDM_OK && mkdtemp(build->work) == NULL)
        status = fdm_fail(err, FDM_ERR_IO, "%s: %s", build->work, strerror(errno));
    if (status == FDM_OK)
        status = write_source(build, &source, err);
    if (status == FDM_OK)
        status = provide(build, "network", &build->recipe.network, err);
    if (status == FDM_OK)
        status = compile_network(build, source, err);
    if (status == FDM_OK)
        status = provide(build, "agent", &build->recipe.agent, err);
    if (status == FDM_OK)
        status = link_program(build, err);
    if (status == FDM_OK)
        status = note_sha256(build, err);
    if (status == FDM_OK && wants_counter(build))
        status = make_counter(build, err);
    if (status == FDM_OK)
        status = keep(build, out, err);
    free(source);
    return status;
}

static char *take_text(struct fdm_buf *buf)
{
    char *text = buf->data != NULL ? buf->data : strdup("");
    *buf = (struct fdm_buf){0};
    return text;
}

static void release_build(struct build *build)
{
    if (build->work != NULL)
        fdm_fs_remove_tree(build->work);
    fdm_recipe_release(&build->recipe);
    fdm_buf_release(&build->network);
    fdm_buf_release(&build->words);
    free(build->sources);
    free(build->folder);
    free(build->compiler);
    free(build->work);
}

enum fdm_status fdm_firmware_build(const struct fdm_firmware_options *options,
                                   struct fdm_firmware *out, struct fdm_error *err)
{
    struct build build = {.options = options};
    *out = (struct fdm_firmware){0};
    enum fdm_status status = prepare(&build, err);
    if (status == FDM_OK) {
        out->kept = find_kept(&build, out);
        if (!out->kept)
            status = make(&build, out, err);
    }
    if (status == FDM_OK) {
        out->compiler = build.compiler;
        build.compiler = NULL;
        out->flags = take_text(&build.recipe.flags);
        out->words = take_text(&build.words);
        if (out->flags == NULL || out->words == NULL)
            status = no_memory(err);
    }
    release_build(&build);
    if (status != FDM_OK)
        fdm_firmware_release(out);
    return status;
}

void fdm_firmware_release(struct fdm_firmware *firmware)
{
    free(firmware->program);
    free(firmware->counter);
    free(firmware->compiler);
    free(firmware->flags);
    free(firmware->words);
    *firmware = (struct fdm_firmware){0};
}

enum fdm_status fdm_firmware_command(const struct fdm_board_entry *board,
                                     const struct fdm_firmware *firmware, const char **argv,
                                     size_t size, struct fdm_error *err)
{
    if (board->launch_count == 0)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s is not started from this computer",
                        board->id);
    if (board->launch_count >= size)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: more than %zu words to start it", board->id,
                        size - 1);
    for (size_t i = 0; i < board->launch_count; i++) {
        const char *word = board->launch[i];
        if (strcmp(word, FDM_BOARD_PROGRAM) == 0)
            word = firmware->program;
        else if (strcmp(word, FDM_BOARD_COUNTER) == 0)
            word = firmware->counter;
        argv[i] = word;
    }
    argv[board->launch_count] = NULL;
    return FDM_OK;
}

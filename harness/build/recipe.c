#include "harness/build/recipe.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/json.h"

/* ---- lists in the file ---- */

/* Each string of an optional array, with a prefix. */
static enum fdm_status add_strings(const struct fdm_json *object, const char *name,
                                   const char *prefix, struct fdm_words *out, struct fdm_error *err)
{
    const struct fdm_json *array = fdm_json_member(object, name);
    if (array == NULL)
        return FDM_OK;
    const struct fdm_json *item = fdm_json_first(array);
    for (; item != NULL; item = fdm_json_next(item)) {
        if (fdm_json_text(item) == NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: expected strings", name);
        fdm_words_addf(out, "%s%s", prefix, fdm_json_text(item));
    }
    return FDM_OK;
}

static enum fdm_status add_files(const struct fdm_json *object, const char *name,
                                 const char *sources, struct fdm_words *out, struct fdm_error *err)
{
    char *prefix = fdm_fs_join(sources, "");
    if (prefix == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %s", name);
    enum fdm_status status = add_strings(object, name, prefix, out, err);
    free(prefix);
    return status;
}

static enum fdm_status find_port(const struct fdm_json *document, const char *name,
                                 const struct fdm_json **out, struct fdm_error *err)
{
    const struct fdm_json *ports;
    enum fdm_status status = fdm_json_get_array(document, "ports", &ports, err);
    if (status != FDM_OK)
        return status;
    for (*out = fdm_json_first(ports); *out != NULL; *out = fdm_json_next(*out)) {
        const char *text = fdm_json_text(fdm_json_member(*out, "name"));
        if (text != NULL && strcmp(text, name) == 0)
            return FDM_OK;
    }
    return fdm_fail(err, FDM_ERR_NOT_FOUND, "no port is called '%s'", name);
}

/* ---- commands ---- */

static void add_text_macro(struct fdm_words *out, const char *name, const char *text)
{
    fdm_words_addf(out, "-D%s=\"%s\"", name, text);
}

static enum fdm_status add_flags(const struct fdm_json *document, const struct fdm_json *port,
                                 const struct fdm_board_firmware *board, struct fdm_recipe *out,
                                 struct fdm_error *err)
{
    struct fdm_words shaping = {0};
    enum fdm_status status = add_strings(document, "flags", "", &shaping, err);
    fdm_words_add_list(&shaping, board->flags, board->flag_count);
    for (size_t i = 0; i < shaping.count; i++)
        fdm_buf_printf(&out->flags, i > 0 ? " %s" : "%s", shaping.at[i]);
    struct fdm_words *const commands[] = {&out->network.compile, &out->agent.compile, &out->link};
    for (size_t i = 0; i < sizeof commands / sizeof commands[0] && status == FDM_OK; i++) {
        fdm_words_add(commands[i], board->compiler);
        fdm_words_add_list(commands[i], (const char *const *)shaping.at, shaping.count);
        status = add_strings(document, "plain_flags", "", commands[i], err);
        if (status == FDM_OK)
            status = add_strings(port, "plain_flags", "", commands[i], err);
    }
    if (status == FDM_OK)
        status = fdm_words_check(&shaping, err);
    fdm_words_release(&shaping);
    return status;
}

static void add_board_macros(const struct fdm_firmware_options *options, struct fdm_recipe *recipe)
{
    const struct fdm_board_entry *board = options->board;
    struct fdm_words *words = &recipe->agent.compile;
    for (size_t i = 0; i < board->firmware->define_count; i++)
        fdm_words_addf(words, "-D%s", board->firmware->defines[i]);
    add_text_macro(words, "FDM_AGENT_BOARD", board->id);
    add_text_macro(words, "FDM_AGENT_CPU", board->cpu != NULL ? board->cpu : "");
    add_text_macro(words, "FDM_AGENT_FLAGS", recipe->flags.data != NULL ? recipe->flags.data : "");
    add_text_macro(words, "FDM_AGENT_VERSION", options->version);
}

static enum fdm_status finish_compile(const char *sources, const struct fdm_json *port,
                                      struct fdm_words *words, struct fdm_error *err)
{
    enum fdm_status status = add_strings(port, "defines", "-D", words, err);
    /* Paths must not reach the program: it is the same wherever it was built. */
    fdm_words_addf(words, "-ffile-prefix-map=%s=.", sources);
    fdm_words_addf(words, "-I%s", sources);
    fdm_words_add(words, "-c");
    return status;
}

static enum fdm_status finish_link(const char *sources, const struct fdm_json *port,
                                   const struct fdm_board_firmware *board, struct fdm_recipe *out,
                                   struct fdm_error *err)
{
    enum fdm_status status = add_strings(port, "link_flags", "", &out->link, err);
    fdm_words_add_list(&out->link, board->link_flags, board->link_flag_count);
    fdm_words_addf(&out->link, "-L%s", sources); /* where the linker looks for its scripts */
    return status;
}

/* ---- what the result depends on ---- */

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_source(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static enum fdm_status digest_folder(const char *folder, struct fdm_buf *out, struct fdm_error *err)
{
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, is_source, compare_names);
    enum fdm_status status = FDM_OK;
    if (count < 0)
        status = fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: device sources are missing", folder);
    for (int i = 0; i < count; i++) {
        char hex[FDM_SHA256_HEX_SIZE];
        char *path = fdm_fs_join(folder, entries[i]->d_name);
        if (status == FDM_OK && path != NULL && fdm_fs_is_file(path)) {
            status = fdm_sha256_file(path, hex, err);
            fdm_buf_printf(out, "%s %s\n", hex, entries[i]->d_name);
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
    return status;
}

static void digest_words(const struct fdm_words *words, const char *sources, struct fdm_buf *out)
{
    size_t prefix = strlen(sources);
    for (size_t i = 0; i < words->count; i++) {
        const char *at = strstr(words->at[i], sources);
        if (at == NULL)
            fdm_buf_printf(out, "%s\n", words->at[i]);
        else
            fdm_buf_printf(out, "%.*s@%s\n", (int)(at - words->at[i]), words->at[i], at + prefix);
    }
}

static void digest_group(const char *sources, const char *tree, struct fdm_recipe_group *group)
{
    fdm_buf_puts(&group->digest, tree);
    digest_words(&group->compile, sources, &group->digest);
    digest_words(&group->sources, sources, &group->digest);
}

static enum fdm_status digest(const char *sources, const struct fdm_json *document,
                              struct fdm_recipe *out, struct fdm_error *err)
{
    struct fdm_words folders = {0};
    struct fdm_buf tree = {0};
    enum fdm_status status = add_files(document, "folders", sources, &folders, err);
    for (size_t i = 0; i < folders.count && status == FDM_OK; i++)
        status = digest_folder(folders.at[i], &tree, err);
    if (status == FDM_OK)
        status = fdm_buf_check(&tree, err);
    if (status == FDM_OK)
        status = fdm_words_check(&folders, err);
    if (status == FDM_OK) {
        const char *text = tree.data != NULL ? tree.data : "";
        digest_group(sources, text, &out->network);
        digest_group(sources, text, &out->agent);
        fdm_buf_append(&out->digest, out->network.digest.data, out->network.digest.len);
        fdm_buf_append(&out->digest, out->agent.digest.data, out->agent.digest.len);
        digest_words(&out->link, sources, &out->digest);
    }
    fdm_words_release(&folders);
    fdm_buf_release(&tree);
    return status;
}

static enum fdm_status check_group(const struct fdm_recipe_group *group, struct fdm_error *err)
{
    enum fdm_status status = fdm_words_check(&group->compile, err);
    if (status == FDM_OK)
        status = fdm_words_check(&group->sources, err);
    return status == FDM_OK ? fdm_buf_check(&group->digest, err) : status;
}

static enum fdm_status check(const struct fdm_recipe *recipe, struct fdm_error *err)
{
    enum fdm_status status = check_group(&recipe->network, err);
    if (status == FDM_OK)
        status = check_group(&recipe->agent, err);
    if (status == FDM_OK)
        status = fdm_words_check(&recipe->link, err);
    if (status == FDM_OK)
        status = fdm_buf_check(&recipe->flags, err);
    return status == FDM_OK ? fdm_buf_check(&recipe->digest, err) : status;
}

enum fdm_status fdm_recipe_read(const char *sources, const struct fdm_firmware_options *options,
                                struct fdm_recipe *out, struct fdm_error *err)
{
    const struct fdm_board_firmware *board = options->board->firmware;
    struct fdm_json *document = NULL;
    const struct fdm_json *port = NULL;
    char *path = fdm_fs_join(sources, FDM_RECIPE_FILE);
    enum fdm_status status =
        path != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "no memory for a path");
    if (status == FDM_OK)
        status = fdm_json_read(path, &document, err);
    if (status == FDM_OK)
        status = find_port(document, board->port, &port, err);
    if (status == FDM_OK)
        status = add_flags(document, port, board, out, err);
    if (status == FDM_OK)
        status = add_files(document, "network", sources, &out->network.sources, err);
    if (status == FDM_OK)
        status = add_files(document, "agent", sources, &out->agent.sources, err);
    if (status == FDM_OK)
        status = add_files(port, "sources", sources, &out->agent.sources, err);
    add_board_macros(options, out);
    if (status == FDM_OK)
        status = finish_compile(sources, port, &out->network.compile, err);
    if (status == FDM_OK)
        status = finish_compile(sources, port, &out->agent.compile, err);
    if (status == FDM_OK)
        status = finish_link(sources, port, board, out, err);
    if (status == FDM_OK)
        status = digest(sources, document, out, err);
    if (status == FDM_OK)
        status = check(out, err);
    if (status != FDM_OK)
        fdm_error_context(err, "%s", FDM_RECIPE_FILE);
    fdm_json_free(document);
    free(path);
    return status;
}

static void release_group(struct fdm_recipe_group *group)
{
    fdm_words_release(&group->compile);
    fdm_words_release(&group->sources);
    fdm_buf_release(&group->digest);
}

void fdm_recipe_release(struct fdm_recipe *recipe)
{
    release_group(&recipe->network);
    release_group(&recipe->agent);
    fdm_words_release(&recipe->link);
    fdm_buf_release(&recipe->flags);
    fdm_buf_release(&recipe->digest);
}

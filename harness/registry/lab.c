#include "harness/registry/lab.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/json.h"

#define BOARDS_MAX 256
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
#define HOST_CHARACTERS NAME_CHARACTERS ":%" /* addresses of IPv6, with their interface */

static const char *const flasher_names[] = {
    [FDM_FLASHER_ANY] = "any",          [FDM_FLASHER_OPENOCD] = "openocd",
    [FDM_FLASHER_STFLASH] = "st-flash", [FDM_FLASHER_CUBE] = "STM32_Programmer_CLI",
    [FDM_FLASHER_NONE] = "none",
};

const char *fdm_flasher_name(enum fdm_flasher flasher)
{
    return flasher_names[flasher];
}

/* ---- Members --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    bool serial;
    bool ssh;
} members[] = {
    {"name", true, true},        {"board", true, true},    {"note", true, true},
    {"probe", true, false},      {"port", true, false},    {"tcp", true, false},
    {"baud", true, false},       {"flasher", true, false}, {"ssh", false, true},
    {"ssh_config", false, true}, {"folder", false, true},  {"run_prefix", false, true},
    {"cores", false, true},
};

static bool belongs(size_t member, enum fdm_board_kind kind)
{
    return kind == FDM_BOARD_SSH ? members[member].ssh : members[member].serial;
}

static enum fdm_status refuse_member(const char *name, enum fdm_board_kind kind,
                                     struct fdm_error *err)
{
    struct fdm_buf known;
    fdm_buf_init(&known);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (belongs(i, kind))
            fdm_buf_printf(&known, "%s%s", known.len > 0 ? ", " : "", members[i].name);
    enum fdm_status status =
        fdm_fail(err, FDM_ERR_FORMAT, "%s: a board reached by %s has %s only", name,
                 fdm_board_kind_name(kind), known.data != NULL ? known.data : "");
    fdm_buf_release(&known);
    return status;
}

static enum fdm_status check_members(const struct fdm_json *entry, enum fdm_board_kind kind,
                                     struct fdm_error *err)
{
    for (const struct fdm_json *member = fdm_json_first(entry); member != NULL;
         member = fdm_json_next(member)) {
        const char *name = fdm_json_name(member);
        size_t i = 0;
        while (i < sizeof members / sizeof members[0] && strcmp(members[i].name, name) != 0)
            i++;
        if (i == sizeof members / sizeof members[0] || !belongs(i, kind))
            return refuse_member(name, kind, err);
    }
    return FDM_OK;
}

static enum fdm_status read_flasher(const struct fdm_json *entry, enum fdm_flasher *out,
                                    struct fdm_error *err)
{
    const char *name;
    enum fdm_status status = fdm_json_opt_string(entry, "flasher", "any", &name, err);
    if (status != FDM_OK)
        return status;
    for (size_t i = 0; i < sizeof flasher_names / sizeof flasher_names[0]; i++) {
        if (strcmp(flasher_names[i], name) == 0) {
            *out = (enum fdm_flasher)i;
            return FDM_OK;
        }
    }
    return fdm_fail(err, FDM_ERR_FORMAT,
                    "flasher: \"%s\" is none of any, openocd, st-flash, STM32_Programmer_CLI, none",
                    name);
}

/* Splits "HOST:PORT" and "[ADDRESS]:PORT"; only in brackets may a host have colons. */
static bool split_address(const char *text, char host[FDM_LAB_HOST_SIZE], uint16_t *port)
{
    bool brackets = text[0] == '[';
    const char *begin = text + brackets;
    size_t len = strcspn(begin, brackets ? "]" : ":");
    const char *end = begin + len;
    if (brackets && *end == ']')
        end++;
    if (*end != ':' || strspn(begin, HOST_CHARACTERS) < len || len == 0 || len >= FDM_LAB_HOST_SIZE)
        return false;
    const char *digits = end + 1;
    unsigned long number = strtoul(digits, NULL, 10);
    if (strspn(digits, "0123456789") != strlen(digits) || digits[0] == '0' || number == 0 ||
        number > UINT16_MAX)
        return false;
    memcpy(host, begin, len);
    host[len] = '\0';
    *port = (uint16_t)number;
    return true;
}

/* A line that a server passes on: its rate is the server's, and it is no port of this computer. */
static enum fdm_status read_tcp(const struct fdm_json *entry, struct fdm_lab_board *out,
                                struct fdm_error *err)
{
    enum fdm_status status = fdm_json_opt_string(entry, "tcp", NULL, &out->tcp, err);
    if (status != FDM_OK || out->tcp == NULL)
        return status;
    if (!split_address(out->tcp, out->tcp_host, &out->tcp_port))
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "tcp: \"%s\" is no HOST:PORT, as \"lab-server:4001\" or "
                        "\"[fd00::7]:4001\"",
                        out->tcp);
    if (out->port != NULL)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "tcp: the entry names a port, too: take out the one that is not the "
                        "board's line");
    if (out->baud != 0)
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "baud: the server of \"tcp\" sets the line's rate: take it out, and set "
                        "115200 there");
    return FDM_OK;
}

static enum fdm_status read_serial(const struct fdm_json *entry, struct fdm_lab_board *out,
                                   struct fdm_error *err)
{
    enum fdm_status status = fdm_json_opt_string(entry, "probe", NULL, &out->probe, err);
    if (status == FDM_OK)
        status = fdm_json_opt_string(entry, "port", NULL, &out->port, err);
    if (status == FDM_OK && fdm_json_member(entry, "baud") != NULL) {
        uint64_t baud;
        status = fdm_json_get_uint(entry, "baud", 9600, 3000000, &baud, err);
        out->baud = (uint32_t)baud;
    }
    if (status == FDM_OK)
        status = read_flasher(entry, &out->flasher, err);
    if (status == FDM_OK)
        status = read_tcp(entry, out, err);
    if (status == FDM_OK && out->probe == NULL && out->port == NULL && out->tcp == NULL)
        status =
            fdm_fail(err, FDM_ERR_FORMAT, "neither probe, port nor tcp says where the board is");
    return status;
}

static enum fdm_status read_prefix(const struct fdm_json *entry, struct fdm_lab_board *out,
                                   struct fdm_error *err)
{
    const struct fdm_json *words;
    if (fdm_json_member(entry, "run_prefix") == NULL)
        return FDM_OK;
    enum fdm_status status = fdm_json_get_array(entry, "run_prefix", &words, err);
    size_t count = 0;
    for (const struct fdm_json *word = fdm_json_first(words); status == FDM_OK && word != NULL;
         word = fdm_json_next(word)) {
        if (fdm_json_text(word) == NULL || count == FDM_LAB_ARGV_MAX)
            return fdm_fail(err, FDM_ERR_FORMAT, "run_prefix: expected at most %d words",
                            FDM_LAB_ARGV_MAX);
        out->run_prefix[count++] = fdm_json_text(word);
    }
    return status;
}

static enum fdm_status read_cores(const struct fdm_json *entry, struct fdm_lab_board *out,
                                  struct fdm_error *err)
{
    const struct fdm_json *numbers;
    if (fdm_json_member(entry, "cores") == NULL)
        return FDM_OK;
    enum fdm_status status = fdm_json_get_array(entry, "cores", &numbers, err);
    for (const struct fdm_json *at = fdm_json_first(numbers); status == FDM_OK && at != NULL;
         at = fdm_json_next(at)) {
        double core = fdm_json_value(at, -1);
        if (!(core >= 0 && core < 64) || core != (double)(unsigned)core)
            return fdm_fail(err, FDM_ERR_FORMAT, "cores: expected numbers of cores, 0 to 63");
        out->cores |= UINT64_C(1) << (unsigned)core;
    }
    if (status == FDM_OK && out->cores == 0)
        status = fdm_fail(err, FDM_ERR_FORMAT, "cores: names no core");
    return status;
}

static enum fdm_status read_ssh(const struct fdm_json *entry, struct fdm_lab_board *out,
                                struct fdm_error *err)
{
    enum fdm_status status = fdm_json_get_string(entry, "ssh", &out->ssh_host, err);
    if (status == FDM_OK && (out->ssh_host[0] == '-' || out->ssh_host[0] == '\0'))
        status = fdm_fail(err, FDM_ERR_FORMAT, "ssh: \"%s\" is no host", out->ssh_host);
    if (status == FDM_OK)
        status = fdm_json_opt_string(entry, "ssh_config", NULL, &out->ssh_config, err);
    if (status == FDM_OK)
        status = fdm_json_opt_string(entry, "folder", "/tmp", &out->folder, err);
    if (status == FDM_OK)
        status = read_prefix(entry, out, err);
    if (status == FDM_OK)
        status = read_cores(entry, out, err);
    return status;
}

/* A name is a word of --board and of a file's name, and means no other board than the entry's. */
static enum fdm_status check_name(const struct fdm_lab_board *board,
                                  const struct fdm_registry *registry, struct fdm_error *err)
{
    const char *name = board->name;
    if (name[0] == '.' || name[0] == '\0' || strspn(name, NAME_CHARACTERS) != strlen(name))
        return fdm_fail(err, FDM_ERR_FORMAT,
                        "name: \"%s\" is to be of letters, digits, '-', '_' and '.'", name);
    const struct fdm_board_entry *other = fdm_registry_board(registry, name);
    if (other != NULL && other != board->board)
        return fdm_fail(err, FDM_ERR_FORMAT, "name: %s is another board", name);
    return FDM_OK;
}

static enum fdm_status read_board(const struct fdm_json *entry, const struct fdm_registry *registry,
                                  struct fdm_lab_board *out, struct fdm_error *err)
{
    const char *board;
    enum fdm_status status = fdm_json_get_string(entry, "name", &out->name, err);
    if (status == FDM_OK)
        status = fdm_json_get_string(entry, "board", &board, err);
    if (status != FDM_OK)
        return status;
    out->board = fdm_registry_board(registry, board);
    if (out->board == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "board: no board \"%s\"; `fdm-bench list boards`",
                        board);
    enum fdm_board_kind kind = out->board->kind;
    if (kind != FDM_BOARD_SERIAL && kind != FDM_BOARD_SSH)
        return fdm_fail(err, FDM_ERR_FORMAT, "board: %s needs no entry here", board);
    status = check_name(out, registry, err);
    if (status == FDM_OK)
        status = check_members(entry, kind, err);
    if (status == FDM_OK)
        status = kind == FDM_BOARD_SSH ? read_ssh(entry, out, err) : read_serial(entry, out, err);
    return status;
}

/* ---- The file -------------------------------------------------------------------------------- */

static enum fdm_status read_boards(const struct fdm_json *document,
                                   const struct fdm_registry *registry, struct fdm_lab *lab,
                                   struct fdm_error *err)
{
    const struct fdm_json *list;
    for (const struct fdm_json *at = fdm_json_first(document); at != NULL; at = fdm_json_next(at))
        if (fdm_json_name(at) != NULL && strcmp(fdm_json_name(at), "boards") != 0)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: the file has boards only", fdm_json_name(at));
    enum fdm_status status = fdm_json_get_array(document, "boards", &list, err);
    if (status != FDM_OK)
        return status;
    size_t count = fdm_json_length(list);
    if (count > BOARDS_MAX)
        return fdm_fail(err, FDM_ERR_FORMAT, "boards: more than %d entries", BOARDS_MAX);
    lab->boards = calloc(count + 1, sizeof *lab->boards);
    if (lab->boards == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    for (const struct fdm_json *entry = fdm_json_first(list); entry != NULL;
         entry = fdm_json_next(entry)) {
        struct fdm_lab_board *board = &lab->boards[lab->board_count];
        status = read_board(entry, registry, board, err);
        for (size_t i = 0; status == FDM_OK && i < lab->board_count; i++)
            if (strcmp(lab->boards[i].name, board->name) == 0)
                status =
                    fdm_fail(err, FDM_ERR_FORMAT, "name: \"%s\" stands there twice", board->name);
        if (status != FDM_OK) {
            fdm_error_context(err, "boards[%zu]", lab->board_count);
            return status;
        }
        lab->board_count++;
    }
    return FDM_OK;
}

static enum fdm_status default_path(char **out, struct fdm_error *err)
{
    char *folder;
    *out = NULL;
    enum fdm_status status = fdm_fs_user_dir(FDM_FS_CONFIG, &folder, err);
    if (status != FDM_OK)
        return status;
    *out = fdm_fs_join(folder, "lab.json");
    free(folder);
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

/* What is there and cannot be read, as a link to nowhere, is not absent. */
static bool is_absent(const char *path)
{
    struct stat info;
    return lstat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR);
}

enum fdm_status fdm_lab_load(const char *path, const struct fdm_registry *registry,
                             struct fdm_lab **out, struct fdm_error *err)
{
    char *standard = NULL;
    struct fdm_json *document = NULL;
    enum fdm_status status = FDM_OK;
    *out = NULL;
    struct fdm_lab *lab = calloc(1, sizeof *lab);
    if (lab == NULL) {
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
        goto done;
    }
    if (path == NULL) {
        status = default_path(&standard, err);
        path = standard;
    }
    if (status == FDM_OK && (standard == NULL || !is_absent(path)))
        status = fdm_json_read(path, &document, err);
    lab->document = document;
    if (status == FDM_OK && document != NULL) {
        status = read_boards(document, registry, lab, err);
        fdm_error_context(err, "%s", path);
    }
done:
    free(standard);
    if (status == FDM_OK)
        *out = lab;
    else
        fdm_lab_free(lab);
    return status;
}

void fdm_lab_free(struct fdm_lab *lab)
{
    if (lab == NULL)
        return;
    fdm_json_free(lab->document);
    free(lab->boards);
    free(lab);
}

static enum fdm_status ambiguous(const struct fdm_lab *lab, const char *name, struct fdm_error *err)
{
    struct fdm_buf names;
    fdm_buf_init(&names);
    for (size_t i = 0; i < lab->board_count; i++)
        if (strcmp(lab->boards[i].board->id, name) == 0)
            fdm_buf_printf(&names, "%s%s", names.len > 0 ? ", " : "", lab->boards[i].name);
    enum fdm_status status =
        fdm_fail(err, FDM_ERR_USAGE, "the lab has several %s; choose one by name: %s", name,
                 names.data != NULL ? names.data : "");
    fdm_buf_release(&names);
    return status;
}

enum fdm_status fdm_lab_find(const struct fdm_lab *lab, const char *name,
                             const struct fdm_lab_board **out, struct fdm_error *err)
{
    size_t matches = 0;
    *out = NULL;
    for (size_t i = 0; i < lab->board_count; i++) {
        if (strcmp(lab->boards[i].name, name) == 0) {
            *out = &lab->boards[i];
            return FDM_OK;
        }
    }
    for (size_t i = 0; i < lab->board_count; i++) {
        if (strcmp(lab->boards[i].board->id, name) == 0) {
            *out = &lab->boards[i];
            matches++;
        }
    }
    if (matches == 1)
        return FDM_OK;
    *out = NULL;
    if (matches > 1)
        return ambiguous(lab, name, err);
    return fdm_fail(err, FDM_ERR_NOT_FOUND,
                    "%s is not in the lab file; `fdm-bench doctor` shows what is there", name);
}

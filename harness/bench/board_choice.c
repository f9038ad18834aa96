#include "harness/bench/board_choice.h"

#include <stdio.h>
#include <string.h>

#include "harness/base/fs.h"

static enum fdm_status set_name(struct fdm_board_choice *out, const char *id, const char *twin,
                                struct fdm_error *err)
{
    int len = snprintf(out->name, sizeof out->name, "%s%s%s", id, twin != NULL ? "@" : "",
                       twin != NULL ? twin : "");
    if (len < 0 || (size_t)len >= sizeof out->name)
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "%s: the board's name is too long", id);
    return FDM_OK;
}

static enum fdm_status choose_twin(const struct fdm_registry *registry,
                                   const struct fdm_board_entry *board,
                                   struct fdm_board_choice *out, struct fdm_error *err)
{
    if (board->twin == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "%s has no emulated twin", board->id);
    out->board = board;
    out->executor = fdm_registry_board(registry, board->twin);
    out->emulated = true;
    if (out->executor == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "%s: its twin %s is not described", board->id,
                        board->twin);
    return set_name(out, board->id, board->twin, err);
}

/* The emulator among the words that start the agent on a lab's board, without its folder; or NULL.
 */
static const char *find_qemu(const struct fdm_lab_board *lab)
{
    for (size_t i = 0; lab != NULL && lab->run_prefix[i] != NULL; i++) {
        const char *name = fdm_fs_basename(lab->run_prefix[i]);
        if (strncmp(name, "qemu-", 5) == 0)
            return name;
    }
    return NULL;
}

enum fdm_status fdm_board_choose(const struct fdm_registry *registry, const struct fdm_lab *lab,
                                 const char *name, bool emulate, struct fdm_board_choice *out,
                                 struct fdm_error *err)
{
    struct fdm_error missing = FDM_ERROR_INIT;
    memset(out, 0, sizeof *out);
    const struct fdm_board_entry *board = fdm_registry_board(registry, name);
    enum fdm_status found = fdm_lab_find(lab, name, &out->lab, &missing);
    if (board == NULL && found == FDM_OK)
        board = out->lab->board;
    if (board == NULL)
        return fdm_fail(
            err, FDM_ERR_USAGE,
            "no board \"%s\", nor one of this name in the lab file; `fdm-bench list boards`", name);
    bool real = board->kind == FDM_BOARD_SERIAL || board->kind == FDM_BOARD_SSH;
    if (emulate && real) {
        out->lab = NULL;
        return choose_twin(registry, board, out, err);
    }
    if (real && found != FDM_OK)
        return fdm_fail(err, found, "%s%s", missing.message,
                        found == FDM_ERR_NOT_FOUND && board->twin != NULL
                            ? "; --emulate runs its emulated twin instead"
                            : "");
    const char *qemu = find_qemu(out->lab);
    out->board = board;
    out->executor = board;
    out->emulated = board->kind == FDM_BOARD_EMULATED || qemu != NULL;
    return set_name(out, board->id, qemu, err);
}

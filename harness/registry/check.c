#include <inttypes.h>
#include <string.h>

#include "harness/registry/entries.h"

static enum fdm_status check_boards(const struct fdm_registry *registry, struct fdm_error *err)
{
    for (size_t i = 0; i < registry->board_count; i++) {
        const struct fdm_board_entry *board = &registry->boards[i];
        if (board->twin == NULL)
            continue;
        const struct fdm_board_entry *twin = fdm_registry_board(registry, board->twin);
        if (twin == NULL || twin->kind != FDM_BOARD_EMULATED)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: twin: no emulated board is called '%s'",
                            board->file, board->twin);
    }
    return FDM_OK;
}

static enum fdm_status check_models(const struct fdm_registry *registry, struct fdm_error *err)
{
    for (size_t i = 0; i < registry->model_count; i++) {
        const struct fdm_model_entry *model = &registry->models[i];
        if (fdm_registry_dataset(registry, model->dataset) == NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "%s: %s: dataset: none is called '%s'",
                            model->file, model->id, model->dataset);
    }
    return FDM_OK;
}

static const char *missing_reference(const struct fdm_registry *registry,
                                     const struct fdm_card_keys *keys)
{
    if (keys->model != NULL && fdm_registry_model(registry, keys->model) == NULL)
        return keys->model;
    if (keys->board != NULL && fdm_registry_board(registry, keys->board) == NULL)
        return keys->board;
    return NULL;
}

static enum fdm_status check_table(const struct fdm_registry *registry,
                                   const struct fdm_card_table *table, struct fdm_error *err)
{
    if (table->dataset != NULL && fdm_registry_dataset(registry, table->dataset) == NULL)
        return fdm_fail(err, FDM_ERR_FORMAT, "dataset: none is called '%s'", table->dataset);
    for (size_t i = 0; i < table->row_count; i++) {
        const char *missing = missing_reference(registry, &table->rows[i].keys);
        if (missing != NULL)
            return fdm_fail(err, FDM_ERR_FORMAT, "rows[%zu]: keys: nothing is called '%s'", i,
                            missing);
    }
    return FDM_OK;
}

static enum fdm_status check_cards(const struct fdm_registry *registry, struct fdm_error *err)
{
    for (size_t i = 0; i < registry->card_count; i++) {
        const struct fdm_card *card = &registry->cards[i];
        for (size_t k = 0; k < card->table_count; k++) {
            enum fdm_status status = check_table(registry, &card->tables[k], err);
            if (status != FDM_OK) {
                fdm_error_context(err, "card %s: tables[%zu]", card->version, k);
                return status;
            }
        }
    }
    return FDM_OK;
}

enum fdm_status fdm_registry_check(const struct fdm_registry *registry, struct fdm_error *err)
{
    enum fdm_status status = check_boards(registry, err);
    if (status == FDM_OK)
        status = check_models(registry, err);
    if (status == FDM_OK)
        status = check_cards(registry, err);
    return status;
}

#include "harness/bench/case_judge.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/buf.h"
#include "harness/bench/board_state.h"
#include "results/label_order.h"

static enum fdm_status describe_labels(const struct fdm_prediction *predictions, size_t count,
                                       const struct fdm_plan_case *item,
                                       const struct fdm_dataset_entry *entry, struct fdm_buf *out,
                                       struct fdm_error *err)
{
    static const char *const names[] = {"bytes", "case-folded"};
    enum { ORDERS = 2 };
    struct fdm_label_map orders[ORDERS + 1] = {
        {item->record.label_order, item->class_of},
    };
    struct fdm_label_check check = {0};
    uint32_t *maps = calloc((size_t)ORDERS * entry->class_count, sizeof *maps);
    if (maps == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    enum fdm_status status = FDM_OK;
    size_t order_count = 1;
    for (size_t i = 0; status == FDM_OK && i < ORDERS; i++) {
        if (strcmp(names[i], item->record.label_order) == 0)
            continue;
        uint32_t *map = maps + i * entry->class_count;
        orders[order_count++] = (struct fdm_label_map){names[i], map};
        status = fdm_label_order_fill(names[i], entry->classes, entry->class_count, map, err);
    }
    if (status == FDM_OK)
        status = fdm_label_order_check(predictions, count, entry->class_count, orders, order_count,
                                       &check, err);
    if (status == FDM_OK && check.verdict != FDM_LABEL_DECLARED_FITS)
        fdm_label_check_describe(&check, orders, entry->classes, out);
    fdm_label_check_release(&check);
    free(maps);
    return status;
}

/* What the measuring left to say, which is stored as a fact. */
static enum fdm_status describe_clock(struct fdm_store *store, int64_t case_id, struct fdm_buf *out,
                                      struct fdm_error *err)
{
    struct fdm_fact *facts = NULL;
    size_t count = 0;
    enum fdm_status status = fdm_store_facts_list(store, case_id, &facts, &count, err);
    for (size_t i = 0; i < count; i++)
        if (strcmp(facts[i].name, FDM_BOARD_CLOCK_REMARK) == 0)
            fdm_buf_printf(out, "%s", facts[i].text);
    free(facts);
    return status;
}

static void join(struct fdm_buf *message, const char *text)
{
    if (text != NULL && text[0] != '\0')
        fdm_buf_printf(message, "%s%s", message->len > 0 ? "; " : "", text);
}

enum fdm_status fdm_case_judge(struct fdm_store *store, const struct fdm_dataset_entry *entry,
                               struct fdm_plan_case *item, struct fdm_error *err)
{
    struct fdm_prediction *predictions = NULL;
    size_t count = 0;
    struct fdm_buf labels;
    struct fdm_buf clock;
    struct fdm_buf message;
    fdm_buf_init(&labels);
    fdm_buf_init(&clock);
    fdm_buf_init(&message);
    enum fdm_status status =
        fdm_store_predictions_load(store, item->record.id, &predictions, &count, err);
    if (status == FDM_OK)
        status = describe_labels(predictions, count, item, entry, &labels, err);
    if (status == FDM_OK)
        status = describe_clock(store, item->record.id, &clock, err);
    if (status != FDM_OK)
        goto done;
    join(&message, clock.data);
    join(&message, item->mapping.note);
    join(&message, labels.data);
    status = fdm_buf_check(&message, err);
    if (status == FDM_OK && message.len > 0)
        status =
            fdm_store_case_set_state(store, item->record.id, FDM_CASE_COMPLETE, message.data, err);
    if (status == FDM_OK)
        status = fdm_store_case_get(store, item->record.id, &item->record, err);
done:
    free(predictions);
    fdm_buf_release(&labels);
    fdm_buf_release(&clock);
    fdm_buf_release(&message);
    return status;
}

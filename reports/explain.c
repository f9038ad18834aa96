#include "reports/explain.h"

#include <math.h>
#include <stdio.h>

#define COSTLIEST 5

static void add_db(struct fdm_table *table, double db)
{
    if (isfinite(db))
        fdm_table_add_real(table, db, 1);
    else
        fdm_table_add_none(table);
}

static void add_extent(struct fdm_table *table, double from, double to)
{
    fdm_table_add_textf(table, "%.3g to %.3g", from, to);
    fdm_table_add_real(table, from, 6);
    fdm_table_add_real(table, to, 6);
}

static double sum_of(const struct fdm_explanation *e)
{
    double sum = 0.0;
    for (uint32_t i = 0; i < e->layer_count; i++)
        sum += e->layers[i].divergence;
    return sum;
}

static void add_layers(const struct fdm_explanation *e, struct fdm_report *report)
{
    static const struct fdm_table_column columns[] = {
        {"index", "#", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"layer", "layer", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"operation", "operation", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"sqnr_db", "SQNR so far dB", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"own_sqnr_db", "own SQNR dB", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"seen", "seen", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"min", "min", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"max", "max", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"representable", "representable", FDM_ALIGN_RIGHT, FDM_FOR_PEOPLE},
        {"low", "low", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"high", "high", FDM_ALIGN_RIGHT, FDM_FOR_MACHINES},
        {"clipped_percent", "clipped %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"divergence", "divergence alone", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"changed", "changed alone", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    struct fdm_table *table = fdm_report_add_table(report, "layers", "Layers");
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
    for (uint32_t i = 0; i < e->layer_count; i++) {
        const struct fdm_explained_layer *layer = &e->layers[i];
        fdm_table_add_int(table, i);
        fdm_table_add_text(table, layer->name);
        fdm_table_add_text(table, layer->operation);
        add_db(table, layer->sqnr_db);
        add_db(table, layer->own_sqnr_db);
        add_extent(table, layer->min, layer->max);
        add_extent(table, layer->low, layer->high);
        fdm_table_add_real(table, 100.0 * layer->clipped, 4);
        fdm_table_add_real(table, layer->divergence, 6);
        fdm_table_add_int(table, layer->changed);
    }
}

/* The layer with the largest divergence below `limit`, of equal ones the first behind `after`. */
static uint32_t next_costliest(const struct fdm_explanation *e, double limit, uint32_t after)
{
    uint32_t best = e->layer_count;
    for (uint32_t i = 0; i < e->layer_count; i++) {
        double d = e->layers[i].divergence;
        bool open = d < limit || (d == limit && i > after);
        if (open && (best == e->layer_count || d > e->layers[best].divergence))
            best = i;
    }
    return best;
}

static void add_costliest(const struct fdm_explanation *e, struct fdm_report *report)
{
    static const struct fdm_table_column columns[] = {
        {"layer", "layer", FDM_ALIGN_LEFT, FDM_FOR_ALL},
        {"divergence", "divergence alone", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
        {"share_percent", "share of all %", FDM_ALIGN_RIGHT, FDM_FOR_ALL},
    };
    struct fdm_table *table = fdm_report_add_table(report, "costliest", "Costliest layers");
    fdm_table_add_columns(table, columns, sizeof columns / sizeof columns[0]);
    double sum = sum_of(e);
    double limit = HUGE_VAL;
    uint32_t at = 0;
    for (int i = 0; i < COSTLIEST; i++) {
        at = next_costliest(e, limit, at);
        if (at == e->layer_count || e->layers[at].divergence <= 0.0)
            return;
        limit = e->layers[at].divergence;
        fdm_table_add_text(table, e->layers[at].name);
        fdm_table_add_real(table, limit, 6);
        fdm_table_add_real(table, 100.0 * limit / sum, 1);
    }
}

static void add_total(struct fdm_report *report, const char *prefix, const char *label,
                      uint32_t images, uint32_t agree, double sqnr_db, double divergence)
{
    char key[48];
    char name[64];
    char text[64];
    snprintf(key, sizeof key, "%sagree", prefix);
    snprintf(name, sizeof name, "%s, same top-1 as float", label);
    snprintf(text, sizeof text, "%u of %u", agree, images);
    fdm_report_add_number(report, key, name, agree, text);
    snprintf(key, sizeof key, "%slogits_sqnr_db", prefix);
    snprintf(name, sizeof name, "%s, SQNR of the logits", label);
    snprintf(text, sizeof text, "%.1f dB", sqnr_db);
    if (isfinite(sqnr_db))
        fdm_report_add_number(report, key, name, sqnr_db, text);
    snprintf(key, sizeof key, "%sdivergence", prefix);
    snprintf(name, sizeof name, "%s, divergence", label);
    snprintf(text, sizeof text, "%.6f nats", divergence);
    fdm_report_add_number(report, key, name, divergence, text);
}

void fdm_explain_report(const struct fdm_explanation *e, struct fdm_report *report)
{
    fdm_report_add_number(report, "images", "images", e->images, NULL);
    add_total(report, "", "int8", e->images, e->agree, e->logits_sqnr_db, e->divergence);
    add_total(report, "weights_", "int8 weights alone", e->images, e->weights_agree,
              e->weights_logits_sqnr_db, e->weights_divergence);
    add_layers(e, report);
    add_costliest(e, report);
    fdm_report_add_legend(report,
                          "SQNR so far: the layer's output against the float model's, with "
                          "everything before it quantized; a factor and an offset per channel are "
                          "free, because equalization changes them.");
    fdm_report_add_legend(report, "Own SQNR, clipped: rounding this one output, and values beyond "
                                  "what its codes can represent.");
    fdm_report_add_legend(report,
                          "Alone: only this layer's output is quantized, behind int8 weights; mean "
                          "Kullback-Leibler divergence of the probabilities in nats, and images "
                          "whose top-1 changes.");
}

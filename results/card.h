/* A published model card as data, as plain structures: the registry loads them from
 * `published/<version>.json`, reports render them beside what was measured.
 *
 * Tables, rows and columns stand in the card's order with the card's own words, so that a card's
 * tables can be written out again row for row. All strings live as long as their owner (the
 * registry, or a test's constants); nothing here is freed by readers. An absent text is NULL. */
#ifndef FDM_RESULTS_CARD_H
#define FDM_RESULTS_CARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum fdm_card_table_kind {
    FDM_CARD_INFORMATION, /* "Network information": name and value */
    FDM_CARD_INTERFACE,   /* "Network inputs / outputs": shape and description */
    FDM_CARD_PLATFORMS,   /* "Recommended platform" */
    FDM_CARD_NPU_MEMORY,
    FDM_CARD_NPU_TIME,
    FDM_CARD_MCU_MEMORY,
    FDM_CARD_MCU_TIME,
    FDM_CARD_MPU_TIME,
    FDM_CARD_ACCURACY
};

/* The stable words of the JSON: "information", "npu-memory", "accuracy", … */
const char *fdm_card_table_kind_name(enum fdm_card_table_kind kind);

/* `title` is the card's heading, Markdown included. `name` is ours, the same in all tables and
 * cards; where cells carry values its suffix is their unit:
 *   model format resolution series board engine quantization framework
 *   clock_mhz time_ms inferences_per_s top1_percent npu_percent gpu_percent cpu_percent
 *   internal_ram_kib external_ram_kib activation_ram_kib runtime_ram_kib total_ram_kib
 *   weights_flash_kib code_flash_kib total_flash_kib
 *   cube_ai_version core_version x_linux_ai_version
 *   property value shape description platform supported recommended */
struct fdm_card_column {
    const char *title;
    const char *name;
};

/* One cell as printed. `text` is its words without a link; with a link, the card's Markdown is
 * "[text](link)". `value` is the number in the text, in the unit of the column's name; texts
 * without one ("NA", "Int8") have none. */
struct fdm_card_cell {
    const char *text;
    const char *link;
    bool has_value;
    double value;
};

/* A remark of ours, never the card's: what is wrong or doubtful in it, and how we know.
 * `column` is the name of the column meant, or NULL. */
struct fdm_card_note {
    const char *column;
    const char *text;
};

/* What a row is about, in the words of the records and the registry, for joining with
 * measurements. NULL or 0 where the table does not say. */
struct fdm_card_keys {
    const char *model;        /* registry id, "flowers/fdmobilenet_0.25_224_tfs" */
    const char *family;       /* "FdMobileNet 0.25 tfs" */
    const char *dataset;      /* registry id, "flowers" */
    const char *format;       /* "float", "int8" */
    const char *quantization; /* "per-channel" */
    const char *series;       /* "STM32H7" */
    const char *board;        /* registry id, "STM32H747I-DISCO" */
    const char *engine;       /* the card's execution engine: "1 CPU", "NPU/GPU" */
    uint32_t resolution;      /* 128, 224 */
    uint64_t clock_hz;
};

struct fdm_card_row {
    struct fdm_card_keys keys;
    const struct fdm_card_cell *cells; /* one per column of the table */
    const struct fdm_card_note *notes;
    size_t note_count;
};

struct fdm_card_table {
    enum fdm_card_table_kind kind;
    const char *title;   /* the heading over the table, Markdown included; NULL where the
                            table shares the heading of the one before */
    const char *dataset; /* registry id; NULL for tables that are about none */
    bool split_unknown;  /* accuracy: which images the percentages are of is not known, so nothing
                            measured can be compared with them as an equal */
    const char *const *lines;      /* lines of text between heading and table */
    const char *const *foot_lines; /* lines of text under it */
    size_t line_count;
    size_t foot_line_count;
    const struct fdm_card_column *columns;
    size_t column_count;
    const struct fdm_card_row *rows;
    size_t row_count;
    const struct fdm_card_note *notes;
    size_t note_count;
};

struct fdm_card {
    const char *version; /* "10.0.0": the STM32Cube.AI version that the card is named by */
    const char *title;   /* "Fd-MobileNet" */
    const char *url;     /* where it was published */
    const char *const *statements; /* the card's sentences that say how it was measured */
    size_t statement_count;
    const struct fdm_card_table *tables;
    size_t table_count;
    const struct fdm_card_note *notes;
    size_t note_count;
};

/* The column of that name, or SIZE_MAX. */
size_t fdm_card_find_column(const struct fdm_card_table *table, const char *name);
/* A row's cell by its column's name, or NULL. */
const struct fdm_card_cell *fdm_card_find_cell(const struct fdm_card_table *table,
                                               const struct fdm_card_row *row, const char *name);

#endif

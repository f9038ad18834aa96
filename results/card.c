#include "results/card.h"

#include <string.h>

const char *fdm_card_table_kind_name(enum fdm_card_table_kind kind)
{
    static const char *const names[] = {
        [FDM_CARD_INFORMATION] = "information", [FDM_CARD_INTERFACE] = "interface",
        [FDM_CARD_PLATFORMS] = "platforms",     [FDM_CARD_NPU_MEMORY] = "npu-memory",
        [FDM_CARD_NPU_TIME] = "npu-time",       [FDM_CARD_MCU_MEMORY] = "mcu-memory",
        [FDM_CARD_MCU_TIME] = "mcu-time",       [FDM_CARD_MPU_TIME] = "mpu-time",
        [FDM_CARD_ACCURACY] = "accuracy",
    };
    size_t index = (size_t)kind;
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}

size_t fdm_card_find_column(const struct fdm_card_table *table, const char *name)
{
    for (size_t i = 0; i < table->column_count; i++)
        if (strcmp(table->columns[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

const struct fdm_card_cell *fdm_card_find_cell(const struct fdm_card_table *table,
                                               const struct fdm_card_row *row, const char *name)
{
    size_t column = fdm_card_find_column(table, name);
    return column != SIZE_MAX ? &row->cells[column] : NULL;
}

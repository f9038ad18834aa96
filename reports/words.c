#include "reports/words.h"

#include <inttypes.h>

void fdm_words_percent(struct fdm_table *table, uint32_t k, uint32_t n)
{
    if (n == 0)
        fdm_table_add_none(table);
    else
        fdm_table_add_real(table, 100.0 * k / n, 2);
}

void fdm_words_difference(struct fdm_table *table, uint32_t k_a, uint32_t k_b, uint32_t n)
{
    const int64_t images = (int64_t)k_b - (int64_t)k_a;
    if (n == 0) {
        fdm_table_add_none(table);
        fdm_table_add_none(table);
        fdm_table_add_none(table);
        return;
    }
    const double points = 100.0 * (double)images / n;
    fdm_table_add_textf(table, images ? "%+.2f (%+" PRId64 ")" : "%.2f (%" PRId64 ")", points,
                        images);
    fdm_table_add_int(table, images);
    fdm_table_add_real(table, points, 2);
}

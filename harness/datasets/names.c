#include "harness/datasets/names.h"

#include <stdlib.h>
#include <string.h>

void *fdm_names_room(void *items, size_t count, size_t item_bytes)
{
    if (count != 0 && (count < 8 || (count & (count - 1)) != 0))
        return items;
    return realloc(items, (count < 8 ? 8 : 2 * count) * item_bytes);
}

enum fdm_status fdm_names_add(struct fdm_names *names, const char *name, size_t len,
                              struct fdm_error *err)
{
    char *copy = strndup(name, len);
    char **item = copy != NULL ? fdm_names_room(names->item, names->count, sizeof *item) : NULL;
    if (item == NULL) {
        free(copy);
        return fdm_fail(err, FDM_ERR_MEMORY, "no memory for %zu names", names->count + 1);
    }
    names->item = item;
    item[names->count++] = copy;
    return FDM_OK;
}

int fdm_names_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void fdm_names_sort(struct fdm_names *names)
{
    if (names->count > 1)
        qsort(names->item, names->count, sizeof *names->item, fdm_names_compare);
}

bool fdm_names_has(const struct fdm_names *sorted, const char *name)
{
    return sorted->count > 0 && bsearch(&name, sorted->item, sorted->count, sizeof *sorted->item,
                                        fdm_names_compare) != NULL;
}

void fdm_names_release(struct fdm_names *names)
{
    for (size_t i = 0; i < names->count; i++)
        free(names->item[i]);
    free(names->item);
    *names = (struct fdm_names){NULL, 0};
}

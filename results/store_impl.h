/* What the store's files share. */
#ifndef FDM_RESULTS_STORE_IMPL_H
#define FDM_RESULTS_STORE_IMPL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "results/sql.h"
#include "results/store.h"

/* Bounds what a damaged file can make us allocate. */
#define FDM_STORE_IMAGES_MAX (UINT32_C(1) << 24)
#define FDM_STORE_CLASSES_MAX (UINT32_C(1) << 16)

struct fdm_store {
    struct fdm_sql *sql;
    bool writable;
    int lock_fd;
    int64_t *held; /* sessions whose locks are ours */
    size_t held_count;
};

/* Begins a transaction; FDM_ERR_USAGE if the store was opened for reading. End it with
 * fdm_sql_end(). */
enum fdm_status fdm_store_begin(struct fdm_store *store, struct fdm_error *err);

/* FDM_ERR_USAGE unless this store holds the session. */
enum fdm_status fdm_store_require_held(const struct fdm_store *store, int64_t session_id,
                                       struct fdm_error *err);

/* FDM_ERR_USAGE, naming `what`, if no NUL stands within `size` bytes. */
enum fdm_status fdm_store_check_text(const char *text, size_t size, const char *what,
                                     struct fdm_error *err);

/* The same for the texts of a record. */
struct fdm_store_text {
    const char *text;
    size_t size;
    const char *what;
};
#define FDM_STORE_TEXT(record, member)                                                             \
    {                                                                                              \
        (record)->member, sizeof(record)->member, #member                                          \
    }
enum fdm_status fdm_store_check_texts(const struct fdm_store_text *texts, size_t count,
                                      struct fdm_error *err);

/* fdm_store_case_get() without the members that are counted. */
enum fdm_status fdm_store_case_row(struct fdm_store *store, int64_t id, struct fdm_case_record *out,
                                   struct fdm_error *err);
/* fdm_store_case_set_state() within the caller's transaction; `message` is not NULL. */
enum fdm_status fdm_store_case_change(struct fdm_store *store, int64_t id,
                                      enum fdm_case_state state, const char *message,
                                      struct fdm_error *err);

/* Reads the query's current row into `item`; ends with fdm_sql_row_check(). */
typedef enum fdm_status (*fdm_store_reader)(struct fdm_sql_query *query, void *item,
                                            struct fdm_error *err);

/* All rows of a bound query as an array of items, which the caller frees; NULL and 0 for none and
 * after a failure. Finishes the query. */
enum fdm_status fdm_store_collect(struct fdm_sql_query *query, fdm_store_reader read,
                                  size_t item_size, void **out, size_t *count,
                                  struct fdm_error *err);
/* The first row, or `*found` false. Finishes the query. */
enum fdm_status fdm_store_fetch(struct fdm_sql_query *query, fdm_store_reader read, void *item,
                                bool *found, struct fdm_error *err);

/* Makes room for one more item behind `count`: returns the array, moved if need be, or NULL with
 * the old one untouched. */
void *fdm_store_grow(void *items, size_t *capacity, size_t count, size_t item_size,
                     struct fdm_error *err);

#endif

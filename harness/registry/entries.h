/* What the registry's files share: memory, checked members, and the readers of one document each.
 */
#ifndef FDM_HARNESS_REGISTRY_ENTRIES_H
#define FDM_HARNESS_REGISTRY_ENTRIES_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/json.h"
#include "harness/registry/registry.h"

/* Everything that the registry's pointers lead to, freed at once. */
struct fdm_registry_owned {
    void **blocks;
    size_t block_count;
    struct fdm_json **documents;
    size_t document_count;
    /* The registry's lists while they grow. */
    struct fdm_board_entry *boards;
    struct fdm_dataset_entry *datasets;
    struct fdm_model_entry *models;
    struct fdm_card *cards;
};

/* Zeroed memory for `count` items that lives as long as the registry; one byte more than asked, so
 * that a count of 0 is no failure. NULL: FDM_ERR_MEMORY. */
void *fdm_registry_alloc(struct fdm_registry_owned *owned, size_t count, size_t size,
                         struct fdm_error *err);
void fdm_registry_release(struct fdm_registry_owned *owned);

/* ---- Members: messages name the member ------------------------------------------------------- */

/* FDM_ERR_FORMAT unless `object` is an object in which no known member stands twice and no unknown
 * one looks like a mistyped known one. `known` ends with NULL. */
enum fdm_status fdm_entry_check_members(const struct fdm_json *object, const char *const *known,
                                        struct fdm_error *err);

/* Strings of 1 to `max` bytes without control characters. The optional ones are NULL if absent or
 * null. */
enum fdm_status fdm_entry_text(const struct fdm_json *object, const char *name, size_t max,
                               const char **out, struct fdm_error *err);
enum fdm_status fdm_entry_opt_text(const struct fdm_json *object, const char *name, size_t max,
                                   const char **out, struct fdm_error *err);
/* Letters, digits and "._-", beginning with a letter or digit; `slashes` of them may part it. */
enum fdm_status fdm_entry_id(const struct fdm_json *object, const char *name, unsigned slashes,
                             size_t max, const char **out, struct fdm_error *err);
/* 64 lower-case hexadecimal digits. */
enum fdm_status fdm_entry_sha256(const struct fdm_json *object, const char *name, const char **out,
                                 struct fdm_error *err);
enum fdm_status fdm_entry_opt_sha256(const struct fdm_json *object, const char *name,
                                     const char **out, struct fdm_error *err);
/* 0 if absent or null, else at least 1. */
enum fdm_status fdm_entry_opt_uint(const struct fdm_json *object, const char *name, uint64_t max,
                                   uint64_t *out, struct fdm_error *err);
/* One of `words`, which end with NULL. */
enum fdm_status fdm_entry_word(const struct fdm_json *object, const char *name,
                               const char *const *words, size_t *index, struct fdm_error *err);
/* NULL if absent or null. */
enum fdm_status fdm_entry_opt_array(const struct fdm_json *object, const char *name,
                                    const struct fdm_json **out, struct fdm_error *err);
/* An array of strings as fdm_entry_text() wants them; empty if absent or null. */
enum fdm_status fdm_entry_opt_texts(struct fdm_registry_owned *owned, const struct fdm_json *object,
                                    const char *name, size_t max, const char *const **out,
                                    size_t *count, struct fdm_error *err);

/* ---- Documents ------------------------------------------------------------------------------- */

enum fdm_status fdm_board_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                               struct fdm_board_entry *out, struct fdm_error *err);
enum fdm_status fdm_dataset_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                                 struct fdm_dataset_entry *out, struct fdm_error *err);
/* A models file holds many entries; `*out` lives in `owned`. The folder stands as written. */
enum fdm_status fdm_models_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                                struct fdm_model_entry **out, size_t *count, struct fdm_error *err);
enum fdm_status fdm_card_read(struct fdm_registry_owned *owned, const struct fdm_json *document,
                              struct fdm_card *out, struct fdm_error *err);

/* Where a document comes from. */
struct fdm_entry_source {
    const char *file; /* lives as long as the registry */
    bool user;
};

/* Reads a document, which must live as long as the registry, and adds what it describes. Only the
 * user may replace an entry, and only one that is built in: FDM_ERR_FORMAT else. */
typedef enum fdm_status fdm_entry_adder(struct fdm_registry *registry,
                                        const struct fdm_json *document,
                                        const struct fdm_entry_source *from, struct fdm_error *err);

fdm_entry_adder fdm_registry_add_board;
fdm_entry_adder fdm_registry_add_dataset;
fdm_entry_adder fdm_registry_add_models;
fdm_entry_adder fdm_registry_add_card;

/* Every id once, and every reference to something that is there. */
enum fdm_status fdm_registry_check(const struct fdm_registry *registry, struct fdm_error *err);

#endif

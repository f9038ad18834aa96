/* The store: sessions, splits, cases, predictions and figures in one SQLite file.
 *
 * What it guarantees
 *   - Every call that writes is one transaction, on the disk when it returns FDM_OK (write-ahead
 *     log, synchronous=FULL): it survives a killed program, a crashed system and a lost power
 *     supply as far as the disk keeps its own promises. A call that fails leaves nothing behind.
 *   - A damaged or hostile file yields an error (FDM_ERR_FORMAT), never a crash: each value read is
 *     checked for its type, length and range.
 *   - One process at a time writes a session. The lock is the kernel's, on one byte of
 *     "<path>.lock", so a killed process leaves nothing stale behind.
 *   - Files of older versions are upgraded when opened; files of newer ones and other programs'
 *     databases are refused and left alone.
 *
 * Arrays that are returned are one block each: the caller frees them with free(), also those that
 * hold strings. They are NULL with a count of 0 when empty and after a failure.
 *
 * A store belongs to one thread at a time. The file must lie on a local disk: SQLite's
 * write-ahead log does not work across machines.
 *
 * Errors common to all calls: FDM_ERR_IO (disk full, no permission: the message says which file and
 * what to do), FDM_ERR_BUSY (another program holds the file longer than ten seconds),
 * FDM_ERR_FORMAT (damaged), FDM_ERR_MEMORY. Further ones stand at the call. */
#ifndef FDM_RESULTS_STORE_H
#define FDM_RESULTS_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "results/record.h"

struct fdm_store;

enum fdm_store_mode {
    FDM_STORE_READ, /* the file must exist; calls that write fail with FDM_ERR_USAGE */
    FDM_STORE_WRITE /* created with its folder if absent */
};

/* FDM_ERR_NOT_FOUND: absent (only FDM_STORE_READ). FDM_ERR_FORMAT: not a database, or another
 * program's. FDM_ERR_UNSUPPORTED: written by a newer version of this program. `*out` is NULL on
 * failure; otherwise fdm_store_close() ends it and releases its sessions. */
enum fdm_status fdm_store_open(const char *path, enum fdm_store_mode mode, struct fdm_store **out,
                               struct fdm_error *err);
void fdm_store_close(struct fdm_store *store);

/* Reads the whole file and checks its structure, its references and its words; slow on large
 * files. FDM_ERR_FORMAT names the first damage. */
enum fdm_status fdm_store_check(struct fdm_store *store, struct fdm_error *err);

/* ---- Sessions -------------------------------------------------------------------------------- */

/* Stores a new RUNNING session and takes its lock. Reads every member of `record` but id, state,
 * started, finished, resumptions and the counts, which it fills. */
enum fdm_status fdm_store_session_create(struct fdm_store *store, struct fdm_session_record *record,
                                         struct fdm_error *err);
/* The latest session of that plan that is still RUNNING; `*found` false without one. Does not take
 * its lock. */
enum fdm_status fdm_store_session_find_resumable(struct fdm_store *store, const char *plan_sha256,
                                                 struct fdm_session_record *out, bool *found,
                                                 struct fdm_error *err);
/* Takes the lock of a RUNNING session and counts the resumption. FDM_ERR_BUSY, naming the owner,
 * while another process (or another open store) writes it; FDM_ERR_NOT_FOUND; FDM_ERR_USAGE if it
 * is not RUNNING. */
enum fdm_status fdm_store_session_resume(struct fdm_store *store, int64_t id,
                                         struct fdm_error *err);
/* Sets COMPLETE or FAILED and the finishing time, and releases the lock. FDM_ERR_USAGE if this
 * store does not hold the session. */
enum fdm_status fdm_store_session_finish(struct fdm_store *store, int64_t id,
                                         enum fdm_session_state state, struct fdm_error *err);
/* FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_session_get(struct fdm_store *store, int64_t id,
                                      struct fdm_session_record *out, struct fdm_error *err);
/* All sessions, oldest first. */
enum fdm_status fdm_store_session_list(struct fdm_store *store, struct fdm_session_record **out,
                                       size_t *count, struct fdm_error *err);

/* ---- Splits: stored before the first prediction ---------------------------------------------- */

/* Stores the split unless one with this sha256 is there already; fills `record->id` either way.
 * `class_names` has record->class_count names, `images` record->count images. What is there wins in
 * the members that do not decide the images (scheme, seed, root, …).
 * FDM_ERR_MISMATCH: sha256 is not the one of the images, or the stored split has other class names.
 * FDM_ERR_USAGE: a label outside the classes, an empty split, a name with a line break. */
enum fdm_status fdm_store_split_put(struct fdm_store *store, struct fdm_split_record *record,
                                    const char *const *class_names,
                                    const struct fdm_split_image *images, struct fdm_error *err);
/* FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_split_get(struct fdm_store *store, int64_t id,
                                    struct fdm_split_record *out, struct fdm_error *err);
/* Class names in byte order. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_split_classes(struct fdm_store *store, int64_t id, const char ***out,
                                        size_t *count, struct fdm_error *err);
/* Images in evaluation order, compared with the split's sha256. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_split_images(struct fdm_store *store, int64_t id,
                                       struct fdm_split_image **out, size_t *count,
                                       struct fdm_error *err);

/* ---- Cases ----------------------------------------------------------------------------------- */

/* Stores a PLANNED case of a session that this store holds and fills its id. Reads every member but
 * id, state, message, started, finished and those filled on reading. FDM_ERR_USAGE: the session is
 * not held, the split is unknown, image_count exceeds the split's, threads is 0, or the session
 * already has a case that differs in nothing that decides the result. */
enum fdm_status fdm_store_case_add(struct fdm_store *store, struct fdm_case_record *record,
                                   struct fdm_error *err);
/* Sets the state and replaces the message (NULL: empty). RUNNING sets `started` the first time;
 * COMPLETE, FAILED and SKIPPED set `finished`. FDM_ERR_USAGE: the session is not held, or COMPLETE
 * while predictions are missing. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_case_set_state(struct fdm_store *store, int64_t id,
                                         enum fdm_case_state state, const char *message,
                                         struct fdm_error *err);
/* FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_case_get(struct fdm_store *store, int64_t id, struct fdm_case_record *out,
                                   struct fdm_error *err);

#define FDM_CASE_STATE_BIT(state) (1u << (unsigned)(state))

/* Zero and NULL members do not restrict: `struct fdm_case_filter f = {0}` means every case. */
struct fdm_case_filter {
    int64_t session_id;
    const char *board;
    const char *engine;
    const char *semantics;
    const char *model;
    const char *family;
    const char *dataset;
    const char *format;
    uint32_t resolution;
    uint32_t states; /* a set of FDM_CASE_STATE_BIT(), 0 for all */
    bool whole;      /* only cases over every image of their split */
    /* Of the cases that match the rest and agree in board, engine, threads, semantics, model,
     * format, model hash, mapping, label order, split and image_count, only the one stored last. */
    bool latest;
};

/* In the order in which they were stored. */
enum fdm_status fdm_store_case_list(struct fdm_store *store, const struct fdm_case_filter *filter,
                                    struct fdm_case_record **out, size_t *count,
                                    struct fdm_error *err);

/* ---- Predictions ----------------------------------------------------------------------------- */

/* Stores a batch in one transaction and makes the case RUNNING unless it is COMPLETE; with
 * `complete`, the same transaction makes it COMPLETE, which needs all its images. A prediction that
 * is there already is accepted if it agrees in all but `infer_ns`, whose first value stays.
 * FDM_ERR_MISMATCH names the image whose outcome differs from the stored one, or whose label is not
 * the split's. FDM_ERR_USAGE: the session is not held, a value is out of range (image against
 * image_count, classes, a score that is no finite number), or images are missing for `complete`.
 * FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_predictions_add(struct fdm_store *store, int64_t case_id,
                                          const struct fdm_prediction *predictions, size_t count,
                                          bool complete, struct fdm_error *err);
/* For resuming: an array of the case's image_count elements, true where a prediction is stored.
 * FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_predictions_done(struct fdm_store *store, int64_t case_id, bool **out,
                                           size_t *count, struct fdm_error *err);
/* All that are stored, ordered by image. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_predictions_load(struct fdm_store *store, int64_t case_id,
                                           struct fdm_prediction **out, size_t *count,
                                           struct fdm_error *err);

/* ---- Figures --------------------------------------------------------------------------------- */

/* Stores or replaces figures, each known by its name and kind. FDM_ERR_USAGE: the session is not
 * held, an empty name, a value that is no finite number. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_figures_put(struct fdm_store *store, int64_t case_id,
                                      const struct fdm_figure *figures, size_t count,
                                      struct fdm_error *err);
/* Ordered by name and kind. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_figures_list(struct fdm_store *store, int64_t case_id,
                                       struct fdm_figure **out, size_t *count,
                                       struct fdm_error *err);

/* ---- Measurements on a board ----------------------------------------------------------------- */

/* Each call stores or replaces rows by their index, name or (run, layer), all in one transaction.
 * FDM_ERR_USAGE: the session is not held, a name is empty, a layer sample without its layer.
 * FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_samples_put(struct fdm_store *store, int64_t case_id,
                                      const struct fdm_sample *samples, size_t count,
                                      struct fdm_error *err);
enum fdm_status fdm_store_layers_put(struct fdm_store *store, int64_t case_id,
                                     const struct fdm_layer_record *layers, size_t layer_count,
                                     const struct fdm_layer_sample *samples, size_t sample_count,
                                     struct fdm_error *err);
enum fdm_status fdm_store_facts_put(struct fdm_store *store, int64_t case_id,
                                    const struct fdm_fact *facts, size_t count,
                                    struct fdm_error *err);

/* Ordered by index, layer, (run, layer) and name. FDM_ERR_NOT_FOUND. */
enum fdm_status fdm_store_samples_list(struct fdm_store *store, int64_t case_id,
                                       struct fdm_sample **out, size_t *count,
                                       struct fdm_error *err);
enum fdm_status fdm_store_layers_list(struct fdm_store *store, int64_t case_id,
                                      struct fdm_layer_record **out, size_t *count,
                                      struct fdm_error *err);
enum fdm_status fdm_store_layer_samples_list(struct fdm_store *store, int64_t case_id,
                                             struct fdm_layer_sample **out, size_t *count,
                                             struct fdm_error *err);
enum fdm_status fdm_store_facts_list(struct fdm_store *store, int64_t case_id,
                                     struct fdm_fact **out, size_t *count, struct fdm_error *err);

#endif

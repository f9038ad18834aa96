#include "tests/support/test.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "results/migrations.h"
#include "results/store.h"
#include "tests/fakes/faulty_vfs.h"

#define IMAGES 64
#define BATCH 4
#define CLASSES 3

static const char *const class_names[CLASSES] = {"daisy", "roses", "tulips"};

/* ---- A small world to store ------------------------------------------------------------------ */

struct world {
    char *dir;
    char *path;
    struct fdm_store *store;
    struct fdm_error err;
    struct fdm_session_record session;
    struct fdm_split_record split;
    struct fdm_split_image images[IMAGES];
    char names[IMAGES][32];
    struct fdm_prediction predictions[IMAGES];
};

static void split_sha256(struct world *w)
{
    struct fdm_buf lines;
    fdm_buf_init(&lines);
    for (uint32_t i = 0; i < w->split.count; i++)
        fdm_buf_printf(&lines, "%" PRId32 " %s\n", w->images[i].label, w->images[i].path);
    fdm_sha256_hex(lines.data, lines.len, w->split.sha256);
    fdm_buf_release(&lines);
}

static void fill(struct world *w)
{
    memset(&w->session, 0, sizeof w->session);
    memset(&w->split, 0, sizeof w->split);
    snprintf(w->session.plan_sha256, sizeof w->session.plan_sha256, "plan");
    snprintf(w->session.command, sizeof w->session.command, "run --board host");
    snprintf(w->session.host, sizeof w->session.host, "a 'quoted' host; DROP TABLE sessions");
    w->session.threads = 2;
    snprintf(w->split.dataset, sizeof w->split.dataset, "flowers");
    snprintf(w->split.scheme, sizeof w->split.scheme, "st");
    w->split.seed = 127;
    w->split.total = 3670;
    w->split.count = IMAGES;
    w->split.class_count = CLASSES;
    w->split.published = true;
    for (uint32_t i = 0; i < IMAGES; i++) {
        w->images[i].label = (int32_t)(i % CLASSES);
        snprintf(w->names[i], sizeof w->names[i], "%s/%" PRIu32 ".jpg", class_names[i % CLASSES],
                 i);
        w->images[i].path = w->names[i];
        /* Every fifth is wrong; image 7 cannot be read. */
        w->predictions[i] = (struct fdm_prediction){
            .image = i,
            .label = w->images[i].label,
            .predicted = i % 5 == 0 ? (w->images[i].label + 1) % CLASSES : w->images[i].label,
            .raw_output = (int32_t)((i + 1) % CLASSES),
            .score = (float)i / 256.0F,
            .infer_ns = UINT64_C(5000000000) + i,
            .output_crc32 = UINT32_C(0xfffffff0) + i % 16,
        };
    }
    w->predictions[7].predicted = FDM_PREDICTION_UNREADABLE;
    w->predictions[7].raw_output = -1;
    split_sha256(w);
}

static void open_world(struct world *w)
{
    w->err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_store_open(w->path, FDM_STORE_WRITE, &w->store, &w->err), w->err);
}

static void begin_session(struct world *w)
{
    assert_ok(fdm_store_session_create(w->store, &w->session, &w->err), w->err);
    assert_ok(fdm_store_split_put(w->store, &w->split, class_names, w->images, &w->err), w->err);
}

static int set_up(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->dir = test_tmpdir();
    w->path = fdm_fs_join(w->dir, "sub/results.db");
    fill(w);
    open_world(w);
    *state = w;
    return 0;
}

static int tear_down(void **state)
{
    struct world *w = *state;
    fdm_store_close(w->store);
    test_rmtree(w->dir);
    free(w->path);
    free(w->dir);
    free(w);
    return 0;
}

static struct fdm_case_record a_case(const struct world *w, const char *model, const char *format)
{
    struct fdm_case_record c;
    memset(&c, 0, sizeof c);
    c.session_id = w->session.id;
    c.split_id = w->split.id;
    c.image_count = IMAGES;
    c.resolution = 224;
    c.threads = 1;
    snprintf(c.board, sizeof c.board, "host");
    snprintf(c.engine, sizeof c.engine, "reference");
    snprintf(c.semantics, sizeof c.semantics, "tflite");
    snprintf(c.model, sizeof c.model, "%s", model);
    snprintf(c.family, sizeof c.family, "FdMobileNet 0.25 tfs");
    snprintf(c.dataset, sizeof c.dataset, "flowers");
    snprintf(c.format, sizeof c.format, "%s", format);
    snprintf(c.mapping, sizeof c.mapping, "x/255-1");
    c.mapping_corrected = true;
    snprintf(c.label_order, sizeof c.label_order, "bytes");
    return c;
}

static int64_t add_case(struct world *w, const char *model, const char *format)
{
    struct fdm_case_record c = a_case(w, model, format);
    assert_ok(fdm_store_case_add(w->store, &c, &w->err), w->err);
    return c.id;
}

static enum fdm_status add_range(struct world *w, int64_t id, uint32_t from, uint32_t to,
                                 bool complete, struct fdm_error *err)
{
    return fdm_store_predictions_add(w->store, id, w->predictions + from, to - from, complete, err);
}

static void raw_sql(const char *path, const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    char *message = NULL;
    if (sqlite3_exec(db, text, NULL, NULL, &message) != SQLITE_OK)
        fail_msg("%s: %s", text, message);
    sqlite3_close(db);
}

/* ---- Records --------------------------------------------------------------------------------- */

static void sessions_round_trip(void **state)
{
    struct world *w = *state;
    struct fdm_session_record read;
    struct fdm_session_record *list;
    size_t count;
    bool found;
    assert_ok(fdm_store_session_list(w->store, &list, &count, &w->err), w->err);
    assert_null(list);
    assert_int_equal(count, 0);
    begin_session(w);
    add_case(w, "flowers/a", "int8");
    assert_ok(fdm_store_session_find_resumable(w->store, "plan", &read, &found, &w->err), w->err);
    assert_true(found);
    assert_int_equal(read.id, w->session.id);
    assert_string_equal(read.host, w->session.host);
    assert_string_equal(read.command, "run --board host");
    assert_int_equal(strlen(read.started), strlen("2026-01-31T23:59:59Z"));
    assert_string_equal(read.finished, "");
    assert_int_equal(read.case_count, 1);
    assert_int_equal(read.complete_count, 0);
    assert_ok(fdm_store_session_find_resumable(w->store, "other", &read, &found, &w->err), w->err);
    assert_false(found);
    assert_ok(fdm_store_session_finish(w->store, w->session.id, FDM_SESSION_FAILED, &w->err),
              w->err);
    assert_ok(fdm_store_session_find_resumable(w->store, "plan", &read, &found, &w->err), w->err);
    assert_false(found);
    assert_ok(fdm_store_session_list(w->store, &list, &count, &w->err), w->err);
    assert_int_equal(count, 1);
    assert_int_equal(list[0].state, FDM_SESSION_FAILED);
    assert_int_equal(strlen(list[0].finished), strlen("2026-01-31T23:59:59Z"));
    free(list);
    assert_int_equal(fdm_store_session_resume(w->store, w->session.id, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_store_session_resume(w->store, 99, NULL), FDM_ERR_NOT_FOUND);
}

static void the_latest_running_session_of_a_plan_is_resumed(void **state)
{
    struct world *w = *state;
    struct fdm_session_record read;
    bool found;
    int64_t ids[3];
    for (size_t i = 0; i < 3; i++) {
        assert_ok(fdm_store_session_create(w->store, &w->session, &w->err), w->err);
        ids[i] = w->session.id;
    }
    assert_ok(fdm_store_session_finish(w->store, ids[2], FDM_SESSION_COMPLETE, &w->err), w->err);
    assert_ok(fdm_store_session_find_resumable(w->store, "plan", &read, &found, &w->err), w->err);
    assert_int_equal(read.id, ids[1]);
    fdm_store_close(w->store);
    open_world(w);
    assert_int_equal(fdm_store_session_finish(w->store, ids[1], FDM_SESSION_COMPLETE, NULL),
                     FDM_ERR_USAGE);
    assert_ok(fdm_store_session_resume(w->store, ids[1], &w->err), w->err);
    assert_int_equal(fdm_store_session_resume(w->store, ids[1], NULL), FDM_ERR_BUSY);
    assert_ok(fdm_store_session_get(w->store, ids[1], &read, &w->err), w->err);
    assert_int_equal(read.resumptions, 1);
}

static void splits_round_trip_once(void **state)
{
    struct world *w = *state;
    struct fdm_split_record again = w->split;
    struct fdm_split_record read;
    struct fdm_split_image *images;
    const char **names;
    size_t count;
    begin_session(w);
    snprintf(again.root, sizeof again.root, "/elsewhere");
    assert_ok(fdm_store_split_put(w->store, &again, class_names, w->images, &w->err), w->err);
    assert_int_equal(again.id, w->split.id);
    assert_ok(fdm_store_split_get(w->store, again.id, &read, &w->err), w->err);
    assert_memory_equal(&read, &w->split, sizeof read);
    assert_ok(fdm_store_split_classes(w->store, again.id, &names, &count, &w->err), w->err);
    assert_int_equal(count, CLASSES);
    for (size_t i = 0; i < CLASSES; i++)
        assert_string_equal(names[i], class_names[i]);
    free(names);
    assert_ok(fdm_store_split_images(w->store, again.id, &images, &count, &w->err), w->err);
    assert_int_equal(count, IMAGES);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(images[i].label, w->images[i].label);
        assert_string_equal(images[i].path, w->images[i].path);
    }
    free(images);
    assert_int_equal(fdm_store_split_get(w->store, 99, &read, NULL), FDM_ERR_NOT_FOUND);
}

static void wrong_splits_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const unsorted[CLASSES] = {"roses", "daisy", "tulips"};
    static const char *const others[CLASSES] = {"daisy", "rosen", "tulips"};
    struct fdm_split_record s = w->split;
    s.sha256[0] = s.sha256[0] == '0' ? '1' : '0';
    assert_int_equal(fdm_store_split_put(w->store, &s, class_names, w->images, NULL),
                     FDM_ERR_MISMATCH);
    assert_int_equal(s.id, 0);
    assert_int_equal(fdm_store_split_put(w->store, &w->split, unsorted, w->images, NULL),
                     FDM_ERR_USAGE);
    s = w->split;
    s.class_count = 2;
    assert_int_equal(fdm_store_split_put(w->store, &s, class_names, w->images, NULL),
                     FDM_ERR_USAGE);
    s = w->split;
    s.count = 0;
    assert_int_equal(fdm_store_split_put(w->store, &s, class_names, w->images, NULL),
                     FDM_ERR_USAGE);
    s = w->split;
    memset(s.root, 'x', sizeof s.root);
    assert_int_equal(fdm_store_split_put(w->store, &s, class_names, w->images, NULL),
                     FDM_ERR_USAGE);
    assert_ok(fdm_store_split_put(w->store, &w->split, class_names, w->images, &w->err), w->err);
    assert_int_equal(fdm_store_split_put(w->store, &w->split, others, w->images, NULL),
                     FDM_ERR_MISMATCH);
}

static void cases_round_trip(void **state)
{
    struct world *w = *state;
    begin_session(w);
    struct fdm_case_record c = a_case(w, "flowers/a", "int8");
    assert_ok(fdm_store_case_add(w->store, &c, &w->err), w->err);
    struct fdm_case_record read;
    assert_ok(fdm_store_case_get(w->store, c.id, &read, &w->err), w->err);
    assert_memory_equal(&read, &c, sizeof c);
    assert_int_equal(read.state, FDM_CASE_PLANNED);
    assert_string_equal(read.mapping, "x/255-1");
    assert_true(read.mapping_corrected);
    assert_ok(fdm_store_case_set_state(w->store, c.id, FDM_CASE_SKIPPED, "no room", &w->err),
              w->err);
    assert_ok(fdm_store_case_get(w->store, c.id, &read, &w->err), w->err);
    assert_int_equal(read.state, FDM_CASE_SKIPPED);
    assert_string_equal(read.message, "no room");
    assert_string_equal(read.started, "");
    assert_string_not_equal(read.finished, "");
    assert_ok(fdm_store_case_set_state(w->store, c.id, FDM_CASE_RUNNING, NULL, &w->err), w->err);
    assert_ok(fdm_store_case_get(w->store, c.id, &read, &w->err), w->err);
    assert_string_equal(read.message, "");
    assert_string_not_equal(read.started, "");
    assert_string_equal(read.finished, "");
    assert_int_equal(fdm_store_case_set_state(w->store, c.id, FDM_CASE_COMPLETE, NULL, NULL),
                     FDM_ERR_USAGE);
    assert_int_equal(fdm_store_case_get(w->store, 99, &read, NULL), FDM_ERR_NOT_FOUND);
    assert_int_equal(fdm_store_case_set_state(w->store, 99, FDM_CASE_FAILED, NULL, NULL),
                     FDM_ERR_NOT_FOUND);
}

static void wrong_cases_are_refused(void **state)
{
    struct world *w = *state;
    begin_session(w);
    struct fdm_case_record c = a_case(w, "flowers/a", "int8");
    assert_ok(fdm_store_case_add(w->store, &c, &w->err), w->err);
    c = a_case(w, "flowers/a", "int8");
    assert_int_equal(fdm_store_case_add(w->store, &c, NULL), FDM_ERR_USAGE); /* twice */
    c.split_id = 99;
    assert_int_equal(fdm_store_case_add(w->store, &c, NULL), FDM_ERR_USAGE);
    c = a_case(w, "flowers/b", "int8");
    c.image_count = IMAGES + 1;
    assert_int_equal(fdm_store_case_add(w->store, &c, NULL), FDM_ERR_USAGE);
    c = a_case(w, "flowers/b", "int8");
    c.threads = 0;
    assert_int_equal(fdm_store_case_add(w->store, &c, NULL), FDM_ERR_USAGE);
    c = a_case(w, "flowers/b", "int8");
    memset(c.engine, 'x', sizeof c.engine);
    assert_int_equal(fdm_store_case_add(w->store, &c, NULL), FDM_ERR_USAGE);
    c = a_case(w, "flowers/b", "int8");
    c.session_id = 99;
    assert_int_equal(fdm_store_case_add(w->store, &c, NULL), FDM_ERR_USAGE);
}

static void cases_are_filtered(void **state)
{
    struct world *w = *state;
    begin_session(w);
    int64_t first = w->session.id;
    add_case(w, "flowers/a", "int8");  /* 1 */
    add_case(w, "flowers/a", "float"); /* 2 */
    struct fdm_case_record c = a_case(w, "flowers/b", "int8");
    c.resolution = 128;
    snprintf(c.board, sizeof c.board, "emulated-cortex-m7");
    assert_ok(fdm_store_case_add(w->store, &c, &w->err), w->err); /* 3 */
    c.image_count = 8;
    assert_ok(fdm_store_case_add(w->store, &c, &w->err), w->err); /* 4 */
    assert_ok(fdm_store_session_create(w->store, &w->session, &w->err), w->err);
    add_case(w, "flowers/a", "int8"); /* 5 */
    assert_ok(fdm_store_case_set_state(w->store, 5, FDM_CASE_FAILED, "x", &w->err), w->err);
    c = a_case(w, "flowers/a", "int8");
    c.threads = 2;
    assert_ok(fdm_store_case_add(w->store, &c, &w->err), w->err); /* 6 */
    const struct {
        struct fdm_case_filter filter;
        const char *ids;
        const char *remark;
    } rows[] = {
        {{0}, "1 2 3 4 5 6 ", "nothing restricts"},
        {{.session_id = first}, "1 2 3 4 ", "one session"},
        {{.model = "flowers/a"}, "1 2 5 6 ", "model"},
        {{.model = "flowers/a", .format = "int8"}, "1 5 6 ", "two members"},
        {{.board = "host"}, "1 2 5 6 ", "board"},
        {{.resolution = 128}, "3 4 ", "resolution"},
        {{.engine = "tuned"}, "", "no such engine"},
        {{.semantics = "tflite", .dataset = "flowers", .family = "FdMobileNet 0.25 tfs"},
         "1 2 3 4 5 6 ",
         "all agree"},
        {{.dataset = "' OR 1 --"}, "", "a hostile word"},
        {{.states = FDM_CASE_STATE_BIT(FDM_CASE_FAILED)}, "5 ", "one state"},
        {{.states = FDM_CASE_STATE_BIT(FDM_CASE_FAILED) | FDM_CASE_STATE_BIT(FDM_CASE_PLANNED)},
         "1 2 3 4 5 6 ",
         "two states"},
        {{.whole = true}, "1 2 3 5 6 ", "limited runs left out"},
        {{.latest = true}, "2 3 4 5 6 ", "5 replaces 1; others differ in images or threads"},
        {{.latest = true, .states = FDM_CASE_STATE_BIT(FDM_CASE_PLANNED)},
         "1 2 3 4 6 ",
         "a failed case hides no older one"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_case_record *list;
        size_t count;
        struct fdm_buf ids;
        fdm_buf_init(&ids);
        fdm_buf_puts(&ids, "");
        assert_ok(fdm_store_case_list(w->store, &rows[i].filter, &list, &count, &w->err), w->err);
        for (size_t k = 0; k < count; k++)
            fdm_buf_printf(&ids, "%" PRId64 " ", list[k].id);
        if (strcmp(ids.data != NULL ? ids.data : "", rows[i].ids) != 0)
            fail_msg("%s: got %s", rows[i].remark, ids.data);
        fdm_buf_release(&ids);
        free(list);
    }
}

static void predictions_are_kept_and_counted(void **state)
{
    struct world *w = *state;
    struct fdm_prediction *list;
    struct fdm_case_record c;
    bool *done;
    size_t count;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    assert_ok(fdm_store_predictions_load(w->store, id, &list, &count, &w->err), w->err);
    assert_null(list);
    assert_ok(add_range(w, id, 32, IMAGES, false, &w->err), w->err);
    assert_ok(fdm_store_predictions_done(w->store, id, &done, &count, &w->err), w->err);
    assert_int_equal(count, IMAGES);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(done[i], i >= 32);
    free(done);
    assert_ok(fdm_store_case_get(w->store, id, &c, &w->err), w->err);
    assert_int_equal(c.state, FDM_CASE_RUNNING);
    assert_string_not_equal(c.started, "");
    assert_int_equal(c.done, 32);
    assert_int_equal(add_range(w, id, 4, 32, true, NULL), FDM_ERR_USAGE); /* 0..3 are missing */
    assert_ok(add_range(w, id, 0, 32, true, &w->err), w->err);
    assert_ok(fdm_store_case_get(w->store, id, &c, &w->err), w->err);
    assert_int_equal(c.state, FDM_CASE_COMPLETE);
    assert_string_not_equal(c.finished, "");
    assert_int_equal(c.done, IMAGES);
    assert_int_equal(c.unreadable, 1);
    assert_int_equal(c.evaluated, IMAGES - 1);
    assert_int_equal(c.correct, IMAGES - 13 - 1); /* 0, 5, … 60 are wrong */
    assert_ok(fdm_store_predictions_load(w->store, id, &list, &count, &w->err), w->err);
    assert_int_equal(count, IMAGES);
    assert_memory_equal(list, w->predictions, sizeof w->predictions);
    free(list);
    assert_ok(fdm_store_check(w->store, &w->err), w->err);
}

static void a_repeated_batch_must_agree(void **state)
{
    struct world *w = *state;
    struct fdm_prediction *list;
    size_t count;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    assert_ok(add_range(w, id, 0, 8, false, &w->err), w->err);
    w->predictions[3].infer_ns = 1; /* a second measurement of the same outcome */
    assert_ok(add_range(w, id, 0, 8, false, &w->err), w->err);
    static const char *const remarks[] = {"class", "output", "score", "raw output"};
    for (size_t i = 0; i < 4; i++) {
        struct fdm_prediction kept = w->predictions[5];
        w->predictions[5].predicted = i == 0 ? kept.label : kept.predicted;
        w->predictions[5].output_crc32 ^= i == 1;
        w->predictions[5].score += i == 2 ? 1e-7F : 0.0F;
        w->predictions[5].raw_output = i == 3 ? -1 : kept.raw_output;
        struct fdm_error err = FDM_ERROR_INIT;
        if (add_range(w, id, 0, 16, false, &err) != FDM_ERR_MISMATCH)
            fail_msg("accepted another %s", remarks[i]);
        assert_non_null(strstr(err.message, "image 5"));
        w->predictions[5] = kept;
    }
    assert_ok(fdm_store_predictions_load(w->store, id, &list, &count, &w->err), w->err);
    assert_int_equal(count, 8); /* nothing of a refused batch stays */
    assert_true(list[3].infer_ns > 1);
    free(list);
}

static void wrong_predictions_are_refused(void **state)
{
    struct world *w = *state;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    const struct fdm_prediction good = w->predictions[1];
    const struct {
        struct fdm_prediction p;
        enum fdm_status status;
        const char *remark;
    } rows[] = {
        {{IMAGES, 0, 0, 0, 0.5F, 0, 1}, FDM_ERR_USAGE, "image past the end"},
        {{1, 0, 0, 0, 0.5F, 0, 1}, FDM_ERR_MISMATCH, "not the split's label"},
        {{1, 1, CLASSES, 0, 0.5F, 0, 1}, FDM_ERR_USAGE, "no such class"},
        {{1, 1, -2, 0, 0.5F, 0, 1}, FDM_ERR_USAGE, "below unreadable"},
        {{1, 1, 0, CLASSES, 0.5F, 0, 1}, FDM_ERR_USAGE, "no such output"},
        {{1, 1, 0, 0, 0.0F / 0.0F, 0, 1}, FDM_ERR_USAGE, "score is no number"},
        {{1, 1, 0, 0, 1e30F * 1e30F, 0, 1}, FDM_ERR_USAGE, "score is infinite"},
        {{1, 1, 0, 0, 0.5F, 0, UINT64_MAX}, FDM_ERR_USAGE, "time past 63 bits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct fdm_prediction two[2] = {good, rows[i].p};
        struct fdm_prediction *list;
        size_t count;
        if (fdm_store_predictions_add(w->store, id, two + 1, 1, false, NULL) != rows[i].status)
            fail_msg("%s", rows[i].remark);
        assert_ok(fdm_store_predictions_load(w->store, id, &list, &count, &w->err), w->err);
        assert_int_equal(count, 0);
        free(list);
    }
    assert_int_equal(add_range(w, 99, 0, 1, false, NULL), FDM_ERR_NOT_FOUND);
}

static void figures_are_replaced_by_kind(void **state)
{
    struct world *w = *state;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    const struct fdm_figure first[] = {
        {"macs", FDM_FIGURE_COMPUTED, 11783232.0},
        {"arena_bytes", FDM_FIGURE_MEASURED, 250880.0},
        {"arena_bytes", FDM_FIGURE_COMPUTED, 250000.0},
    };
    const struct fdm_figure second[] = {{"arena_bytes", FDM_FIGURE_COMPUTED, 0.125}};
    const struct fdm_figure bad[] = {{"x", FDM_FIGURE_COMPUTED, 1.0},
                                     {"y", FDM_FIGURE_COMPUTED, 0.0 / 0.0}};
    const struct fdm_figure infinite = {"z", FDM_FIGURE_COMPUTED, 1e300 * 1e300};
    const struct fdm_figure nameless = {"", FDM_FIGURE_COMPUTED, 1.0};
    struct fdm_figure *list;
    size_t count;
    assert_ok(fdm_store_figures_put(w->store, id, first, 3, &w->err), w->err);
    assert_ok(fdm_store_figures_put(w->store, id, second, 1, &w->err), w->err);
    assert_int_equal(fdm_store_figures_put(w->store, id, bad, 2, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_store_figures_put(w->store, id, &infinite, 1, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_store_figures_put(w->store, id, &nameless, 1, NULL), FDM_ERR_USAGE);
    assert_ok(fdm_store_figures_list(w->store, id, &list, &count, &w->err), w->err);
    assert_int_equal(count, 3);
    assert_string_equal(list[0].name, "arena_bytes");
    assert_int_equal(list[0].kind, FDM_FIGURE_COMPUTED);
    assert_true(list[0].value == 0.125);
    assert_int_equal(list[1].kind, FDM_FIGURE_MEASURED);
    assert_true(list[2].value == 11783232.0);
    free(list);
    assert_int_equal(fdm_store_figures_list(w->store, 99, &list, &count, NULL), FDM_ERR_NOT_FOUND);
}

static void board_measurements_round_trip(void **state)
{
    struct world *w = *state;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    const struct fdm_sample samples[] = {{1, 20}, {0, INT64_MAX}};
    const struct fdm_layer_record layers[] = {{0, "conv1", "conv_s8", 884736},
                                              {1, "dw1", "dwconv_s8", 73728}};
    const struct fdm_layer_sample layer_samples[] = {{0, 0, 11}, {0, 1, 12}, {1, 0, 13}};
    const struct fdm_fact facts[] = {{"governor", "performance"}, {"cpu", "cortex-a7"}};
    assert_ok(fdm_store_samples_put(w->store, id, samples, 2, &w->err), w->err);
    assert_ok(fdm_store_layers_put(w->store, id, layers, 2, layer_samples, 3, &w->err), w->err);
    assert_ok(fdm_store_facts_put(w->store, id, facts, 2, &w->err), w->err);
    struct fdm_sample *samples_back;
    struct fdm_layer_record *layers_back;
    struct fdm_layer_sample *layer_samples_back;
    struct fdm_fact *facts_back;
    size_t count;
    assert_ok(fdm_store_samples_list(w->store, id, &samples_back, &count, &w->err), w->err);
    assert_int_equal(count, 2);
    assert_true(samples_back[0].counter == INT64_MAX);
    assert_int_equal(samples_back[1].index, 1);
    assert_ok(fdm_store_layers_list(w->store, id, &layers_back, &count, &w->err), w->err);
    assert_int_equal(count, 2);
    assert_string_equal(layers_back[1].op, "dwconv_s8");
    assert_int_equal(layers_back[0].macs, 884736);
    assert_ok(fdm_store_layer_samples_list(w->store, id, &layer_samples_back, &count, &w->err),
              w->err);
    assert_int_equal(count, 3);
    assert_int_equal(layer_samples_back[2].counter, 13);
    assert_ok(fdm_store_facts_list(w->store, id, &facts_back, &count, &w->err), w->err);
    assert_int_equal(count, 2);
    assert_string_equal(facts_back[0].text, "cortex-a7");
    free(samples_back);
    free(layers_back);
    free(layer_samples_back);
    free(facts_back);
}

static void wrong_board_measurements_are_refused(void **state)
{
    struct world *w = *state;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    const struct fdm_sample wide[] = {{0, 1}, {1, UINT64_MAX}};
    const struct fdm_layer_sample orphan = {0, 3, 1};
    const struct fdm_fact nameless = {"", "x"};
    struct fdm_sample *samples;
    size_t count;
    assert_int_equal(fdm_store_samples_put(w->store, id, wide, 2, NULL), FDM_ERR_USAGE);
    assert_ok(fdm_store_samples_list(w->store, id, &samples, &count, &w->err), w->err);
    assert_int_equal(count, 0);
    assert_int_not_equal(fdm_store_layers_put(w->store, id, NULL, 0, &orphan, 1, NULL), FDM_OK);
    assert_int_equal(fdm_store_facts_put(w->store, id, &nameless, 1, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_store_samples_put(w->store, 99, wide, 1, NULL), FDM_ERR_NOT_FOUND);
}

/* ---- Files ----------------------------------------------------------------------------------- */

static void reading_needs_a_file_and_never_writes(void **state)
{
    struct world *w = *state;
    struct fdm_store *reader;
    struct fdm_error err = FDM_ERROR_INIT;
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    assert_ok(fdm_store_open(w->path, FDM_STORE_READ, &reader, &err), err);
    struct fdm_case_record c;
    assert_ok(fdm_store_case_get(reader, id, &c, &err), err);
    assert_int_equal(fdm_store_session_create(reader, &w->session, NULL), FDM_ERR_USAGE);
    assert_int_equal(fdm_store_predictions_add(reader, id, w->predictions, 1, false, NULL),
                     FDM_ERR_USAGE);
    fdm_store_close(reader);
    char *absent = fdm_fs_join(w->dir, "absent.db");
    assert_int_equal(fdm_store_open(absent, FDM_STORE_READ, &reader, NULL), FDM_ERR_NOT_FOUND);
    assert_null(reader);
    assert_false(fdm_fs_is_file(absent));
    assert_ok(fdm_fs_write_atomic(absent, "", 0, &err), err);
    assert_int_equal(fdm_store_open(absent, FDM_STORE_READ, &reader, NULL), FDM_ERR_NOT_FOUND);
    free(absent);
}

static void other_files_are_refused_and_left_alone(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *sql;
        enum fdm_status status;
        const char *message;
    } rows[] = {
        {"CREATE TABLE mine (x)", FDM_ERR_FORMAT, "another program"},
        {"PRAGMA application_id = 7; CREATE TABLE mine (x)", FDM_ERR_FORMAT, "another program"},
        {"PRAGMA user_version = 2", FDM_ERR_FORMAT, "another program"},
        {"PRAGMA application_id = 1178881346; PRAGMA user_version = 1000", FDM_ERR_UNSUPPORTED,
         "newer version"},
        {"PRAGMA application_id = 1178881346; PRAGMA user_version = -1", FDM_ERR_FORMAT,
         "impossible schema version"},
        {NULL, FDM_ERR_FORMAT, "not a database"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *path = fdm_fs_join(w->dir, "foreign.db");
        if (rows[i].sql != NULL)
            raw_sql(path, rows[i].sql);
        else
            assert_ok(fdm_fs_write_atomic(path, "a text, much longer than a header of SQLite's", 45,
                                          &w->err),
                      w->err);
        char before[FDM_SHA256_HEX_SIZE];
        char after[FDM_SHA256_HEX_SIZE];
        assert_ok(fdm_sha256_file(path, before, &w->err), w->err);
        for (int mode = FDM_STORE_READ; mode <= FDM_STORE_WRITE; mode++) {
            struct fdm_store *store;
            struct fdm_error err = FDM_ERROR_INIT;
            assert_int_equal(fdm_store_open(path, (enum fdm_store_mode)mode, &store, &err),
                             rows[i].status);
            assert_null(store);
            assert_non_null(strstr(err.message, rows[i].message));
            assert_non_null(strstr(err.message, path));
        }
        assert_ok(fdm_sha256_file(path, after, &w->err), w->err);
        assert_string_equal(before, after);
        assert_int_equal(unlink(path), 0);
        free(path);
    }
}

static void older_versions_are_upgraded(void **state)
{
    struct world *w = *state;
    static const char rows[] =
        "INSERT INTO sessions VALUES (5, 'running', 'plan', 's', '', 'c', 't', 'g', 'h', 'u', 2, 1,"
        " 'o');"
        "INSERT INTO splits VALUES (3, 'flowers', 'st', 127, 3670, 1, 1, 1,"
        " '6da0b3ae943f55a9a0e7ef4dd96b3b7f6ecf7de79b3ff4e2aab1b8c2b1ecbc06', '', '/r');"
        "INSERT INTO split_classes VALUES (3, 0, 'daisy');"
        "INSERT INTO split_images VALUES (3, 0, 0, 'daisy/1.jpg');"
        "INSERT INTO cases VALUES (9, 5, 3, 'planned', '', 'host', 'reference', 'tflite', 'm', 'f',"
        " 'flowers', 'int8', 224, 'p', 's', 'x/255', 0, 'bytes', '', '', 1);"
        "INSERT INTO predictions VALUES (9, 0, 0, 0, 0, 0.5, 12, 34);";
    for (int version = 1; version < FDM_STORE_SCHEMA_VERSION; version++) {
        char *path = fdm_fs_join(w->dir, "old.db");
        char pragmas[96];
        snprintf(pragmas, sizeof pragmas, "PRAGMA application_id = %d; PRAGMA user_version = %d",
                 FDM_STORE_APPLICATION_ID, version);
        for (int step = 0; step < version; step++)
            raw_sql(path, fdm_store_migrations[step]);
        raw_sql(path, pragmas);
        raw_sql(path, rows);
        struct fdm_store *store;
        struct fdm_case_record c;
        const struct fdm_figure figure = {"macs", FDM_FIGURE_COMPUTED, 1.0};
        const struct fdm_layer_sample orphan = {0, 3, 1};
        assert_ok(fdm_store_open(path, FDM_STORE_WRITE, &store, &w->err), w->err);
        assert_ok(fdm_store_case_get(store, 9, &c, &w->err), w->err);
        assert_int_equal(c.done, 1);
        assert_int_equal(c.threads, 1);
        assert_ok(fdm_store_session_resume(store, 5, &w->err), w->err);
        assert_ok(fdm_store_figures_put(store, 9, &figure, 1, &w->err), w->err);
        /* References are watched again after the upgrade. */
        assert_int_not_equal(fdm_store_layers_put(store, 9, NULL, 0, &orphan, 1, NULL), FDM_OK);
        fdm_store_close(store);
        assert_ok(fdm_store_open(path, FDM_STORE_READ, &store, &w->err), w->err);
        fdm_store_close(store);
        assert_int_equal(unlink(path), 0);
        free(path);
    }
}

/* What was a fact of a case, its threads, becomes part of it. */
static void threads_that_were_a_fact_tell_cases_apart(void **state)
{
    struct world *w = *state;
    static const char head[] =
        "PRAGMA application_id = 1178881346; PRAGMA user_version = 3;"
        "INSERT INTO sessions VALUES (5, 'complete', 'plan', 's', '', 'c', 't', 'g', 'h', 'u', 2,"
        " 1, 'o');"
        "INSERT INTO splits VALUES (3, 'flowers', 'st', 127, 3670, 1, 1, 1, 'sha', '', '/r');";
    static const struct {
        int id;
        const char *fact;
        uint32_t threads;
    } rows[] = {{1, NULL, 1}, {2, "1", 1}, {3, "2", 2}, {4, "many", 1}, {5, "99999999999", 65535}};
    char *path = fdm_fs_join(w->dir, "three.db");
    for (int step = 0; step < 3; step++)
        raw_sql(path, fdm_store_migrations[step]);
    raw_sql(path, head);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char sql[512];
        snprintf(sql, sizeof sql,
                 "INSERT INTO cases VALUES (%d, 5, 3, 'complete', '', 'b%d', 'tuned', 'tflite',"
                 " 'm', 'f', 'flowers', 'int8', 224, 'p', 's', 'x/255', 0, 'bytes', '', '', 0);"
                 "INSERT INTO facts VALUES (%d, 'governor', 'performance');",
                 rows[i].id, rows[i].id, rows[i].id);
        raw_sql(path, sql);
        snprintf(sql, sizeof sql, "INSERT INTO facts VALUES (%d, 'threads', '%s')", rows[i].id,
                 rows[i].fact);
        if (rows[i].fact != NULL)
            raw_sql(path, sql);
    }
    struct fdm_store *store;
    assert_ok(fdm_store_open(path, FDM_STORE_WRITE, &store, &w->err), w->err);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fdm_case_record c;
        struct fdm_fact *facts = NULL;
        size_t count = 0;
        assert_ok(fdm_store_case_get(store, rows[i].id, &c, &w->err), w->err);
        assert_int_equal(c.threads, rows[i].threads);
        assert_ok(fdm_store_facts_list(store, rows[i].id, &facts, &count, &w->err), w->err);
        assert_int_equal(count, 1);
        assert_string_equal(facts[0].name, "governor");
        free(facts);
    }
    fdm_store_close(store);
    free(path);
}

/* ---- Hostile files --------------------------------------------------------------------------- */

static void whole_case(struct world *w)
{
    const struct fdm_figure figure = {"macs", FDM_FIGURE_COMPUTED, 1.0};
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    assert_ok(add_range(w, id, 0, IMAGES, true, &w->err), w->err);
    assert_ok(fdm_store_figures_put(w->store, id, &figure, 1, &w->err), w->err);
    fdm_store_close(w->store);
    w->store = NULL;
}

static enum fdm_status read_everything(const char *path, struct fdm_error *err)
{
    struct fdm_store *store = NULL;
    struct fdm_case_filter filter = {.latest = true};
    struct fdm_case_record *cases = NULL;
    size_t count = 0;
    bool *done = NULL;
    size_t done_count;
    enum fdm_status status = fdm_store_open(path, FDM_STORE_READ, &store, err);
    if (status == FDM_OK)
        status = fdm_store_check(store, err);
    /* Also what stands behind the damage that the check stopped at. */
    if (store != NULL && fdm_store_case_list(store, &filter, &cases, &count, NULL) == FDM_OK)
        for (size_t i = 0; i < count; i++) {
            if (fdm_store_predictions_done(store, cases[i].id, &done, &done_count, NULL) == FDM_OK)
                free(done);
        }
    free(cases);
    fdm_store_close(store);
    return status;
}

static void hostile_values_are_errors(void **state)
{
    struct world *w = *state;
    whole_case(w);
    uint8_t *clean;
    size_t len;
    assert_ok(fdm_fs_read(w->path, SIZE_MAX, &clean, &len, &w->err), w->err);
    static const struct {
        const char *sql;
    } statements[] = {
        {"UPDATE sessions SET command = printf('%.*c', 2000, 'x')"},
        {"UPDATE sessions SET command = 'a' || char(0) || 'b'"},
        {"UPDATE sessions SET threads = -1"},
        {"UPDATE sessions SET threads = 4294967296"},
        {"UPDATE cases SET threads = 0"},
        {"UPDATE cases SET threads = 4294967296"},
        {"UPDATE sessions SET state = 'resting'"},
        {"UPDATE sessions SET id = -5"},
        {"UPDATE splits SET count = 4294967295"},
        {"UPDATE splits SET count = 0"},
        {"UPDATE splits SET class_count = 9223372036854775807"},
        {"UPDATE splits SET class_count = 4"},
        {"UPDATE splits SET published = 2"},
        {"UPDATE splits SET sha256 = 'other'"},
        {"UPDATE split_images SET path = 'x' WHERE image = 5"},
        {"UPDATE split_images SET label = 7 WHERE image = 5"},
        {"DELETE FROM split_images WHERE image = 63"},
        {"DELETE FROM split_classes WHERE label = 0"},
        {"UPDATE split_images SET image = 1000000 WHERE image = 63"},
        {"UPDATE cases SET state = 'odd'"},
        {"UPDATE cases SET image_count = 16777217"},
        {"UPDATE cases SET image_count = 3"},
        {"UPDATE cases SET image_count = 3, state = 'running'"},
        {"UPDATE cases SET session_id = 77"},
        {"UPDATE cases SET split_id = 77"},
        {"UPDATE cases SET mapping_corrected = 9"},
        {"UPDATE cases SET board = printf('%.*c', 64, 'x')"},
        {"UPDATE predictions SET image = 16777216 WHERE image = 0"},
        {"UPDATE predictions SET image = 64 WHERE image = 0"},
        {"UPDATE predictions SET label = 2 WHERE image = 0"},
        {"UPDATE predictions SET predicted = -2 WHERE image = 0"},
        {"UPDATE predictions SET score = 1e300 WHERE image = 0"},
        {"UPDATE predictions SET infer_ns = -1 WHERE image = 0"},
        {"UPDATE predictions SET output_crc32 = 4294967296 WHERE image = 0"},
        {"DELETE FROM predictions WHERE image = 9"},
        {"UPDATE figures SET kind = 'guessed'"},
        {"UPDATE figures SET value = 9e999"},
        {"UPDATE figures SET name = printf('%.*c', 64, 'x')"},
        {"PRAGMA writable_schema = ON;"
         " DELETE FROM sqlite_master WHERE name = 'sessions_by_plan'"},
        {"INSERT INTO samples VALUES (1, 4294967296, 1)"},
        {"INSERT INTO layers VALUES (1, 0, 'a', 'b', -1)"},
        {"INSERT INTO layers VALUES (1, 0, 'a', 'b', 1);"
         " INSERT INTO layer_samples VALUES (1, 0, 0, -1)"},
        {"INSERT INTO facts VALUES (1, 'a', printf('%.*c', 1024, 'x'))"},
        {"DROP TABLE figures"},
        {"DROP TABLE predictions"},
        {"CREATE TABLE loose (case_id, name, kind, value); INSERT INTO loose VALUES (1, x'00', "
         "'computed', 1.0); DROP TABLE figures; ALTER TABLE loose RENAME TO figures"},
        {"CREATE TABLE loose (case_id, name, kind, value); INSERT INTO loose VALUES (1, 'a', "
         "'computed', NULL); DROP TABLE figures; ALTER TABLE loose RENAME TO figures"},
        {"CREATE TABLE loose (case_id, name, kind, value); INSERT INTO loose VALUES (1, 'a', 5, "
         "1.0); DROP TABLE figures; ALTER TABLE loose RENAME TO figures"},
        {"DROP TABLE figures; CREATE VIEW figures AS SELECT 1 AS case_id, 'a' AS name, 1.0 AS "
         "value"},
    };
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        struct fdm_buf sql;
        fdm_buf_init(&sql);
        fdm_buf_printf(&sql, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; %s",
                       statements[i].sql);
        assert_ok(fdm_fs_write_atomic(w->path, clean, len, &w->err), w->err);
        raw_sql(w->path, sql.data);
        struct fdm_error err = FDM_ERROR_INIT;
        enum fdm_status status = read_everything(w->path, &err);
        if (status != FDM_ERR_FORMAT)
            fail_msg("%s: %s %s", statements[i].sql, fdm_status_name(status), err.message);
        fdm_buf_release(&sql);
    }
    assert_ok(fdm_fs_write_atomic(w->path, clean, len, &w->err), w->err);
    assert_ok(read_everything(w->path, &w->err), w->err);
    free(clean);
}

static void a_case_cannot_have_more_predictions_than_images(void **state)
{
    struct world *w = *state;
    struct fdm_case_record c;
    whole_case(w);
    raw_sql(w->path, "UPDATE cases SET image_count = 3, state = 'running'");
    open_world(w);
    assert_int_equal(fdm_store_case_get(w->store, 1, &c, NULL), FDM_ERR_FORMAT);
}

static void flipped_bits_never_crash(void **state)
{
    struct world *w = *state;
    whole_case(w);
    uint8_t *bytes;
    size_t len;
    uint32_t random = 20261;
    unsigned refused = 0;
    assert_ok(fdm_fs_read(w->path, SIZE_MAX, &bytes, &len, &w->err), w->err);
    for (int i = 0; i < 500; i++) {
        uint8_t *copy = malloc(len);
        assert_non_null(copy);
        memcpy(copy, bytes, len);
        for (uint32_t flips = test_random(&random) % 8 + 1; flips > 0; flips--)
            copy[test_random(&random) % len] ^= (uint8_t)(1u << test_random(&random) % 8);
        /* Half of them where the structure lies. */
        if (i % 2 == 0)
            copy[test_random(&random) % 4096] ^= (uint8_t)(1u << test_random(&random) % 8);
        FILE *file = fopen(w->path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(copy, 1, len, file), len);
        fclose(file);
        refused += read_everything(w->path, NULL) != FDM_OK;
        free(copy);
    }
    free(bytes);
    print_message("%u of 500 damaged files were refused\n", refused);
    assert_true(refused > 100);
}

/* ---- A failing disk -------------------------------------------------------------------------- */

enum step {
    OPEN,
    SESSION,
    SPLIT,
    CASE,
    HALF,
    WHOLE,
    FIGURES,
    SAMPLES,
    LAYERS,
    FACTS,
    FINISH,
    STEPS
};

static enum fdm_status take_step(struct world *w, enum step step, int64_t *id,
                                 struct fdm_error *err)
{
    static const struct fdm_figure figure = {"macs", FDM_FIGURE_COMPUTED, 1.0};
    static const struct fdm_sample sample = {0, 17};
    static const struct fdm_layer_record layer = {0, "first", "conv_s8", 9};
    static const struct fdm_layer_sample layer_sample = {0, 0, 3};
    static const struct fdm_fact fact = {"governor", "performance"};
    switch (step) {
    case OPEN:
        return fdm_store_open(w->path, FDM_STORE_WRITE, &w->store, err);
    case SESSION:
        return fdm_store_session_create(w->store, &w->session, err);
    case SPLIT:
        return fdm_store_split_put(w->store, &w->split, class_names, w->images, err);
    case CASE: {
        struct fdm_case_record c = a_case(w, "flowers/a", "int8");
        enum fdm_status status = fdm_store_case_add(w->store, &c, err);
        *id = c.id;
        return status;
    }
    case HALF:
        return add_range(w, *id, 0, IMAGES / 2, false, err);
    case WHOLE:
        return add_range(w, *id, IMAGES / 2, IMAGES, true, err);
    case FIGURES:
        return fdm_store_figures_put(w->store, *id, &figure, 1, err);
    case SAMPLES:
        return fdm_store_samples_put(w->store, *id, &sample, 1, err);
    case LAYERS:
        return fdm_store_layers_put(w->store, *id, &layer, 1, &layer_sample, 1, err);
    case FACTS:
        return fdm_store_facts_put(w->store, *id, &fact, 1, err);
    case FINISH:
    case STEPS:
        break;
    }
    return fdm_store_session_finish(w->store, w->session.id, FDM_SESSION_COMPLETE, err);
}

/* How many steps the file holds, in their order; every table has one row or none, or it is torn. */
static enum step stored_steps(const char *path)
{
    static const struct {
        const char *count;
        int64_t whole;
    } rows[] = {
        [OPEN] = {"SELECT count(*) FROM sqlite_master WHERE name = 'facts'", 1},
        [SESSION] = {"SELECT count(*) FROM sessions", 1},
        [SPLIT] = {"SELECT count(*) FROM split_images", IMAGES},
        [CASE] = {"SELECT count(*) FROM cases", 1},
        [HALF] = {"SELECT count(*) FROM predictions WHERE image < 32", IMAGES / 2},
        [WHOLE] = {"SELECT count(*) FROM predictions WHERE image >= 32", IMAGES / 2},
        [FIGURES] = {"SELECT count(*) FROM figures", 1},
        [SAMPLES] = {"SELECT count(*) FROM samples", 1},
        [LAYERS] = {"SELECT count(*) FROM layer_samples", 1},
        [FACTS] = {"SELECT count(*) FROM facts", 1},
        [FINISH] = {"SELECT count(*) FROM sessions WHERE state = 'complete'", 1},
    };
    sqlite3 *db = NULL;
    enum step steps = OPEN;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    for (bool more = true; more && steps < STEPS; steps += more) {
        sqlite3_stmt *query = NULL;
        assert_int_equal(sqlite3_prepare_v2(db, rows[steps].count, -1, &query, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(query), SQLITE_ROW);
        int64_t count = sqlite3_column_int64(query, 0);
        assert_true(count == 0 || count == rows[steps].whole);
        sqlite3_finalize(query);
        more = count != 0;
    }
    sqlite3_close(db);
    return steps;
}

/* Runs the steps on a fresh file up to the failing operation; false where none was left to fail. */
static bool try_failing_disk(struct world *w, struct faulty_vfs *disk, unsigned fail_at, bool stay)
{
    enum fdm_status status = FDM_OK;
    enum step step = OPEN;
    int64_t id = 0;
    struct fdm_error err = FDM_ERROR_INIT;
    w->store = NULL;
    fill(w);
    faulty_vfs_arm(disk, fail_at, stay);
    while (step < STEPS && (status = take_step(w, step, &id, &err)) == FDM_OK)
        step++;
    if (status != FDM_OK && (status != FDM_ERR_IO || strstr(err.message, w->path) == NULL))
        fail_msg("operation %u, step %d: %s %s", fail_at, (int)step, fdm_status_name(status),
                 err.message);
    fdm_store_close(w->store);
    bool failed = disk->failures > 0;
    faulty_vfs_arm(disk, 0, false);
    /* What was told to be stored is there; of what was not, all or nothing. */
    open_world(w);
    assert_ok(fdm_store_check(w->store, &w->err), w->err);
    fdm_store_close(w->store);
    w->store = NULL;
    enum step stored = stored_steps(w->path);
    if (stored < step || stored > step + 1)
        fail_msg("operation %u: %d steps are stored, %d were told", fail_at, (int)stored,
                 (int)step);
    assert_int_equal(unlink(w->path), 0);
    return failed;
}

static void a_failing_disk_loses_nothing_that_was_told_stored(void **state)
{
    struct world *w = *state;
    struct faulty_vfs disk;
    unsigned trials = 0;
    fdm_store_close(w->store);
    assert_int_equal(unlink(w->path), 0);
    faulty_vfs_install(&disk);
    for (unsigned at = 1; try_failing_disk(w, &disk, at, trials % 2 != 0); at++)
        trials++;
    faulty_vfs_remove(&disk);
    print_message("%u operations failed, one at a time\n", trials);
    assert_true(trials > 50);
}

/* ---- Processes ------------------------------------------------------------------------------- */

/* In the child: batches without end, one byte into the pipe after each that is stored. */
static void write_until_killed(struct world *w, int64_t id, int acknowledge)
{
    for (uint32_t at = 0;; at = (at + BATCH) % IMAGES) {
        if (at == 0) {
            /* Full: a new case goes on. */
            struct fdm_case_record c = a_case(w, "", "int8");
            snprintf(c.model, sizeof c.model, "flowers/%ld-%" PRId64, (long)getpid(), id);
            if (fdm_store_case_add(w->store, &c, NULL) != FDM_OK)
                _exit(3);
            id = c.id;
        }
        if (add_range(w, id, at, at + BATCH, at + BATCH == IMAGES, NULL) != FDM_OK)
            _exit(4);
        if (write(acknowledge, "x", 1) != 1)
            _exit(5);
    }
}

static size_t count_batches(struct world *w)
{
    struct fdm_case_filter all = {0};
    struct fdm_case_record *cases;
    size_t count;
    size_t batches = 0;
    assert_ok(fdm_store_check(w->store, &w->err), w->err);
    assert_ok(fdm_store_case_list(w->store, &all, &cases, &count, &w->err), w->err);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(cases[i].done % BATCH, 0);
        assert_int_equal(cases[i].state == FDM_CASE_COMPLETE, cases[i].done == IMAGES);
        struct fdm_prediction *list;
        size_t done;
        assert_ok(fdm_store_predictions_load(w->store, cases[i].id, &list, &done, &w->err), w->err);
        for (size_t k = 0; k < done; k++)
            assert_int_equal(list[k].image, k);
        free(list);
        batches += done / BATCH;
    }
    free(cases);
    return batches;
}

static void a_killed_writer_loses_nothing_and_leaves_no_lock(void **state)
{
    struct world *w = *state;
    size_t acknowledged = 0;
    begin_session(w);
    fdm_store_close(w->store);
    w->store = NULL;
    for (size_t kills = 0; kills < 12; kills++) {
        int pipes[2];
        char byte;
        assert_int_equal(pipe(pipes), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct fdm_store *store;
            close(pipes[0]);
            if (fdm_store_open(w->path, FDM_STORE_WRITE, &store, NULL) != FDM_OK ||
                fdm_store_session_resume(store, w->session.id, NULL) != FDM_OK)
                _exit(2);
            w->store = store;
            write_until_killed(w, (int64_t)kills, pipes[1]);
        }
        close(pipes[1]);
        for (size_t i = 0; i < 3 + kills * 5 && read(pipes[0], &byte, 1) == 1; i++)
            acknowledged++;
        assert_int_equal(kill(child, SIGKILL), 0);
        while (read(pipes[0], &byte, 1) == 1)
            acknowledged++;
        close(pipes[0]);
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFSIGNALED(how));
        open_world(w);
        size_t stored = count_batches(w);
        /* Killed between a commit and its acknowledgement, at most one more is there. */
        assert_true(stored >= acknowledged && stored <= acknowledged + 1);
        acknowledged = stored;
        fdm_store_close(w->store);
        w->store = NULL;
    }
    assert_true(acknowledged > 36);
}

static void a_full_disk_is_an_error_and_nothing_is_torn(void **state)
{
    struct world *w = *state;
    begin_session(w);
    fdm_store_close(w->store);
    w->store = NULL;
    static const rlim_t limits[] = {4096, 40000, 70000, 130000, 260000};
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct fdm_error err = FDM_ERROR_INIT;
            struct rlimit limit = {limits[i], limits[i]};
            signal(SIGXFSZ, SIG_IGN);
            enum fdm_status status = fdm_store_open(w->path, FDM_STORE_WRITE, &w->store, &err);
            if (status == FDM_OK)
                status = fdm_store_session_resume(w->store, w->session.id, &err);
            if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
                _exit(2);
            for (int n = 0; status == FDM_OK && n < 1000; n++) {
                struct fdm_case_record c = a_case(w, "", "int8");
                snprintf(c.model, sizeof c.model, "flowers/%zu-%d", i, n);
                status = fdm_store_case_add(w->store, &c, &err);
                for (uint32_t at = 0; status == FDM_OK && at < IMAGES; at += BATCH)
                    status = add_range(w, c.id, at, at + BATCH, at + BATCH == IMAGES, &err);
            }
            if (status != FDM_ERR_IO || strstr(err.message, w->path) == NULL ||
                strstr(err.message, "goes on where it stopped") == NULL)
                _exit(3);
            fdm_store_close(w->store);
            _exit(0);
        }
        int how;
        assert_int_equal(waitpid(child, &how, 0), child);
        assert_true(WIFEXITED(how));
        assert_int_equal(WEXITSTATUS(how), 0);
        open_world(w);
        count_batches(w);
        fdm_store_close(w->store);
        w->store = NULL;
    }
}

static void one_process_writes_a_session(void **state)
{
    struct world *w = *state;
    struct fdm_store *second;
    struct fdm_error err = FDM_ERROR_INIT;
    char owner[64];
    begin_session(w);
    int64_t id = add_case(w, "flowers/a", "int8");
    assert_ok(fdm_store_open(w->path, FDM_STORE_WRITE, &second, &err), err);
    assert_int_equal(fdm_store_session_resume(second, w->session.id, &err), FDM_ERR_BUSY);
    snprintf(owner, sizeof owner, "process %ld", (long)getpid());
    assert_non_null(strstr(err.message, owner));
    assert_int_equal(fdm_store_predictions_add(second, id, w->predictions, 1, false, NULL),
                     FDM_ERR_USAGE);
    struct fdm_case_record c = a_case(w, "flowers/b", "int8");
    assert_int_equal(fdm_store_case_add(second, &c, NULL), FDM_ERR_USAGE);
    fdm_store_close(w->store);
    w->store = second;
    err = (struct fdm_error)FDM_ERROR_INIT;
    assert_ok(fdm_store_session_resume(second, w->session.id, &err), err);
    assert_ok(fdm_store_predictions_add(second, id, w->predictions, 1, false, &err), err);
}

/* In the child: opens the same fresh file as its siblings and writes a session of its own. */
static int write_one_session(struct world *w, const char *path)
{
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_store_open(path, FDM_STORE_WRITE, &w->store, &err);
    if (status == FDM_OK)
        status = fdm_store_session_create(w->store, &w->session, &err);
    if (status == FDM_OK)
        status = fdm_store_split_put(w->store, &w->split, class_names, w->images, &err);
    struct fdm_case_record c = a_case(w, "flowers/a", "int8");
    if (status == FDM_OK)
        status = fdm_store_case_add(w->store, &c, &err);
    for (uint32_t at = 0; status == FDM_OK && at < IMAGES; at += BATCH)
        status = add_range(w, c.id, at, at + BATCH, at + BATCH == IMAGES, &err);
    if (status == FDM_OK)
        status = fdm_store_session_finish(w->store, w->session.id, FDM_SESSION_COMPLETE, &err);
    if (status != FDM_OK)
        fprintf(stderr, "child: %s\n", err.message);
    fdm_store_close(w->store);
    return status == FDM_OK ? 0 : 1;
}

static void processes_share_a_file(void **state)
{
    struct world *w = *state;
    fdm_store_close(w->store);
    w->store = NULL;
    for (int round = 0; round < 5; round++) {
        char name[32];
        pid_t children[4];
        snprintf(name, sizeof name, "shared-%d.db", round);
        char *path = fdm_fs_join(w->dir, name);
        for (size_t i = 0; i < 4; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] == 0)
                _exit(write_one_session(w, path));
        }
        for (size_t i = 0; i < 4; i++) {
            int how;
            assert_int_equal(waitpid(children[i], &how, 0), children[i]);
            assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
        }
        struct fdm_session_record *list;
        size_t count;
        assert_ok(fdm_store_open(path, FDM_STORE_READ, &w->store, &w->err), w->err);
        assert_ok(fdm_store_check(w->store, &w->err), w->err);
        assert_ok(fdm_store_session_list(w->store, &list, &count, &w->err), w->err);
        assert_int_equal(count, 4);
        for (size_t i = 0; i < count; i++)
            assert_int_equal(list[i].complete_count, 1);
        free(list);
        fdm_store_close(w->store);
        w->store = NULL;
        free(path);
    }
}

static void a_file_on_a_read_only_medium_is_read(void **state)
{
    struct world *w = *state;
    whole_case(w);
    char *folder = fdm_fs_join(w->dir, "sub");
    char *lock = fdm_fs_join(folder, "results.db.lock");
    assert_int_equal(unlink(lock), 0);
    assert_int_equal(chmod(w->path, 0444), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    /* Permissions do not bind the superuser, so a child gives that up. */
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct fdm_error err = FDM_ERROR_INIT;
        struct fdm_store *store;
        if (geteuid() == 0 &&
            (chmod(w->dir, 0755) != 0 || setgid(65534) != 0 || setuid(65534) != 0))
            _exit(2);
        enum fdm_status status = read_everything(w->path, &err);
        if (status != FDM_OK)
            fprintf(stderr, "child: %s\n", err.message);
        if (fdm_store_open(w->path, FDM_STORE_WRITE, &store, &err) != FDM_ERR_IO)
            status = FDM_ERR_MISMATCH;
        _exit(status == FDM_OK ? 0 : 1);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(chmod(folder, 0755), 0);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    free(lock);
    free(folder);
}

int main(void)
{
#define STORE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(sessions_round_trip),
        STORE_TEST(the_latest_running_session_of_a_plan_is_resumed),
        STORE_TEST(splits_round_trip_once),
        STORE_TEST(wrong_splits_are_refused),
        STORE_TEST(cases_round_trip),
        STORE_TEST(wrong_cases_are_refused),
        STORE_TEST(cases_are_filtered),
        STORE_TEST(predictions_are_kept_and_counted),
        STORE_TEST(a_repeated_batch_must_agree),
        STORE_TEST(wrong_predictions_are_refused),
        STORE_TEST(figures_are_replaced_by_kind),
        STORE_TEST(board_measurements_round_trip),
        STORE_TEST(wrong_board_measurements_are_refused),
        STORE_TEST(reading_needs_a_file_and_never_writes),
        STORE_TEST(other_files_are_refused_and_left_alone),
        STORE_TEST(older_versions_are_upgraded),
        STORE_TEST(threads_that_were_a_fact_tell_cases_apart),
        STORE_TEST(hostile_values_are_errors),
        STORE_TEST(a_case_cannot_have_more_predictions_than_images),
        STORE_TEST(flipped_bits_never_crash),
        STORE_TEST(a_killed_writer_loses_nothing_and_leaves_no_lock),
        STORE_TEST(a_full_disk_is_an_error_and_nothing_is_torn),
        STORE_TEST(a_failing_disk_loses_nothing_that_was_told_stored),
        STORE_TEST(one_process_writes_a_session),
        STORE_TEST(processes_share_a_file),
        STORE_TEST(a_file_on_a_read_only_medium_is_read),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}

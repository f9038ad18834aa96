/* What a run leaves behind, as plain structures: the store writes and reads them, reports render
 * them.
 *
 * Text members are NUL-terminated and bounded; a writer that is given a longer text refuses it
 * rather than cut it. An `id` of 0 means "not stored yet". Times are UTC texts as fdm_clock_utc()
 * writes them, empty when unknown. Nothing here knows the database or a file. */
#ifndef FDM_RESULTS_RECORD_H
#define FDM_RESULTS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FDM_RECORD_WORD 64   /* board, engine, semantics, dataset, … and their NUL */
#define FDM_RECORD_NAME 160  /* model id, display name */
#define FDM_RECORD_TEXT 1024 /* paths, messages, command lines */
#define FDM_RECORD_UTC 32
#define FDM_RECORD_SHA256 65

enum fdm_session_state { FDM_SESSION_RUNNING, FDM_SESSION_COMPLETE, FDM_SESSION_FAILED };

/* One invocation of `run`, continued by its resumptions. `plan_sha256` names everything that
 * decides the results: cases, model hashes, split hashes, mappings, limits. */
struct fdm_session_record {
    int64_t id;
    enum fdm_session_state state;
    char plan_sha256[FDM_RECORD_SHA256];
    char started[FDM_RECORD_UTC];
    char finished[FDM_RECORD_UTC];
    char command[FDM_RECORD_TEXT];
    char tool_version[FDM_RECORD_WORD];
    char compiler[FDM_RECORD_NAME]; /* compiler, version and flags of this program */
    char host[FDM_RECORD_NAME];     /* node name, operating system, machine */
    char cpu[FDM_RECORD_NAME];
    uint32_t threads;
    uint32_t resumptions;
    uint32_t case_count; /* filled on reading */
    uint32_t complete_count;
};

/* A list of images in evaluation order with its labels, and where it comes from. Two splits with
 * the same sha256 are the same split. */
struct fdm_split_record {
    int64_t id;
    char dataset[FDM_RECORD_WORD]; /* "flowers" */
    char scheme[FDM_RECORD_WORD];  /* "st", "keras", "all", "list" */
    uint32_t seed;                 /* 0 where the scheme has none */
    uint32_t total;                /* files found before splitting */
    uint32_t count;                /* images in this split */
    uint32_t class_count;
    bool published;                             /* known to be the split of the published figures */
    char sha256[FDM_RECORD_SHA256];             /* of "label path\n" lines in order */
    char permutation_sha256[FDM_RECORD_SHA256]; /* of the shuffle as little-endian u32; empty
                                                   without one */
    char root[FDM_RECORD_TEXT];
};

/* One image of a split; its index is its place in the array. */
struct fdm_split_image {
    const char *path; /* relative to the split's root, "daisy/1.jpg" */
    int32_t label;    /* class index in byte order of the dataset's class names */
};

enum fdm_case_state {
    FDM_CASE_PLANNED,
    FDM_CASE_RUNNING, /* some images are stored */
    FDM_CASE_COMPLETE,
    FDM_CASE_FAILED,
    FDM_CASE_SKIPPED /* `message` says why */
};

/* One cell of the matrix. */
struct fdm_case_record {
    int64_t id;
    int64_t session_id;
    int64_t split_id;
    enum fdm_case_state state;
    char message[FDM_RECORD_TEXT];

    char board[FDM_RECORD_WORD];     /* "host" */
    char engine[FDM_RECORD_WORD];    /* "reference" */
    char semantics[FDM_RECORD_WORD]; /* preset of the int8 rounding rules; "float" for float models
                                      */
    char model[FDM_RECORD_NAME];     /* registry id, "flowers/fdmobilenet_0.25_224_tfs" */
    char family[FDM_RECORD_NAME];    /* the card's row name, "FdMobileNet 0.25 tfs" */
    char dataset[FDM_RECORD_WORD];
    char format[FDM_RECORD_WORD]; /* "float", "int8" */
    uint32_t resolution;          /* 128 or 224 */
    uint32_t threads;             /* of one inference, at least 1; more only under Linux */

    char model_path[FDM_RECORD_TEXT];
    char model_sha256[FDM_RECORD_SHA256];
    char mapping[FDM_RECORD_WORD]; /* how pixels become inputs: "x/255", "x/255-1", "x/127.5-1" */
    bool mapping_corrected;        /* the published configuration saturates and was not used */
    char label_order[FDM_RECORD_WORD]; /* "bytes", "case-folded", "listed" */
    char started[FDM_RECORD_UTC];
    char finished[FDM_RECORD_UTC];

    uint32_t image_count; /* images to evaluate: the split's, or its first ones with --limit */
    uint32_t done;        /* filled on reading: predictions stored */
    uint32_t correct;     /* filled on reading: k */
    uint32_t
        unreadable; /* filled on reading: images that could not be decoded; not in `evaluated` */
    uint32_t evaluated; /* filled on reading: N = done - unreadable */
};

#define FDM_PREDICTION_UNREADABLE (-1)

/* One classified image. */
struct fdm_prediction {
    uint32_t image;     /* index in the split */
    int32_t label;      /* class index in byte order of the dataset's class names */
    int32_t predicted;  /* likewise, or FDM_PREDICTION_UNREADABLE */
    int32_t raw_output; /* the network's own output index before the label order is applied; -1 if
                           none */
    float score;        /* the winning probability */
    uint32_t output_crc32; /* CRC-32 of the output tensor's bytes */
    uint64_t infer_ns;     /* time of this inference on the board's clock; on a loaded host only
                              indicative */
};

/* What a figure is. Kinds are never mixed unmarked in one column. */
enum fdm_figure_kind {
    FDM_FIGURE_MEASURED,  /* on the hardware that the case names */
    FDM_FIGURE_EMULATED,  /* on an emulated twin: counts, never times */
    FDM_FIGURE_ESTIMATED, /* a model of the hardware */
    FDM_FIGURE_COMPUTED,  /* follows exactly from the files: weight bytes, MACs, arena plan */
    FDM_FIGURE_PUBLISHED  /* the vendor's */
};

/* One named number of a case: "weights_flash_bytes", "macs", "arena_bytes", … Unit is the name's
 * suffix. */
struct fdm_figure {
    char name[FDM_RECORD_WORD];
    enum fdm_figure_kind kind;
    double value;
};

/* One timed inference on a board; what the counter counts is the fact "counter_kind". */
struct fdm_sample {
    uint32_t index; /* from 0, warm-ups not counted */
    uint64_t counter;
};

/* A layer of the network that ran, as the board numbers it. */
struct fdm_layer_record {
    uint32_t layer;
    char name[FDM_RECORD_NAME]; /* the operator's name in the model file */
    char op[FDM_RECORD_WORD];   /* "conv_s8" */
    uint64_t macs;
};

/* What one layer took in one profiled run. */
struct fdm_layer_sample {
    uint32_t run;
    uint32_t layer;
    uint64_t counter;
};

/* Provenance of a case that is no figure: "firmware_sha256", "agent", "cpu", "counter_kind",
 * "governor", … */
struct fdm_fact {
    char name[FDM_RECORD_WORD];
    char text[FDM_RECORD_TEXT];
};

/* Stable words for JSON, CSV and the database. */
const char *fdm_session_state_name(enum fdm_session_state state);
const char *fdm_case_state_name(enum fdm_case_state state);
const char *fdm_figure_kind_name(enum fdm_figure_kind kind);
/* Their inverses; false, and `*out` untouched, for any other word. */
bool fdm_session_state_parse(const char *name, enum fdm_session_state *out);
bool fdm_case_state_parse(const char *name, enum fdm_case_state *out);
bool fdm_figure_kind_parse(const char *name, enum fdm_figure_kind *out);

#endif

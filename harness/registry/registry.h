/* What the program knows without measuring: boards, models, datasets and published cards, read from
 * JSON and checked.
 *
 * A data folder has the layout of an installation ("boards", "models", "datasets", "published") or
 * of the source tree ("targets/boards", "reference/models", "reference/datasets",
 * "results/published"). In each folder all "*.json" files are read, in byte order of their names.
 * A board or dataset file holds one entry, a models file {"models": [entries]}, a published file
 * one card.
 *
 * The user's own entries come from "boards", "models" and "datasets" below the user's
 * configuration folder; one with the id of a built-in entry takes its place.
 *
 * Checks: required members, types and ranges; ids of letters, digits and "._-" (models: with one
 * '/'), each once; references from models to datasets, from boards to their emulated twins, from
 * cards to models, datasets and boards. Unknown members are ignored, so that newer files can be
 * read, unless their name is almost that of a known one: that is a typing error. Messages name
 * file and member ("boards/x.json: clock_hz: expected …"). Ids, families and other words fit the
 * members of results/record.h that hold them.
 *
 * All strings belong to the registry. */
#ifndef FDM_HARNESS_REGISTRY_REGISTRY_H
#define FDM_HARNESS_REGISTRY_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "results/card.h"

/* ---- Boards ---------------------------------------------------------------------------------- */

enum fdm_board_kind {
    FDM_BOARD_HOST,    /* this computer */
    FDM_BOARD_SERIAL,  /* reached by a serial port */
    FDM_BOARD_SSH,     /* runs Linux */
    FDM_BOARD_EMULATED /* QEMU: instruction counts, never times */
};

struct fdm_board_memory {
    const char *name; /* "Flash", "DTCM", "SDRAM" */
    uint64_t bytes;
};

/* What executes a network on a board, in the card's words: "1 CPU", "NPU/GPU". */
struct fdm_board_engine {
    const char *name;
    uint64_t clock_hz; /* 0 where the card does not say */
};

/* How the agent's program for a board is made; targets/firmware.json has what boards share. */
struct fdm_board_firmware {
    const char *port;         /* of targets/firmware.json: "cortex-m-mps", "linux" */
    const char *compiler;     /* a program in PATH that compiles and links, as gcc does */
    const char *packages;     /* of Debian, that bring it */
    const char *const *flags; /* for code and link: the CPU; a report shows them */
    size_t flag_count;
    const char *const *defines; /* "NAME=value", macros of the board, for agent and port */
    size_t define_count;
    const char *const *link_flags;
    size_t link_flag_count;
    /* Instruction sets that its processor has, for tuned kernels: "dsp", "mve", "neon". */
    const char *const *kernels;
    size_t kernel_count;
    /* Bytes that the board's RAM leaves for a network's arena, where a network as it would be
     * without a limit may not fit; 0: no limit. */
    uint64_t arena_limit;
};

/* How a program is put on a board through its debug probe; numbers are 0 where unknown. Each comes
 * from the chip's reference manual. */
struct fdm_board_flash {
    const char *const *openocd; /* OpenOCD's configuration files for probe and chip */
    size_t openocd_count;       /* 1 to 4 */
    uint32_t address;           /* where the program begins, with its vectors */
    uint32_t chip_id;           /* DEV_ID of DBGMCU_IDCODE */
    uint32_t chip_id_register;
    uint32_t protection_register; /* holds the read protection (RDP) */
    uint32_t protection_shift;    /* its lowest bit there */
    bool ram;                     /* the program is loaded into RAM and started there */
};

/* Stands in `launch` for the program's file. */
#define FDM_BOARD_PROGRAM "{program}"
/* Likewise, and in a lab file's `run_prefix`, for QEMU's plugin that counts instructions in user
 * mode (targets/linux/qemu_counter.c). */
#define FDM_BOARD_COUNTER "{counter}"

struct fdm_board_entry {
    const char *id; /* "STM32H747I-DISCO", "emulated-cortex-m7", "host" */
    enum fdm_board_kind kind;
    const char *description;
    const char *series;      /* "STM32H7"; NULL for host and emulated boards */
    const char *cpu;         /* "cortex-m7"; NULL for the host */
    const char *device_tree; /* its most particular name there: "st,stm32mp157f-dk2"; or NULL */
    uint32_t cores;          /* of that kind; 0: not fixed (the host) */
    uint64_t clock_hz;       /* of the CPU; 0: not fixed (host, emulated) */
    const struct fdm_board_memory *memories;
    size_t memory_count;
    const struct fdm_board_engine *engines;
    size_t engine_count;
    const char *twin;     /* id of the emulated board with the same CPU, or NULL */
    const char *emulator; /* emulated: "qemu-system-arm", "qemu-arm", "qemu-aarch64"; or NULL */
    const char *machine;  /* emulated: QEMU's machine, "mps2-an500"; NULL in user mode */
    const struct fdm_board_firmware *firmware; /* NULL: no agent can be built for it */
    const struct fdm_board_flash *flash;       /* NULL: the board must hold its program already */
    /* Words of the command that starts the agent on this computer, talking on its standard streams,
     * FDM_BOARD_PROGRAM among them; none for boards with a connection of their own. */
    const char *const *launch;
    size_t launch_count;
    bool hardware_tested; /* this program was run on the real board by its makers */
    const char *file;     /* where the entry was read */
    bool user;            /* the user's own */
};

/* ---- Datasets -------------------------------------------------------------------------------- */

struct fdm_dataset_entry {
    const char *id;             /* "flowers" */
    const char *title;          /* the card's: "Flowers", "Plant", "Food-101" */
    const char *url;            /* the card's, or NULL */
    const char *licence;        /* the card's words, or NULL where it has none */
    const char *const *classes; /* folder names in byte order: a label is an index in this list */
    uint32_t class_count;
    uint32_t image_count; /* the card's number of files; 0: not known */
    /* The split behind the published figures; split_scheme is NULL where there is none. */
    const char *split_scheme; /* "st", "keras" */
    uint32_t split_seed;
    double split_fraction; /* of validation images */
    uint32_t validation_count;
    const char *permutation_sha256; /* of the shuffled indices as little-endian u32; or NULL */
    /* sha256 of the validation images' "class/name\n" lines in byte order; or NULL where unknown */
    const char *validation_names_sha256;
    const char *file; /* where the entry was read */
    bool user;        /* the user's own */
};

/* ---- Models ---------------------------------------------------------------------------------- */

/* A file as published. */
struct fdm_model_file {
    const char
        *path; /* relative to the folder of the models; NULL: this format was not published */
    uint64_t bytes;
    const char *sha256;
};

/* Which class an output index means. */
enum fdm_label_order {
    FDM_LABELS_BYTES,      /* byte order of the class names */
    FDM_LABELS_CASE_FOLDED /* byte order of the upper-cased class names */
};
const char *fdm_label_order_name(enum fdm_label_order order); /* "bytes", "case-folded" */

struct fdm_model_entry {
    const char *id;      /* "flowers/fdmobilenet_0.25_224_tfs" */
    const char *family;  /* the card's row name: "FdMobileNet 0.25 tfs" */
    const char *dataset; /* id */
    uint32_t resolution; /* 128, 224 */
    /* How the published training configuration rescales pixels: x * scale + offset. What the
     * weights need may differ: the configurations of two Flowers models saturate their input. */
    const char *scale_text; /* "1/255.0", "1/127.5", as written there */
    double scale;
    double offset;
    enum fdm_label_order label_order; /* of this model's outputs; shown by measurement */
    uint32_t seed;                    /* of training and split */
    /* Where the paths begin, for files that come with their entry (member "folder" of a models
     * file, relative to that file); NULL: the models folder of the user's choice. */
    const char *folder;
    const char *base_url; /* where the files' paths continue; NULL: not known */
    const char *licence;  /* of the files, or NULL */
    struct fdm_model_file int8_file;
    struct fdm_model_file float_file;
    const char *file; /* where the entry was read */
    bool user;        /* the user's own */
};

/* ---- The registry ---------------------------------------------------------------------------- */

struct fdm_registry_owned; /* documents and arrays behind the pointers */

/* Boards and datasets stand by id, cards by version; models as listed in their files, which is the
 * cards' order, the user's new ones last. */
struct fdm_registry {
    const struct fdm_board_entry *boards;
    size_t board_count;
    const struct fdm_dataset_entry *datasets;
    size_t dataset_count;
    const struct fdm_model_entry *models;
    size_t model_count;
    const struct fdm_card *cards;
    size_t card_count;
    struct fdm_registry_owned *owned;
};

/* The data folder: the environment's FDM_DATA_DIR, else "<program's folder>/../share/fdm-bench",
 * else the source tree that the program was built from. The caller frees. FDM_ERR_NOT_FOUND names
 * the places tried; a set FDM_DATA_DIR is the only place. */
enum fdm_status fdm_registry_find_data(char **out, struct fdm_error *err);

/* `user_dir` is the user's configuration folder (fdm_fs_user_dir(FDM_FS_CONFIG)); NULL, or a folder
 * that does not exist, for none. The caller frees with fdm_registry_free(). FDM_ERR_NOT_FOUND,
 * FDM_ERR_FORMAT, FDM_ERR_MEMORY. */
enum fdm_status fdm_registry_load(const char *data_dir, const char *user_dir,
                                  struct fdm_registry **out, struct fdm_error *err);
/* Both of the above with the user's own folder. */
enum fdm_status fdm_registry_load_default(struct fdm_registry **out, struct fdm_error *err);
void fdm_registry_free(struct fdm_registry *registry);

/* NULL if there is none. A board's, dataset's or model's id; a card's version. */
const struct fdm_board_entry *fdm_registry_board(const struct fdm_registry *registry,
                                                 const char *id);
const struct fdm_dataset_entry *fdm_registry_dataset(const struct fdm_registry *registry,
                                                     const char *id);
const struct fdm_model_entry *fdm_registry_model(const struct fdm_registry *registry,
                                                 const char *id);
const struct fdm_card *fdm_registry_card(const struct fdm_registry *registry, const char *version);

/* Stable words: "host", "serial", "ssh", "emulated". */
const char *fdm_board_kind_name(enum fdm_board_kind kind);

#endif

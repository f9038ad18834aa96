/* Brings a board up for a case: builds the program, puts it there, starts it and opens the line.
 *
 * An emulated board is QEMU as a subprocess; a board under Linux gets a static program over ssh,
 * one long-lived connection each; a microcontroller is flashed through its debug probe, unless it
 * was last time and still says that it holds the program. One that cannot be flashed must hold the
 * program already (the client's HELLO tells whether it does). A board is locked for as long as the
 * device lives, so that two runs do not meet on it. */
#ifndef FDM_BENCH_DEVICE_H
#define FDM_BENCH_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "harness/base/status.h"
#include "harness/bench/plan.h"
#include "harness/client/client.h"
#include "harness/registry/lab.h"

struct fdm_device;

#define FDM_DEVICE_THREADS_MAX 8

struct fdm_device_options {
    const struct fdm_board_entry *board; /* what runs the program: for an emulated twin, the twin */
    const struct fdm_lab_board *lab;     /* how a real board is reached; NULL for emulated ones */
    const char *name;                    /* by which it is locked and named in messages */
    const char *version;                 /* of this program */
    bool emulated;                       /* how the figures are marked */
    uint32_t threads;                    /* fdm_device_threads() */
    const char *owner;                   /* one line: who locks it */
    const atomic_bool *stop;             /* may be NULL */
};

/* Threads of one inference: `wanted` on a board under Linux, where 0 means as many as it has cores,
 * as for the published figures; 1 wherever the program knows no threads. An emulator's cores are
 * this computer's, so there 0 means 1. */
uint32_t fdm_device_threads(const struct fdm_board_entry *executor, bool emulated, uint32_t wanted);

/* The program that puts others on an attached board, in `*out`; NULL where none does, because the
 * board is not flashed. The errors of fdm_flash_choose_tool(). */
enum fdm_status fdm_device_flasher(const struct fdm_lab_board *lab, const char **out,
                                   struct fdm_error *err);

/* Does the server of a board's line (its lab entry's `tcp`) let us in? FDM_ERR_BUSY, with the
 * holder's line, while a run uses it; the errors of fdm_stream_open_tcp(). */
enum fdm_status fdm_device_try_tcp(const struct fdm_lab_board *lab, struct fdm_error *err);

/* Takes the lock. FDM_ERR_BUSY names the holder; FDM_ERR_USAGE: more threads than can be, or than
 * can be counted. The options' pointers must outlive the device. */
enum fdm_status fdm_device_new(const struct fdm_device_options *options, struct fdm_device **out,
                               struct fdm_error *err);
/* Releases everything; NULL is allowed. */
void fdm_device_free(struct fdm_device *device);

/* For struct fdm_run_board: `context` is the device. Builds and starts the case's program and says
 * hello; stores nothing. The errors of fdm_firmware_build(), of the streams and of the client. */
enum fdm_status fdm_device_open(void *context, const struct fdm_plan_case *item,
                                struct fdm_client **out, struct fdm_error *err);
/* Memory as a card counts it, from the program's ELF file, and which program it is. A serial
 * board's program is not ours to read: nothing is told. */
enum fdm_status fdm_device_describe(void *context, struct fdm_figure *figures, size_t *figure_count,
                                    struct fdm_fact *facts, size_t *fact_count,
                                    struct fdm_error *err);
void fdm_device_close(void *context, struct fdm_client *client);

#endif

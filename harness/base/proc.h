/* Programs started by us: by an argument list, never through a shell.
 *
 * A child gets exactly the standard streams that the options name; every other descriptor is closed
 * in it. It is ended by its process id alone, and waited for, so that none is left behind. It has a
 * process group of its own: Ctrl-C does not reach it. */
#ifndef FDM_BASE_PROC_H
#define FDM_BASE_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"

enum fdm_proc_stream {
    FDM_PROC_NULL,   /* /dev/null */
    FDM_PROC_PIPE,   /* connected to the parent, see struct fdm_proc */
    FDM_PROC_INHERIT /* the parent's own */
};

struct fdm_proc_options {
    const char *const *argv; /* argv[0] is looked up in PATH; ends with NULL */
    const char *folder;      /* to run in; NULL: the parent's */
    enum fdm_proc_stream input, output, errors;
    bool socket; /* input and output, both FDM_PROC_PIPE, are one bidirectional socket: `input_fd`
                    alone. The child is a peer that is no use to anybody else, so on Linux it is
                    killed when the thread that started it ends, however that comes about */
};

struct fdm_proc {
    pid_t pid;    /* 0 when there is no child any more */
    int input_fd; /* the parent's ends of pipes, non-blocking, closed on exec; -1 without one */
    int output_fd;
    int errors_fd;
};
#define FDM_PROC_INIT                                                                              \
    {                                                                                              \
        0, -1, -1, -1                                                                              \
    }

/* How a child ended. */
struct fdm_proc_exit {
    int code;   /* 0..255; -1 if a signal ended it */
    int signal; /* 0 if it exited */
};

/* FDM_ERR_NOT_FOUND if argv[0] is no program (the message names it), FDM_ERR_IO. On failure `*out`
 * holds nothing. */
enum fdm_status fdm_proc_start(const struct fdm_proc_options *options, struct fdm_proc *out,
                               struct fdm_error *err);

/* Waits for the end until an absolute time of fdm_clock_now_ns(). FDM_ERR_TIMEOUT: it still runs.
 * After FDM_OK the process is gone; its descriptors stay open until fdm_proc_release(). */
enum fdm_status fdm_proc_wait(struct fdm_proc *proc, uint64_t deadline_ns,
                              struct fdm_proc_exit *out, struct fdm_error *err);

/* Ends a child that may still run: SIGTERM, after `grace_ns` SIGKILL; waits, closes all. Harmless
 * on FDM_PROC_INIT and after the child ended. */
void fdm_proc_release(struct fdm_proc *proc, uint64_t grace_ns);

/* Runs a program to its end, collecting at most `limit` bytes each of its output and error stream
 * (what is more is read and dropped). Either buffer may be NULL. Standard input is empty.
 * FDM_ERR_TIMEOUT ends it. */
enum fdm_status fdm_proc_run(const char *const *argv, const char *folder, uint64_t deadline_ns,
                             size_t limit, struct fdm_buf *output, struct fdm_buf *errors,
                             struct fdm_proc_exit *out, struct fdm_error *err);

/* True if `name` is a program in PATH (or a path to one). */
bool fdm_proc_exists(const char *name);

#endif

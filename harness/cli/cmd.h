/* The commands of `fdm-bench`, and what they share. Only this folder knows argv, standard output
 * and exit codes. */
#ifndef FDM_CLI_CMD_H
#define FDM_CLI_CMD_H

#include <stdio.h>

#include "harness/base/buf.h"
#include "harness/base/status.h"
#include "harness/cli/opt.h"

enum fdm_exit {
    FDM_EXIT_OK = 0,
    FDM_EXIT_FAILED = 1,       /* the message says what */
    FDM_EXIT_USAGE = 2,        /* the command line is wrong */
    FDM_EXIT_INCOMPLETE = 3,   /* some cases failed or were skipped; the rest is stored */
    FDM_EXIT_INTERRUPTED = 130 /* the same command resumes */
};

struct fdm_command {
    const char *name;
    const char *summary;               /* one line */
    int (*run)(int argc, char **argv); /* argv[0] is the command's name; returns an enum fdm_exit */
};

int fdm_cmd_bench(int argc, char **argv);
int fdm_cmd_build(int argc, char **argv);
int fdm_cmd_cache(int argc, char **argv);
int fdm_cmd_compare(int argc, char **argv);
int fdm_cmd_demo(int argc, char **argv);
int fdm_cmd_doctor(int argc, char **argv);
int fdm_cmd_explain(int argc, char **argv);
int fdm_cmd_fetch(int argc, char **argv);
int fdm_cmd_inspect(int argc, char **argv);
int fdm_cmd_list(int argc, char **argv);
int fdm_cmd_quantize(int argc, char **argv);
int fdm_cmd_report(int argc, char **argv);
int fdm_cmd_run(int argc, char **argv);
int fdm_cmd_show(int argc, char **argv);
int fdm_cmd_split(int argc, char **argv);

/* The first lines of a command's --help: usage and a paragraph; the options follow by themselves.
 */
struct fdm_usage {
    const char *command;
    const char *synopsis; /* behind "usage: fdm-bench " */
    const char *text;
    const char *examples; /* may be NULL */
};

/* Parses argv by the table. Returns -1 to go on, otherwise the exit code to return with (help
 * printed, or the mistake reported). */
int fdm_cmd_parse(int argc, char **argv, const struct fdm_usage *usage,
                  const struct fdm_opt *options, const char **operands, size_t max_operands,
                  size_t *operand_count);

/* Prints "fdm-bench COMMAND: message" on standard error and returns the exit code for the status.
 */
int fdm_cmd_fail(const char *command, const struct fdm_error *err);

/* Writes a finished text to `path`, or to standard output when `path` is NULL. */
enum fdm_status fdm_cmd_write(const struct fdm_buf *text, const char *path, struct fdm_error *err);

#endif

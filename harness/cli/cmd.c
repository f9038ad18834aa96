#include "harness/cli/cmd.h"

#include <errno.h>
#include <string.h>

#include "harness/base/fs.h"

static void print_help(FILE *out, const struct fdm_usage *usage, const struct fdm_opt *options)
{
    fprintf(out, "usage: fdm-bench %s\n\n%s\n\noptions:\n", usage->synopsis, usage->text);
    fdm_opt_print_help(out, options);
    if (usage->examples != NULL)
        fprintf(out, "\nexamples:\n%s\n", usage->examples);
}

int fdm_cmd_parse(int argc, char **argv, const struct fdm_usage *usage,
                  const struct fdm_opt *options, const char **operands, size_t max_operands,
                  size_t *operand_count)
{
    struct fdm_error err = FDM_ERROR_INIT;
    bool help;
    enum fdm_status status =
        fdm_opt_parse(argc, argv, options, operands, max_operands, operand_count, &help, &err);
    if (status != FDM_OK)
        return fdm_cmd_fail(usage->command, &err);
    if (!help)
        return -1;
    print_help(stdout, usage, options);
    return FDM_EXIT_OK;
}

int fdm_cmd_fail(const char *command, const struct fdm_error *err)
{
    fprintf(stderr, "fdm-bench %s: %s\n", command, err->message);
    switch (err->status) {
    case FDM_OK:
        return FDM_EXIT_OK;
    case FDM_ERR_USAGE:
        return FDM_EXIT_USAGE;
    case FDM_ERR_CANCELLED:
        return FDM_EXIT_INTERRUPTED;
    default:
        return FDM_EXIT_FAILED;
    }
}

enum fdm_status fdm_cmd_write(const struct fdm_buf *text, const char *path, struct fdm_error *err)
{
    enum fdm_status status = fdm_buf_check(text, err);
    if (status != FDM_OK)
        return status;
    if (path != NULL)
        return fdm_fs_write_atomic(path, text->data != NULL ? text->data : "", text->len, err);
    if (text->len > 0 && fwrite(text->data, 1, text->len, stdout) != text->len)
        return fdm_fail(err, FDM_ERR_IO, "standard output: %s", strerror(errno));
    if (fflush(stdout) != 0)
        return fdm_fail(err, FDM_ERR_IO, "standard output: %s", strerror(errno));
    return FDM_OK;
}

#include "harness/transport/ssh.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/hash.h"

#define CLOSE_TIMEOUT_NS (5 * FDM_NS_PER_S)
#define ERRORS_BYTES 4096
#define PUSH_MAX_BYTES ((size_t)256 << 20)
/* So long that the control socket fits behind it. */
#define FOLDER_MAX 80

struct fdm_ssh {
    struct fdm_ssh_options options;
    char *host; /* behind the options */
    char *config;
    char folder[FOLDER_MAX];
    char control_path[FOLDER_MAX + 4];
};

/* ---- opening and closing ---- */

/* The socket of a connection opens the board to everybody who may write to it: its folder is ours
 * alone. */
static enum fdm_status make_folder(struct fdm_ssh *ssh, struct fdm_error *err)
{
    const char *base = getenv("XDG_RUNTIME_DIR");
    if (base == NULL || !fdm_fs_is_dir(base) || strlen(base) > FOLDER_MAX / 2)
        base = "/tmp";
    snprintf(ssh->folder, sizeof ssh->folder, "%s/fdm-ssh-XXXXXX", base);
    if (mkdtemp(ssh->folder) == NULL) {
        ssh->folder[0] = '\0';
        return fdm_fail(err, FDM_ERR_IO, "cannot make a folder in %s for the connection to %s",
                        base, ssh->host);
    }
    snprintf(ssh->control_path, sizeof ssh->control_path, "%s/m", ssh->folder);
    return FDM_OK;
}

static enum fdm_status check(const struct fdm_ssh_options *options, struct fdm_error *err)
{
    enum fdm_status status = fdm_ssh_check_host(options->host, err);
    if (status != FDM_OK)
        return status;
    if (!fdm_proc_exists("ssh"))
        return fdm_fail(err, FDM_ERR_NOT_FOUND,
                        "no program `ssh`: install the package openssh-client");
    if (options->config != NULL && !fdm_fs_is_file(options->config))
        return fdm_fail(err, FDM_ERR_NOT_FOUND, "%s: no such ssh configuration", options->config);
    return FDM_OK;
}

enum fdm_status fdm_ssh_open(const struct fdm_ssh_options *options, struct fdm_ssh **out,
                             struct fdm_error *err)
{
    *out = NULL;
    enum fdm_status status = check(options, err);
    if (status != FDM_OK)
        return status;
    struct fdm_ssh *ssh = calloc(1, sizeof *ssh);
    if (ssh == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    ssh->options = *options;
    ssh->host = strdup(options->host);
    ssh->config = options->config != NULL ? strdup(options->config) : NULL;
    ssh->options.host = ssh->host;
    ssh->options.config = ssh->config;
    if (ssh->host == NULL || (options->config != NULL && ssh->config == NULL))
        status = fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    if (status == FDM_OK)
        status = make_folder(ssh, err);
    if (status != FDM_OK) {
        fdm_ssh_close(ssh);
        return status;
    }
    *out = ssh;
    return FDM_OK;
}

static void end_master(struct fdm_ssh *ssh)
{
    struct fdm_ssh_argv argv;
    struct fdm_proc_exit ended;
    if (access(ssh->control_path, F_OK) == 0 &&
        fdm_ssh_argv_control(&ssh->options, ssh->control_path, "exit", &argv, NULL) == FDM_OK) {
        fdm_proc_run(argv.words, NULL, fdm_clock_now_ns() + CLOSE_TIMEOUT_NS, 0, NULL, NULL, &ended,
                     NULL);
        fdm_ssh_argv_release(&argv);
    }
}

void fdm_ssh_close(struct fdm_ssh *ssh)
{
    if (ssh == NULL)
        return;
    if (ssh->folder[0] != '\0') {
        end_master(ssh);
        unlink(ssh->control_path);
        rmdir(ssh->folder);
    }
    free(ssh->host);
    free(ssh->config);
    free(ssh);
}

/* ---- commands ---- */

enum fdm_status fdm_ssh_run(struct fdm_ssh *ssh, const char *const *command, uint64_t deadline_ns,
                            size_t limit, struct fdm_buf *output, int *code, struct fdm_error *err)
{
    struct fdm_ssh_argv argv;
    struct fdm_proc_exit ended;
    struct fdm_buf errors;
    fdm_buf_init(&errors);
    enum fdm_status status =
        fdm_ssh_argv_command(&ssh->options, ssh->control_path, command, &argv, err);
    /* One limit serves both streams, and a command may be silent but for its errors. */
    size_t most = limit > ERRORS_BYTES ? limit : ERRORS_BYTES;
    if (status == FDM_OK)
        status = fdm_proc_run(argv.words, NULL, deadline_ns, most, output, &errors, &ended, err);
    if (output != NULL && output->len > limit) {
        output->len = limit;
        output->data[limit] = '\0';
    }
    if (status != FDM_OK) {
        fdm_error_context(err, "%s", ssh->host);
    } else {
        const char *words = errors.data != NULL ? errors.data : "";
        bool told = code != NULL && fdm_ssh_classify(&ended, words) <= FDM_SSH_COMMAND_FAILED;
        if (told)
            *code = ended.code;
        else
            status = fdm_ssh_fail(ssh->host, &ended, words, err);
    }
    fdm_ssh_argv_release(&argv);
    fdm_buf_release(&errors);
    return status;
}

static void explain(const char *name, const struct fdm_proc_exit *ended, const char *errors,
                    struct fdm_error *err)
{
    if (fdm_ssh_fail(name, ended, errors, err) == FDM_OK)
        fdm_fail(err, FDM_ERR_EOF, "%s: the program ended", name);
}

enum fdm_status fdm_ssh_stream(struct fdm_ssh *ssh, const char *const *command,
                               struct fdm_stream **out, struct fdm_error *err)
{
    struct fdm_ssh_argv argv;
    *out = NULL;
    enum fdm_status status =
        fdm_ssh_argv_command(&ssh->options, ssh->control_path, command, &argv, err);
    if (status == FDM_OK) {
        const struct fdm_stream_process_options options = {
            .argv = argv.words, .name = ssh->host, .explain = explain};
        status = fdm_stream_open_process(&options, out, err);
    }
    fdm_ssh_argv_release(&argv);
    return status;
}

/* ---- pushing a file ---- */

/* What the board says about the file that arrived: a SHA-256, or else a size. */
static const char receive_script[] =
    "{ cat > \"$1\" && chmod \"$2\" \"$1\"; } || { rm -f \"$1\"; exit 1; }; "
    "sha256sum < \"$1\" 2> /dev/null || wc -c < \"$1\"";

/* Reads what a program writes until its end, which is FDM_OK if it did its work. */
static enum fdm_status read_answer(struct fdm_stream *stream, uint64_t deadline_ns, char *out,
                                   size_t size, struct fdm_error *err)
{
    size_t len = 0;
    struct fdm_error why = FDM_ERROR_INIT;
    enum fdm_status status = FDM_OK;
    while (status == FDM_OK && len < size - 1) {
        size_t got;
        status = fdm_stream_read_some(stream, out + len, size - 1 - len, deadline_ns, &got, &why);
        len += got;
    }
    out[len] = '\0';
    if (status != FDM_ERR_EOF)
        return fdm_fail(err, status != FDM_OK ? status : FDM_ERR_FORMAT, "%s",
                        status != FDM_OK ? why.message : "the board says more than was asked");
    struct fdm_proc_exit ended;
    const char *errors;
    status = fdm_stream_process_end(stream, &ended, &errors, err);
    return status != FDM_OK ? status : fdm_ssh_fail(fdm_stream_name(stream), &ended, errors, err);
}

static enum fdm_status send_file(struct fdm_ssh *ssh, const char *temporary, unsigned mode,
                                 const uint8_t *data, size_t len, uint64_t deadline_ns,
                                 char *answer, size_t answer_size, struct fdm_error *err)
{
    char mode_text[16];
    snprintf(mode_text, sizeof mode_text, "%o", mode & 07777U);
    const char *command[] = {"sh", "-c", receive_script, "sh", temporary, mode_text, NULL};
    struct fdm_stream *stream;
    enum fdm_status status = fdm_ssh_stream(ssh, command, &stream, err);
    if (status != FDM_OK)
        return status;
    /* A board that stops reading early tells why at its end. */
    status = fdm_stream_write_all(stream, data, len, deadline_ns, NULL);
    if (status == FDM_OK)
        status = fdm_stream_end_write(stream, err);
    if (status == FDM_OK || status == FDM_ERR_EOF)
        status = read_answer(stream, deadline_ns, answer, answer_size, err);
    else
        fdm_fail(err, status, "%s: not everything could be sent in time", ssh->host);
    fdm_stream_free(stream);
    return status;
}

static enum fdm_status compare(const char *answer, const uint8_t *data, size_t len,
                               struct fdm_error *err)
{
    char hex[FDM_SHA256_HEX_SIZE];
    fdm_sha256_hex(data, len, hex);
    size_t digits = strspn(answer, "0123456789abcdef");
    bool same = digits == FDM_SHA256_HEX_SIZE - 1 ? strncmp(answer, hex, digits) == 0
                                                  : strtoull(answer, NULL, 10) == len;
    return same ? FDM_OK
                : fdm_fail(err, FDM_ERR_MISMATCH, "what arrived on the board is not what was sent");
}

static enum fdm_status put(struct fdm_ssh *ssh, const char *temporary, const char *remote,
                           unsigned mode, const uint8_t *data, size_t len, uint64_t deadline_ns,
                           struct fdm_error *err)
{
    char answer[128];
    const char *rename_it[] = {"mv", "-f", temporary, remote, NULL};
    const char *remove_it[] = {"rm", "-f", temporary, NULL};
    enum fdm_status status =
        send_file(ssh, temporary, mode, data, len, deadline_ns, answer, sizeof answer, err);
    if (status != FDM_OK)
        return status;
    status = compare(answer, data, len, err);
    if (status == FDM_OK)
        status = fdm_ssh_run(ssh, rename_it, deadline_ns, 0, NULL, NULL, err);
    if (status != FDM_OK)
        fdm_ssh_run(ssh, remove_it, deadline_ns, 0, NULL, NULL, NULL);
    return status;
}

enum fdm_status fdm_ssh_push(struct fdm_ssh *ssh, const char *local, const char *remote,
                             unsigned mode, uint64_t deadline_ns, struct fdm_error *err)
{
    uint8_t *data;
    size_t len;
    enum fdm_status status = fdm_fs_read(local, PUSH_MAX_BYTES, &data, &len, err);
    if (status != FDM_OK)
        return status;
    struct fdm_buf temporary;
    fdm_buf_init(&temporary);
    fdm_buf_printf(&temporary, "%s.part-%ld", remote, (long)getpid());
    status = fdm_buf_check(&temporary, err);
    if (status == FDM_OK)
        status = put(ssh, temporary.data, remote, mode, data, len, deadline_ns, err);
    if (status != FDM_OK)
        fdm_error_context(err, "cannot put %s on the board", remote);
    fdm_buf_release(&temporary);
    free(data);
    return status;
}

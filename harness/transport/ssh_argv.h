/* How OpenSSH is called, and what its failures mean. Nothing here starts a program: see ssh.h.
 *
 * Boards under Linux are reached by the user's own `ssh`: so his configuration, keys, jump hosts
 * and host keys count, and nothing of it is repeated here. */
#ifndef FDM_TRANSPORT_SSH_ARGV_H
#define FDM_TRANSPORT_SSH_ARGV_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/buf.h"
#include "harness/base/proc.h"
#include "harness/base/status.h"

struct fdm_ssh_options {
    const char *host;   /* what `ssh` takes: a name, user@host or an alias of the configuration */
    const char *config; /* file for `ssh -F`; NULL: the user's own */
    uint32_t connect_timeout_s; /* 0: 10 */
    uint32_t persist_s;         /* how long the connection outlives its last command; 0: 60 */
};

/* The name of a socket has 107 bytes, of which ssh needs 17 while it makes it. */
#define FDM_SSH_CONTROL_MAX 90

/* A list of words for exec, with its own memory. */
#define FDM_SSH_WORDS_MAX 48
struct fdm_ssh_argv {
    const char *words[FDM_SSH_WORDS_MAX + 1]; /* ends with NULL; point into `text` */
    size_t count;
    struct fdm_buf text;
};
void fdm_ssh_argv_release(struct fdm_ssh_argv *argv);

/* FDM_ERR_USAGE if the host is empty, begins with '-' (ssh would take it for an option), or has
 * blanks or control characters. */
enum fdm_status fdm_ssh_check_host(const char *host, struct fdm_error *err);

/* `ssh` with everything that a program must insist on, whatever the configuration says: no
 * questions, no terminal, no forwardings, one connection for all commands at `control_path`, and a
 * dead one noticed within 20 s; then the host and the remote command, each of its words quoted.
 * `command` ends with NULL and may not be empty. The caller releases `*out`, also after a failure.
 * FDM_ERR_USAGE (the host; no command; a `control_path` that is longer than FDM_SSH_CONTROL_MAX or
 * has characters that ssh would expand), FDM_ERR_MEMORY. */
enum fdm_status fdm_ssh_argv_command(const struct fdm_ssh_options *options,
                                     const char *control_path, const char *const *command,
                                     struct fdm_ssh_argv *out, struct fdm_error *err);

/* The same for a command of the master, `ssh -O request`: "check" or "exit". */
enum fdm_status fdm_ssh_argv_control(const struct fdm_ssh_options *options,
                                     const char *control_path, const char *request,
                                     struct fdm_ssh_argv *out, struct fdm_error *err);

/* Appends a word so that a POSIX shell reads exactly its bytes back. */
void fdm_ssh_quote(struct fdm_buf *out, const char *word);

enum fdm_ssh_failure {
    FDM_SSH_OK,             /* the remote command ended with status 0 */
    FDM_SSH_COMMAND_FAILED, /* it ran, and ended with another */
    FDM_SSH_HOST_KEY_CHANGED,
    FDM_SSH_HOST_KEY_UNKNOWN,
    FDM_SSH_AUTHENTICATION, /* no key that the board accepts */
    FDM_SSH_NAME_UNRESOLVED,
    FDM_SSH_REFUSED,   /* nobody listens on that port */
    FDM_SSH_TIMED_OUT, /* no answer to the connection */
    FDM_SSH_NO_ROUTE,
    FDM_SSH_CONFIGURATION,  /* ssh does not understand its configuration */
    FDM_SSH_NO_PROGRAM,     /* 127: the remote program, or its loader, is not there */
    FDM_SSH_NOT_EXECUTABLE, /* 126: no permission to run it, or made for another processor */
    FDM_SSH_DISCONNECTED,   /* the connection broke */
    FDM_SSH_UNKNOWN         /* ssh failed in words that are not known here */
};

/* What the end of an `ssh` means, by its exit status and what it and the remote command wrote to
 * the error stream (OpenSSH 8 and 9 with LogLevel ERROR). */
enum fdm_ssh_failure fdm_ssh_classify(const struct fdm_proc_exit *ended, const char *errors);

/* The same as a status and a message that names the host, the cause and the next step, and quotes
 * ssh or the board's shell; FDM_OK, and no message, for FDM_SSH_OK. */
enum fdm_status fdm_ssh_fail(const char *host, const struct fdm_proc_exit *ended,
                             const char *errors, struct fdm_error *err);

#endif

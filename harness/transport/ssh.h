/* A board behind ssh: run a command, push a file, open a stream to a program that stays.
 *
 * The first call connects (about 200 ms); the connection is kept by an ssh of its own, in a private
 * folder, and later calls take a few milliseconds. Failures are told as in ssh_argv.h. */
#ifndef FDM_TRANSPORT_SSH_H
#define FDM_TRANSPORT_SSH_H

#include "harness/transport/ssh_argv.h"
#include "harness/transport/stream.h"

struct fdm_ssh;

/* Copies the options and makes the private folder; does not connect. FDM_ERR_USAGE (the host),
 * FDM_ERR_NOT_FOUND (no `ssh`, no configuration file), FDM_ERR_IO, FDM_ERR_MEMORY. */
enum fdm_status fdm_ssh_open(const struct fdm_ssh_options *options, struct fdm_ssh **out,
                             struct fdm_error *err);
/* Ends the connection and removes the folder; NULL is fine. Streams are to be freed before. */
void fdm_ssh_close(struct fdm_ssh *ssh);

/* Runs a command, each word as it stands, to its end; what it wrote is appended to `output` (may be
 * NULL) up to a length of `limit` bytes, the rest dropped. A command that ends with a status other
 * than 0 is FDM_ERR_TARGET, with its words, unless `code` is given, which then gets the status.
 * FDM_ERR_TIMEOUT. */
enum fdm_status fdm_ssh_run(struct fdm_ssh *ssh, const char *const *command, uint64_t deadline_ns,
                            size_t limit, struct fdm_buf *output, int *code, struct fdm_error *err);

/* Puts a file there under a temporary name, compares its SHA-256 (its size on boards without
 * sha256sum), then renames it: the name never stands for half a file, and a running program can be
 * replaced. `mode` is as for chmod: 0755 for programs. FDM_ERR_MISMATCH, FDM_ERR_TARGET (no room,
 * no permission). */
enum fdm_status fdm_ssh_push(struct fdm_ssh *ssh, const char *local, const char *remote,
                             unsigned mode, uint64_t deadline_ns, struct fdm_error *err);

/* Starts a program there and makes its standard streams a stream, which tells how the program or
 * the connection ended. The caller frees it. */
enum fdm_status fdm_ssh_stream(struct fdm_ssh *ssh, const char *const *command,
                               struct fdm_stream **out, struct fdm_error *err);

#endif

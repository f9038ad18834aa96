/* A board behind a real sshd, for tests: no port, no daemon. The ssh configuration starts an sshd
 * for each connection as its ProxyCommand; who logs in is the present user. */
#ifndef FDM_TESTS_SUPPORT_SSH_BOARD_H
#define FDM_TESTS_SUPPORT_SSH_BOARD_H

#include <stdbool.h>
#include <stdint.h>

/* Hosts of the configuration. "board" works; the others fail as their names say. */
struct test_ssh_board {
    char *folder; /* keys and configurations */
    char *config; /* for `ssh -F`: board, wrong-key, changed-key, unknown-key, strict-unknown-key,
                     closed, silent, no-such-host.invalid */
    bool made_run_dir; /* sshd of an administrator needs one that a running sshd would have made */
};

/* False, with nothing made, where OpenSSH is not installed. `silent_port` is what "silent" connects
 * to, on this computer. */
bool test_ssh_board_make(struct test_ssh_board *board, uint16_t silent_port);
void test_ssh_board_release(struct test_ssh_board *board);

#endif

#include "tests/support/ssh_board.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "tests/support/test.h"

#define SSHD "/usr/sbin/sshd"
#define RUN_DIR "/run/sshd"

static void make_key(const struct test_ssh_board *board, const char *name)
{
    char *path = fdm_fs_join(board->folder, name);
    const char *argv[] = {"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path, NULL};
    struct fdm_proc_exit ended;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_proc_run(argv, NULL, fdm_clock_now_ns() + 60 * FDM_NS_PER_S, 0, NULL, NULL,
                           &ended, &err),
              err);
    assert_int_equal(ended.code, 0);
    free(path);
}

/* Writes "<folder>/<name>", of which `text` may be long. */
static void put_file(const struct test_ssh_board *board, const char *name,
                     const struct fdm_buf *text)
{
    char *path = fdm_fs_join(board->folder, name);
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_fs_write_unsynced(path, text->data, text->len, &err), err);
    free(path);
}

/* A known_hosts file in which the board has the key of `key`; an empty one for NULL. */
static void put_known_hosts(const struct test_ssh_board *board, const char *name, const char *key)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_buf_puts(&text, "");
    if (key != NULL) {
        char path[512];
        uint8_t *data;
        size_t len;
        struct fdm_error err = FDM_ERROR_INIT;
        snprintf(path, sizeof path, "%s/%s.pub", board->folder, key);
        assert_ok(fdm_fs_read(path, 4096, &data, &len, &err), err);
        fdm_buf_printf(&text, "the-board %s", (const char *)data);
        free(data);
    }
    put_file(board, name, &text);
    fdm_buf_release(&text);
}

static void put_sshd_config(const struct test_ssh_board *board)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    fdm_buf_printf(&text,
                   "HostKey %s/host\n"
                   "AuthorizedKeysFile %s/user.pub\n"
                   "StrictModes no\nUsePAM no\nPasswordAuthentication no\n"
                   "KbdInteractiveAuthentication no\nLogLevel QUIET\n",
                   board->folder, board->folder);
    put_file(board, "sshd_config", &text);
    fdm_buf_release(&text);
}

static void add_host(struct fdm_buf *text, const struct test_ssh_board *board, const char *name,
                     const char *key, const char *known_hosts, const char *strict)
{
    const struct passwd *user = getpwuid(getuid());
    assert_non_null(user);
    fdm_buf_printf(text,
                   "Host %s\n"
                   "  HostKeyAlias the-board\n  User %s\n"
                   "  IdentityFile %s/%s\n  IdentitiesOnly yes\n  IdentityAgent none\n"
                   "  UserKnownHostsFile %s/%s\n  GlobalKnownHostsFile /dev/null\n"
                   "  StrictHostKeyChecking %s\n"
                   "  ProxyCommand " SSHD " -i -f %s/sshd_config\n",
                   name, user->pw_name, board->folder, key, board->folder, known_hosts, strict,
                   board->folder);
}

static void put_ssh_config(const struct test_ssh_board *board, uint16_t silent_port)
{
    struct fdm_buf text;
    fdm_buf_init(&text);
    add_host(&text, board, "board", "user", "known", "yes");
    add_host(&text, board, "wrong-key", "stranger", "known", "yes");
    add_host(&text, board, "changed-key", "user", "changed", "yes");
    add_host(&text, board, "unknown-key", "user", "empty", "ask");
    add_host(&text, board, "strict-unknown-key", "user", "empty", "yes");
    fdm_buf_printf(&text,
                   "Host closed\n  HostName 127.0.0.1\n  Port 1\n"
                   "Host silent\n  HostName 127.0.0.1\n  Port %u\n",
                   silent_port);
    put_file(board, "ssh_config", &text);
    fdm_buf_release(&text);
}

bool test_ssh_board_make(struct test_ssh_board *board, uint16_t silent_port)
{
    memset(board, 0, sizeof *board);
    if (!fdm_proc_exists("ssh") || !fdm_proc_exists("ssh-keygen") || !fdm_proc_exists(SSHD))
        return false;
    if (geteuid() == 0)
        board->made_run_dir = mkdir(RUN_DIR, 0755) == 0;
    board->folder = test_tmpdir();
    board->config = fdm_fs_join(board->folder, "ssh_config");
    make_key(board, "host");
    make_key(board, "other-host");
    make_key(board, "user");
    make_key(board, "stranger");
    put_known_hosts(board, "known", "host");
    put_known_hosts(board, "changed", "other-host");
    put_known_hosts(board, "empty", NULL);
    put_sshd_config(board);
    put_ssh_config(board, silent_port);
    return true;
}

void test_ssh_board_release(struct test_ssh_board *board)
{
    if (board->folder != NULL)
        test_rmtree(board->folder);
    if (board->made_run_dir)
        rmdir(RUN_DIR);
    free(board->folder);
    free(board->config);
    memset(board, 0, sizeof *board);
}

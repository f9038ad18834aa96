#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/clock.h"
#include "harness/transport/ssh_argv.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* ---- the call ---- */

static void assert_words(const struct fdm_ssh_argv *argv, const char *remark, const char *expected)
{
    char joined[1024] = "";
    size_t len = 0;
    for (size_t i = 0; argv->words[i] != NULL; i++) {
        len += (size_t)snprintf(joined + len, sizeof joined - len, "%s%s", i > 0 ? "|" : "",
                                argv->words[i]);
        assert_true(len < sizeof joined);
    }
    if (strcmp(joined, expected) != 0)
        fail_msg("%s: %s", remark, joined);
}

#define INSISTED                                                                                   \
    "-o|BatchMode=yes|-o|ConnectionAttempts=1|-o|ControlMaster=auto|-o|LogLevel=ERROR|"            \
    "-o|RequestTTY=no|-o|RemoteCommand=none|-o|ClearAllForwardings=yes|-o|ForwardAgent=no|"        \
    "-o|ForwardX11=no|-o|ServerAliveInterval=5|-o|ServerAliveCountMax=3|"

static void a_call_is_a_list_of_words(void **state)
{
    (void)state;
    const char *short_command[] = {"uname", "-m", NULL};
    const char *odd_command[] = {"/tmp/my agent", "", "it's", NULL};
    const struct {
        const char *remark;
        struct fdm_ssh_options options;
        const char *const *command;
        const char *expected;
    } cases[] = {
        {"defaults",
         {.host = "board"},
         short_command,
         "ssh|" INSISTED "-o|ConnectTimeout=10|-o|ControlPersist=60|-o|ControlPath=/t/m|"
         "--|board|'uname' '-m'"},
        {"everything given, and words that need their quotes",
         {.host = "root@192.168.7.1",
          .config = "/lab/ssh config",
          .connect_timeout_s = 3,
          .persist_s = 5},
         odd_command,
         "ssh|-F|/lab/ssh config|" INSISTED
         "-o|ConnectTimeout=3|-o|ControlPersist=5|-o|ControlPath=/t/m|"
         "--|root@192.168.7.1|'/tmp/my agent' '' 'it'\\''s'"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fdm_ssh_argv argv;
        struct fdm_error err = FDM_ERROR_INIT;
        assert_ok(fdm_ssh_argv_command(&cases[i].options, "/t/m", cases[i].command, &argv, &err),
                  err);
        assert_words(&argv, cases[i].remark, cases[i].expected);
        fdm_ssh_argv_release(&argv);
    }
}

static void the_master_is_called_without_a_command(void **state)
{
    (void)state;
    const struct fdm_ssh_options options = {.host = "board"};
    struct fdm_ssh_argv argv;
    struct fdm_error err = FDM_ERROR_INIT;
    assert_ok(fdm_ssh_argv_control(&options, "/t/m", "exit", &argv, &err), err);
    assert_words(&argv, "exit",
                 "ssh|" INSISTED "-o|ConnectTimeout=10|-o|ControlPersist=60|-o|ControlPath=/t/m|"
                 "-O|exit|--|board");
    fdm_ssh_argv_release(&argv);
}

static void calls_that_cannot_work_are_refused(void **state)
{
    (void)state;
    const char *command[] = {"true", NULL};
    const char *nothing[] = {NULL};
    static const char longest[] = "/tmp/01234567890123456789012345678901234567890123456789"
                                  "01234567890123456789012345678901234";
    assert_int_equal(strlen(longest), FDM_SSH_CONTROL_MAX);
    static const char longer[] = "/tmp/01234567890123456789012345678901234567890123456789"
                                 "012345678901234567890123456789012345";
    const struct {
        const char *remark;
        const char *host;
        const char *control_path;
        const char *const *command;
        enum fdm_status status;
    } cases[] = {
        {"an option for a host", "-oProxyCommand=reboot", "/t/m", command, FDM_ERR_USAGE},
        {"an option behind a user", "root@-oProxyCommand=reboot", "/t/m", command, FDM_ERR_USAGE},
        {"no host", "", "/t/m", command, FDM_ERR_USAGE},
        {"a user alone", "root@", "/t/m", command, FDM_ERR_USAGE},
        {"a blank", "board reboot", "/t/m", command, FDM_ERR_USAGE},
        {"a line", "board\nreboot", "/t/m", command, FDM_ERR_USAGE},
        {"a control character", "board\x1b[2J", "/t/m", command, FDM_ERR_USAGE},
        {"no command: a shell would wait for input", "board", "/t/m", nothing, FDM_ERR_USAGE},
        {"the longest path", "board", longest, command, FDM_OK},
        {"a path too long for a socket", "board", longer, command, FDM_ERR_USAGE},
        {"a path that ssh would expand", "board", "/tmp/%h", command, FDM_ERR_USAGE},
        {"a path that ssh would take apart", "board", "/tmp/a b", command, FDM_ERR_USAGE},
        {"an IPv6 address", "root@fe80::1%eth0", "/t/m", command, FDM_OK},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct fdm_ssh_options options = {.host = cases[i].host};
        struct fdm_ssh_argv argv;
        struct fdm_error err = FDM_ERROR_INIT;
        if (fdm_ssh_argv_command(&options, cases[i].control_path, cases[i].command, &argv, &err) !=
            cases[i].status)
            fail_msg("%s: %s", cases[i].remark, err.message);
        fdm_ssh_argv_release(&argv);
    }
}

/* ---- quoting ---- */

static void shells_read_back_what_was_quoted(void **state)
{
    (void)state;
    static const char *const words[] = {
        "plain",        "",         "two words",  "it's",  "''''",     "\"", "$HOME",   "`id`",
        "$(id)",        "\\",       "\\'",        "a\nb",  "*",        "~",  "a;b|c&d", "> /tmp/x",
        "-n",           "FOO=bar",  "if",         "{a,b}", "!1",       "#",  "\t tab",  "%s%n",
        "\x01\x7f\xff", "$'\\x41'", "'; exit 3;", "a'b'c", "\xc3\xa9", "--",
    };
    static const char *const shells[] = {"sh", "bash", "dash", "busybox"};
    for (size_t i = 0; i < COUNT(shells); i++) {
        if (!fdm_proc_exists(shells[i]))
            continue;
        for (size_t k = 0; k < COUNT(words); k++) {
            struct fdm_buf script;
            struct fdm_buf output;
            struct fdm_proc_exit ended;
            struct fdm_error err = FDM_ERROR_INIT;
            fdm_buf_init(&script);
            fdm_buf_init(&output);
            fdm_buf_puts(&script, "printf '[%s]' ");
            fdm_ssh_quote(&script, words[k]);
            const char *argv[] = {shells[i], "-c", script.data, NULL};
            const char *busybox_argv[] = {"busybox", "sh", "-c", script.data, NULL};
            bool busybox = strcmp(shells[i], "busybox") == 0;
            assert_ok(fdm_proc_run(busybox ? busybox_argv : argv, NULL,
                                   fdm_clock_now_ns() + 20 * FDM_NS_PER_S, 1000, &output, NULL,
                                   &ended, &err),
                      err);
            char expected[64];
            snprintf(expected, sizeof expected, "[%s]", words[k]);
            assert_string_equal(output.data, expected);
            fdm_buf_release(&script);
            fdm_buf_release(&output);
        }
    }
}

static void a_quoted_command_is_run_as_a_program_not_as_syntax(void **state)
{
    (void)state;
    static const char *const commands[] = {"if", "FOO=bar", "exit"};
    for (size_t i = 0; i < COUNT(commands); i++) {
        struct fdm_buf script;
        fdm_buf_init(&script);
        fdm_ssh_quote(&script, commands[i]);
        assert_int_equal(script.data[0], '\'');
        assert_int_equal(script.len, strlen(commands[i]) + 2);
        fdm_buf_release(&script);
    }
}

/* ---- failures ---- */

#define CHANGED                                                                                    \
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n"                              \
    "@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @\r\n"                              \
    "@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r\n"                              \
    "IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r\n"                                    \
    "Offending ED25519 key in /home/me/.ssh/known_hosts:7\r\n"                                     \
    "  remove with:\r\n"                                                                           \
    "  ssh-keygen -f \"/home/me/.ssh/known_hosts\" -R \"board\"\r\n"                               \
    "Host key for board has changed and you have requested strict checking.\r\n"                   \
    "Host key verification failed.\r\n"

/* The errors are what OpenSSH 9.2 wrote with LogLevel ERROR, and shells beneath it. */
static const struct {
    const char *remark;
    int code;
    const char *errors;
    enum fdm_ssh_failure failure;
    enum fdm_status status;
    const char *message; /* its beginning */
} failures[] = {
    {"all is well", 0, "some warning\n", FDM_SSH_OK, FDM_OK, ""},
    {"the command's own failure", 1, "ls: cannot access 'x': No such file or directory\n",
     FDM_SSH_COMMAND_FAILED, FDM_ERR_TARGET,
     "board: the command failed (status 1): ls: cannot access 'x': No such file or directory"},
    {"words of ssh in the mouth of a command", 1, "curl: (7) : Connection refused\n",
     FDM_SSH_COMMAND_FAILED, FDM_ERR_TARGET, "board: the command failed (status 1): curl"},
    {"built for a later processor", 132, "Illegal instruction\n", FDM_SSH_COMMAND_FAILED,
     FDM_ERR_TARGET,
     "board: the command failed (ended by signal 4, illegal instruction): Illegal instruction"},
    {"a changed key, in spite of its other lines", 255, CHANGED, FDM_SSH_HOST_KEY_CHANGED,
     FDM_ERR_IO,
     "board: the host key has changed: if the board was installed anew, remove its old key, else "
     "another machine answers at its address: Offending ED25519 key in "
     "/home/me/.ssh/known_hosts:7"},
    {"an unknown key, strictly", 255,
     "No ED25519 host key is known for board and you have requested strict checking.\r\n"
     "Host key verification failed.\r\n",
     FDM_SSH_HOST_KEY_UNKNOWN, FDM_ERR_IO, "board: the host key is not known yet"},
    {"an unknown key that could not be asked about", 255, "Host key verification failed.\r\n",
     FDM_SSH_HOST_KEY_UNKNOWN, FDM_ERR_IO, "board: the host key is not known yet"},
    {"a key that the board does not take", 255, "root@board: Permission denied (publickey).\r\n",
     FDM_SSH_AUTHENTICATION, FDM_ERR_IO,
     "board: the board accepts none of your keys: install one with ssh-copy-id: root@board: "},
    {"more keys than it tries", 255,
     "Received disconnect from 10.0.0.2 port 22:2: Too many authentication failures\r\n"
     "Disconnected from 10.0.0.2 port 22\r\n",
     FDM_SSH_AUTHENTICATION, FDM_ERR_IO, "board: the board accepts none of your keys"},
    {"a name without an address", 255,
     "ssh: Could not resolve hostname board: Name or service not known\r\n",
     FDM_SSH_NAME_UNRESOLVED, FDM_ERR_NOT_FOUND, "board: no such host"},
    {"a name server that is away", 255,
     "ssh: Could not resolve hostname board: Temporary failure in name resolution\r\n",
     FDM_SSH_NAME_UNRESOLVED, FDM_ERR_NOT_FOUND, "board: no such host"},
    {"no sshd", 255, "ssh: connect to host 10.0.0.2 port 22: Connection refused\r\n",
     FDM_SSH_REFUSED, FDM_ERR_IO, "board: nothing listens there: is sshd running on the board?"},
    {"switched off", 255, "ssh: connect to host 10.0.0.2 port 22: Connection timed out\r\n",
     FDM_SSH_TIMED_OUT, FDM_ERR_TIMEOUT, "board: no answer"},
    {"hanging", 255, "Connection timed out during banner exchange\r\n", FDM_SSH_TIMED_OUT,
     FDM_ERR_TIMEOUT, "board: no answer"},
    {"hanging, as it says with an address", 255,
     "Connection timed out during banner exchange\r\n"
     "Connection to 10.0.0.2 port 22 timed out\r\n",
     FDM_SSH_TIMED_OUT, FDM_ERR_TIMEOUT, "board: no answer"},
    {"another network", 255, "ssh: connect to host 10.0.0.2 port 22: No route to host\r\n",
     FDM_SSH_NO_ROUTE, FDM_ERR_IO, "board: no way to that address"},
    {"no network", 255, "ssh: connect to host 10.0.0.2 port 22: Network is unreachable\r\n",
     FDM_SSH_NO_ROUTE, FDM_ERR_IO, "board: no way to that address"},
    {"a typing error in the configuration", 255,
     "/lab/ssh: line 2: Bad configuration option: nosuchoption\r\n"
     "/lab/ssh: terminating, 1 bad configuration options\r\n",
     FDM_SSH_CONFIGURATION, FDM_ERR_USAGE,
     "board: ssh does not accept its configuration: /lab/ssh: line 2: Bad configuration option: "
     "nosuchoption"},
    {"a wrong value in it", 255,
     "/lab/ssh line 2: Bad port 'abc'.\r\n/lab/ssh: terminating, 1 bad configuration options\r\n",
     FDM_SSH_CONFIGURATION, FDM_ERR_USAGE,
     "board: ssh does not accept its configuration: /lab/ssh line 2: Bad port 'abc'."},
    {"none at all", 255, "Can't open user config file /lab/ssh: No such file or directory\r\n",
     FDM_SSH_CONFIGURATION, FDM_ERR_USAGE, "board: ssh does not accept its configuration"},
    {"bash does not find the program", 127, "bash: line 1: /tmp/agent: No such file or directory\n",
     FDM_SSH_NO_PROGRAM, FDM_ERR_NOT_FOUND,
     "board: the program, or the loader that it asks for, is not on the board: bash: line 1: "},
    {"dash does not find it", 127, "dash: 1: /tmp/agent: not found\n", FDM_SSH_NO_PROGRAM,
     FDM_ERR_NOT_FOUND, "board: the program, or the loader"},
    {"it may not be run", 126, "bash: line 1: /tmp/agent: Permission denied\n",
     FDM_SSH_NOT_EXECUTABLE, FDM_ERR_UNSUPPORTED, "board: the board cannot run the program"},
    {"it is for another processor", 126,
     "bash: line 1: /tmp/agent: cannot execute binary file: Exec format error\n",
     FDM_SSH_NOT_EXECUTABLE, FDM_ERR_UNSUPPORTED,
     "board: the board cannot run the program: is it executable, and built for this processor?: "
     "bash: line 1: /tmp/agent: cannot execute binary file: Exec format error"},
    {"the same in another shell's way", 1, "env: '/tmp/agent': Exec format error\n",
     FDM_SSH_NOT_EXECUTABLE, FDM_ERR_UNSUPPORTED, "board: the board cannot run the program"},
    {"sshd died", 255, "client_loop: send disconnect: Broken pipe\r\n", FDM_SSH_DISCONNECTED,
     FDM_ERR_EOF, "board: the connection broke, or the program was ended by a signal: client_loop"},
    {"refused at the door", 255,
     "kex_exchange_identification: Connection closed by remote host\r\n", FDM_SSH_DISCONNECTED,
     FDM_ERR_EOF, "board: the connection broke"},
    {"power was cut", 255, "Timeout, server board not responding.\r\n", FDM_SSH_DISCONNECTED,
     FDM_ERR_EOF, "board: the connection broke"},
    {"a signal ended the program", 255, "", FDM_SSH_DISCONNECTED, FDM_ERR_EOF,
     "board: the connection broke, or the program was ended by a signal"},
    {"words never heard", 255, "ssh: the moon is in the wrong phase\r\n", FDM_SSH_UNKNOWN,
     FDM_ERR_IO, "board: ssh failed; try it by hand: ssh: the moon is in the wrong phase"},
};

static void failures_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(failures); i++) {
        const struct fdm_proc_exit ended = {failures[i].code, 0};
        struct fdm_error err = FDM_ERROR_INIT;
        enum fdm_ssh_failure failure = fdm_ssh_classify(&ended, failures[i].errors);
        enum fdm_status status = fdm_ssh_fail("board", &ended, failures[i].errors, &err);
        if (failure != failures[i].failure || status != failures[i].status ||
            strncmp(err.message, failures[i].message, strlen(failures[i].message)) != 0)
            fail_msg("%s: %d, %s: %s", failures[i].remark, failure, fdm_status_name(status),
                     err.message);
    }
}

static void an_ssh_that_was_killed_is_no_success(void **state)
{
    (void)state;
    const struct fdm_proc_exit ended = {-1, 15};
    struct fdm_error err = FDM_ERROR_INIT;
    assert_int_not_equal(fdm_ssh_fail("board", &ended, "", &err), FDM_OK);
    assert_non_null(strstr(err.message, "(ssh was ended by signal 15)"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_a_list_of_words),
        cmocka_unit_test(the_master_is_called_without_a_command),
        cmocka_unit_test(calls_that_cannot_work_are_refused),
        cmocka_unit_test(shells_read_back_what_was_quoted),
        cmocka_unit_test(a_quoted_command_is_run_as_a_program_not_as_syntax),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(an_ssh_that_was_killed_is_no_success),
    };
    return cmocka_run_group_tests_name("ssh_argv", tests, NULL, NULL);
}

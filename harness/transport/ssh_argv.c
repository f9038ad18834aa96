#include "harness/transport/ssh_argv.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define CONNECT_TIMEOUT_S 10
#define PERSIST_S 60

/* What no configuration may change. The first value that ssh sees for an option counts, and the
 * command line comes first. */
static const char *const insisted[] = {
    "BatchMode=yes",           /* never ask: there may be nobody to answer */
    "ConnectionAttempts=1",    /* the time-out below is for one */
    "ControlMaster=auto",      /* the first command connects for all */
    "LogLevel=ERROR",          /* no banners between the failures that are classified */
    "RequestTTY=no",           /* a terminal would change the bytes */
    "RemoteCommand=none",      /* another one could not be given beside it */
    "ClearAllForwardings=yes", /* the user's ports are not ours to open */
    "ForwardAgent=no",         "ForwardX11=no",
    "ServerAliveInterval=5", /* a board without power is noticed after three of these */
    "ServerAliveCountMax=3",
};

void fdm_ssh_argv_release(struct fdm_ssh_argv *argv)
{
    fdm_buf_release(&argv->text);
    argv->count = 0;
}

enum fdm_status fdm_ssh_check_host(const char *host, struct fdm_error *err)
{
    const char *at = strrchr(host, '@');
    const char *name = at != NULL ? at + 1 : host;
    if (*name == '\0')
        return fdm_fail(err, FDM_ERR_USAGE, "the ssh host '%s' has no name", host);
    if (*host == '-' || *name == '-')
        return fdm_fail(err, FDM_ERR_USAGE,
                        "the ssh host '%s' begins with '-' and would be taken for an option", host);
    for (const char *c = host; *c != '\0'; c++)
        if (isspace((unsigned char)*c) || iscntrl((unsigned char)*c))
            return fdm_fail(err, FDM_ERR_USAGE,
                            "the ssh host '%s' has blanks or control characters", host);
    return FDM_OK;
}

static enum fdm_status check_control_path(const char *path, struct fdm_error *err)
{
    size_t len = strlen(path);
    if (len > FDM_SSH_CONTROL_MAX)
        return fdm_fail(err, FDM_ERR_USAGE, "%s: longer than the %d bytes that ssh can use", path,
                        FDM_SSH_CONTROL_MAX);
    for (const char *c = path; *c != '\0'; c++)
        if (!isalnum((unsigned char)*c) && strchr("/._-", *c) == NULL)
            return fdm_fail(err, FDM_ERR_USAGE, "%s: ssh would expand '%c'", path, *c);
    return FDM_OK;
}

void fdm_ssh_quote(struct fdm_buf *out, const char *word)
{
    /* Always, for a bare word could be a keyword, an assignment or a pattern. */
    fdm_buf_puts(out, "'");
    for (const char *quote; (quote = strchr(word, '\'')) != NULL; word = quote + 1) {
        fdm_buf_append(out, word, (size_t)(quote - word));
        fdm_buf_puts(out, "'\\''");
    }
    fdm_buf_printf(out, "%s'", word);
}

/* While words are added the text may move: their places are found at the end. */
static void add(struct fdm_ssh_argv *argv, const char *word)
{
    fdm_buf_append(&argv->text, word, strlen(word) + 1);
    argv->count++;
}

static void add_option(struct fdm_ssh_argv *argv, const char *option)
{
    add(argv, "-o");
    add(argv, option);
}

static void add_number(struct fdm_ssh_argv *argv, const char *option, uint32_t value)
{
    char text[48];
    snprintf(text, sizeof text, "%s=%lu", option, (unsigned long)value);
    add_option(argv, text);
}

static void add_options(struct fdm_ssh_argv *argv, const struct fdm_ssh_options *options,
                        const char *control_path)
{
    char control[FDM_SSH_CONTROL_MAX + 32];
    snprintf(control, sizeof control, "ControlPath=%s", control_path);
    add(argv, "ssh");
    if (options->config != NULL) {
        add(argv, "-F");
        add(argv, options->config);
    }
    for (size_t i = 0; i < sizeof insisted / sizeof insisted[0]; i++)
        add_option(argv, insisted[i]);
    add_number(argv, "ConnectTimeout",
               options->connect_timeout_s != 0 ? options->connect_timeout_s : CONNECT_TIMEOUT_S);
    add_number(argv, "ControlPersist", options->persist_s != 0 ? options->persist_s : PERSIST_S);
    add_option(argv, control);
}

static enum fdm_status place_words(struct fdm_ssh_argv *argv, struct fdm_error *err)
{
    enum fdm_status status = fdm_buf_check(&argv->text, err);
    if (status != FDM_OK)
        return status;
    const char *word = argv->text.data;
    for (size_t i = 0; i < argv->count; i++, word += strlen(word) + 1)
        argv->words[i] = word;
    argv->words[argv->count] = NULL;
    return FDM_OK;
}

static enum fdm_status begin(const struct fdm_ssh_options *options, const char *control_path,
                             struct fdm_ssh_argv *out, struct fdm_error *err)
{
    memset(out, 0, sizeof *out);
    fdm_buf_init(&out->text);
    enum fdm_status status = fdm_ssh_check_host(options->host, err);
    if (status == FDM_OK)
        status = check_control_path(control_path, err);
    if (status == FDM_OK)
        add_options(out, options, control_path);
    return status;
}

enum fdm_status fdm_ssh_argv_command(const struct fdm_ssh_options *options,
                                     const char *control_path, const char *const *command,
                                     struct fdm_ssh_argv *out, struct fdm_error *err)
{
    enum fdm_status status = begin(options, control_path, out, err);
    if (status != FDM_OK)
        return status;
    if (command[0] == NULL)
        return fdm_fail(err, FDM_ERR_USAGE, "no command for %s", options->host);
    struct fdm_buf remote;
    fdm_buf_init(&remote);
    for (size_t i = 0; command[i] != NULL; i++) {
        fdm_buf_puts(&remote, i > 0 ? " " : "");
        fdm_ssh_quote(&remote, command[i]);
    }
    status = fdm_buf_check(&remote, err);
    if (status == FDM_OK) {
        add(out, "--"); /* no options from here on, not even behind the host */
        add(out, options->host);
        add(out, remote.data);
        status = place_words(out, err);
    }
    fdm_buf_release(&remote);
    return status;
}

enum fdm_status fdm_ssh_argv_control(const struct fdm_ssh_options *options,
                                     const char *control_path, const char *request,
                                     struct fdm_ssh_argv *out, struct fdm_error *err)
{
    enum fdm_status status = begin(options, control_path, out, err);
    if (status != FDM_OK)
        return status;
    add(out, "-O");
    add(out, request);
    add(out, "--");
    add(out, options->host);
    return place_words(out, err);
}

/* ---- failures ---- */

static const struct {
    const char *words; /* of OpenSSH */
    enum fdm_ssh_failure failure;
} sayings[] = {
    /* Causes before their consequences: an end is often told twice. */
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", FDM_SSH_HOST_KEY_CHANGED},
    {"host key is known for", FDM_SSH_HOST_KEY_UNKNOWN},
    {"Host key verification failed", FDM_SSH_HOST_KEY_UNKNOWN},
    {"Permission denied (", FDM_SSH_AUTHENTICATION},
    {"Too many authentication failures", FDM_SSH_AUTHENTICATION},
    {"No supported authentication methods available", FDM_SSH_AUTHENTICATION},
    {"Could not resolve hostname", FDM_SSH_NAME_UNRESOLVED},
    {": Connection refused", FDM_SSH_REFUSED},
    {": Connection timed out", FDM_SSH_TIMED_OUT},
    {"Connection timed out during banner exchange", FDM_SSH_TIMED_OUT},
    {": No route to host", FDM_SSH_NO_ROUTE},
    {": Network is unreachable", FDM_SSH_NO_ROUTE},
    {"Bad configuration option", FDM_SSH_CONFIGURATION},
    {"bad configuration options", FDM_SSH_CONFIGURATION},
    {"Can't open user config file", FDM_SSH_CONFIGURATION},
    {"Bad owner or permissions on", FDM_SSH_CONFIGURATION},
    {"Timeout, server", FDM_SSH_DISCONNECTED},
    {"Connection to ", FDM_SSH_DISCONNECTED},
    {"Connection closed by", FDM_SSH_DISCONNECTED},
    {"Connection reset by", FDM_SSH_DISCONNECTED},
    {"Broken pipe", FDM_SSH_DISCONNECTED},
};

enum fdm_ssh_failure fdm_ssh_classify(const struct fdm_proc_exit *ended, const char *errors)
{
    if (ended->code == 0)
        return FDM_SSH_OK;
    if (ended->code == 127)
        return FDM_SSH_NO_PROGRAM;
    /* Some shells read a program of another processor as a script, and end with another status. */
    if (ended->code == 126 || (ended->code > 0 && strstr(errors, "Exec format error") != NULL))
        return FDM_SSH_NOT_EXECUTABLE;
    if (ended->code != 255)
        return FDM_SSH_COMMAND_FAILED;
    for (size_t i = 0; i < sizeof sayings / sizeof sayings[0]; i++)
        if (strstr(errors, sayings[i].words) != NULL)
            return sayings[i].failure;
    return *errors == '\0' ? FDM_SSH_DISCONNECTED : FDM_SSH_UNKNOWN;
}

/* What to say about each, and what to do; the words of ssh follow. */
static const struct {
    enum fdm_status status;
    const char *text;
    const char *quoted; /* how the line begins that is quoted; NULL: the last one */
} explanations[] = {
    [FDM_SSH_COMMAND_FAILED] = {FDM_ERR_TARGET, "the command failed", NULL},
    [FDM_SSH_HOST_KEY_CHANGED] =
        {FDM_ERR_IO,
         "the host key has changed: if the board was installed anew, remove its old key, else "
         "another machine answers at its address",
         "Offending "},
    [FDM_SSH_HOST_KEY_UNKNOWN] = {FDM_ERR_IO,
                                  "the host key is not known yet: log in once by hand and check it",
                                  "No "},
    [FDM_SSH_AUTHENTICATION] = {FDM_ERR_IO,
                                "the board accepts none of your keys: install one with ssh-copy-id",
                                NULL},
    [FDM_SSH_NAME_UNRESOLVED] = {FDM_ERR_NOT_FOUND,
                                 "no such host: correct its name, or plug the board's network in",
                                 NULL},
    [FDM_SSH_REFUSED] = {FDM_ERR_IO, "nothing listens there: is sshd running on the board?", NULL},
    [FDM_SSH_TIMED_OUT] = {FDM_ERR_TIMEOUT,
                           "no answer: is the board switched on and on this network?", NULL},
    [FDM_SSH_NO_ROUTE] = {FDM_ERR_IO, "no way to that address: is the network up on both sides?",
                          NULL},
    [FDM_SSH_CONFIGURATION] = {FDM_ERR_USAGE, "ssh does not accept its configuration", ""},
    [FDM_SSH_NO_PROGRAM] = {FDM_ERR_NOT_FOUND,
                            "the program, or the loader that it asks for, is not on the board",
                            NULL},
    [FDM_SSH_NOT_EXECUTABLE] =
        {FDM_ERR_UNSUPPORTED,
         "the board cannot run the program: is it executable, and built for this processor?", NULL},
    [FDM_SSH_DISCONNECTED] = {FDM_ERR_EOF,
                              "the connection broke, or the program was ended by a signal", NULL},
    [FDM_SSH_UNKNOWN] = {FDM_ERR_IO, "ssh failed; try it by hand", NULL},
};

static bool next_line(const char **at, const char **line, size_t *len)
{
    *at += strspn(*at, "\r\n");
    *line = *at;
    *len = strcspn(*at, "\r\n");
    *at += *len;
    return *len > 0;
}

static void quote_line(const char *errors, const char *wanted, char *out, size_t size)
{
    const char *line;
    size_t len;
    out[0] = '\0';
    for (const char *at = errors; next_line(&at, &line, &len);) {
        if (wanted != NULL && strncmp(line, wanted, strlen(wanted)) != 0)
            continue;
        snprintf(out, size, ": %.*s", (int)(len < 200 ? len : 200), line);
        if (wanted != NULL)
            return;
    }
}

enum fdm_status fdm_ssh_fail(const char *host, const struct fdm_proc_exit *ended,
                             const char *errors, struct fdm_error *err)
{
    enum fdm_ssh_failure failure = fdm_ssh_classify(ended, errors);
    char quoted[208];
    char how[64] = "";
    if (failure == FDM_SSH_OK)
        return FDM_OK;
    if (ended->code < 0)
        snprintf(how, sizeof how, " (ssh was ended by signal %d)", ended->signal);
    else if (failure == FDM_SSH_COMMAND_FAILED && ended->code > 128)
        snprintf(how, sizeof how, " (ended by signal %d%s)", ended->code - 128,
                 ended->code == 132 ? ", illegal instruction" : "");
    else if (failure == FDM_SSH_COMMAND_FAILED)
        snprintf(how, sizeof how, " (status %d)", ended->code);
    quote_line(errors, explanations[failure].quoted, quoted, sizeof quoted);
    return fdm_fail(err, explanations[failure].status, "%s: %s%s%s", host,
                    explanations[failure].text, how, quoted);
}

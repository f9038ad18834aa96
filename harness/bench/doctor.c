#include "harness/bench/doctor.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"
#include "harness/bench/device.h"
#include "harness/client/flash.h"
#include "harness/client/flash_probe.h"
#include "harness/transport/ssh.h"
#include "results/store.h"

#define TOOL_TIMEOUT_NS (5 * FDM_NS_PER_S)
#define SSH_TIMEOUT_NS (15 * FDM_NS_PER_S)

struct list {
    struct fdm_check *checks;
    size_t count;
    bool failed;
};

static const char *const state_names[] = {
    [FDM_CHECK_OK] = "ok",
    [FDM_CHECK_MISSING] = "missing",
    [FDM_CHECK_FAILED] = "failed",
};

const char *fdm_check_state_name(enum fdm_check_state state)
{
    return state_names[state];
}

/* A new check that is fine so far; NULL once memory ran out. */
static struct fdm_check *add(struct list *list, const char *area, const char *subject)
{
    struct fdm_check *grown = realloc(list->checks, (list->count + 1) * sizeof *grown);
    if (grown == NULL) {
        list->failed = true;
        return NULL;
    }
    list->checks = grown;
    struct fdm_check *check = &grown[list->count++];
    memset(check, 0, sizeof *check);
    snprintf(check->area, sizeof check->area, "%s", area);
    snprintf(check->subject, sizeof check->subject, "%.*s", (int)sizeof check->subject - 1,
             subject);
    return check;
}

FDM_PRINTF(3, 4)
static void set(char *out, size_t size, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(out, size, format, args);
    va_end(args);
}

/* ---- Tools ----------------------------------------------------------------------------------- */

static const struct {
    const char *program;
    const char *package;
    const char *purpose;
} tools[] = {
    {"arm-none-eabi-gcc", "gcc-arm-none-eabi libnewlib-arm-none-eabi", "building for Cortex-M"},
    {"arm-linux-gnueabihf-gcc", "gcc-arm-linux-gnueabihf libc6-dev-armhf-cross",
     "building for Cortex-A7"},
    {"aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
     "building for Cortex-A35"},
    {"qemu-system-arm", "qemu-system-arm", "emulated Cortex-M boards"},
    {"qemu-arm", "qemu-user", "the emulated Cortex-A7"},
    {"qemu-aarch64", "qemu-user", "the emulated Cortex-A35"},
    {"ssh", "openssh-client", "boards reached by ssh"},
    {"openocd", "openocd", "flashing STM32 boards"},
    {"st-flash", "stlink-tools", "flashing STM32 boards"},
    {"STM32_Programmer_CLI", NULL, "flashing STM32 boards"},
};

static void first_line(const struct fdm_buf *text, char *out, size_t size)
{
    size_t len = text->data != NULL ? strcspn(text->data, "\r\n") : 0;
    set(out, size, "%.*s", (int)(len < size ? len : size - 1),
        text->data != NULL ? text->data : "");
}

static void read_version(const char *program, struct fdm_check *check)
{
    const char *option = strcmp(program, "ssh") == 0 ? "-V" : "--version";
    const char *argv[] = {program, option, NULL};
    struct fdm_buf output;
    struct fdm_buf errors;
    struct fdm_proc_exit ended;
    fdm_buf_init(&output);
    fdm_buf_init(&errors);
    enum fdm_status status = fdm_proc_run(argv, NULL, fdm_clock_now_ns() + TOOL_TIMEOUT_NS, 4096,
                                          &output, &errors, &ended, NULL);
    if (status != FDM_OK || ended.code != 0) {
        check->state = FDM_CHECK_FAILED;
        set(check->detail, sizeof check->detail, "%s %s does not run", program, option);
    } else {
        first_line(output.len > 0 ? &output : &errors, check->detail, sizeof check->detail);
    }
    fdm_buf_release(&output);
    fdm_buf_release(&errors);
}

static void check_tools(struct list *list)
{
    for (size_t i = 0; i < sizeof tools / sizeof tools[0]; i++) {
        struct fdm_check *check = add(list, "tool", tools[i].program);
        if (check == NULL)
            return;
        if (fdm_proc_exists(tools[i].program)) {
            read_version(tools[i].program, check);
            continue;
        }
        check->state = FDM_CHECK_MISSING;
        set(check->detail, sizeof check->detail, "not installed; needed for %s", tools[i].purpose);
        if (tools[i].package != NULL)
            set(check->fix, sizeof check->fix, "apt-get install %s", tools[i].package);
        else
            set(check->fix, sizeof check->fix,
                "STM32CubeProgrammer, from st.com; one of the three flashing tools is enough");
    }
}

/* ---- Folders --------------------------------------------------------------------------------- */

static void check_models(struct list *list, const struct fdm_doctor *doctor)
{
    struct fdm_check *check = add(list, "folder", "models");
    if (check == NULL)
        return;
    size_t there = 0;
    size_t all = 0;
    for (size_t i = 0; i < doctor->registry->model_count; i++) {
        const struct fdm_model_entry *model = &doctor->registry->models[i];
        if (model->folder != NULL) /* not published: these files come with the program */
            continue;
        const char *const paths[] = {model->int8_file.path, model->float_file.path};
        for (size_t f = 0; f < 2; f++) {
            char *path = paths[f] != NULL ? fdm_fs_join(doctor->models_dir, paths[f]) : NULL;
            all += paths[f] != NULL;
            there += path != NULL && fdm_fs_is_file(path);
            free(path);
        }
    }
    set(check->detail, sizeof check->detail, "%zu of %zu published files in %.180s", there, all,
        doctor->models_dir);
    if (there == all)
        return;
    check->state = FDM_CHECK_MISSING;
    set(check->fix, sizeof check->fix,
        "`fdm-bench fetch models`, or give their folder with --models");
}

/* The folder in which a file would be made, or the nearest of its parents that exists. */
static char *existing_parent(const char *path)
{
    char *folder = strdup(path);
    while (folder != NULL && !fdm_fs_is_dir(folder)) {
        char *slash = strrchr(folder, '/');
        if (slash == NULL || slash == folder) {
            free(folder);
            return strdup(slash == NULL ? "." : "/");
        }
        *slash = '\0';
    }
    return folder;
}

/* Damage is better known before the next figures are written than after. */
static void check_results(struct fdm_check *check, const char *path)
{
    struct fdm_store *store = NULL;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_store_open(path, FDM_STORE_READ, &store, &err);
    if (status == FDM_OK)
        status = fdm_store_check(store, &err);
    fdm_store_close(store);
    if (status == FDM_OK || status == FDM_ERR_NOT_FOUND) /* an empty file is as good as none */
        return;
    check->state = FDM_CHECK_FAILED;
    set(check->detail, sizeof check->detail, "%.250s", err.message);
    set(check->fix, sizeof check->fix, "restore a copy, or name another file by --db");
}

static void check_database(struct list *list, const char *path)
{
    struct fdm_check *check = add(list, "folder", "database");
    char *folder = existing_parent(path);
    if (check != NULL && folder != NULL) {
        bool file_refused = fdm_fs_is_file(path) && access(path, W_OK) != 0;
        set(check->detail, sizeof check->detail, "%.250s", path);
        if (access(folder, W_OK) != 0 || file_refused) {
            check->state = FDM_CHECK_FAILED;
            set(check->detail, sizeof check->detail, "%.120s: %s", file_refused ? path : folder,
                strerror(errno));
            set(check->fix, sizeof check->fix, "make it writable, or choose another place");
        } else if (fdm_fs_is_file(path)) {
            check_results(check, path);
        }
    }
    free(folder);
}

/* ---- Probes ---------------------------------------------------------------------------------- */

struct probes {
    struct fdm_probe *items;
    size_t count;
};

static void check_probes(struct list *list, const struct probes *probes)
{
    if (probes->count == 0) {
        struct fdm_check *check = add(list, "probe", "ST-LINK");
        if (check == NULL)
            return;
        check->state = FDM_CHECK_MISSING;
        set(check->detail, sizeof check->detail,
            "none is attached; needed for STM32 microcontrollers");
        set(check->fix, sizeof check->fix, "plug a USB cable into the board's ST-LINK connector");
    }
    for (size_t i = 0; i < probes->count; i++) {
        const struct fdm_probe *probe = &probes->items[i];
        struct fdm_check *check = add(list, "probe", fdm_probe_name(probe));
        if (check == NULL)
            return;
        set(check->detail, sizeof check->detail, "%s at %s%s", probe->product, probe->node,
            probe->allowed ? "" : ": no permission to open it");
        if (probe->allowed)
            continue;
        check->state = FDM_CHECK_FAILED;
        set(check->fix, sizeof check->fix, "%s", FDM_PROBE_PERMISSION_FIX);
    }
}

/* ---- Boards ---------------------------------------------------------------------------------- */

static void check_port(struct fdm_check *check, const char *port)
{
    struct stat info;
    if (stat(port, &info) != 0) {
        check->state = FDM_CHECK_FAILED;
        set(check->detail, sizeof check->detail, "%.200s: %s", port, strerror(errno));
        set(check->fix, sizeof check->fix, "plug the board in, or correct its port in lab.json");
    } else if (!S_ISCHR(info.st_mode)) {
        check->state = FDM_CHECK_FAILED;
        set(check->detail, sizeof check->detail, "%.200s is no serial port", port);
        set(check->fix, sizeof check->fix, "correct its port in lab.json");
    } else if (access(port, R_OK | W_OK) != 0) {
        check->state = FDM_CHECK_FAILED;
        set(check->detail, sizeof check->detail, "%.200s: %s", port, strerror(errno));
        set(check->fix, sizeof check->fix,
            "usermod -a -G dialout $USER, then log out and in again");
    } else {
        set(check->detail, sizeof check->detail, "%.200s", port);
    }
}

static void check_tcp(struct fdm_check *check, const struct fdm_lab_board *board)
{
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_device_try_tcp(board, &err);
    if (status == FDM_OK) {
        set(check->detail, sizeof check->detail, "%.200s lets us in", board->tcp);
        return;
    }
    set(check->detail, sizeof check->detail, "%.250s", err.message);
    if (status == FDM_ERR_BUSY) /* it works, then */
        return;
    check->state = FDM_CHECK_FAILED;
    set(check->fix, sizeof check->fix,
        status == FDM_ERR_NOT_FOUND ? "correct the host in the board's \"tcp\" in lab.json"
                                    : "start the server of the board's line (raw TCP, 115200 baud, "
                                      "8N1), or correct the board's \"tcp\" in lab.json");
}

/* A board that is to be flashed needs its probe. */
static void check_board_probe(struct fdm_check *check, const struct fdm_lab_board *board,
                              const struct probes *probes)
{
    struct fdm_probe chosen;
    struct fdm_error err = FDM_ERROR_INIT;
    if (board->board->flash == NULL || board->flasher == FDM_FLASHER_NONE ||
        fdm_flash_choose_probe(probes->items, probes->count, board->probe, &chosen, &err) == FDM_OK)
        return;
    check->state = FDM_CHECK_FAILED;
    set(check->detail, sizeof check->detail, "%.250s", err.message);
    set(check->fix, sizeof check->fix,
        "see there; with \"flasher\": \"none\" in lab.json it must hold its program already");
}

/* ... and a tool that knows its chip. */
static void check_board_flasher(struct fdm_check *check, const struct fdm_lab_board *board)
{
    const char *flasher;
    struct fdm_error err = FDM_ERROR_INIT;
    if (fdm_device_flasher(board, &flasher, &err) == FDM_OK) {
        if (flasher != NULL) {
            size_t len = strlen(check->detail);
            set(check->detail + len, sizeof check->detail - len, "; flashed by %s", flasher);
        }
        return;
    }
    check->state = FDM_CHECK_FAILED;
    set(check->detail, sizeof check->detail, "%.250s", err.message);
    set(check->fix, sizeof check->fix, "%s",
        board->board->flash->ram ? "STM32CubeProgrammer 2.18 or newer, from st.com: OpenOCD 0.12 "
                                   "does not know this chip, st-flash cannot load RAM"
                                 : "see there");
}

static void check_serial(struct fdm_check *check, const struct fdm_lab_board *board,
                         const struct probes *probes)
{
    if (board->tcp != NULL)
        check_tcp(check, board);
    else if (board->port != NULL)
        check_port(check, board->port);
    else
        set(check->detail, sizeof check->detail, "by probe %.200s", board->probe);
    if (check->state == FDM_CHECK_OK)
        check_board_probe(check, board, probes);
    if (check->state == FDM_CHECK_OK)
        check_board_flasher(check, board);
}

static void check_ssh(struct fdm_check *check, const struct fdm_lab_board *board)
{
    static const char *const command[] = {"uname", "-m", NULL};
    const struct fdm_ssh_options options = {.host = board->ssh_host, .config = board->ssh_config};
    struct fdm_ssh *ssh = NULL;
    struct fdm_buf output;
    struct fdm_error err = FDM_ERROR_INIT;
    fdm_buf_init(&output);
    enum fdm_status status = fdm_ssh_open(&options, &ssh, &err);
    if (status == FDM_OK)
        status = fdm_ssh_run(ssh, command, fdm_clock_now_ns() + SSH_TIMEOUT_NS, 4096, &output, NULL,
                             &err);
    if (status == FDM_OK) {
        first_line(&output, check->detail, sizeof check->detail);
    } else {
        check->state = FDM_CHECK_FAILED;
        set(check->detail, sizeof check->detail, "%.250s", err.message);
        set(check->fix, sizeof check->fix, "see there, and try `ssh %.200s` by hand",
            board->ssh_host);
    }
    fdm_ssh_close(ssh);
    fdm_buf_release(&output);
}

static void check_boards(struct list *list, const struct fdm_lab *lab, const struct probes *probes)
{
    if (lab->board_count == 0) {
        struct fdm_check *check = add(list, "board", "lab.json");
        if (check == NULL)
            return;
        check->state = FDM_CHECK_MISSING;
        set(check->detail, sizeof check->detail, "no board is described as attached");
        set(check->fix, sizeof check->fix,
            "describe yours in lab.json (see the README), or use --emulate");
    }
    for (size_t i = 0; i < lab->board_count; i++) {
        const struct fdm_lab_board *board = &lab->boards[i];
        struct fdm_check *check = add(list, "board", board->name);
        if (check == NULL)
            return;
        if (board->board->kind == FDM_BOARD_SSH)
            check_ssh(check, board);
        else
            check_serial(check, board, probes);
    }
}

enum fdm_status fdm_doctor_examine(const struct fdm_doctor *doctor, struct fdm_check **checks,
                                   size_t *count, struct fdm_error *err)
{
    struct list list = {0};
    struct probes probes;
    enum fdm_status status = fdm_probe_list(&probes.items, &probes.count, err);
    if (status != FDM_OK)
        return status;
    check_tools(&list);
    check_models(&list, doctor);
    check_database(&list, doctor->db_path);
    check_probes(&list, &probes);
    check_boards(&list, doctor->lab, &probes);
    free(probes.items);
    *checks = list.checks;
    *count = list.count;
    if (!list.failed)
        return FDM_OK;
    free(list.checks);
    *checks = NULL;
    *count = 0;
    return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

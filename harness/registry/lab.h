/* The lab file: which boards are at hand, and how each is reached. The user writes it, by default
 * as "lab.json" in the configuration folder:
 *
 *   { "boards": [
 *       { "name": "h747", "board": "STM32H747I-DISCO", "probe": "002F00174741500220383733",
 *         "port": "/dev/ttyACM0", "baud": 921600, "flasher": "openocd" },
 *       { "name": "far", "board": "STM32F769I-DISCO", "tcp": "lab-server:4001",
 *         "flasher": "none" },
 *       { "name": "mp157", "board": "STM32MP157F-DK2", "ssh": "root@192.168.7.1",
 *         "ssh_config": "/home/me/.ssh/lab", "run_prefix": ["nice", "-n", "-5"], "cores": [1] } ] }
 *
 * `name` is what --board takes, of letters, digits, '-', '_' and '.', and no other board's id; an
 * entry may be asked for by its board's id as long as it is the only one of that board. Members
 * that do not fit the board's kind are refused, so a typing error shows. */
#ifndef FDM_HARNESS_REGISTRY_LAB_H
#define FDM_HARNESS_REGISTRY_LAB_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/registry/registry.h"

#define FDM_LAB_ARGV_MAX 16
#define FDM_LAB_HOST_SIZE 256 /* the longest name of the DNS and its end */

enum fdm_flasher {
    FDM_FLASHER_ANY, /* the first that is installed */
    FDM_FLASHER_OPENOCD,
    FDM_FLASHER_STFLASH,
    FDM_FLASHER_CUBE,
    FDM_FLASHER_NONE /* the board holds its program already */
};

/* One board at hand. Texts belong to the lab; NULL where the file has none. */
struct fdm_lab_board {
    const char *name;
    const struct fdm_board_entry *board;
    /* serial */
    const char *probe; /* serial number of the debug probe, which carries the virtual COM port */
    const char *port;  /* "/dev/ttyACM0"; NULL: `tcp`, or the port of the probe */
    const char *tcp;   /* "HOST:PORT" of a server that passes the line on as it is; an IPv6 address
                          stands in brackets. Without `port` and `baud`: the line is the server's */
    char tcp_host[FDM_LAB_HOST_SIZE]; /* of `tcp`, without brackets */
    uint16_t tcp_port;                /* of `tcp`, 1..65535; 0 without it */
    uint32_t baud; /* 9600..3000000, agreed on with the board after hello; 0: stay at 115200 */
    enum fdm_flasher flasher;
    /* ssh */
    const char *ssh_host; /* what `ssh` takes: host, user@host or an alias; never begins with '-' */
    const char *ssh_config; /* file for `ssh -F`; NULL: the user's own */
    const char *folder;     /* where the agent is put on the board; NULL: /tmp */
    /* Words before the agent's command; ends with NULL. FDM_BOARD_COUNTER among them stands for
     * QEMU's plugin that counts instructions, which is put on the board beside the agent:
     * ["qemu-arm", "-cpu", "cortex-a7", "-plugin", "{counter}"]. */
    const char *run_prefix[FDM_LAB_ARGV_MAX + 1];
    uint64_t cores; /* on which the agent runs: bit i is core i; 0: the board's last one */
};

struct fdm_lab {
    struct fdm_lab_board *boards; /* in the file's order */
    size_t board_count;
    void *document; /* behind the texts */
};

/* Reads `path`, or the user's lab file when NULL; an absent default file is an empty lab. The
 * registry must outlive the lab. FDM_ERR_NOT_FOUND (a named file is absent), FDM_ERR_FORMAT (names
 * file and member). */
enum fdm_status fdm_lab_load(const char *path, const struct fdm_registry *registry,
                             struct fdm_lab **out, struct fdm_error *err);
void fdm_lab_free(struct fdm_lab *lab);

/* By name, or by the id of a board that stands there once. FDM_ERR_NOT_FOUND if neither;
 * FDM_ERR_USAGE, listing the names, if the board stands there more than once. */
enum fdm_status fdm_lab_find(const struct fdm_lab *lab, const char *name,
                             const struct fdm_lab_board **out, struct fdm_error *err);

/* "any", "openocd", "st-flash", "STM32_Programmer_CLI", "none". */
const char *fdm_flasher_name(enum fdm_flasher flasher);

#endif

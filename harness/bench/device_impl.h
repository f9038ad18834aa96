/* What the device's own files share: device.c keeps board, lock and line, device_ssh.c starts the
 * agent on a board under Linux, device_flash.c puts the program on a microcontroller. */
#ifndef FDM_BENCH_DEVICE_IMPL_H
#define FDM_BENCH_DEVICE_IMPL_H

#include <stdbool.h>

#include "harness/bench/device.h"
#include "harness/build/firmware.h"
#include "harness/transport/ssh.h"

struct fdm_device {
    struct fdm_device_options options;
    struct fdm_lock *lock;
    struct fdm_lock *line_lock;   /* NULL unless the line is a server's */
    struct fdm_ssh *ssh;          /* kept over all cases */
    struct fdm_firmware firmware; /* of the case under way */
    size_t arena_bytes;           /* of its network */
    struct fdm_stream *stream;
};

/* ---- device_ssh.c ---- */

/* Do the lab's words start the agent in an emulator that is to count instructions? */
bool fdm_device_counts(const struct fdm_lab_board *lab);
/* Puts the firmware, and the counter if there is one, on the board, and starts it; `device->stream`
 * is its line, `device->ssh` stays for the next case. The errors of ssh.h. */
enum fdm_status fdm_device_open_ssh(struct fdm_device *device, struct fdm_error *err);

/* ---- device_flash.c ---- */

/* False for a board that holds its program already. */
bool fdm_device_is_flashed(const struct fdm_device *device);
/* Writes the firmware, as flash.h does, with its errors. */
enum fdm_status fdm_device_flash(struct fdm_device *device, struct fdm_error *err);
/* Was this firmware the last one that we put on the board? Only a hint: the board has the word. */
bool fdm_device_is_remembered(const struct fdm_device *device);
/* `sha256` NULL: nobody knows what is on the board. A failure costs one flashing. */
void fdm_device_remember(const struct fdm_device *device, const char *sha256);

#endif

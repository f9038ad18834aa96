#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/base/buf.h"
#include "harness/base/fs.h"
#include "harness/bench/device_impl.h"
#include "harness/client/flash.h"

static bool flashes(const struct fdm_board_entry *board, const struct fdm_lab_board *lab)
{
    return board->kind == FDM_BOARD_SERIAL && board->firmware != NULL && board->flash != NULL &&
           lab->flasher != FDM_FLASHER_NONE;
}

bool fdm_device_is_flashed(const struct fdm_device *device)
{
    return flashes(device->options.board, device->options.lab);
}

static struct fdm_flash_chip chip_of(const struct fdm_board_flash *flash)
{
    struct fdm_flash_chip chip = {
        .address = flash->address,
        .chip_id = flash->chip_id,
        .chip_id_register = flash->chip_id_register,
        .protection_register = flash->protection_register,
        .protection_shift = flash->protection_shift,
        .ram = flash->ram,
    };
    for (size_t i = 0; i < flash->openocd_count && i < FDM_FLASH_FILES_MAX; i++)
        chip.openocd[i] = flash->openocd[i];
    return chip;
}

/* "arm-none-eabi-objcopy" for "arm-none-eabi-gcc". */
static void name_objcopy(const char *compiler, struct fdm_buf *out)
{
    size_t len = strlen(compiler);
    if (len >= 3 && strcmp(compiler + len - 3, "gcc") == 0)
        len -= 3;
    fdm_buf_printf(out, "%.*sobjcopy", (int)len, compiler);
}

static struct fdm_flash_job job_for(const struct fdm_board_entry *board,
                                    const struct fdm_lab_board *lab)
{
    return (struct fdm_flash_job){
        .board = board->id,
        .chip = chip_of(board->flash),
        .tool = lab->flasher == FDM_FLASHER_ANY ? NULL : fdm_flasher_name(lab->flasher),
        .serial = lab->probe,
    };
}

enum fdm_status fdm_device_flasher(const struct fdm_lab_board *lab, const char **out,
                                   struct fdm_error *err)
{
    *out = NULL;
    if (!flashes(lab->board, lab))
        return FDM_OK;
    const struct fdm_flash_job job = job_for(lab->board, lab);
    return fdm_flash_choose_tool(&job, out, err);
}

enum fdm_status fdm_device_flash(struct fdm_device *device, struct fdm_error *err)
{
    const struct fdm_device_options *options = &device->options;
    struct fdm_buf objcopy;
    fdm_buf_init(&objcopy);
    name_objcopy(options->board->firmware->compiler, &objcopy);
    enum fdm_status status = fdm_buf_check(&objcopy, err);
    struct fdm_flash_job job = job_for(options->board, options->lab);
    job.program = device->firmware.program;
    job.objcopy = objcopy.data;
    job.stop = options->stop;
    if (status == FDM_OK)
        status = fdm_flash_write(&job, err);
    fdm_buf_release(&objcopy);
    return status;
}

/* The file that says which program was put on the board last. */
static enum fdm_status memory_path(const struct fdm_device *device, struct fdm_buf *out,
                                   struct fdm_error *err)
{
    char *cache = NULL;
    enum fdm_status status = fdm_fs_user_dir(FDM_FS_CACHE, &cache, err);
    if (status == FDM_OK) {
        fdm_buf_printf(out, "%s/flashed", cache);
        status = fdm_buf_check(out, err);
    }
    if (status == FDM_OK)
        status = fdm_fs_make_dirs(out->data, err);
    if (status == FDM_OK) {
        const struct fdm_lab_board *lab = device->options.lab;
        fdm_buf_printf(out, "/%s", lab->probe != NULL ? lab->probe : lab->name);
        status = fdm_buf_check(out, err);
    }
    free(cache);
    return status;
}

bool fdm_device_is_remembered(const struct fdm_device *device)
{
    struct fdm_buf path;
    uint8_t *text = NULL;
    size_t len = 0;
    fdm_buf_init(&path);
    bool same = memory_path(device, &path, NULL) == FDM_OK &&
                fdm_fs_read(path.data, FDM_SHA256_HEX_SIZE, &text, &len, NULL) == FDM_OK &&
                strcmp((const char *)text, device->firmware.sha256) == 0;
    free(text);
    fdm_buf_release(&path);
    return same;
}

void fdm_device_remember(const struct fdm_device *device, const char *sha256)
{
    struct fdm_buf path;
    fdm_buf_init(&path);
    if (memory_path(device, &path, NULL) == FDM_OK) {
        if (sha256 != NULL)
            fdm_fs_write_atomic(path.data, sha256, strlen(sha256), NULL);
        else
            unlink(path.data);
    }
    fdm_buf_release(&path);
}

#include "tests/support/flash_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/fs.h"
#include "tests/support/test.h"

void flash_world_put(const struct flash_world *world, const char *name, const char *text,
                     unsigned mode)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(world->folder, name);
    char *folder = strdup(path);
    *strrchr(folder, '/') = '\0';
    assert_ok(fdm_fs_make_dirs(folder, &err), err);
    assert_ok(fdm_fs_write_unsynced(path, text, strlen(text), &err), err);
    assert_int_equal(chmod(path, mode), 0);
    free(folder);
    free(path);
}

void flash_world_attach(const struct flash_world *world, unsigned number, const char *product,
                        const char *serial)
{
    char name[96];
    char text[32];
    const struct {
        const char *name;
        const char *text;
    } attributes[] = {{"idVendor", "0483\n"},
                      {"idProduct", product},
                      {"product", "STLINK-V3\n"},
                      {"serial", serial},
                      {"busnum", "1\n"}};
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++) {
        snprintf(name, sizeof name, "sys/bus/usb/devices/1-%u/%s", number, attributes[i].name);
        flash_world_put(world, name, attributes[i].text, 0644);
    }
    snprintf(name, sizeof name, "sys/bus/usb/devices/1-%u/devnum", number);
    snprintf(text, sizeof text, "%u\n", number);
    flash_world_put(world, name, text, 0644);
    snprintf(name, sizeof name, "dev/bus/usb/001/%03u", number);
    flash_world_put(world, name, "", 0644);
}

static const char tool_script[] =
    "#!/bin/sh\n"
    "cd \"$FLASH_WORLD\" || exit 99\n"
    "tool=${0##*/}\n"
    "echo \"$tool $*\" >>calls\n"
    "step=identify\n"
    "case \"$*\" in *' read '*) step=read ;; *' write '* | *program* | *load_image* | *' -w '*) "
    "step=write ;; esac\n"
    "[ ! -e hang.$step ] || exec sleep 60\n"
    "if [ -e once.$step ]; then cat once.$step; rm once.$step; exit 1; "
    "fi\n"
    "[ ! -e file.$step ] || { for word; do [ \"$before\" != read ] || cp file.read \"$word\"; "
    "before=$word; done; }\n"
    "[ ! -e say.$step ] || cat say.$step\n"
    "[ ! -e code.$step ] || exit \"$(cat code.$step)\"\n";
static const char objcopy_script[] = "#!/bin/sh\n"
                                     "echo \"objcopy $*\" >>\"$FLASH_WORLD/calls\"\n"
                                     "cp \"$5\" \"$6\"\n";

void flash_world_begin(struct flash_world *world)
{
    char path[512];
    char *sys;
    char *dev;
    world->folder = test_tmpdir();
    const char *before = getenv("PATH");
    world->path = strdup(before != NULL ? before : "");
    flash_world_put(world, "bin/objcopy", objcopy_script, 0755);
    flash_world_put(world, "agent.elf", "ELF", 0644);
    snprintf(path, sizeof path, "%s/bin:/usr/bin:/bin", world->folder);
    sys = fdm_fs_join(world->folder, "sys");
    dev = fdm_fs_join(world->folder, "dev");
    setenv("PATH", path, 1);
    setenv("FLASH_WORLD", world->folder, 1);
    setenv("FDM_SYSFS", sys, 1);
    setenv("FDM_DEV", dev, 1);
    free(sys);
    free(dev);
}

void flash_world_end(struct flash_world *world)
{
    setenv("PATH", world->path, 1);
    unsetenv("FDM_SYSFS");
    unsetenv("FDM_DEV");
    test_rmtree(world->folder);
    free(world->folder);
    free(world->path);
}

void flash_world_install(const struct flash_world *world, const char *tool)
{
    char name[64];
    snprintf(name, sizeof name, "bin/%s", tool);
    flash_world_put(world, name, tool_script, 0755);
    if (strcmp(tool, "st-flash") == 0)
        flash_world_put(world, "bin/st-info", tool_script, 0755);
}

char *flash_world_calls(const struct flash_world *world)
{
    uint8_t *text = NULL;
    size_t len;
    char *path = fdm_fs_join(world->folder, "calls");
    if (fdm_fs_read(path, 65536, &text, &len, NULL) != FDM_OK)
        text = (uint8_t *)strdup("");
    free(path);
    size_t folder = strlen(world->folder);
    for (char *at = strstr((char *)text, world->folder); at != NULL; at = strstr(at, world->folder))
        memmove(at, at + folder, strlen(at + folder) + 1);
    return (char *)text;
}

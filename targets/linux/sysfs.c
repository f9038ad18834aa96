#include "targets/linux/sysfs.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CORES_MAX 64
#define ZONES_MAX 32
#define TRIPS_MAX 16
#define COOLERS_MAX 64
#define ZERO_CELSIUS 273150 /* in thousandths of a kelvin */

/* One line of "<root>/<folder><index>/<name>", without its end. */
static bool read_text(const char *root, const char *folder, unsigned index, const char *name,
                      char *out, size_t size)
{
    char path[512];
    int len = snprintf(path, sizeof path, "%s/%s%u/%s", root, folder, index, name);
    FILE *file = len > 0 && (size_t)len < sizeof path ? fopen(path, "r") : NULL;
    if (file == NULL)
        return false;
    bool ok = fgets(out, (int)size, file) != NULL;
    fclose(file);
    if (ok)
        out[strcspn(out, "\r\n")] = '\0';
    return ok;
}

static bool read_number(const char *root, const char *folder, unsigned index, const char *name,
                        long *out)
{
    char text[32];
    char *end;
    if (!read_text(root, folder, index, name, text, sizeof text))
        return false;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0';
}

static uint32_t read_khz(const char *root, unsigned core, const char *name)
{
    char path[64];
    long khz;
    snprintf(path, sizeof path, "cpufreq/%s", name);
    bool known = read_number(root, "devices/system/cpu/cpu", core, path, &khz);
    return known && khz > 0 && khz < INT32_MAX ? (uint32_t)khz : 0;
}

uint32_t fdm_sysfs_max_khz(const char *root, unsigned core)
{
    return read_khz(root, core, "cpuinfo_max_freq");
}

/* ---- clocks ---- */

static void take_lower(uint32_t *lowest, uint32_t value)
{
    if (value != 0 && (*lowest == 0 || value < *lowest))
        *lowest = value;
}

static void add_core(const char *root, unsigned core, struct fdm_msg_state *out)
{
    long throttles;
    take_lower(&out->clock_khz, read_khz(root, core, "scaling_cur_freq"));
    take_lower(&out->limit_khz, read_khz(root, core, "scaling_max_freq"));
    take_lower(&out->max_khz, fdm_sysfs_max_khz(root, core));
    if (out->governor[0] == '\0')
        read_text(root, "devices/system/cpu/cpu", core, "cpufreq/scaling_governor", out->governor,
                  sizeof out->governor);
    if (read_number(root, "devices/system/cpu/cpu", core, "thermal_throttle/core_throttle_count",
                    &throttles) &&
        throttles > 0)
        out->throttles += (uint32_t)throttles;
}

/* ---- heat ---- */

static uint32_t kelvin_of(long celsius)
{
    return celsius > -ZERO_CELSIUS && celsius < 1000000 ? (uint32_t)(celsius + ZERO_CELSIUS) : 0;
}

/* "passive" is where the kernel begins to slow the cores down; "critical" is where it gives up. */
static void add_trips(const char *root, unsigned zone, struct fdm_msg_state *out)
{
    char name[32];
    char type[32];
    long celsius;
    for (unsigned i = 0; i < TRIPS_MAX; i++) {
        snprintf(name, sizeof name, "trip_point_%u_type", i);
        if (!read_text(root, "class/thermal/thermal_zone", zone, name, type, sizeof type))
            return;
        snprintf(name, sizeof name, "trip_point_%u_temp", i);
        if (strcmp(type, "passive") == 0 &&
            read_number(root, "class/thermal/thermal_zone", zone, name, &celsius) && celsius > 0)
            take_lower(&out->slow_from, kelvin_of(celsius));
    }
}

static void add_zones(const char *root, struct fdm_msg_state *out)
{
    char type[32];
    long celsius;
    for (unsigned i = 0; i < ZONES_MAX; i++) {
        if (!read_text(root, "class/thermal/thermal_zone", i, "type", type, sizeof type))
            continue;
        add_trips(root, i, out);
        uint32_t kelvin = 0;
        if (read_number(root, "class/thermal/thermal_zone", i, "temp", &celsius))
            kelvin = kelvin_of(celsius);
        if (kelvin > out->temperature)
            out->temperature = kelvin;
    }
}

static bool slows_cores(const char *type)
{
    static const char *const types[] = {"thermal-cpufreq", "cpufreq", "Processor"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (strncmp(type, types[i], strlen(types[i])) == 0)
            return true;
    return false;
}

static void add_coolers(const char *root, struct fdm_msg_state *out)
{
    char type[64];
    long level;
    for (unsigned i = 0; i < COOLERS_MAX; i++) {
        if (!read_text(root, "class/thermal/cooling_device", i, "type", type, sizeof type))
            continue;
        if (slows_cores(type) &&
            read_number(root, "class/thermal/cooling_device", i, "cur_state", &level) &&
            level > 0 && (uint32_t)level > out->cooling)
            out->cooling = (uint32_t)level;
    }
}

void fdm_sysfs_read(const char *root, struct fdm_msg_state *out)
{
    for (unsigned core = 0; core < CORES_MAX; core++)
        if ((out->cores >> core & 1) != 0)
            add_core(root, core, out);
    add_zones(root, out);
    add_coolers(root, out);
    for (char *at = out->governor; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7E)
            *at = '?';
}

#include "harness/transport/probe.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBES_MAX 64
#define VENDOR_ST 0x0483
#define OLD_SERIAL_BYTES 12

/* ST-LINK/V1 to V3 in their USB configurations, as in OpenOCD's and stlink's udev rules. */
static const unsigned products[] = {0x3744, 0x3748, 0x374A, 0x374B, 0x374D, 0x374E,
                                    0x374F, 0x3752, 0x3753, 0x3754, 0x3755, 0x3757};

static const char *root_of(const char *variable, const char *standard)
{
    const char *root = getenv(variable);
    return root != NULL ? root : standard;
}

static FILE *open_attribute(const char *folder, const char *device, const char *name)
{
    char path[512];
    int len = snprintf(path, sizeof path, "%s/%s/%s", folder, device, name);
    return len > 0 && (size_t)len < sizeof path ? fopen(path, "r") : NULL;
}

/* The attribute's line; printable ASCII only, for it goes into messages. */
static bool read_attribute(const char *folder, const char *device, const char *name, char *out,
                           size_t size)
{
    out[0] = '\0';
    FILE *file = open_attribute(folder, device, name);
    if (file == NULL)
        return false;
    bool ok = fgets(out, (int)size, file) != NULL;
    fclose(file);
    out[strcspn(out, "\r\n")] = '\0';
    for (char *at = out; *at != '\0'; at++)
        if (*at < 0x20 || *at > 0x7E)
            *at = '?';
    return ok;
}

static unsigned read_number(const char *folder, const char *device, const char *name, int base)
{
    char text[16];
    if (!read_attribute(folder, device, name, text, sizeof text))
        return 0;
    unsigned long value = strtoul(text, NULL, base);
    return value <= 0xFFFF ? (unsigned)value : 0;
}

static bool is_probe(const char *folder, const char *device)
{
    unsigned product = read_number(folder, device, "idProduct", 16);
    if (read_number(folder, device, "idVendor", 16) != VENDOR_ST)
        return false;
    for (size_t i = 0; i < sizeof products / sizeof products[0]; i++)
        if (products[i] == product)
            return true;
    return false;
}

static bool is_number(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (!isalnum((unsigned char)text[i]))
            return false;
    return true;
}

/* The kernel writes what the device tells in UTF-8: here the characters below 256 that it began
 * with, as bytes. False if there are others, or not exactly `count`. */
static bool decode(const char *text, size_t len, unsigned char *bytes, size_t count)
{
    size_t got = 0;
    for (size_t i = 0; i < len; i++) {
        unsigned char at = (unsigned char)text[i];
        unsigned char next = i + 1 < len ? (unsigned char)text[i + 1] : 0;
        bool two = (at & 0xFEu) == 0xC2u && (next & 0xC0u) == 0x80u;
        if (got == count || (at > 0x7F && !two))
            return false;
        bytes[got++] = two ? (unsigned char)((at & 3u) << 6 | (next & 0x3Fu)) : at;
        i += two;
    }
    return got == count;
}

/* As the tools write it. An ST-LINK/V2 with old firmware tells twelve bytes of any value, which
 * OpenOCD and stlink write as hexadecimal digits. Whatever else is neither letter nor digit, no
 * tool would know, and it might mean something in a tool's commands: then there is no number. */
static void read_serial(const char *folder, const char *device, char *out, size_t size)
{
    char text[128];
    unsigned char bytes[OLD_SERIAL_BYTES];
    FILE *file = open_attribute(folder, device, "serial");
    size_t len = file != NULL ? fread(text, 1, sizeof text, file) : 0;
    if (file != NULL)
        fclose(file);
    len -= len > 0 && text[len - 1] == '\n';
    out[0] = '\0';
    if (len < size && is_number(text, len))
        snprintf(out, size, "%.*s", (int)len, text);
    else if (decode(text, len, bytes, sizeof bytes))
        for (size_t i = 0; i < sizeof bytes; i++)
            snprintf(out + 2 * i, size - 2 * i, "%02X", bytes[i]);
}

static void describe(const char *folder, const char *device, struct fdm_probe *out)
{
    memset(out, 0, sizeof *out);
    read_serial(folder, device, out->serial, sizeof out->serial);
    if (!read_attribute(folder, device, "product", out->product, sizeof out->product))
        snprintf(out->product, sizeof out->product, "ST-LINK");
    snprintf(out->node, sizeof out->node, "%.64s/bus/usb/%03u/%03u", root_of("FDM_DEV", "/dev"),
             read_number(folder, device, "busnum", 10), read_number(folder, device, "devnum", 10));
    out->allowed = access(out->node, R_OK | W_OK) == 0;
}

static int by_serial(const void *left, const void *right)
{
    const struct fdm_probe *a = left;
    const struct fdm_probe *b = right;
    return strcmp(a->serial, b->serial);
}

const char *fdm_probe_name(const struct fdm_probe *probe)
{
    return probe->serial[0] != '\0' ? probe->serial : "without a serial number";
}

enum fdm_status fdm_probe_list(struct fdm_probe **out, size_t *count, struct fdm_error *err)
{
    char folder[512];
    *count = 0;
    *out = calloc(PROBES_MAX, sizeof **out);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    snprintf(folder, sizeof folder, "%s/bus/usb/devices", root_of("FDM_SYSFS", "/sys"));
    DIR *devices = opendir(folder);
    if (devices != NULL) {
        for (struct dirent *entry; *count < PROBES_MAX && (entry = readdir(devices)) != NULL;)
            if (entry->d_name[0] != '.' && is_probe(folder, entry->d_name))
                describe(folder, entry->d_name, &(*out)[(*count)++]);
        closedir(devices);
    }
    qsort(*out, *count, sizeof **out, by_serial);
    if (*count == 0) {
        free(*out);
        *out = NULL;
    }
    return FDM_OK;
}

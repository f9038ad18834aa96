#include "harness/client/flash_probe.h"

#include <stdlib.h>
#include <strings.h>

#include "harness/base/buf.h"

static void list_serials(const struct fdm_probe *probes, size_t count, struct fdm_buf *out)
{
    for (size_t i = 0; i < count; i++)
        fdm_buf_printf(out, "%s%s (%s)", i > 0 ? ", " : "", fdm_probe_name(&probes[i]),
                       probes[i].product);
}

static enum fdm_status fail_choice(const struct fdm_probe *probes, size_t count, const char *serial,
                                   struct fdm_error *err)
{
    struct fdm_buf serials;
    fdm_buf_init(&serials);
    list_serials(probes, count, &serials);
    const char *names = serials.data != NULL ? serials.data : "";
    enum fdm_status status = FDM_ERR_NOT_FOUND;
    if (count == 0)
        fdm_fail(err, status,
                 "no debug probe is attached: plug a USB cable into the board's ST-LINK connector");
    else if (serial != NULL)
        fdm_fail(err, status,
                 "no debug probe has the serial number %s; attached: %s: correct \"probe\" in "
                 "lab.json",
                 serial, names);
    else
        status = fdm_fail(
            err, FDM_ERR_USAGE,
            "%zu debug probes are attached, %s: name the board's one as \"probe\" in lab.json",
            count, names);
    fdm_buf_release(&serials);
    return status;
}

enum fdm_status fdm_flash_choose_probe(const struct fdm_probe *probes, size_t count,
                                       const char *serial, struct fdm_probe *out,
                                       struct fdm_error *err)
{
    size_t at = serial == NULL && count == 1 ? 0 : count;
    for (size_t i = 0; serial != NULL && at == count && i < count; i++)
        if (strcasecmp(probes[i].serial, serial) == 0)
            at = i;
    if (at == count)
        return fail_choice(probes, count, serial, err);
    *out = probes[at];
    if (!out->allowed)
        return fdm_fail(err, FDM_ERR_IO, "no permission to open the debug probe %s (%s): %s",
                        fdm_probe_name(out), out->node, FDM_PROBE_PERMISSION_FIX);
    return FDM_OK;
}

enum fdm_status fdm_flash_find_probe(const char *serial, struct fdm_probe *out,
                                     struct fdm_error *err)
{
    struct fdm_probe *probes;
    size_t count;
    enum fdm_status status = fdm_probe_list(&probes, &count, err);
    if (status == FDM_OK)
        status = fdm_flash_choose_probe(probes, count, serial, out, err);
    free(probes);
    return status;
}

#include "targets/linux/cores.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#define CORES_MAX 64

bool fdm_cores_parse(const char *text, uint64_t *cores)
{
    *cores = 0;
    for (;;) {
        char *end;
        if (*text < '0' || *text > '9')
            return false;
        unsigned long core = strtoul(text, &end, 10);
        if (core >= CORES_MAX || (*cores >> core & 1) != 0)
            return false;
        *cores |= UINT64_C(1) << core;
        if (*end == '\0')
            return true;
        if (*end != ',')
            return false;
        text = end + 1;
    }
}

/* The kernel takes the cores of a set that exist; here all of them are meant. */
bool fdm_cores_pin(uint64_t cores)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (unsigned core = 0; core < CORES_MAX; core++)
        if ((cores >> core & 1) != 0)
            CPU_SET(core, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        return false;
    if (fdm_cores_allowed() == cores)
        return true;
    errno = EINVAL;
    return false;
}

uint64_t fdm_cores_allowed(void)
{
    cpu_set_t set;
    uint64_t cores = 0;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 0;
    for (unsigned core = 0; core < CORES_MAX; core++)
        if (CPU_ISSET(core, &set))
            cores |= UINT64_C(1) << core;
    return cores;
}

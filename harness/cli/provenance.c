#include "harness/cli/provenance.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "harness/cli/version.h"

static void read_cpu(char *out, size_t size)
{
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || colon == NULL)
            continue;
        colon[1 + strcspn(colon + 1, "\n")] = '\0';
        snprintf(out, size, "%.*s", (int)size - 1, colon + 1 + strspn(colon + 1, " "));
        break;
    }
    if (file != NULL)
        fclose(file);
}

void fdm_provenance(int argc, char **argv, struct fdm_session_record *out)
{
    size_t used = (size_t)snprintf(out->command, sizeof out->command, "fdm-bench");
    for (int i = 0; i < argc && used < sizeof out->command; i++)
        used += (size_t)snprintf(out->command + used, sizeof out->command - used, " %s", argv[i]);
    snprintf(out->tool_version, sizeof out->tool_version, "%s", FDM_VERSION);
    snprintf(out->compiler, sizeof out->compiler, "%s", FDM_COMPILER);
    struct utsname system;
    if (uname(&system) == 0)
        snprintf(out->host, sizeof out->host, "%.40s, %.30s %.50s, %.20s", system.nodename,
                 system.sysname, system.release, system.machine);
    read_cpu(out->cpu, sizeof out->cpu);
}

/* The agent as a Linux program, with one network compiled in: targets/linux/CMakeLists.txt. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "targets/agent/agent.h"
#include "targets/linux/cores.h"
#include "targets/linux/linux_port.h"

/* From the generated source (reference/compiler/emit.h). */
extern const struct fdm_network fdm_agent_network;

static size_t rounded(size_t bytes)
{
    return (bytes + FDM_NETWORK_ALIGNMENT - 1) / FDM_NETWORK_ALIGNMENT * FDM_NETWORK_ALIGNMENT;
}

static int serve(const struct fdm_network *network, void *arena, size_t arena_bytes, uint8_t *input)
{
    static struct fdm_linux_port board;
    static struct fdm_agent agent;
    fdm_linux_port_init(&board, STDIN_FILENO, STDOUT_FILENO, network, arena, arena_bytes);
    const struct fdm_agent_config config = {
        .version = FDM_AGENT_VERSION,
        .port = &board.port,
        .network = network,
        .input = input,
        .input_bytes = network->tensors[network->input].bytes,
    };
    if (!fdm_agent_init(&agent, &config)) {
        fprintf(stderr, "fdm-agent: %s does not fit: %zu bytes of arena\n", network->name,
                arena_bytes);
        return EXIT_FAILURE;
    }
    fdm_agent_run(&agent);
    return EXIT_SUCCESS;
}

/* "--cores 0,1" keeps the program on these cores. */
static bool read_arguments(int argc, char **argv)
{
    uint64_t cores;
    if (argc == 1)
        return true;
    if (argc != 3 || strcmp(argv[1], "--cores") != 0 || !fdm_cores_parse(argv[2], &cores)) {
        fprintf(stderr, "usage: fdm-agent [--cores N,N...]\n");
        return false;
    }
    if (fdm_cores_pin(cores))
        return true;
    fprintf(stderr, "fdm-agent: cannot run on the cores %s: %s\n", argv[2], strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    const struct fdm_network *network = &fdm_agent_network;
    if (!read_arguments(argc, argv))
        return EXIT_FAILURE;
    if (isatty(STDIN_FILENO)) {
        fprintf(stderr,
                "fdm-agent with %s: fdm-bench starts this program and talks to it over its "
                "standard streams\n",
                network->name);
        return EXIT_FAILURE;
    }
    signal(SIGPIPE, SIG_IGN);
    size_t arena_bytes = rounded(network->arena_bytes);
    void *arena = aligned_alloc(FDM_NETWORK_ALIGNMENT, arena_bytes);
    uint8_t *input = malloc(network->tensors[network->input].bytes);
    int code = EXIT_FAILURE;
    if (arena != NULL && input != NULL)
        code = serve(network, arena, arena_bytes, input);
    else
        fprintf(stderr, "fdm-agent: no memory for %zu bytes of arena\n", arena_bytes);
    free(arena);
    free(input);
    return code;
}

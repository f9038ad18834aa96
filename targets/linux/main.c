/* The agent as a Linux program, with one network compiled in: targets/linux/CMakeLists.txt. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "targets/agent/agent.h"
#include "targets/linux/cores.h"
#include "targets/linux/crew.h"
#include "targets/linux/linux_port.h"

/* From the generated source (reference/compiler/emit.h). */
extern const struct fdm_network fdm_agent_network;

static size_t rounded(size_t bytes)
{
    return (bytes + FDM_NETWORK_ALIGNMENT - 1) / FDM_NETWORK_ALIGNMENT * FDM_NETWORK_ALIGNMENT;
}

/* What the command line asks for. */
struct request {
    uint64_t cores; /* 0: any */
    unsigned threads;
};

static int serve(const struct fdm_network *network, unsigned threads, void *arena,
                 size_t arena_bytes, uint8_t *input)
{
    static struct fdm_linux_port board;
    static struct fdm_agent agent;
    fdm_linux_port_init(&board, STDIN_FILENO, STDOUT_FILENO, network, arena, arena_bytes);
    board.threads = threads;
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

static bool read_option(const char *name, const char *value, struct request *out)
{
    if (value != NULL && strcmp(name, "--cores") == 0)
        return fdm_cores_parse(value, &out->cores);
    if (value == NULL || strcmp(name, "--threads") != 0)
        return false;
    char *end;
    unsigned long threads = strtoul(value, &end, 10);
    out->threads = (unsigned)threads;
    return *value >= '1' && *value <= '9' && *end == '\0' && threads <= FDM_CREW_MAX;
}

static bool read_arguments(int argc, char **argv, struct request *out)
{
    *out = (struct request){.threads = 1};
    for (int i = 1; i < argc; i += 2) {
        if (read_option(argv[i], argv[i + 1], out))
            continue;
        fprintf(stderr, "usage: fdm-agent [--cores N,N...] [--threads N]\n");
        return false;
    }
    if (out->cores == 0 || fdm_cores_pin(out->cores))
        return true;
    fprintf(stderr, "fdm-agent: cannot run on the cores that --cores names: %s\n", strerror(errno));
    return false;
}

/* The network's own data are constant; what executes it is ours. */
static int serve_with_crew(const struct request *request, void *arena, size_t arena_bytes,
                           uint8_t *input)
{
    struct fdm_network network = fdm_agent_network;
    if (request->threads == 1)
        return serve(&network, 1, arena, arena_bytes, input);
    struct fdm_linux_crew *crew = fdm_linux_crew_new(&network, request->threads);
    if (crew == NULL) {
        fprintf(stderr, "fdm-agent: cannot start %u threads\n", request->threads);
        return EXIT_FAILURE;
    }
    network.crew = fdm_linux_crew_network(crew);
    int code = serve(&network, request->threads, arena, arena_bytes, input);
    fdm_linux_crew_free(crew);
    return code;
}

int main(int argc, char **argv)
{
    const struct fdm_network *network = &fdm_agent_network;
    struct request request;
    if (!read_arguments(argc, argv, &request))
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
        code = serve_with_crew(&request, arena, arena_bytes, input);
    else
        fprintf(stderr, "fdm-agent: no memory for %zu bytes of arena\n", arena_bytes);
    free(arena);
    free(input);
    return code;
}

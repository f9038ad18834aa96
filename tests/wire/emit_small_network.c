/* Writes the small test network as C source, for an agent to be built with. */
#include "tests/support/test.h"

#include <stdio.h>

#include "reference/compiler/compile.h"
#include "reference/compiler/emit.h"
#include "tests/support/network.h"

int main(void)
{
    struct fdm_error err = FDM_ERROR_INIT;
    const struct fdm_emit_options options = {.network = "fdm_agent_network"};
    struct fdm_network *network = test_small_network("tflite");
    struct fdm_buf text;
    fdm_buf_init(&text);
    enum fdm_status status = fdm_emit_c(network, &options, &text, &err);
    if (status == FDM_OK && fwrite(text.data, 1, text.len, stdout) != text.len)
        status = FDM_ERR_IO;
    if (status != FDM_OK)
        fprintf(stderr, "no source for the small network: %s\n", err.message);
    fdm_buf_release(&text);
    fdm_network_free(network);
    return status == FDM_OK ? 0 : 1;
}

/* Entry for libFuzzer (llvm.org/docs/LibFuzzer.html): any bytes through the TensorFlow Lite
 * importer. See CMakeLists.txt for how to build and run it. */
#include <stdlib.h>

#include "reference/importers/importers.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct fdm_graph *graph;
    struct fdm_error err = FDM_ERROR_INIT;
    enum fdm_status status = fdm_import_tflite(bytes, len, "fuzz", &graph, &err);
    if (status != FDM_OK) {
        if (graph != NULL || err.message[0] == '\0')
            abort();
        return 0;
    }
    if (fdm_graph_check(graph, &err) != FDM_OK || fdm_graph_totals(graph).activation_bytes == 0)
        abort();
    fdm_graph_free(graph);
    return 0;
}

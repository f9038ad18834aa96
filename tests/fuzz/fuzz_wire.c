/* Entry for libFuzzer (llvm.org/docs/LibFuzzer.html). See CMakeLists.txt for how to build it. */
#include "tests/fuzz/wire_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    wire_fuzz(bytes, len);
    return 0;
}

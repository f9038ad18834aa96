/* Every row of tuned.def that this processor can run, against the reference. */
#include "tests/support/test.h"

#include <stdlib.h>

#include "tests/support/tuned_check.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CASES 2000
#else
#define CASES 10000
#endif
#define MAX_KERNELS 64

static void *take(size_t bytes)
{
    void *block = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(block);
    return block;
}

static const struct tuned_memory memory = {take, free};

static void kernel_equals_the_reference(void **state)
{
    const struct fdm_nn_kernel *kernel = *state;
    if (kernel->run == NULL ||
        (kernel->isa != FDM_NN_ISA_DSP && (fdm_nn_host_isas() & (unsigned)kernel->isa) == 0)) {
        print_message("skipped: %s needs instructions that this processor lacks\n", kernel->name);
        skip();
    }
    struct tuned_verdict verdict;
    tuned_check(kernel, &memory, 1, CASES, &verdict);
    if (verdict.failed)
        fail_msg("%s: after %u equal layers row %d, byte %zu is 0x%02x, not 0x%02x; repeat with "
                 "seed %u",
                 kernel->name, verdict.checked, verdict.row, verdict.byte, verdict.got,
                 verdict.expected, verdict.seed);
    print_message("%s: %u layers equal, %u declined\n", kernel->name, verdict.checked,
                  verdict.declined);
    assert_int_equal(verdict.checked, CASES);
}

/* ---- the check itself ---- */

static size_t quiet_corruption(const struct fdm_nn_call *call)
{
    uint8_t *last = fdm_nn_row(&call->out, call->first + call->count - 1);
    return last[call->out.row_bytes - 1]++;
}

#define FDM_NN_KERNEL(NAME, name)                                                                  \
    static enum fdm_nn_status wrong_##name(const struct fdm_nn_call *call)                         \
    {                                                                                              \
        enum fdm_nn_status status = fdm_nn_##name##_run(call);                                     \
        quiet_corruption(call);                                                                    \
        return status;                                                                             \
    }
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL

static fdm_nn_run *const wrong[] = {
#define FDM_NN_KERNEL(NAME, name) wrong_##name,
#include "reference/kernels/kernels.def"
#undef FDM_NN_KERNEL
};

static bool suits_none(const void *params)
{
    (void)params;
    return false;
}

static void the_reference_passes_by_rows_and_errors_are_found(void **state)
{
    (void)state;
    for (int op = 0; op < FDM_NN_OP_COUNT; op++) {
        struct fdm_nn_kernel kernel = fdm_nn_reference_kernels[op];
        struct tuned_verdict verdict;
        tuned_check(&kernel, &memory, 5, 200, &verdict);
        assert_false(verdict.failed);
        assert_int_equal(verdict.checked, 200);
        kernel.run = wrong[op];
        tuned_check(&kernel, &memory, 7, 1, &verdict);
        assert_true(verdict.failed);
        uint32_t seed = verdict.seed;
        tuned_check(&kernel, &memory, seed, 1, &verdict);
        assert_true(verdict.failed && verdict.seed == seed);
        kernel.suits = suits_none;
        tuned_check(&kernel, &memory, 7, 2, &verdict);
        assert_int_equal(verdict.checked, 0);
        assert_int_equal(verdict.declined, 200);
    }
}

int main(void)
{
    static struct CMUnitTest tests[MAX_KERNELS + 1];
    static struct fdm_nn_kernel kernels[MAX_KERNELS];
    size_t count = 0;
    tests[count++] =
        (struct CMUnitTest)cmocka_unit_test(the_reference_passes_by_rows_and_errors_are_found);
    for (size_t i = 0; fdm_nn_tuned_kernels[i].name != NULL; i++) {
        if (i == MAX_KERNELS)
            abort();
        kernels[i] = fdm_nn_tuned_kernels[i];
        tests[count++] = (struct CMUnitTest){kernels[i].name, kernel_equals_the_reference, NULL,
                                             NULL, &kernels[i]};
    }
    return _cmocka_run_group_tests("tuned", tests, count, NULL, NULL);
}

#include "reference/kernels/fdm_nn.h"
#include "reference/kernels/nn_kernel.h"
#include "reference/kernels/nn_requant.h"

#define SUM_INTEGER_BITS 12

static bool params_ok(const struct fdm_nn_softmax_s8 *p)
{
    if (p->count < 1 || p->count > FDM_NN_MAX_DIM)
        return false;
    if (p->rule == FDM_NN_SOFTMAX_TABLE) {
        for (int32_t i = 0; p->table != NULL && i < FDM_NN_SOFTMAX_TABLE_SIZE; i++) {
            if (!(p->table[i] >= 0.0f && p->table[i] <= 1.0f))
                return false;
        }
        return p->table != NULL && p->table[FDM_NN_SOFTMAX_TABLE_SIZE - 1] == 1.0f;
    }
    return p->rule == FDM_NN_SOFTMAX_FIXED && p->count < 1 << SUM_INTEGER_BITS &&
           p->multiplier >= INT32_C(1) << 30 && p->shift >= 0 && p->shift <= 30 &&
           p->diff_min <= 0 && -(int64_t)p->diff_min << p->shift <= INT32_MAX;
}

enum fdm_nn_status fdm_nn_softmax_s8_check(const struct fdm_nn_softmax_s8 *params)
{
    return params_ok(params) ? FDM_NN_OK : FDM_NN_ERR_ARGUMENT;
}

size_t fdm_nn_softmax_s8_scratch(const struct fdm_nn_softmax_s8 *params)
{
    (void)params;
    return 0;
}

static int32_t largest(const int8_t *input, int32_t count)
{
    int32_t max = INT8_MIN;
    for (int32_t i = 0; i < count; i++)
        max = input[i] > max ? input[i] : max;
    return max;
}

static void softmax_table(const struct fdm_nn_softmax_s8 *p, const int8_t *input, int8_t *output)
{
    const float *e = p->table + (FDM_NN_SOFTMAX_TABLE_SIZE - 1);
    int32_t max = largest(input, p->count);
    float sum = 0.0f;
    for (int32_t i = 0; i < p->count; i++)
        sum += e[input[i] - max];
    float inverse = 1.0f / (sum * (1.0f / 256.0f));
    for (int32_t i = 0; i < p->count; i++) {
        int32_t probability = fdm_nn_round_half_away(e[input[i] - max] * inverse);
        output[i] = (int8_t)fdm_nn_clamp(probability - 128, -128, 127);
    }
}

/* Fixed point: Qi.f means a raw int32 with f fraction bits. Multiplying Qa by Qb gives Q(a+b) with
 * high_multiply(), for i + f = 31. */
static int32_t mul(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

static int32_t shift_left(int32_t x, int32_t bits)
{
    return fdm_nn_saturate_s32((int64_t)x * (INT64_C(1) << bits));
}

/* exp(a) for a in [-1/4, 0), both Q0.31: Taylor's polynomial of degree 4 around -1/8. */
static int32_t exp_of_fraction(int32_t a)
{
    const int32_t exp_minus_eighth = 1895147668;
    const int32_t third = 715827883;
    int32_t x = a + (INT32_C(1) << 28);
    int32_t x2 = mul(x, x);
    int32_t x3 = mul(x2, x);
    int32_t x4 = mul(x2, x2);
    int32_t sixth = mul(fdm_nn_shift_half_away(x4, 2) + x3, third);
    int32_t series = x + fdm_nn_shift_half_away(sixth + x2, 1);
    return fdm_nn_saturate_s32((int64_t)exp_minus_eighth + mul(exp_minus_eighth, series));
}

/* exp(a) for a <= 0 in Q5.26, as Q0.31. */
static int32_t exp_of_negative(int32_t a)
{
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242}; /* exp(-2^k), k = -2..4 */
    const int32_t quarter = INT32_C(1) << 24;
    if (a == 0)
        return INT32_MAX;
    int32_t fraction = (a & (quarter - 1)) - quarter;
    int32_t rest = fraction - a; /* a multiple of 1/4 */
    int32_t result = exp_of_fraction(fraction * 32);
    for (int32_t k = 0; k < 7; k++) {
        if ((rest >> (24 + k) & 1) != 0)
            result = mul(result, factors[k]);
    }
    return result;
}

/* 1 / (1 + x) for x in [0, 1), both Q0.31, by Newton and Raphson on d = (1 + x) / 2. */
static int32_t reciprocal_of_one_plus(int32_t x)
{
    const int32_t one_q2 = INT32_C(1) << 29;
    int32_t d = (int32_t)(((int64_t)x + INT32_MAX + 1) / 2);
    int32_t r = 1515870810 + mul(d, -1010580540); /* 48/17 - 32/17 * d in Q2.29 */
    for (int i = 0; i < 3; i++)
        r += shift_left(mul(r, one_q2 - mul(d, r)), 2);
    return shift_left(r, 1);
}

static int32_t leading_zeros(uint32_t x)
{
    int32_t count = 0;
    for (; (x & UINT32_C(1) << 31) == 0; x <<= 1)
        count++;
    return count;
}

/* exp(diff * input scale) in Q0.31 for diff_min <= diff <= 0. */
static int32_t exp_of_diff(const struct fdm_nn_softmax_s8 *p, int32_t diff)
{
    return exp_of_negative(mul(diff * (INT32_C(1) << p->shift), p->multiplier));
}

static void softmax_fixed(const struct fdm_nn_softmax_s8 *p, const int8_t *input, int8_t *output)
{
    int32_t max = largest(input, p->count);
    int32_t sum = 0; /* Q12.19 */
    for (int32_t i = 0; i < p->count; i++) {
        if (input[i] - max >= p->diff_min)
            sum += fdm_nn_shift_half_away(exp_of_diff(p, input[i] - max), SUM_INTEGER_BITS);
    }
    int32_t zeros = leading_zeros((uint32_t)sum);
    int32_t normalised = (int32_t)(((uint32_t)sum << zeros) - (UINT32_C(1) << 31));
    int32_t inverse = reciprocal_of_one_plus(normalised);
    int32_t exponent = SUM_INTEGER_BITS - zeros + 23; /* 23: Q0.31 to units of 1/256 */
    for (int32_t i = 0; i < p->count; i++) {
        int32_t probability = 0;
        if (input[i] - max >= p->diff_min && exponent <= 31)
            probability =
                fdm_nn_shift_half_away(mul(inverse, exp_of_diff(p, input[i] - max)), exponent);
        output[i] = (int8_t)fdm_nn_clamp(probability - 128, -128, 127);
    }
}

enum fdm_nn_status fdm_nn_softmax_s8_run(const struct fdm_nn_call *call)
{
    const struct fdm_nn_softmax_s8 *params = call->params;
    if (params->rule == FDM_NN_SOFTMAX_TABLE)
        softmax_table(params, call->in.base, call->out.base);
    else
        softmax_fixed(params, call->in.base, call->out.base);
    return FDM_NN_OK;
}

/* Programs whose network has the rule TABLE need no fixed point. */
enum fdm_nn_status fdm_nn_softmax_s8_table_run(const struct fdm_nn_call *call)
{
    softmax_table(call->params, call->in.base, call->out.base);
    return FDM_NN_OK;
}

enum fdm_nn_status fdm_nn_softmax_s8(const struct fdm_nn_softmax_s8 *params, const int8_t *input,
                                     int8_t *output, void *scratch)
{
    if (!params_ok(params) || input == NULL || output == NULL)
        return FDM_NN_ERR_ARGUMENT;
    struct fdm_nn_call call =
        fdm_nn_vector_call(input, (size_t)params->count, output, (size_t)params->count);
    call.params = params;
    call.scratch = scratch;
    return fdm_nn_softmax_s8_run(&call);
}

/* STM32N6: RM0486, chapters RCC and PWR. It starts as a boot ROM might leave it: on PLL1. */
#include "tests/stm32/model.h"

#include "tests/support/test.h"

#include "targets/stm32/n6_registers.h"

#define HSI_HZ 64000000u

const uint32_t chip_data_cache = 255u << 13 | 3u << 3 | 1u; /* 32 KiB, 4 ways */
const uint32_t chip_survivors[] = {0};

const struct chip_part chip_parts[] = {
    {FDM_N6_PWR_VOSCR, FDM_N6_PWR_VOSCR_ACTVOSRDY, "the core voltage does not become ready"},
    {FDM_N6_RCC_SR, FDM_N6_RCC_SR_HSERDY, "the external clock (HSE) does not start"},
    {FDM_N6_RCC_SR, FDM_N6_RCC_SR_PLL1RDY, "the PLL does not stop"},
    {FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_SYSSWS_MASK, "the CPU does not take the internal clock"},
    {0, 0, NULL},
};

void chip_power_on(void)
{
    model_put(FDM_N6_RCC_SR, FDM_N6_RCC_SR_HSIRDY | FDM_N6_RCC_SR_PLL1RDY);
    model_put(FDM_N6_RCC_CFGR1, 3u << 28 | 3u << 24 | 3u << 20 | 3u << 16);
    model_put(FDM_N6_RCC_CFGR2, 1u << 20 | 2u << 4);
    model_put(FDM_N6_RCC_PLL1CFGR1, 4u << 20 | 75u << 8 | 1u << 27);
    model_put(FDM_N6_RCC_HSICFGR, 1u << 7);
    model_put(FDM_N6_PWR_CR1, FDM_N6_PWR_CR1_SDEN);
}

static uint64_t pll_hz(void)
{
    uint32_t source = model_field(FDM_N6_RCC_PLL1CFGR1, FDM_N6_RCC_PLL1CFGR1_SEL_MASK);
    uint64_t in = (source == 2 ? FDM_STM32_CRYSTAL_HZ : HSI_HZ) /
                  model_field(FDM_N6_RCC_PLL1CFGR1, FDM_N6_RCC_PLL1CFGR1_DIVM_MASK);
    uint64_t vco = in * model_field(FDM_N6_RCC_PLL1CFGR1, FDM_N6_RCC_PLL1CFGR1_DIVN_MASK);
    assert_false(model_get(FDM_N6_RCC_PLL1CFGR1) & FDM_N6_RCC_PLL1CFGR1_BYP);
    assert_true(in >= 5000000 && in <= 50000000);
    assert_true(vco >= 800000000 && vco <= 3200000000);
    return vco / model_field(FDM_N6_RCC_PLL1CFGR3, FDM_N6_RCC_PLL1CFGR3_PDIV1_MASK) /
           model_field(FDM_N6_RCC_PLL1CFGR3, FDM_N6_RCC_PLL1CFGR3_PDIV2_MASK);
}

static uint64_t divided_hz(uint32_t ic)
{
    assert_int_equal(model_field(ic, 3u << 28), 0); /* from PLL1 */
    return pll_hz() / (model_field(ic, 0xFFu << 16) + 1u);
}

static uint64_t hsi_hz(void)
{
    return HSI_HZ >> model_field(FDM_N6_RCC_HSICFGR, FDM_N6_RCC_HSICFGR_HSIDIV_MASK);
}

struct chip_clocks chip_clocks(void)
{
    bool cpu_pll = model_field(FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_CPUSWS_MASK) == 3;
    bool bus_pll = model_field(FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_SYSSWS_MASK) == 3;
    uint64_t cpu = cpu_pll ? divided_hz(FDM_N6_RCC_IC1CFGR) : hsi_hz();
    uint64_t bus = bus_pll ? divided_hz(FDM_N6_RCC_IC2CFGR) : hsi_hz();
    uint64_t ahb = bus >> model_field(FDM_N6_RCC_CFGR2, FDM_N6_RCC_CFGR2_HPRE_MASK);
    assert_int_equal(model_field(FDM_N6_RCC_CCIPR13, 7), 0); /* the USART from APB2 */
    return (struct chip_clocks){cpu,
                                ahb >> model_field(FDM_N6_RCC_CFGR2, FDM_N6_RCC_CFGR2_PPRE2_MASK),
                                bus >> model_field(FDM_N6_RCC_CFGR2, FDM_N6_RCC_CFGR2_TIMPRE_MASK)};
}

static void check_pll_output(uint32_t divider, uint64_t most_hz)
{
    uint32_t post = FDM_N6_RCC_PLL1CFGR3_PDIVEN;
    assert_true(model_get(FDM_N6_RCC_SR) & FDM_N6_RCC_SR_PLL1RDY);
    assert_int_equal(model_get(FDM_N6_RCC_PLL1CFGR3) & post, post);
    assert_true(divided_hz(divider) <= most_hz);
}

/* A sleeping CPU wakes only if these stay on. */
static void check_sleep(void)
{
    uint32_t buses = FDM_N6_RCC_BUSLPENR_ACLKNLPEN | FDM_N6_RCC_BUSLPENR_ACLKNCLPEN;
    uint32_t memories = FDM_N6_RCC_MEMLPENR_AXISRAM1LPEN | FDM_N6_RCC_MEMLPENR_AXISRAM2LPEN;
    assert_int_equal(model_get(FDM_N6_RCC_BUSLPENR) & buses, buses);
    assert_int_equal(model_get(FDM_N6_RCC_MEMLPENR) & memories, memories);
    assert_true(model_get(FDM_N6_RCC_APB4ENR2) & FDM_N6_RCC_APB4ENR2_BSECEN);
}

/* At the start-up voltage: 600 MHz for the CPU, 400 MHz for buses and memories, 1 GHz for nothing.
 */
static void switch_clocks(uint32_t value)
{
    uint32_t dividers = model_get(FDM_N6_RCC_DIVENSR);
    check_sleep();
    if ((value >> 16 & 3u) == 3 && (model_get(FDM_N6_RCC_CFGR1) >> 20 & 3u) != 3) {
        assert_true(dividers & FDM_N6_RCC_DIVENSR_IC1ENS);
        assert_true(model_get(FDM_N6_PWR_VOSCR) & FDM_N6_PWR_VOSCR_ACTVOSRDY);
        check_pll_output(FDM_N6_RCC_IC1CFGR, 600000000);
    }
    if ((value >> 24 & 3u) == 3 && (model_get(FDM_N6_RCC_CFGR1) >> 28 & 3u) != 3) {
        uint32_t all =
            FDM_N6_RCC_DIVENSR_IC2ENS | FDM_N6_RCC_DIVENSR_IC6ENS | FDM_N6_RCC_DIVENSR_IC11ENS;
        assert_int_equal(dividers & all, all);
        check_pll_output(FDM_N6_RCC_IC2CFGR, 400000000);
        check_pll_output(FDM_N6_RCC_IC6CFGR, 800000000);
        check_pll_output(FDM_N6_RCC_IC11CFGR, 800000000);
    }
    model_answer(FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_CPUSWS_MASK, (value >> 16 & 3u) << 20);
    model_answer(FDM_N6_RCC_CFGR1, FDM_N6_RCC_CFGR1_SYSSWS_MASK, (value >> 24 & 3u) << 28);
}

static void start(uint32_t value)
{
    if ((value & FDM_N6_RCC_CSR_HSEONS) != 0)
        model_answer(FDM_N6_RCC_SR, FDM_N6_RCC_SR_HSERDY, FDM_N6_RCC_SR_HSERDY);
    if ((value & FDM_N6_RCC_CSR_PLL1ONS) != 0) {
        assert_true(model_get(FDM_N6_RCC_SR) & FDM_N6_RCC_SR_HSERDY);
        model_answer(FDM_N6_RCC_SR, FDM_N6_RCC_SR_PLL1RDY, FDM_N6_RCC_SR_PLL1RDY);
    }
}

/* Nothing may run on the PLL when it stops. */
static void stop(uint32_t value)
{
    if ((value & FDM_N6_RCC_CCR_PLL1ONC) == 0)
        return;
    assert_int_equal(model_get(FDM_N6_RCC_CFGR1) & (3u << 20 | 3u << 28), 0);
    model_answer(FDM_N6_RCC_SR, FDM_N6_RCC_SR_PLL1RDY, 0);
}

void chip_wrote(uint32_t address, uint32_t before, uint32_t value)
{
    bool pll_ready = (model_get(FDM_N6_RCC_SR) & FDM_N6_RCC_SR_PLL1RDY) != 0;
    (void)before;
    if (address == FDM_N6_RCC_CSR)
        start(value);
    else if (address == FDM_N6_RCC_CCR)
        stop(value);
    else if (address == FDM_N6_RCC_CFGR1)
        switch_clocks(value);
    else if (address == FDM_N6_PWR_CR1)
        model_answer(FDM_N6_PWR_VOSCR, FDM_N6_PWR_VOSCR_ACTVOSRDY, FDM_N6_PWR_VOSCR_ACTVOSRDY);
    else if (address == FDM_N6_RCC_PLL1CFGR1)
        assert_false(pll_ready);
}

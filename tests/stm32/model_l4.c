/* STM32L4+: RM0432, chapters RCC, PWR and FLASH. */
#include "tests/stm32/model.h"

#include "tests/support/test.h"

#include "targets/stm32/l4_registers.h"

#define MSI_HZ 4000000u

const uint32_t chip_data_cache = 0;
const uint32_t chip_survivors[] = {FDM_L4_RCC_BDCR, 0};

const struct chip_part chip_parts[] = {
    {FDM_L4_PWR_CR1, FDM_L4_PWR_CR1_DBP, "the backup domain stays protected"},
    {FDM_L4_RCC_BDCR, FDM_L4_RCC_BDCR_LSERDY, "the watch crystal (LSE) does not start"},
    {FDM_L4_PWR_SR2, FDM_L4_PWR_SR2_VOSF, "the core voltage does not become ready"},
    {FDM_L4_RCC_CR, FDM_L4_RCC_CR_PLLRDY, "the PLL does not lock"},
    {FDM_L4_FLASH_ACR, FDM_L4_FLASH_ACR_LATENCY_MASK, "the flash refuses its wait states"},
    {FDM_L4_RCC_CFGR, FDM_L4_RCC_CFGR_SWS_MASK, "the CPU does not take the PLL's clock"},
    {0, 0, NULL},
};

void chip_power_on(void)
{
    model_put(FDM_L4_RCC_CR, 0x63); /* MSI, 4 MHz, ready */
    model_put(FDM_L4_RCC_PLLCFGR, 0x1000);
    model_put(FDM_L4_PWR_CR1, 0x200);
    model_put(FDM_L4_PWR_CR5, 0x100);
    model_put(FDM_L4_FLASH_ACR, 0x600);
}

static uint64_t pll_hz(void)
{
    assert_int_equal(model_field(FDM_L4_RCC_PLLCFGR, 3), 1); /* from MSI */
    uint64_t in = MSI_HZ / (model_field(FDM_L4_RCC_PLLCFGR, 0xFu << 4) + 1u);
    uint64_t vco = in * model_field(FDM_L4_RCC_PLLCFGR, 0x7Fu << 8);
    assert_true(in >= 2660000 && in <= 8000000);
    assert_true(vco >= 64000000 && vco <= 344000000);
    return vco / (UINT64_C(2) * (model_field(FDM_L4_RCC_PLLCFGR, 3u << 25) + 1u));
}

static uint32_t hpre(void)
{
    uint32_t field = model_field(FDM_L4_RCC_CFGR, FDM_L4_RCC_CFGR_HPRE_MASK);
    return field < 8 ? 1u : 2u << (field - 8);
}

struct chip_clocks chip_clocks(void)
{
    bool pll = model_field(FDM_L4_RCC_CFGR, FDM_L4_RCC_CFGR_SWS_MASK) == 3;
    uint64_t cpu = (pll ? pll_hz() : MSI_HZ) / hpre();
    assert_int_equal(model_get(FDM_L4_RCC_CFGR) & (7u << 8 | 7u << 11), 0); /* APB 1 and 2 */
    return (struct chip_clocks){cpu, cpu, cpu};
}

/* 120 MHz in range 1 boost. */
static void take_clock(void)
{
    assert_true(model_get(FDM_L4_RCC_CR) & FDM_L4_RCC_CR_PLLRDY);
    assert_true(model_get(FDM_L4_RCC_CR) & FDM_L4_RCC_CR_MSIPLLEN);
    assert_true(model_get(FDM_L4_RCC_PLLCFGR) & FDM_L4_RCC_PLLCFGR_PLLREN);
    assert_int_equal(model_field(FDM_L4_PWR_CR1, FDM_L4_PWR_CR1_VOS_MASK), 1);
    assert_false(model_get(FDM_L4_PWR_SR2) & FDM_L4_PWR_SR2_VOSF);
    assert_false(model_get(FDM_L4_PWR_CR5) & FDM_L4_PWR_CR5_R1MODE);
    assert_true(pll_hz() <= 120000000);
    assert_int_equal(hpre(), 2);
    assert_true((model_field(FDM_L4_FLASH_ACR, 0xF) + 1u) * UINT64_C(20000000) >= pll_hz());
    model_answer(FDM_L4_RCC_CFGR, FDM_L4_RCC_CFGR_SWS_MASK, 3u << 2);
}

static void check_oscillators(uint32_t before, uint32_t value)
{
    if ((value & FDM_L4_RCC_CR_MSIPLLEN) != 0)
        assert_true(model_get(FDM_L4_RCC_BDCR) & FDM_L4_RCC_BDCR_LSERDY);
    if ((~before & value & FDM_L4_RCC_CR_PLLON) != 0)
        model_answer(FDM_L4_RCC_CR, FDM_L4_RCC_CR_PLLRDY, FDM_L4_RCC_CR_PLLRDY);
}

/* While PLLON only the outputs may be switched. */
static void check_pll(uint32_t before, uint32_t value)
{
    bool pll_on = (model_get(FDM_L4_RCC_CR) & FDM_L4_RCC_CR_PLLON) != 0;
    assert_true(!pll_on || ((before ^ value) & ~FDM_L4_RCC_PLLCFGR_PLLREN) == 0);
}

static void check_power(void)
{
    assert_true(model_get(FDM_L4_RCC_APB1ENR1) & FDM_L4_RCC_APB1ENR1_PWREN);
    model_put(FDM_L4_PWR_SR2, FDM_L4_PWR_SR2_VOSF);
    model_answer(FDM_L4_PWR_SR2, FDM_L4_PWR_SR2_VOSF, 0);
}

static void check_backup(uint32_t value)
{
    assert_true(model_get(FDM_L4_PWR_CR1) & FDM_L4_PWR_CR1_DBP);
    if ((value & FDM_L4_RCC_BDCR_LSEON) != 0)
        model_answer(FDM_L4_RCC_BDCR, FDM_L4_RCC_BDCR_LSERDY, FDM_L4_RCC_BDCR_LSERDY);
}

void chip_wrote(uint32_t address, uint32_t before, uint32_t value)
{
    if (address == FDM_L4_PWR_CR1 || address == FDM_L4_PWR_CR5)
        check_power();
    else if (address == FDM_L4_RCC_BDCR)
        check_backup(value);
    else if (address == FDM_L4_RCC_CR)
        check_oscillators(before, value);
    else if (address == FDM_L4_RCC_PLLCFGR)
        check_pll(before, value);
    else if (address == FDM_L4_RCC_CFGR && (value & 3u) == 3 && (before & 3u) != 3)
        take_clock();
}

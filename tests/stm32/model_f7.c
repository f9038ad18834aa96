/* STM32F7: RM0410, chapters RCC, PWR and FLASH. */
#include "tests/stm32/model.h"

#include "tests/support/test.h"

#include "targets/stm32/f7_registers.h"

#define HSI_HZ 16000000u

const uint32_t chip_data_cache = 127u << 13 | 3u << 3 | 1u; /* 16 KiB, 4 ways */
const uint32_t chip_survivors[] = {0};

const struct chip_part chip_parts[] = {
    {FDM_F7_RCC_CR, FDM_F7_RCC_CR_HSERDY, "the external clock (HSE) does not start"},
    {FDM_F7_PWR_CSR1, FDM_F7_PWR_CSR1_ODRDY, "the over-drive does not become ready"},
    {FDM_F7_PWR_CSR1, FDM_F7_PWR_CSR1_ODSWRDY, "the core does not take the over-drive"},
    {FDM_F7_FLASH_ACR, FDM_F7_FLASH_ACR_LATENCY_MASK, "the flash refuses its wait states"},
    {FDM_F7_RCC_CR, FDM_F7_RCC_CR_PLLRDY, "the PLL does not lock"},
    {FDM_F7_RCC_CFGR, FDM_F7_RCC_CFGR_SWS_MASK, "the CPU does not take the PLL's clock"},
    {0, 0, NULL},
};

void chip_power_on(void)
{
    model_put(FDM_F7_PWR_CR1, 0xC000);
    model_put(FDM_F7_RCC_PLLCFGR, 0x24003010);
}

static uint64_t pll_hz(void)
{
    assert_true(model_get(FDM_F7_RCC_PLLCFGR) & 1u << 22); /* from HSE */
    uint64_t in = FDM_STM32_CRYSTAL_HZ / model_field(FDM_F7_RCC_PLLCFGR, 0x3F);
    uint64_t vco = in * model_field(FDM_F7_RCC_PLLCFGR, 0x1FFu << 6);
    assert_true(in >= 1000000 && in <= 2000000);
    assert_true(vco >= 100000000 && vco <= 432000000);
    return vco / (UINT64_C(2) * (model_field(FDM_F7_RCC_PLLCFGR, 3u << 16) + 1u));
}

static uint32_t divisor(uint32_t mask, uint32_t first)
{
    uint32_t field = model_field(FDM_F7_RCC_CFGR, mask);
    return field < first ? 1u : 2u << (field - first);
}

struct chip_clocks chip_clocks(void)
{
    uint64_t cpu = model_field(FDM_F7_RCC_CFGR, FDM_F7_RCC_CFGR_SWS_MASK) == 2 ? pll_hz() : HSI_HZ;
    cpu /= divisor(FDM_F7_RCC_CFGR_HPRE_MASK, 8);
    uint32_t ppre1 = divisor(FDM_F7_RCC_CFGR_PPRE1_MASK, 4);
    return (struct chip_clocks){cpu, cpu / divisor(FDM_F7_RCC_CFGR_PPRE2_MASK, 4),
                                ppre1 == 1 ? cpu : 2 * (cpu / ppre1)};
}

/* 216 MHz, 54 MHz for APB1, 108 MHz for APB2; over 180 MHz only with over-drive. */
static void take_clock(void)
{
    uint32_t over_drive = FDM_F7_PWR_CSR1_ODRDY | FDM_F7_PWR_CSR1_ODSWRDY;
    uint64_t hz = pll_hz();
    assert_true(model_get(FDM_F7_RCC_CR) & FDM_F7_RCC_CR_PLLRDY);
    assert_int_equal(model_field(FDM_F7_PWR_CR1, FDM_F7_PWR_CR1_VOS_MASK), 3);
    assert_true(hz <= 216000000);
    if (hz > 180000000)
        assert_int_equal(model_get(FDM_F7_PWR_CSR1) & over_drive, over_drive);
    assert_true(hz / divisor(FDM_F7_RCC_CFGR_PPRE1_MASK, 4) <= 54000000);
    assert_true(hz / divisor(FDM_F7_RCC_CFGR_PPRE2_MASK, 4) <= 108000000);
    assert_true((model_field(FDM_F7_FLASH_ACR, 0xF) + 1u) * UINT64_C(30000000) >= hz);
    model_answer(FDM_F7_RCC_CFGR, FDM_F7_RCC_CFGR_SWS_MASK, 2u << 2);
}

static void check_oscillators(uint32_t value)
{
    if ((value & FDM_F7_RCC_CR_HSEON) != 0)
        model_answer(FDM_F7_RCC_CR, FDM_F7_RCC_CR_HSERDY, FDM_F7_RCC_CR_HSERDY);
    if ((value & FDM_F7_RCC_CR_PLLON) != 0) {
        assert_true(value & FDM_F7_RCC_CR_HSERDY);
        model_answer(FDM_F7_RCC_CR, FDM_F7_RCC_CR_PLLRDY, FDM_F7_RCC_CR_PLLRDY);
    }
}

static void check_power(uint32_t before, uint32_t value)
{
    bool pll_on = (model_get(FDM_F7_RCC_CR) & FDM_F7_RCC_CR_PLLON) != 0;
    assert_true(model_get(FDM_F7_RCC_APB1ENR) & FDM_F7_RCC_APB1ENR_PWREN);
    assert_true(!pll_on || ((before ^ value) & FDM_F7_PWR_CR1_VOS_MASK) == 0);
    if ((value & FDM_F7_PWR_CR1_ODEN) != 0) {
        assert_true(pll_on);
        model_answer(FDM_F7_PWR_CSR1, FDM_F7_PWR_CSR1_ODRDY, FDM_F7_PWR_CSR1_ODRDY);
    }
    if ((value & FDM_F7_PWR_CR1_ODSWEN) != 0) {
        assert_true(model_get(FDM_F7_PWR_CSR1) & FDM_F7_PWR_CSR1_ODRDY);
        model_answer(FDM_F7_PWR_CSR1, FDM_F7_PWR_CSR1_ODSWRDY, FDM_F7_PWR_CSR1_ODSWRDY);
    }
}

void chip_wrote(uint32_t address, uint32_t before, uint32_t value)
{
    if (address == FDM_F7_RCC_CR)
        check_oscillators(value);
    else if (address == FDM_F7_PWR_CR1)
        check_power(before, value);
    else if (address == FDM_F7_RCC_PLLCFGR)
        assert_false(model_get(FDM_F7_RCC_CR) & FDM_F7_RCC_CR_PLLON);
    else if (address == FDM_F7_RCC_CFGR && (value & 3u) == 2)
        take_clock();
}

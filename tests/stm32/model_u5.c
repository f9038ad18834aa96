/* STM32U5: RM0456, chapters RCC, PWR, FLASH and ICACHE. */
#include "tests/stm32/model.h"

#include "tests/support/test.h"

#include "targets/stm32/u5_registers.h"

#define MSI_HZ 4000000u

const uint32_t chip_data_cache = 0;
const uint32_t chip_survivors[] = {FDM_U5_RCC_BDCR, 0};

const struct chip_part chip_parts[] = {
    {FDM_U5_PWR_DBPR, FDM_U5_PWR_DBPR_DBP, "the backup domain stays protected"},
    {FDM_U5_RCC_BDCR, FDM_U5_RCC_BDCR_LSERDY, "the watch crystal (LSE) does not start"},
    {FDM_U5_RCC_BDCR, FDM_U5_RCC_BDCR_LSESYSRDY,
     "the watch crystal's clock (LSESYS) does not start"},
    {FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_VOSRDY, "the core voltage does not become ready"},
    {FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_BOOSTRDY, "the voltage booster does not become ready"},
    {FDM_U5_RCC_CR, FDM_U5_RCC_CR_PLL1RDY, "the PLL does not lock"},
    {FDM_U5_FLASH_ACR, FDM_U5_FLASH_ACR_LATENCY_MASK, "the flash refuses its wait states"},
    {FDM_U5_RCC_CFGR1, FDM_U5_RCC_CFGR1_SWS_MASK, "the CPU does not take the PLL's clock"},
    {0, 0, NULL},
};

void chip_power_on(void)
{
    model_put(FDM_U5_RCC_CR, 0x35); /* MSIS and MSIK, ready */
    model_put(FDM_U5_RCC_PLL1DIVR, 0x01010280);
    model_put(FDM_U5_PWR_VOSR, 0x00008000); /* range 4 */
}

static uint64_t pll_hz(void)
{
    assert_int_equal(model_field(FDM_U5_RCC_PLL1CFGR, 3), 1); /* from MSIS */
    uint64_t in = MSI_HZ / (model_field(FDM_U5_RCC_PLL1CFGR, 0xFu << 8) + 1u);
    uint64_t vco = in * (model_field(FDM_U5_RCC_PLL1DIVR, 0x1FF) + 1u);
    assert_int_equal(model_field(FDM_U5_RCC_PLL1CFGR, 3u << 2), 0);
    assert_true(in >= 4000000 && in <= 8000000);
    assert_true(vco >= 128000000 && vco <= 544000000);
    return vco / (model_field(FDM_U5_RCC_PLL1DIVR, 0x7Fu << 24) + 1u);
}

static uint32_t hpre(void)
{
    uint32_t field = model_field(FDM_U5_RCC_CFGR2, 0xF);
    return field < 8 ? 1u : 2u << (field - 8);
}

struct chip_clocks chip_clocks(void)
{
    bool pll = model_field(FDM_U5_RCC_CFGR1, FDM_U5_RCC_CFGR1_SWS_MASK) == 3;
    uint64_t cpu = (pll ? pll_hz() : MSI_HZ) / hpre();
    assert_int_equal(model_field(FDM_U5_RCC_CFGR2, 7u << 4 | 7u << 8), 0); /* APB 1 and 2 */
    return (struct chip_clocks){cpu, cpu, cpu};
}

/* 160 MHz in range 1 with the booster; the watch crystal holds MSI by then. */
static void take_clock(void)
{
    uint32_t lock = FDM_U5_RCC_CR_MSIPLLEN | FDM_U5_RCC_CR_MSIPLLSEL | FDM_U5_RCC_CR_PLL1RDY;
    assert_int_equal(model_get(FDM_U5_RCC_CR) & lock, lock);
    assert_true(model_get(FDM_U5_RCC_PLL1CFGR) & FDM_U5_RCC_PLL1CFGR_PLL1REN);
    assert_int_equal(model_field(FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_VOS_MASK), 3);
    assert_true(model_get(FDM_U5_PWR_VOSR) & FDM_U5_PWR_VOSR_BOOSTRDY);
    assert_true(pll_hz() <= 160000000);
    assert_int_equal(hpre(), 2);
    assert_true((model_field(FDM_U5_FLASH_ACR, 0xF) + 1u) * UINT64_C(32000000) >= pll_hz());
    model_answer(FDM_U5_RCC_CFGR1, FDM_U5_RCC_CFGR1_SWS_MASK, 3u << 2);
}

static void check_voltage(uint32_t value)
{
    assert_true(model_get(FDM_U5_RCC_AHB3ENR) & FDM_U5_RCC_AHB3ENR_PWREN);
    model_put(FDM_U5_PWR_VOSR, value & ~FDM_U5_PWR_VOSR_VOSRDY);
    model_answer(FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_VOSRDY, FDM_U5_PWR_VOSR_VOSRDY);
    if ((value & FDM_U5_PWR_VOSR_BOOSTEN) != 0) {
        assert_int_equal(model_field(FDM_U5_RCC_PLL1CFGR, 3), 1); /* its clock was chosen */
        model_answer(FDM_U5_PWR_VOSR, FDM_U5_PWR_VOSR_BOOSTRDY, FDM_U5_PWR_VOSR_BOOSTRDY);
    }
}

static void check_backup(uint32_t value)
{
    assert_true(model_get(FDM_U5_PWR_DBPR) & FDM_U5_PWR_DBPR_DBP);
    if ((value & FDM_U5_RCC_BDCR_LSEON) != 0)
        model_answer(FDM_U5_RCC_BDCR, FDM_U5_RCC_BDCR_LSERDY, FDM_U5_RCC_BDCR_LSERDY);
    if ((value & FDM_U5_RCC_BDCR_LSESYSEN) != 0)
        model_answer(FDM_U5_RCC_BDCR, FDM_U5_RCC_BDCR_LSESYSRDY, FDM_U5_RCC_BDCR_LSESYSRDY);
}

static void check_oscillators(uint32_t before, uint32_t value)
{
    if ((value & FDM_U5_RCC_CR_MSIPLLEN) != 0)
        assert_true(model_get(FDM_U5_RCC_BDCR) & FDM_U5_RCC_BDCR_LSESYSRDY);
    if ((~before & value & FDM_U5_RCC_CR_PLL1ON) != 0) {
        assert_true(model_get(FDM_U5_PWR_VOSR) & FDM_U5_PWR_VOSR_BOOSTRDY);
        model_answer(FDM_U5_RCC_CR, FDM_U5_RCC_CR_PLL1RDY, FDM_U5_RCC_CR_PLL1RDY);
    }
}

void chip_wrote(uint32_t address, uint32_t before, uint32_t value)
{
    bool pll_on = (model_get(FDM_U5_RCC_CR) & FDM_U5_RCC_CR_PLL1ON) != 0;
    if (address == FDM_U5_PWR_DBPR)
        assert_true(model_get(FDM_U5_RCC_AHB3ENR) & FDM_U5_RCC_AHB3ENR_PWREN);
    else if (address == FDM_U5_PWR_VOSR)
        check_voltage(value);
    else if (address == FDM_U5_RCC_BDCR)
        check_backup(value);
    else if (address == FDM_U5_RCC_CR)
        check_oscillators(before, value);
    else if (address == FDM_U5_RCC_PLL1DIVR)
        assert_false(pll_on);
    else if (address == FDM_U5_RCC_CFGR1 && (value & 3u) == 3)
        take_clock();
}

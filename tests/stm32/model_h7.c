/* STM32H7: RM0399, chapters RCC, PWR and FLASH. */
#include "tests/stm32/model.h"

#include "tests/support/test.h"

#include "targets/stm32/h7_registers.h"

#define HSI_HZ 64000000u
#define LOW_BYTE_UNTOUCHED 6u /* of CR3: LDO and SMPS on */

const uint32_t chip_data_cache = 127u << 13 | 3u << 3 | 1u; /* 16 KiB, 4 ways */
const uint32_t chip_survivors[] = {FDM_H7_PWR_CR3, FDM_H7_PWR_CSR1, 0};

const struct chip_part chip_parts[] = {
    {FDM_H7_PWR_CSR1, FDM_H7_PWR_CSR1_ACTVOSRDY, "the supply does not become ready"},
    {FDM_H7_PWR_D3CR, FDM_H7_PWR_D3CR_VOSRDY, "the core voltage does not become ready"},
    {FDM_H7_FLASH_ACR, FDM_H7_FLASH_ACR_LATENCY_MASK | FDM_H7_FLASH_ACR_WRHIGHFREQ_MASK,
     "the flash refuses its wait states"},
    {FDM_H7_RCC_CR, FDM_H7_RCC_CR_HSERDY, "the external clock (HSE) does not start"},
    {FDM_H7_RCC_CR, FDM_H7_RCC_CR_PLL1RDY, "the PLL does not lock"},
    {FDM_H7_RCC_CFGR, FDM_H7_RCC_CFGR_SWS_MASK, "the CPU does not take the PLL's clock"},
    {0, 0, NULL},
};

void chip_power_on(void)
{
    model_put(FDM_H7_DBGMCU_IDC, 0x20036450); /* revision V */
    model_put(FDM_H7_PWR_CR3, LOW_BYTE_UNTOUCHED);
    model_put(FDM_H7_PWR_D3CR, 1u << 14); /* scale 3 */
    model_put(FDM_H7_FLASH_ACR, 0x37);
    model_put(FDM_H7_RCC_PLLCFGR, 0x01FF0000);
    model_put(FDM_H7_RCC_PLLCKSELR, 0x02020200);
}

static uint64_t pll_hz(void)
{
    uint64_t in =
        FDM_STM32_CRYSTAL_HZ / model_field(FDM_H7_RCC_PLLCKSELR, FDM_H7_RCC_PLLCKSELR_DIVM1_MASK);
    uint64_t vco = in * (model_field(FDM_H7_RCC_PLL1DIVR, 0x1FF) + 1u);
    uint32_t range = model_field(FDM_H7_RCC_PLLCFGR, FDM_H7_RCC_PLLCFGR_PLL1RGE_MASK);
    assert_true(in >= UINT64_C(1000000) << range && in <= UINT64_C(2000000) << range);
    assert_true(vco >= 192000000 && vco <= 836000000);
    return vco / (model_field(FDM_H7_RCC_PLL1DIVR, 0x7Fu << 9) + 1u);
}

static uint32_t divisor(uint32_t address, uint32_t mask, uint32_t first)
{
    uint32_t field = model_field(address, mask);
    return field < first ? 1u : 2u << (field - first);
}

static uint64_t bus_hz(uint64_t cpu_hz)
{
    return cpu_hz / divisor(FDM_H7_RCC_D1CFGR, FDM_H7_RCC_D1CFGR_HPRE_MASK, 8);
}

struct chip_clocks chip_clocks(void)
{
    bool pll = model_field(FDM_H7_RCC_CFGR, FDM_H7_RCC_CFGR_SWS_MASK) == 3;
    uint64_t cpu =
        (pll ? pll_hz() : HSI_HZ) / divisor(FDM_H7_RCC_D1CFGR, FDM_H7_RCC_D1CFGR_D1CPRE_MASK, 8);
    uint32_t mask =
        FDM_STM32_USART == 1 ? FDM_H7_RCC_D2CFGR_D2PPRE2_MASK : FDM_H7_RCC_D2CFGR_D2PPRE1_MASK;
    uint32_t ppre = divisor(FDM_H7_RCC_D2CFGR, mask, 4);
    uint32_t ppre1 = divisor(FDM_H7_RCC_D2CFGR, FDM_H7_RCC_D2CFGR_D2PPRE1_MASK, 4);
    uint64_t apb1 = bus_hz(cpu) / ppre1;
    return (struct chip_clocks){cpu, bus_hz(cpu) / ppre, ppre1 > 2 ? 2 * apb1 : bus_hz(cpu)};
}

/* The table of RM0399 for voltage scale 1, up to 210 MHz. */
static void check_flash(uint64_t bus)
{
    uint32_t wait = model_field(FDM_H7_FLASH_ACR, FDM_H7_FLASH_ACR_LATENCY_MASK);
    uint32_t delay = model_field(FDM_H7_FLASH_ACR, FDM_H7_FLASH_ACR_WRHIGHFREQ_MASK);
    assert_true(bus <= 210000000);
    assert_true(wait >= (bus <= 70000000 ? 0 : bus <= 140000000 ? 1 : 2));
    assert_true(delay >= (bus <= 70000000 ? 0 : bus <= 185000000 ? 1 : 2));
}

/* 400 MHz for the CPU, half of it for the buses, a quarter for the peripherals. */
static void take_clock(void)
{
    assert_true(model_get(FDM_H7_RCC_CR) & FDM_H7_RCC_CR_PLL1RDY);
    assert_int_equal(model_field(FDM_H7_RCC_PLLCKSELR, 3), 2);
    assert_int_equal(model_field(FDM_H7_PWR_D3CR, FDM_H7_PWR_D3CR_VOS_MASK), 3);
    assert_true(model_get(FDM_H7_PWR_D3CR) & FDM_H7_PWR_D3CR_VOSRDY);
    assert_true(model_get(FDM_H7_PWR_CSR1) & FDM_H7_PWR_CSR1_ACTVOSRDY);
    assert_true(pll_hz() <= 400000000 && bus_hz(pll_hz()) <= 200000000);
    for (uint32_t ppre = 0; ppre < 2; ppre++)
        assert_true(bus_hz(pll_hz()) / divisor(FDM_H7_RCC_D2CFGR, 7u << (4 + 4 * ppre), 4) <=
                    100000000);
    assert_true(bus_hz(pll_hz()) / divisor(FDM_H7_RCC_D3CFGR, 7u << 4, 4) <= 100000000);
    check_flash(bus_hz(pll_hz()));
    model_answer(FDM_H7_RCC_CFGR, FDM_H7_RCC_CFGR_SWS_MASK, 3u << 3);
}

static void check_oscillators(uint32_t value)
{
    bool started = (value & FDM_H7_RCC_CR_HSEON) != 0;
    if (started)
        model_answer(FDM_H7_RCC_CR, FDM_H7_RCC_CR_HSERDY, FDM_H7_RCC_CR_HSERDY);
    if ((value & FDM_H7_RCC_CR_PLL1ON) != 0) {
        assert_true(value & FDM_H7_RCC_CR_HSERDY);
        assert_true(model_get(FDM_H7_RCC_PLLCFGR) & FDM_H7_RCC_PLLCFGR_DIVP1EN);
        model_answer(FDM_H7_RCC_CR, FDM_H7_RCC_CR_PLL1RDY, FDM_H7_RCC_CR_PLL1RDY);
    }
}

/* Tests have the supply dead, or chosen by another program. */
static bool chosen_first(void)
{
    return (model_get(FDM_H7_PWR_CR3) & 0x3Fu) != LOW_BYTE_UNTOUCHED;
}

void chip_wrote(uint32_t address, uint32_t before, uint32_t value)
{
    bool pll_on = (model_get(FDM_H7_RCC_CR) & FDM_H7_RCC_CR_PLL1ON) != 0;
    if (address == FDM_H7_PWR_CR3) {
        assert_int_equal(before & 0x3Fu, LOW_BYTE_UNTOUCHED); /* once only */
        assert_int_equal(value & 0x3Fu, FDM_TEST_SUPPLY);     /* as the board is wired */
        model_answer(FDM_H7_PWR_CSR1, FDM_H7_PWR_CSR1_ACTVOSRDY, FDM_H7_PWR_CSR1_ACTVOSRDY);
    } else if (address == FDM_H7_RCC_AHB2ENR) {
        assert_true(chosen_first()); /* no RAM before its supply */
    } else if (address == FDM_H7_PWR_D3CR) {
        assert_true(model_get(FDM_H7_PWR_CSR1) & FDM_H7_PWR_CSR1_ACTVOSRDY);
        model_answer(FDM_H7_PWR_D3CR, FDM_H7_PWR_D3CR_VOSRDY, FDM_H7_PWR_D3CR_VOSRDY);
    } else if (address == FDM_H7_RCC_CR) {
        check_oscillators(value);
    } else if (address == FDM_H7_RCC_PLLCFGR || address == FDM_H7_RCC_PLL1DIVR ||
               address == FDM_H7_RCC_PLLCKSELR) {
        assert_false(pll_on);
    } else if (address == FDM_H7_RCC_CFGR && (value & 7u) == 3) {
        take_clock();
    }
}

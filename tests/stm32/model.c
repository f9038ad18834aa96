#include "tests/stm32/model.h"

#include "tests/support/test.h"

#include <string.h>

#include "targets/stm32/core_registers.h"
#include "targets/stm32/reg.h"

#include FDM_BOARD_HEADER
#include FDM_STM32_USART_HEADER

#define REGISTERS 128

static struct {
    struct {
        uint32_t address, value;
    } registers[REGISTERS];
    size_t count;
    const struct chip_part *dead;
    uint32_t lines_emptied;
} model;

static uint32_t *find(uint32_t address)
{
    for (size_t i = 0; i < model.count; i++) {
        if (model.registers[i].address == address)
            return &model.registers[i].value;
    }
    assert_true(model.count < REGISTERS);
    model.registers[model.count].address = address;
    model.registers[model.count].value = 0;
    return &model.registers[model.count++].value;
}

uint32_t model_get(uint32_t address)
{
    return *find(address);
}

void model_put(uint32_t address, uint32_t value)
{
    *find(address) = value;
}

uint32_t model_field(uint32_t address, uint32_t mask)
{
    return (model_get(address) & mask) / (mask & (~mask + 1u));
}

static bool is_dead(uint32_t address, uint32_t mask)
{
    return model.dead != NULL && model.dead->address == address && (model.dead->mask & mask) != 0;
}

void model_answer(uint32_t address, uint32_t mask, uint32_t value)
{
    if (!is_dead(address, mask))
        model_put(address, (model_get(address) & ~mask) | value);
}

void model_power_on(void)
{
    memset(&model, 0, sizeof model);
    if (chip_data_cache != 0)
        model_put(FDM_CORE_CCSIDR, chip_data_cache);
    chip_power_on();
}

void model_reset(void)
{
    uint32_t kept[8] = {0};
    for (size_t i = 0; chip_survivors[i] != 0; i++)
        kept[i] = model_get(chip_survivors[i]);
    model_power_on();
    for (size_t i = 0; chip_survivors[i] != 0; i++)
        model_put(chip_survivors[i], kept[i]);
}

void model_kill(const struct chip_part *part)
{
    model.dead = part;
}

uint32_t model_lines_emptied(void)
{
    return model.lines_emptied;
}

/* ---- what the port does ---- */

static bool counts(void)
{
    return (model_get(FDM_CORE_DEMCR) & FDM_CORE_DEMCR_TRCENA) != 0 &&
           (model_get(FDM_CORE_DWT_CTRL) & FDM_CORE_DWT_CTRL_CYCCNTENA) != 0;
}

uint32_t fdm_reg_read(uint32_t address)
{
    if (address == FDM_CORE_DWT_CYCCNT && counts())
        model_put(address, model_get(address) + 10);
    return model_get(address);
}

/* Rate and FIFO are only chosen while the USART is off. */
static void check_line(uint32_t address, uint32_t before, uint32_t value)
{
    bool on = (model_get(FDM_STM32_UART + FDM_USART_CR1) & FDM_USART_CR1_UE) != 0;
    if (address == FDM_STM32_UART + FDM_USART_BRR || address == FDM_STM32_UART + FDM_USART_PRESC)
        assert_false(on);
    if (address == FDM_STM32_UART + FDM_USART_CR1 && on)
        assert_false((before ^ value) & FDM_USART_CR1_FIFOEN);
}

/* A flash that refuses its wait states keeps the old ones: then the register itself is the answer.
 */
void fdm_reg_write(uint32_t address, uint32_t value)
{
    uint32_t before = model_get(address);
    if (is_dead(address, before ^ value))
        return;
    check_line(address, before, value);
    model_put(address, value);
    if (address == FDM_CORE_DCISW)
        model.lines_emptied++;
    chip_wrote(address, before, value);
}

#include "targets/stm32/gpio_registers.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

#include FDM_BOARD_HEADER

static void set_pair(uint32_t address, uint32_t pin, uint32_t value)
{
    fdm_reg_change(address, 3u << 2u * pin, value << 2u * pin);
}

/* The function is chosen before the pin gets it: nothing else appears on the line meanwhile. */
void fdm_gpio_connect(uint32_t value)
{
    uint32_t port = FDM_PIN_PORT(value);
    uint32_t pin = FDM_PIN_NUMBER(value);
    uint32_t gpio = FDM_STM32_GPIO(port);
    fdm_reg_enable(FDM_STM32_GPIO_ENABLE, 1u << port);
    fdm_reg_change(gpio + FDM_GPIO_AFRL + 4u * (pin / 8u), 0xFu << 4u * (pin % 8u),
                   FDM_PIN_FUNCTION(value) << 4u * (pin % 8u));
    set_pair(gpio + FDM_GPIO_OSPEEDR, pin, FDM_GPIO_OSPEEDR_HIGH);
    set_pair(gpio + FDM_GPIO_PUPDR, pin, FDM_GPIO_PUPDR_UP);
    set_pair(gpio + FDM_GPIO_MODER, pin, FDM_GPIO_MODER_ALTERNATE);
}

/* The line's USART, 8N1, oversampled 16 times: BRR is then its clock divided by the rate, in both
 * versions (chapter USART, "baud rate generation").
 *
 * Its interrupts are levels: they stand as long as a byte waits, or there is room. So it does not
 * matter in which order a flag is looked at and its interrupt asked for. A lost byte (ORE) asks by
 * the same bit as a received one, and would ask forever: fdm_uart_acknowledge() ends that. */
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/uart.h"
#include "targets/stm32/reg.h"
#include "targets/stm32/stm32.h"

#include FDM_BOARD_HEADER
#include FDM_STM32_USART_HEADER

#define AT(offset) (FDM_STM32_UART + (offset))

#ifdef FDM_STM32_USART_FIFO
#define CR1_ON (FDM_USART_CR1_RE | FDM_USART_CR1_TE | FDM_USART_CR1_FIFOEN)
#else
#define CR1_ON (FDM_USART_CR1_RE | FDM_USART_CR1_TE)
#endif

static struct {
    uint32_t clock_hz;
    uint32_t baud; /* that was asked for */
} state;

/* The rate may only change while the USART is off. */
static uint32_t apply(void)
{
    uint32_t wanted = (state.clock_hz + state.baud / 2u) / state.baud;
    uint32_t divider = wanted < FDM_USART_BRR_MIN   ? FDM_USART_BRR_MIN
                       : wanted > FDM_USART_BRR_MAX ? FDM_USART_BRR_MAX
                                                    : wanted;
    uint32_t cr1 = fdm_reg_read(AT(FDM_USART_CR1)) & ~FDM_USART_CR1_UE;
    fdm_reg_write(AT(FDM_USART_CR1), cr1);
    fdm_reg_write(AT(FDM_USART_BRR), divider);
    fdm_reg_write(AT(FDM_USART_CR1), cr1 | FDM_USART_CR1_UE);
    return state.clock_hz / divider;
}

void fdm_uart_init(void)
{
    fdm_reg_enable(FDM_STM32_UART_ENABLE, FDM_STM32_UART_BIT);
    fdm_reg_write(AT(FDM_USART_CR1), 0);
    fdm_reg_write(AT(FDM_USART_CR2), 0);
    fdm_reg_write(AT(FDM_USART_CR3), 0);
#ifdef FDM_STM32_USART_FIFO
    fdm_reg_write(AT(FDM_USART_PRESC), 0); /* a boot ROM may have set it */
#endif
    fdm_reg_write(AT(FDM_USART_CR1), CR1_ON);
    state.clock_hz = FDM_STM32_UART_RESET_HZ;
    state.baud = FDM_LINE_BAUD;
    apply();
    fdm_gpio_connect(FDM_STM32_TX);
    fdm_gpio_connect(FDM_STM32_RX);
}

void fdm_usart_set_clock(uint32_t hz)
{
    state.clock_hz = hz;
    apply();
}

bool fdm_uart_has_byte(void)
{
    return (fdm_reg_read(AT(FDM_USART_STATUS)) & FDM_USART_STATUS_RXNE) != 0;
}

uint8_t fdm_uart_take(void)
{
    return (uint8_t)fdm_reg_read(AT(FDM_USART_RECEIVED));
}

bool fdm_uart_has_room(void)
{
    return (fdm_reg_read(AT(FDM_USART_STATUS)) & FDM_USART_STATUS_TXE) != 0;
}

void fdm_uart_put(uint8_t byte)
{
    fdm_reg_write(AT(FDM_USART_TO_SEND), byte);
}

void fdm_uart_ask(bool byte, bool room)
{
    fdm_reg_change(AT(FDM_USART_CR1), FDM_USART_CR1_RXNEIE | FDM_USART_CR1_TXEIE,
                   (byte ? FDM_USART_CR1_RXNEIE : 0u) | (room ? FDM_USART_CR1_TXEIE : 0u));
}

void fdm_uart_acknowledge(void)
{
#ifdef FDM_USART_ICR
    fdm_reg_write(AT(FDM_USART_ICR), FDM_USART_ICR_ERRORS);
#else /* a byte that came between the last look and the taking: nobody takes one any more */
    uint32_t lost = fdm_reg_read(AT(FDM_USART_STATUS));
    if ((lost & FDM_USART_STATUS_ORE) != 0 && (lost & FDM_USART_STATUS_RXNE) == 0)
        (void)fdm_reg_read(AT(FDM_USART_RECEIVED));
#endif
}

void fdm_uart_drain(void)
{
    while ((fdm_reg_read(AT(FDM_USART_STATUS)) & FDM_USART_STATUS_TC) == 0) {
    }
}

uint32_t fdm_uart_set_baud(uint32_t baud)
{
    state.baud = baud > 0 ? baud : 1u;
    return apply();
}

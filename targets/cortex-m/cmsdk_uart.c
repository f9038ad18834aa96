/* The UART of Arm's Cortex-M System Design Kit (Technical Reference Manual, Arm DDI 0479, "APB
 * UART"): 8N1, no FIFO. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/uart.h"

#include FDM_BOARD_HEADER

#define DATA FDM_REG(FDM_BOARD_UART + 0x00u)
#define STATE FDM_REG(FDM_BOARD_UART + 0x04u)
#define CTRL FDM_REG(FDM_BOARD_UART + 0x08u)
#define INTCLEAR FDM_REG(FDM_BOARD_UART + 0x0Cu)
#define BAUDDIV FDM_REG(FDM_BOARD_UART + 0x10u)

#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define CTRL_ENABLE 3u /* transmitter and receiver */
#define CTRL_TX_INTERRUPT 4u
#define CTRL_RX_INTERRUPT 8u
#define INT_TX 1u
#define INT_RX 2u

#define BAUDDIV_MIN 16u
#define BAUDDIV_MAX 0xFFFFFu

static uint32_t divider;

void fdm_uart_init(void)
{
    CTRL = 0;
    fdm_uart_set_baud(FDM_LINE_BAUD);
    CTRL = CTRL_ENABLE;
    /* QEMU holds back what was sent before, and hands it over when somebody reads. */
    if (!fdm_uart_has_byte())
        (void)fdm_uart_take();
}

bool fdm_uart_has_byte(void)
{
    return (STATE & STATE_RX_FULL) != 0;
}

uint8_t fdm_uart_take(void)
{
    return (uint8_t)DATA;
}

bool fdm_uart_has_room(void)
{
    return (STATE & STATE_TX_FULL) == 0;
}

void fdm_uart_put(uint8_t byte)
{
    DATA = byte;
}

void fdm_uart_ask(bool byte, bool room)
{
    CTRL = CTRL_ENABLE | (byte ? CTRL_RX_INTERRUPT : 0u) | (room ? CTRL_TX_INTERRUPT : 0u);
}

void fdm_uart_acknowledge(void)
{
    INTCLEAR = INT_TX | INT_RX;
}

/* The flag tells about the buffer; behind it the shift register sends one more byte: ten bits of
 * `divider` cycles, and a loop takes at least one. */
void fdm_uart_drain(void)
{
    while (!fdm_uart_has_room()) {
    }
    for (volatile uint32_t i = 0; i < 10u * divider; i = i + 1) {
    }
}

uint32_t fdm_uart_set_baud(uint32_t baud)
{
    uint32_t wanted = baud > 0 ? (FDM_BOARD_UART_HZ + baud / 2u) / baud : BAUDDIV_MAX;
    divider = wanted < BAUDDIV_MIN ? BAUDDIV_MIN : wanted > BAUDDIV_MAX ? BAUDDIV_MAX : wanted;
    BAUDDIV = divider;
    return FDM_BOARD_UART_HZ / divider;
}

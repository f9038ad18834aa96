/* The UART of Arm's Cortex-M System Design Kit (Technical Reference Manual, Arm DDI 0479, "APB
 * UART"): 8N1, no FIFO. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"

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

#define RING 4096u /* a power of two */

/* Written by the interrupt, read by the program: what arrived. */
static struct {
    volatile uint32_t head; /* bytes ever put in */
    volatile uint32_t tail; /* bytes ever taken out */
    uint8_t bytes[RING];
    volatile bool full; /* a byte waits in the UART, its interrupt off, until read() makes room */
} ring;

static uint32_t divider;

static void enable(bool writing)
{
    CTRL = CTRL_ENABLE | (ring.full ? 0u : CTRL_RX_INTERRUPT) | (writing ? CTRL_TX_INTERRUPT : 0u);
}

static void receive(void)
{
    while ((STATE & STATE_RX_FULL) != 0) {
        if (ring.head - ring.tail == RING) {
            ring.full = true;
            enable(false);
            return;
        }
        ring.bytes[ring.head % RING] = (uint8_t)DATA;
        ring.head = ring.head + 1;
    }
}

void fdm_line_interrupt(void)
{
    INTCLEAR = INT_TX | INT_RX;
    receive();
}

void fdm_line_init(void)
{
    CTRL = 0;
    fdm_line_set_baud(FDM_LINE_BAUD);
    enable(false);
    FDM_NVIC_ISER(FDM_BOARD_UART_IRQ) = 1u << FDM_BOARD_UART_IRQ % 32u;
    FDM_NVIC_ISER(FDM_BOARD_UART_IRQ_2) = 1u << FDM_BOARD_UART_IRQ_2 % 32u;
}

size_t fdm_line_read(uint8_t *bytes, size_t capacity)
{
    size_t count = 0;
    while (count < capacity && ring.head != ring.tail) {
        bytes[count++] = ring.bytes[ring.tail % RING];
        ring.tail = ring.tail + 1;
    }
    if (count > 0 && ring.full) {
        fdm_interrupts_off();
        ring.full = false;
        enable(false);
        receive();
        fdm_interrupts_on();
    }
    return count;
}

size_t fdm_line_write(const uint8_t *bytes, size_t len)
{
    size_t count = 0;
    while (count < len && (STATE & STATE_TX_FULL) == 0)
        DATA = bytes[count++];
    return count;
}

bool fdm_line_ready(bool writing)
{
    enable(writing);
    return ring.head != ring.tail || (writing && (STATE & STATE_TX_FULL) == 0);
}

void fdm_line_put_now(uint8_t byte)
{
    while ((STATE & STATE_TX_FULL) != 0) {
    }
    DATA = byte;
}

/* The flag tells about the buffer; behind it the shift register sends one more byte: ten bits of
 * `divider` cycles, and a loop takes at least one. */
void fdm_line_drain(void)
{
    while ((STATE & STATE_TX_FULL) != 0) {
    }
    for (volatile uint32_t i = 0; i < 10u * divider; i = i + 1) {
    }
}

uint32_t fdm_line_set_baud(uint32_t baud)
{
    uint32_t wanted = baud > 0 ? (FDM_BOARD_UART_HZ + baud / 2u) / baud : BAUDDIV_MAX;
    divider = wanted < BAUDDIV_MIN ? BAUDDIV_MIN : wanted > BAUDDIV_MAX ? BAUDDIV_MAX : wanted;
    BAUDDIV = divider;
    return FDM_BOARD_UART_HZ / divider;
}

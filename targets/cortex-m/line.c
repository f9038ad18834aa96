/* The serial line over any UART: an interrupt collects what arrives, writing polls. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/uart.h"

#include FDM_BOARD_HEADER

#ifndef FDM_LINE_RING
#define FDM_LINE_RING 4096u /* a power of two */
#endif
#define RING FDM_LINE_RING

/* Written by the interrupt, read by the program: what arrived. */
static struct {
    volatile uint32_t head; /* bytes ever put in */
    volatile uint32_t tail; /* bytes ever taken out */
    uint8_t bytes[RING];
    volatile bool full; /* a byte waits in the UART, its interrupt off, until read() makes room */
} ring;

/* Some UARTs tell only of bytes that come while they are asked to tell: so they are asked first,
 * and then whatever is there is taken. */
static void receive(void)
{
    while (fdm_uart_has_byte()) {
        if (ring.head - ring.tail == RING) {
            ring.full = true;
            return;
        }
        ring.bytes[ring.head % RING] = fdm_uart_take();
        ring.head = ring.head + 1;
    }
}

/* That there is room is told once: who waits for it asks again. */
void fdm_line_interrupt(void)
{
    fdm_uart_acknowledge();
    receive();
    fdm_uart_ask(!ring.full, false);
}

void fdm_line_init(void)
{
    fdm_uart_init();
    fdm_uart_ask(true, false);
    receive();
    FDM_NVIC_ISER(FDM_BOARD_UART_IRQ) = 1u << FDM_BOARD_UART_IRQ % 32u;
#ifdef FDM_BOARD_UART_IRQ_2
    FDM_NVIC_ISER(FDM_BOARD_UART_IRQ_2) = 1u << FDM_BOARD_UART_IRQ_2 % 32u;
#endif
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
        fdm_uart_ask(true, false);
        receive();
        fdm_uart_ask(!ring.full, false);
        fdm_interrupts_on();
    }
    return count;
}

size_t fdm_line_write(const uint8_t *bytes, size_t len)
{
    size_t count = 0;
    while (count < len && fdm_uart_has_room())
        fdm_uart_put(bytes[count++]);
    return count;
}

bool fdm_line_ready(bool writing)
{
    fdm_uart_ask(!ring.full, writing);
    return ring.head != ring.tail || (writing && fdm_uart_has_room());
}

void fdm_line_put_now(uint8_t byte)
{
    while (!fdm_uart_has_room()) {
    }
    fdm_uart_put(byte);
}

void fdm_line_drain(void)
{
    fdm_uart_drain();
}

uint32_t fdm_line_set_baud(uint32_t baud)
{
    return fdm_uart_set_baud(baud);
}

/* The UART of Nordic's nRF51 (Series Reference Manual 3.0, chapter 29): tasks are started by
 * writing 1, events read as 1 until 0 is written. Six received bytes wait in a FIFO. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"
#include "targets/cortex-m/uart.h"

#include FDM_BOARD_HEADER

#define AT(offset) FDM_REG(FDM_BOARD_UART + (offset))
#define START_RX AT(0x000u)
#define START_TX AT(0x008u)
#define RECEIVED AT(0x108u) /* RXDRDY */
#define SENT AT(0x11Cu)     /* TXDRDY */
#define INTENSET AT(0x304u)
#define INTENCLR AT(0x308u)
#define ERRORSRC AT(0x480u)
#define ENABLE AT(0x500u)
#define PSELTXD AT(0x50Cu)
#define PSELRXD AT(0x514u)
#define RXD AT(0x518u)
#define TXD AT(0x51Cu)
#define BAUDRATE AT(0x524u)

#define INT_RECEIVED (1u << 2)
#define INT_SENT (1u << 7)
#define ERRORSRC_ALL 15u
#define ENABLE_UART 4u
#define BAUD_MAX 1000000u
#define BAUDRATE_STEP 0x1000u

/* Before the first byte there is no SENT to wait for. */
static bool has_put;

void fdm_uart_init(void)
{
    PSELTXD = FDM_BOARD_UART_TX_PIN;
    PSELRXD = FDM_BOARD_UART_RX_PIN;
    ENABLE = ENABLE_UART;
    fdm_uart_set_baud(FDM_LINE_BAUD);
    START_TX = 1;
    START_RX = 1;
}

bool fdm_uart_has_byte(void)
{
    return RECEIVED != 0;
}

/* The event comes again with the next byte of the FIFO, as soon as this one is taken. */
uint8_t fdm_uart_take(void)
{
    RECEIVED = 0;
    return (uint8_t)RXD;
}

bool fdm_uart_has_room(void)
{
    return !has_put || SENT != 0;
}

void fdm_uart_put(uint8_t byte)
{
    SENT = 0;
    has_put = true;
    TXD = byte;
}

void fdm_uart_ask(bool byte, bool room)
{
    uint32_t wanted = (byte ? INT_RECEIVED : 0u) | (room ? INT_SENT : 0u);
    INTENCLR = (INT_RECEIVED | INT_SENT) & ~wanted;
    INTENSET = wanted;
}

/* The events themselves stay: they are what has_byte() and has_room() ask for. */
void fdm_uart_acknowledge(void)
{
    ERRORSRC = ERRORSRC_ALL;
}

void fdm_uart_drain(void)
{
    while (!fdm_uart_has_room()) {
    }
}

/* BAUDRATE counts 2^-32 of the clock; its lower 12 bits are ignored. */
uint32_t fdm_uart_set_baud(uint32_t baud)
{
    uint64_t rate = ((uint64_t)(baud < BAUD_MAX ? baud : BAUD_MAX) << 32) / FDM_BOARD_UART_HZ;
    uint32_t rounded = ((uint32_t)rate + BAUDRATE_STEP / 2u) & ~(BAUDRATE_STEP - 1u);
    BAUDRATE = rounded;
    return (uint32_t)((uint64_t)rounded * FDM_BOARD_UART_HZ >> 32);
}

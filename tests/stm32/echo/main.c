/* The port's start-up, line and USART alone, for a chip that is too small for the agent: gives
 * every byte back, and after FDM_ECHO_BYTES of them does what no program may. */
#include "targets/cortex-m/core.h"
#include "targets/cortex-m/machine.h"
#include "targets/stm32/stm32.h"

int main(void);

void fdm_memory_init(void)
{
}

void fdm_clock_init(void)
{
}

/* The F1's GPIO differs from all others', and QEMU has none here. */
void fdm_gpio_connect(uint32_t value)
{
    (void)value;
}

static void wait(bool writing)
{
    fdm_interrupts_off();
    if (!fdm_line_ready(writing))
        fdm_wait_for_interrupt();
    fdm_interrupts_on();
}

int main(void)
{
    fdm_line_put_now('>'); /* what came before is lost, as on a real line */
    for (uint32_t left = FDM_ECHO_BYTES; left > 0;) {
        uint8_t bytes[64];
        size_t got = fdm_line_read(bytes, left < sizeof bytes ? left : sizeof bytes);
        if (got == 0)
            wait(false);
        for (size_t put = 0; put < got; put += fdm_line_write(bytes + put, got - put))
            wait(true);
        left -= (uint32_t)got;
    }
    fdm_line_drain();
    __asm__ volatile("udf #0");
    return 0;
}

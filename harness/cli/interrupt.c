#include "harness/cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler has no argument to find its state by; this is the program's only global
 * variable. */
static atomic_bool stop_requested;

static void on_signal(int signal_number)
{
    (void)signal_number;
    atomic_store(&stop_requested, true);
}

const atomic_bool *fdm_interrupt_install(void)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop_requested;
}

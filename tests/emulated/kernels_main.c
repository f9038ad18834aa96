/* Runs on an emulated processor, and ends the emulator with its result: every tuned kernel of this
 * processor's instruction sets against the reference, with the real instructions.
 *
 * On a Cortex-M text and exit go by semihosting (Arm, "Semihosting for AArch32 and AArch64",
 * operations SYS_WRITE0 and SYS_EXIT_EXTENDED). */
#include <stdint.h>
#include <string.h>

#ifdef __linux__
#include <stdio.h>
#include <stdlib.h>
#endif

#include "tests/support/tuned_check.h"

#ifndef CASES
#define CASES 10000
#endif
#define HEAP_BYTES (384u << 10) /* an MPS3 AN547 has 512 KiB */

static _Alignas(16) uint8_t heap[HEAP_BYTES];
static size_t taken;

#ifdef __linux__

static void say(const char *text)
{
    fputs(text, stdout);
}

static _Noreturn void end(uint32_t code)
{
    exit((int)code);
}

#else

static void call_host(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void say(const char *text)
{
    call_host(0x04, text);
}

static _Noreturn void end(uint32_t code)
{
    const uint32_t block[2] = {0x20026, code}; /* the application's own exit */
    call_host(0x20, block);
    for (;;)
        ;
}

#endif

static void say_number(uint32_t number)
{
    char digits[11] = {0};
    size_t at = sizeof digits - 1;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    say(digits + at);
}

/* A stack of blocks, each behind a head. A block that is given back before those above it stays
 * until they are, too. */
struct head {
    struct head *below;
    uint32_t live;
    uint32_t unused[2]; /* keeps blocks aligned to 16 */
};

static struct head *top;

static void *take(size_t bytes)
{
    size_t whole = sizeof(struct head) + (bytes + 15) / 16 * 16;
    if (whole > HEAP_BYTES - taken) {
        say("the heap is too small\n");
        end(2);
    }
    struct head *head = (struct head *)(void *)(heap + taken);
    *head = (struct head){.below = top, .live = 1};
    top = head;
    taken += whole;
    return head + 1;
}

static void give(void *block)
{
    struct head *head = (struct head *)block - 1;
    head->live = 0;
    for (; top != NULL && top->live == 0; top = top->below)
        taken = (size_t)((uint8_t *)top - heap);
}

int main(void)
{
    static const struct tuned_memory memory = {take, give};
    uint32_t failures = 0;
    unsigned isas = fdm_nn_host_isas();
    for (const struct fdm_nn_kernel *k = fdm_nn_tuned_kernels; k->name != NULL; k++) {
        struct tuned_verdict verdict;
        if ((isas & (unsigned)k->isa) == 0 || k->run == NULL)
            continue;
        tuned_check(k, &memory, 1, CASES, &verdict);
        say(k->name);
        say(": ");
        say_number(verdict.checked);
        say(" layers equal, ");
        say_number(verdict.declined);
        say(" declined");
        if (verdict.failed) {
            say("; FAILED with seed ");
            say_number(verdict.seed);
        }
        say("\n");
        failures += verdict.failed || verdict.checked != CASES;
    }
    end(failures == 0 ? 0 : 1);
}

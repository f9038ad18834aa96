/* Tables of addresses and bits as published headers have them, against which the definitions of
 * targets/stm32 are held: one file for each header there, because two of them share names. */
#ifndef FDM_TESTS_STM32_FACTS_H
#define FDM_TESTS_STM32_FACTS_H

#include <stddef.h>
#include <stdint.h>

struct stm32_fact {
    const char *name;
    uint32_t ours;      /* what targets/stm32 defines */
    uint32_t published; /* what the header says */
    const char *source; /* in the header's words */
};

#define FACT(symbol, value, words)                                                                 \
    {                                                                                              \
        .name = #symbol, .ours = (symbol), .published = (value), .source = (words)                 \
    }

extern const struct stm32_fact stm32_facts_f4[], stm32_facts_h7[], stm32_facts_f7[],
    stm32_facts_u5[], stm32_facts_l4[], stm32_facts_n6[], stm32_facts_shared[],
    stm32_facts_usart_v2[];
extern const size_t stm32_facts_f4_count, stm32_facts_h7_count, stm32_facts_f7_count,
    stm32_facts_u5_count, stm32_facts_l4_count, stm32_facts_n6_count, stm32_facts_shared_count,
    stm32_facts_usart_v2_count;

/* What a board's JSON file says of its chip, for the programs that write the flash. */
struct stm32_flash_fact {
    const char *board;
    uint32_t chip_id, chip_id_register;
    uint32_t protection_register, protection_shift; /* 0, 0: there is none */
    const char *source;                             /* in the headers' words */
};

extern const struct stm32_flash_fact stm32_flash_facts[];
extern const size_t stm32_flash_fact_count;

#endif

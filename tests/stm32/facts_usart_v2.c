/* What stm32f405xx.h (STMicroelectronics/cmsis_device_f4, cdbad76) says about the older USART. */
#include "targets/stm32/usart_v2.h"

#include "tests/stm32/facts.h"

const struct stm32_fact stm32_facts_usart_v2[] = {
    FACT(FDM_USART_STATUS, 0x00000000, "offsetof(USART_TypeDef, SR)"),
    FACT(FDM_USART_STATUS_ORE, 0x00000008, "USART_SR_ORE"),
    FACT(FDM_USART_STATUS_RXNE, 0x00000020, "USART_SR_RXNE"),
    FACT(FDM_USART_STATUS_TC, 0x00000040, "USART_SR_TC"),
    FACT(FDM_USART_STATUS_TXE, 0x00000080, "USART_SR_TXE"),
    FACT(FDM_USART_RECEIVED, 0x00000004, "offsetof(USART_TypeDef, DR)"),
    FACT(FDM_USART_TO_SEND, 0x00000004, "offsetof(USART_TypeDef, DR)"),
    FACT(FDM_USART_BRR, 0x00000008, "offsetof(USART_TypeDef, BRR)"),
    FACT(FDM_USART_BRR_MIN, 0x00000010, "RM0399, RM0090, USART: USARTDIV is at least 16"),
    FACT(FDM_USART_BRR_MAX, 0x0000FFFF, "USART_BRR_DIV_Mantissa | USART_BRR_DIV_Fraction"),
    FACT(FDM_USART_CR1, 0x0000000C, "offsetof(USART_TypeDef, CR1)"),
    FACT(FDM_USART_CR1_RE, 0x00000004, "USART_CR1_RE"),
    FACT(FDM_USART_CR1_TE, 0x00000008, "USART_CR1_TE"),
    FACT(FDM_USART_CR1_RXNEIE, 0x00000020, "USART_CR1_RXNEIE"),
    FACT(FDM_USART_CR1_TXEIE, 0x00000080, "USART_CR1_TXEIE"),
    FACT(FDM_USART_CR1_UE, 0x00002000, "USART_CR1_UE"),
    FACT(FDM_USART_CR2, 0x00000010, "offsetof(USART_TypeDef, CR2)"),
    FACT(FDM_USART_CR3, 0x00000014, "offsetof(USART_TypeDef, CR3)"),
};
const size_t stm32_facts_usart_v2_count =
    sizeof stm32_facts_usart_v2 / sizeof stm32_facts_usart_v2[0];

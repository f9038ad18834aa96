/* What stm32f405xx.h (STMicroelectronics/cmsis_device_f4, cdbad76) says about the names of
 * targets/stm32/f4_registers.h; each row's remark is the expression in that header's words. */
#include "targets/stm32/f4_registers.h"

#include "tests/stm32/facts.h"

const struct stm32_fact stm32_facts_f4[] = {
    FACT(FDM_F4_RCC_AHB1ENR, 0x40023830, "RCC_BASE + offsetof(RCC_TypeDef, AHB1ENR)"),
    FACT(FDM_F4_RCC_APB1ENR, 0x40023840, "RCC_BASE + offsetof(RCC_TypeDef, APB1ENR)"),
    FACT(FDM_F4_RCC_APB1ENR_TIM2EN, 0x00000001, "RCC_APB1ENR_TIM2EN_Msk"),
    FACT(FDM_F4_RCC_APB1ENR_TIM5EN, 0x00000008, "RCC_APB1ENR_TIM5EN_Msk"),
    FACT(FDM_F4_RCC_APB2ENR, 0x40023844, "RCC_BASE + offsetof(RCC_TypeDef, APB2ENR)"),
    FACT(FDM_F4_RCC_APB2ENR_USART1EN, 0x00000010, "RCC_APB2ENR_USART1EN_Msk"),
    FACT(FDM_F4_GPIOA, 0x40020000, "GPIOA_BASE"),
    FACT(FDM_F4_TIM2, 0x40000000, "TIM2_BASE"),
    FACT(FDM_F4_TIM5, 0x40000C00, "TIM5_BASE"),
    FACT(FDM_F4_USART1, 0x40011000, "USART1_BASE"),
    FACT(FDM_F4_USART1_IRQ, 0x00000025, "USART1_IRQn"),
};
const size_t stm32_facts_f4_count = sizeof stm32_facts_f4 / sizeof stm32_facts_f4[0];

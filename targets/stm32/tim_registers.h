/* A general-purpose timer, as TIM2 to TIM5: offsets and bits. RM0399, RM0410, RM0456, RM0432,
 * RM0486, RM0090, each chapter "General-purpose timers", section "registers". */
#ifndef FDM_STM32_TIM_REGISTERS_H
#define FDM_STM32_TIM_REGISTERS_H

#define FDM_TIM_CR1 0x00u
#define FDM_TIM_CR1_CEN (1u << 0)
#define FDM_TIM_EGR 0x14u
#define FDM_TIM_EGR_UG (1u << 0)
#define FDM_TIM_CNT 0x24u
#define FDM_TIM_PSC 0x28u /* divisor less one, 16 bits */
#define FDM_TIM_ARR 0x2Cu /* TIM2 and TIM5: 32 bits */

#endif

/* A general-purpose timer, as TIM2 to TIM5: offsets and bits. Behind each register stands its
 * section in RM0410 Rev 4; the other families' manuals have it in their chapter "General-purpose
 * timers". */
#ifndef FDM_STM32_TIM_REGISTERS_H
#define FDM_STM32_TIM_REGISTERS_H

#define FDM_TIM_CR1 0x00u /* 26.4.1 */
#define FDM_TIM_CR1_CEN (1u << 0)
#define FDM_TIM_EGR 0x14u /* 26.4.6 */
#define FDM_TIM_EGR_UG (1u << 0)
#define FDM_TIM_CNT 0x24u /* 26.4.10 */
#define FDM_TIM_PSC 0x28u /* 26.4.11; divisor less one, 16 bits */
#define FDM_TIM_ARR 0x2Cu /* 26.4.12; TIM2 and TIM5: 32 bits */

#endif

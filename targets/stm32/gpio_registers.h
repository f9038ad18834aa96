/* The GPIO port of all STM32 but the F1: offsets and fields. Behind each register stands its
 * section in RM0410 Rev 4; the other families' manuals have it in their chapter "General-purpose
 * I/Os (GPIO)", in the same order. */
#ifndef FDM_STM32_GPIO_REGISTERS_H
#define FDM_STM32_GPIO_REGISTERS_H

#define FDM_GPIO_STRIDE 0x400u /* from one port to the next */

#define FDM_GPIO_MODER 0x00u /* 6.4.1; two bits for each pin */
#define FDM_GPIO_MODER_ALTERNATE 2u
#define FDM_GPIO_OSPEEDR 0x08u /* 6.4.3; two bits for each pin */
#define FDM_GPIO_OSPEEDR_HIGH 2u
#define FDM_GPIO_PUPDR 0x0Cu /* 6.4.4; two bits for each pin */
#define FDM_GPIO_PUPDR_UP 1u
#define FDM_GPIO_AFRL                                                                              \
    0x20u /* 6.4.9; four bits for each of pins 0 to 7; AFRH follows with the others */

#endif

/* The GPIO port of all STM32 but the F1: offsets and fields. RM0399, RM0410, RM0456, RM0432,
 * RM0486, RM0090, each chapter "General-purpose I/Os (GPIO)", section "GPIO registers". */
#ifndef FDM_STM32_GPIO_REGISTERS_H
#define FDM_STM32_GPIO_REGISTERS_H

#define FDM_GPIO_STRIDE 0x400u /* from one port to the next */

#define FDM_GPIO_MODER 0x00u /* two bits for each pin */
#define FDM_GPIO_MODER_ALTERNATE 2u
#define FDM_GPIO_OSPEEDR 0x08u /* two bits for each pin */
#define FDM_GPIO_OSPEEDR_HIGH 2u
#define FDM_GPIO_PUPDR 0x0Cu /* two bits for each pin */
#define FDM_GPIO_PUPDR_UP 1u
#define FDM_GPIO_AFRL 0x20u /* four bits for each of pins 0 to 7; AFRH follows with the others */

#endif

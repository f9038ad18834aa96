/* The USART of the F1 and F4: offsets and bits. RM0090, RM0041, each chapter "Universal synchronous
 * asynchronous receiver transmitter (USART)", section "USART registers". Errors are forgotten by
 * reading SR and then DR, as who takes a byte does. */
#ifndef FDM_STM32_USART_REGISTERS_H
#define FDM_STM32_USART_REGISTERS_H

#define FDM_USART_STATUS 0x00u /* SR */
#define FDM_USART_STATUS_ORE (1u << 3)
#define FDM_USART_STATUS_RXNE (1u << 5)
#define FDM_USART_STATUS_TC (1u << 6)
#define FDM_USART_STATUS_TXE (1u << 7)
#define FDM_USART_RECEIVED 0x04u /* DR */
#define FDM_USART_TO_SEND 0x04u  /* DR */
#define FDM_USART_BRR 0x08u
#define FDM_USART_BRR_MIN 16u
#define FDM_USART_BRR_MAX 0xFFFFu
#define FDM_USART_CR1 0x0Cu
#define FDM_USART_CR1_RE (1u << 2)
#define FDM_USART_CR1_TE (1u << 3)
#define FDM_USART_CR1_RXNEIE (1u << 5)
#define FDM_USART_CR1_TXEIE (1u << 7)
#define FDM_USART_CR1_UE (1u << 13)
#define FDM_USART_CR2 0x10u
#define FDM_USART_CR3 0x14u

#endif

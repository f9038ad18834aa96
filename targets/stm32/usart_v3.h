/* The USART of the F7, H7, L4, U5 and N6: offsets and bits. Behind each register stands its section
 * in RM0433 Rev 8; the other families' manuals have it in their chapter "Universal synchronous/
 * asynchronous receiver transmitter (USART/UART)". FIFOEN and PRESC are reserved on the F7. */
#ifndef FDM_STM32_USART_REGISTERS_H
#define FDM_STM32_USART_REGISTERS_H

#define FDM_USART_CR1 0x00u /* 48.8.1 */
#define FDM_USART_CR1_UE (1u << 0)
#define FDM_USART_CR1_RE (1u << 2)
#define FDM_USART_CR1_TE (1u << 3)
#define FDM_USART_CR1_RXNEIE (1u << 5)
#define FDM_USART_CR1_TXEIE (1u << 7)
#define FDM_USART_CR1_FIFOEN (1u << 29)
#define FDM_USART_CR2 0x04u /* 48.8.3 */
#define FDM_USART_CR3 0x08u /* 48.8.4 */
#define FDM_USART_BRR 0x0Cu /* 48.8.5 */
#define FDM_USART_BRR_MIN 16u
#define FDM_USART_BRR_MAX 0xFFFFu
#define FDM_USART_STATUS 0x1Cu /* 48.8.9; ISR */
#define FDM_USART_STATUS_RXNE (1u << 5)
#define FDM_USART_STATUS_TC (1u << 6)
#define FDM_USART_STATUS_TXE (1u << 7)
#define FDM_USART_ICR 0x20u /* 48.8.11 */
#define FDM_USART_ICR_ERRORS                                                                       \
    (1u << 0 | 1u << 1 | 1u << 2 | 1u << 3) /* parity, frame, noise, lost */
#define FDM_USART_RECEIVED 0x24u            /* 48.8.12; RDR */
#define FDM_USART_TO_SEND 0x28u             /* 48.8.13; TDR */
#define FDM_USART_PRESC 0x2Cu               /* 48.8.14; 0: the clock itself */

#endif

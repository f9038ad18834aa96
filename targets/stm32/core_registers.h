/* Registers of the cores: Armv7-M and Armv8-M Architecture Reference Manuals (Arm DDI 0403, DDI
 * 0553), chapters on the system control space, the data watchpoint and trace unit and the protected
 * memory system architecture; cache maintenance also in ST's PM0253 (Cortex-M7), chapter 4. */
#ifndef FDM_STM32_CORE_REGISTERS_H
#define FDM_STM32_CORE_REGISTERS_H

#define FDM_CORE_DWT_CTRL 0xE0001000u
#define FDM_CORE_DWT_CTRL_CYCCNTENA (1u << 0)
#define FDM_CORE_DWT_CYCCNT 0xE0001004u
#define FDM_CORE_DWT_LAR 0xE0001FB0u /* Armv7-M: locked until the key is written */
#define FDM_CORE_DWT_LAR_KEY 0xC5ACCE55u
#define FDM_CORE_DEMCR 0xE000EDFCu
#define FDM_CORE_DEMCR_TRCENA (1u << 24)

#define FDM_CORE_CCR 0xE000ED14u
#define FDM_CORE_CCR_DC (1u << 16)
#define FDM_CORE_CCR_IC (1u << 17)
#define FDM_CORE_CCR_LOB (1u << 19) /* Armv8.1-M */
#define FDM_CORE_CCSIDR 0xE000ED80u
#define FDM_CORE_CCSIDR_SETS(value) ((value) >> 13 & 0x7FFFu) /* less one */
#define FDM_CORE_CCSIDR_WAYS(value) ((value) >> 3 & 0x3FFu)   /* less one */
#define FDM_CORE_CSSELR 0xE000ED84u                           /* 0: level 1, data */
#define FDM_CORE_ICIALLU 0xE000EF50u
#define FDM_CORE_DCISW 0xE000EF60u
#define FDM_CORE_DCISW_SET_POS 5u /* lines of 32 bytes */

/* Armv7-M's memory protection; Armv8-M has its control register in the same place. */
#define FDM_CORE_MPU_CTRL 0xE000ED94u
#define FDM_CORE_MPU_CTRL_ENABLE (1u << 0)
#define FDM_CORE_MPU_CTRL_PRIVDEFENA (1u << 2)
#define FDM_CORE_MPU_RNR 0xE000ED98u
#define FDM_CORE_MPU_RBAR 0xE000ED9Cu
#define FDM_CORE_MPU_RASR 0xE000EDA0u
#define FDM_CORE_MPU_RASR_ENABLE (1u << 0)
#define FDM_CORE_MPU_RASR_SIZE_POS 1u /* 2^(value + 1) bytes */
#define FDM_CORE_MPU_RASR_SRD_POS 8u  /* a bit for each eighth that the region leaves out */
#define FDM_CORE_MPU_RASR_XN (1u << 28)

/* Armv8-M: what is secure, where the CPU starts in the secure state. */
#define FDM_CORE_SAU_CTRL 0xE000EDD0u

#endif

/* What every Cortex-M has: system registers and the few instructions that C lacks.
 *
 * Addresses and bits: Architecture Reference Manuals of Armv6-M (Arm DDI 0419), Armv7-M (Arm DDI
 * 0403) and Armv8-M (Arm DDI 0553), chapters on the system control space. */
#ifndef FDM_CORTEX_M_CORE_H
#define FDM_CORTEX_M_CORE_H

#include <stdint.h>

#define FDM_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define FDM_SYST_CSR                                                                               \
    FDM_REG(0xE000E010u)                  /* SysTick control: 1 enable, 2 interrupt, 4 CPU clock   \
                                           */
#define FDM_SYST_RVR FDM_REG(0xE000E014u) /* reload, 24 bits */
#define FDM_SYST_CVR FDM_REG(0xE000E018u) /* current; any write clears */
#define FDM_NVIC_ISER(irq) FDM_REG(0xE000E100u + 4u * ((irq) / 32u))
#define FDM_ICSR FDM_REG(0xE000ED04u)
#define FDM_ICSR_PENDSTCLR (1u << 25)
#define FDM_VTOR FDM_REG(0xE000ED08u) /* vector table, aligned to its size */
#define FDM_AIRCR FDM_REG(0xE000ED0Cu)
#define FDM_AIRCR_RESET 0x05FA0004u /* key and SYSRESETREQ */

/* Armv6-M has one fault, the hard fault, and no register that tells its cause. */
#define FDM_CORE_TELLS_FAULTS (__ARM_ARCH >= 7)
#define FDM_SHCSR FDM_REG(0xE000ED24u)
#define FDM_SHCSR_FAULTS (7u << 16) /* memory, bus and usage faults as exceptions of their own */
#define FDM_CFSR FDM_REG(0xE000ED28u)
#define FDM_CFSR_MEMORY_STACKING (1u << 4) /* no room for an exception's frame */
#define FDM_CFSR_MMFAR_VALID (1u << 7)
#define FDM_CFSR_STACK_LIMIT (1u << 20) /* Armv8-M: below MSPLIM */
#define FDM_MMFAR FDM_REG(0xE000ED34u)
#define FDM_BFAR FDM_REG(0xE000ED38u)
#define FDM_CPACR FDM_REG(0xE000ED88u)
#define FDM_CPACR_FPU (0xFu << 20) /* coprocessors 10 and 11: floating point and MVE */

/* Memory protection until Armv7-M; Armv8-M's has other registers. */
#define FDM_MPU_TYPE FDM_REG(0xE000ED90u)
#define FDM_MPU_TYPE_REGIONS(type) ((type) >> 8 & 0xFFu)
#define FDM_MPU_CTRL FDM_REG(0xE000ED94u)
#define FDM_MPU_CTRL_ENABLE 5u /* with the default map where no region is; not in hard faults */
#define FDM_MPU_RBAR FDM_REG(0xE000ED9Cu)
#define FDM_MPU_RBAR_REGION(region) (1u << 4 | (region))
#define FDM_MPU_RASR FDM_REG(0xE000EDA0u)
#define FDM_MPU_RASR_NOTHING (1u << 28 | 1u) /* no access, no execution */
#define FDM_MPU_RASR_BYTES_4096 (11u << 1)

#define FDM_SYSTICK_MAX 0xFFFFFFu

static inline void fdm_interrupts_off(void)
{
    __asm__ volatile("cpsid i" ::: "memory");
}

static inline void fdm_interrupts_on(void)
{
    __asm__ volatile("cpsie i\n\tisb" ::: "memory");
}

/* Sleeps until an interrupt is pending; also while interrupts are off, when it is not taken. */
static inline void fdm_wait_for_interrupt(void)
{
    __asm__ volatile("dsb\n\twfi" ::: "memory");
}

/* The compiler moves no memory access and no call across. */
static inline void fdm_compiler_barrier(void)
{
    __asm__ volatile("" ::: "memory");
}

#endif

/* Where a chip tells what it is and whether it may be read, for each board: registers as ST's
 * device headers have them (the versions that the other tables name), each row's remark being the
 * expressions in that header's words; DEV_ID as the flash drivers of OpenOCD 0.12 (src/flash/nor)
 * and stlink 1.8 (config/chips) have it. The STM32N6 has no flash to protect, and a probe that
 * reads a register without a clock hangs it: its DEV_ID is what STM32CubeProgrammer tells, and
 * B_0x486 in stm32-data's registers/dbgmcu_n6.yaml. */
#include "tests/stm32/facts.h"

#define H7                                                                                         \
    "stm32h747xx.h: DBGMCU_BASE + offsetof(DBGMCU_TypeDef, IDCODE); "                              \
    "FLASH_R_BASE + offsetof(FLASH_TypeDef, OPTSR_CUR); FLASH_OPTSR_RDP_Pos"
#define F7                                                                                         \
    "stm32f769xx.h: DBGMCU_BASE + offsetof(DBGMCU_TypeDef, IDCODE); "                              \
    "FLASH_R_BASE + offsetof(FLASH_TypeDef, OPTCR); FLASH_OPTCR_RDP_Pos"
#define U5                                                                                         \
    "stm32u585xx.h: DBGMCU_BASE + offsetof(DBGMCU_TypeDef, IDCODE); "                              \
    "FLASH_R_BASE_NS + offsetof(FLASH_TypeDef, OPTR); FLASH_OPTR_RDP_Pos"
#define L4                                                                                         \
    "stm32l4s5xx.h: DBGMCU_BASE + offsetof(DBGMCU_TypeDef, IDCODE); "                              \
    "FLASH_R_BASE + offsetof(FLASH_TypeDef, OPTR); FLASH_OPTR_RDP_Pos"

const struct stm32_flash_fact stm32_flash_facts[] = {
    {"STM32H747I-DISCO", 0x450, 0x5C001000, 0x5200201C, 8, H7 "; DEVID_STM32H74_H75XX"},
    {"NUCLEO-H743ZI2", 0x450, 0x5C001000, 0x5200201C, 8, H7 "; DEVID_STM32H74_H75XX"},
    {"STM32F769I-DISCO", 0x451, 0xE0042000, 0x40023C14, 8, F7 "; stm32f2x.c: 0x451"},
    {"B-U585I-IOT02A", 0x482, 0xE0044000, 0x40022040, 0, U5 "; DEVID_STM32U57_U58XX"},
    {"B-L4S5I-IOT01A", 0x470, 0xE0042000, 0x40022020, 0, L4 "; DEVID_STM32L4R_L4SXX"},
    {"STM32N6570-DK", 0x486, 0, 0, 0, "Device ID : 0x486; B_0x486"},
};
const size_t stm32_flash_fact_count = sizeof stm32_flash_facts / sizeof stm32_flash_facts[0];

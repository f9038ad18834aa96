/* Debug probes and flashing tools for tests: a folder with what the kernel lists, and scripts that
 * record how they are called and say what they are told to say. */
#ifndef FDM_TESTS_SUPPORT_FLASH_WORLD_H
#define FDM_TESTS_SUPPORT_FLASH_WORLD_H

struct flash_world {
    char *folder;
    char *path; /* the environment's, before */
};

/* Sets PATH (our tools, then /usr/bin and /bin), FDM_SYSFS and FDM_DEV; a program "agent.elf" and a
 * tool "objcopy" that copies are there. */
void flash_world_begin(struct flash_world *world);
void flash_world_end(struct flash_world *world);

/* A file below the folder. Tools say what "say.<step>" holds and end with the status in
 * "code.<step>", where the step is "write" for calls that change something, "read" for those that
 * read into a file, which gets what "file.read" holds, else "identify".
 * "once.<step>" is said, with a failure, the first time; "hang.<step>" lets them hang. */
void flash_world_put(const struct flash_world *world, const char *name, const char *text,
                     unsigned mode);
/* A USB device of ST's: attributes as in sysfs, "374e\n". */
void flash_world_attach(const struct flash_world *world, unsigned number, const char *product,
                        const char *serial);
/* "openocd", "st-flash" (with st-info), "STM32_Programmer_CLI". */
void flash_world_install(const struct flash_world *world, const char *tool);
/* What was called, one call a line, with the world's folder taken out; the caller frees. */
char *flash_world_calls(const struct flash_world *world);

#endif

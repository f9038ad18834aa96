/* Takes the place of targets/wire/crc32.c where a test must show that it notices damage: every
 * checksum is the same, so every frame seems whole. */
#include "targets/wire/crc32.h"

uint32_t fdm_crc32(uint32_t crc, const void *bytes, size_t len)
{
    (void)crc;
    (void)bytes;
    (void)len;
    return 0;
}

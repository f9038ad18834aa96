/* CRC-32 of IEEE 802.3: polynomial 0x04C11DB7, bits reflected, register preset and result inverted.
 * It is the value that zlib's crc32() and PNG (ISO/IEC 15948, annex D) give, so any tool can check
 * ours: the nine ASCII digits "123456789" have 0xCBF43926.
 *
 * The table has 16 entries (64 bytes of flash): a nibble at a time, no RAM, no initialisation. */
#ifndef FDM_WIRE_CRC32_H
#define FDM_WIRE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of nothing, with which a sum begins. */
#define FDM_CRC32_INIT UINT32_C(0)

/* Continues `crc` (FDM_CRC32_INIT, or the result of an earlier call) over `len` more bytes, so that
 * a sum over pieces equals the sum over the whole. `bytes` may be NULL when `len` is 0. */
uint32_t fdm_crc32(uint32_t crc, const void *bytes, size_t len);

#endif

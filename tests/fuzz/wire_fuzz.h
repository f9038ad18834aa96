/* Any bytes through the wire: what both the deterministic test and libFuzzer call. */
#ifndef FDM_TESTS_FUZZ_WIRE_FUZZ_H
#define FDM_TESTS_FUZZ_WIRE_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* The first byte chooses what the others are:
 *  0  bytes from the line, to a link with a session
 *  1  frames, each {type, u16 sequence, u8 length, payload}, which get a right CRC and the session
 *  2  a message: type, then the body
 *  3  the stream of messages on a link
 * Aborts if a promise of the headers is broken. */
enum { WIRE_FUZZ_LINE, WIRE_FUZZ_FRAMES, WIRE_FUZZ_MESSAGE, WIRE_FUZZ_STREAM, WIRE_FUZZ_KINDS };
void wire_fuzz(const uint8_t *bytes, size_t len);

#endif

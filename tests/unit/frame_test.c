#include "tests/support/test.h"

#include <string.h>

#include "targets/wire/crc32.h"

static void crc32_known_answers(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *bytes;
        size_t len;
        uint32_t crc;
    } cases[] = {
        {"nothing", "", 0, 0x00000000},
        {"the check value of the catalogue of CRCs", "123456789", 9, 0xCBF43926},
        {"type and data of an empty IEND chunk, PNG specification", "IEND", 4, 0xAE426082},
        {"four zero bytes: the preset register matters", "\0\0\0\0", 4, 0x2144DF1C},
        {"four 0xFF bytes", "\xff\xff\xff\xff", 4, 0xFFFFFFFF},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (fdm_crc32(FDM_CRC32_INIT, cases[i].bytes, cases[i].len) != cases[i].crc)
            fail_msg("%s", cases[i].remark);
    assert_int_equal(fdm_crc32(FDM_CRC32_INIT, NULL, 0), 0);
}

static void crc32_of_pieces_is_that_of_the_whole(void **state)
{
    (void)state;
    uint8_t bytes[300];
    uint32_t seed = 1;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)test_random(&seed);
    uint32_t whole = fdm_crc32(FDM_CRC32_INIT, bytes, sizeof bytes);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        uint32_t crc = fdm_crc32(FDM_CRC32_INIT, bytes, cut);
        assert_int_equal(fdm_crc32(crc, bytes + cut, sizeof bytes - cut), whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc32_known_answers),
        cmocka_unit_test(crc32_of_pieces_is_that_of_the_whole),
    };
    return cmocka_run_group_tests_name("frame", tests, NULL, NULL);
}

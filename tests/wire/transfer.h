/* Sends images from one end of a wire to the other as LOAD messages, in virtual time. */
#ifndef FDM_TESTS_WIRE_TRANSFER_H
#define FDM_TESTS_WIRE_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "tests/fakes/wire_pair.h"

struct transfer_result {
    uint64_t elapsed_ns; /* from the first byte to the last acknowledgement of the board */
    unsigned wrong;      /* images that arrived with other bytes than were sent */
    unsigned arrived;
    struct fdm_link_stats sender;
};

/* Image i consists of random bytes from seed i + 1. Each is answered by LOAD_STATE, and the next is
 * begun without waiting for that. Fails the test if an image takes longer than a minute. */
void transfer_images(const struct wire_pair_config *config, unsigned images, size_t image_bytes,
                     struct transfer_result *result);

#endif

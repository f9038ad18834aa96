/* What to compile for a board and how: targets/firmware.json joined with the board's entry. */
#ifndef FDM_HARNESS_BUILD_RECIPE_H
#define FDM_HARNESS_BUILD_RECIPE_H

#include "harness/base/buf.h"
#include "harness/build/firmware.h"
#include "harness/build/words.h"

#define FDM_RECIPE_FILE "targets/firmware.json"

/* Sources that are compiled by one command; each becomes an object by itself. */
struct fdm_recipe_group {
    struct fdm_words compile; /* the command up to the names of sources; makes objects in the
                                 present folder */
    struct fdm_words sources; /* paths that lead anywhere */
    struct fdm_buf digest;    /* one line for everything on which the objects depend, but for the
                                 compiler's own version */
};

struct fdm_recipe {
    struct fdm_recipe_group network; /* kernels and executor, which know nothing of a board but its
                                        processor; the emitted network is compiled as they are */
    struct fdm_recipe_group agent;   /* all other sources */
    struct fdm_words link;           /* the command up to the names of objects */
    struct fdm_buf flags;            /* those that shape the code, parted by blanks */
    struct fdm_buf digest;           /* as a group's, for the program without its network */
};

/* `sources` is an absolute path. {0} is an empty recipe; release it in any case. FDM_ERR_FORMAT
 * names the member, FDM_ERR_NOT_FOUND a missing file or port. */
enum fdm_status fdm_recipe_read(const char *sources, const struct fdm_firmware_options *options,
                                struct fdm_recipe *out, struct fdm_error *err);
void fdm_recipe_release(struct fdm_recipe *recipe);

#endif

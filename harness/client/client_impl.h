/* What the client's own files share: client.c keeps the session and asks again what got lost,
 * client_load.c brings the input, client_infer.c runs it and fetches what came out, client_baud.c
 * changes the rate. The statuses are those of client.h. */
#ifndef FDM_CLIENT_CLIENT_IMPL_H
#define FDM_CLIENT_CLIENT_IMPL_H

#include <stdbool.h>

#include "harness/client/client.h"
#include "harness/client/session.h"

struct fdm_client {
    struct fdm_session session;
    struct fdm_client_options options;
    struct fdm_msg_hello_reply hello;
    bool greeted; /* `hello` is valid */
    bool broken;  /* the session has to be opened anew */
    uint8_t tag;  /* of the present request */
    uint32_t first_baud;
    uint8_t *input; /* the last one loaded, NULL without one */
    size_t input_bytes;
    uint32_t input_session; /* number of the session in which the board was known to have it */
};

void fdm_client_progress(const struct fdm_client *client, const char *what, uint64_t done,
                         uint64_t total);

/* ---- one request ---- */

/* Sends a request under a new tag. */
enum fdm_status fdm_client_request(struct fdm_client *client, struct fdm_msg *msg,
                                   struct fdm_error *err);
/* The next item or reply to the present request; what belongs to an earlier one, which was given
 * up, is passed over. `item` is 0 for requests without any. FDM_ERR_TARGET, FDM_ERR_CORRUPT: the
 * board's ERROR; FDM_ERR_FORMAT: another message. */
enum fdm_status fdm_client_answer(struct fdm_client *client, uint8_t item, uint8_t reply,
                                  uint64_t silence_ns, struct fdm_msg *msg, struct fdm_error *err);
/* Both, for a request without items; the reply replaces it in `*msg`. */
enum fdm_status fdm_client_ask(struct fdm_client *client, struct fdm_msg *msg, uint8_t reply,
                               struct fdm_error *err);

/* ---- trying again ---- */

/* Something that may be attempted again in a new session. */
struct fdm_client_job {
    const char *what; /* for messages */
    enum fdm_status (*attempt)(struct fdm_client *client, void *arguments, struct fdm_error *err);
    void *arguments;
    bool needs_input; /* bring the input first if the board does not have it */
};

/* Attempts it, each time after a loss in a new session, as often as the options allow. */
enum fdm_status fdm_client_perform(struct fdm_client *client, const struct fdm_client_job *job,
                                   struct fdm_error *err);
bool fdm_client_is_worth_another(enum fdm_status status);
/* Opens a new session with a board that is at its first rate by now; `what` is for messages. */
enum fdm_status fdm_client_reopen(struct fdm_client *client, const char *what,
                                  struct fdm_error *err);

/* ---- the input (client_load.c) ---- */

/* Brings what the board lacks of `client->input`. */
enum fdm_status fdm_client_load(struct fdm_client *client, struct fdm_error *err);
/* Where the input is streamed, its first layers run while it is loaded: brings it now; `flags`
 * (enum fdm_profile_flag) tell what to note of them. A board that has no input yet says so itself
 * when it is to run. */
enum fdm_status fdm_client_load_to_run(struct fdm_client *client, uint8_t flags,
                                       struct fdm_error *err);
bool fdm_client_is_streamed(const struct fdm_client *client);
void fdm_client_forget_input(struct fdm_client *client);

#endif

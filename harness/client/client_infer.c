#include <stdbool.h>
#include <string.h>

#include "harness/client/client_impl.h"
#include "targets/wire/crc32.h"

/* ---- inference ---- */

struct inference {
    uint16_t warmups;
    uint16_t runs;
    uint64_t *counters;
    struct fdm_msg_infer_done done;
};

static enum fdm_status attempt_infer(struct fdm_client *client, void *arguments,
                                     struct fdm_error *err)
{
    struct inference *job = arguments;
    uint64_t silence_ns = client->options.run_silence_ns;
    struct fdm_msg msg = {.type = FDM_MSG_INFER, .u.infer = {job->warmups, job->runs}};
    enum fdm_status status = fdm_client_load_to_run(client, 0, err);
    if (status == FDM_OK)
        status = fdm_client_request(client, &msg, err);
    for (uint32_t i = 0; status == FDM_OK; i++) {
        uint64_t patience_ns = i == 0 ? silence_ns * (job->warmups + UINT64_C(1)) : silence_ns;
        status = fdm_client_answer(client, FDM_MSG_RUN, FDM_MSG_INFER_DONE, patience_ns, &msg, err);
        if (status != FDM_OK)
            break;
        if (msg.type == FDM_MSG_INFER_DONE) {
            job->done = msg.u.infer_done;
            if (i == job->runs && job->done.runs == job->runs)
                return FDM_OK;
            return fdm_fail(err, FDM_ERR_FORMAT, "the board reports %lu of %u runs",
                            (unsigned long)i, job->runs);
        }
        if (i >= job->runs || msg.u.run.index != i)
            return fdm_fail(err, FDM_ERR_FORMAT, "the board reports run %lu where %lu is due",
                            (unsigned long)msg.u.run.index, (unsigned long)i);
        job->counters[i] = msg.u.run.counter;
        fdm_client_progress(client, "infer", i + UINT64_C(1), job->runs);
    }
    return status;
}

static enum fdm_status infer(struct fdm_client *client, struct inference *inference,
                             struct fdm_error *err)
{
    const struct fdm_client_job job = {.what = "infer",
                                       .attempt = attempt_infer,
                                       .arguments = inference,
                                       .needs_input = !fdm_client_is_streamed(client)};
    return fdm_client_perform(client, &job, err);
}

/* One request for each run. */
static enum fdm_status infer_streamed(struct fdm_client *client, struct inference *inference,
                                      struct fdm_error *err)
{
    uint64_t elapsed_us = 0;
    for (uint32_t i = 0; i < (uint32_t)inference->warmups + inference->runs; i++) {
        uint64_t counter;
        struct inference one = {.runs = 1, .counters = &counter};
        enum fdm_status status = infer(client, &one, err);
        if (status != FDM_OK)
            return status;
        inference->done = one.done;
        if (i < inference->warmups)
            continue;
        inference->counters[i - inference->warmups] = counter;
        elapsed_us += one.done.elapsed_us;
    }
    inference->done.runs = inference->runs;
    inference->done.elapsed_us = elapsed_us;
    return FDM_OK;
}

enum fdm_status fdm_client_infer(struct fdm_client *client, uint16_t warmups, uint16_t runs,
                                 uint64_t *counters, struct fdm_msg_infer_done *done,
                                 struct fdm_error *err)
{
    if (runs == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "infer: not a single run is asked for");
    struct inference inference = {.warmups = warmups, .runs = runs, .counters = counters};
    enum fdm_status status = fdm_client_is_streamed(client)
                                 ? infer_streamed(client, &inference, err)
                                 : infer(client, &inference, err);
    if (status == FDM_OK && done != NULL)
        *done = inference.done;
    return status;
}

/* ---- output ---- */

static enum fdm_status attempt_output(struct fdm_client *client, void *arguments,
                                      struct fdm_error *err)
{
    uint8_t *out = arguments;
    const uint32_t total = client->hello.output_bytes;
    uint32_t at = 0;
    struct fdm_msg msg = {.type = FDM_MSG_OUTPUT, .u.output = {0, total}};
    enum fdm_status status = fdm_client_request(client, &msg, err);
    while (status == FDM_OK) {
        status = fdm_client_answer(client, FDM_MSG_OUTPUT_DATA, FDM_MSG_OUTPUT_DONE,
                                   client->options.silence_ns, &msg, err);
        if (status != FDM_OK || msg.type == FDM_MSG_OUTPUT_DONE)
            break;
        const struct fdm_msg_data *data = &msg.u.data;
        if (data->offset != at || data->len > total - at)
            return fdm_fail(err, FDM_ERR_FORMAT, "the board sends bytes %lu to %lu of %lu",
                            (unsigned long)data->offset,
                            (unsigned long)data->offset + (unsigned long)data->len,
                            (unsigned long)total);
        if (data->len != 0)
            memcpy(out + at, data->bytes, data->len);
        at += (uint32_t)data->len;
        fdm_client_progress(client, "output", at, total);
    }
    if (status != FDM_OK)
        return status;
    if (at != total || msg.u.output_done.bytes != total)
        return fdm_fail(err, FDM_ERR_FORMAT, "the board sent %lu of %lu bytes", (unsigned long)at,
                        (unsigned long)total);
    if (msg.u.output_done.crc32 != fdm_crc32(FDM_CRC32_INIT, out, total))
        return fdm_fail(err, FDM_ERR_CORRUPT, "the output's checksum is wrong");
    return FDM_OK;
}

enum fdm_status fdm_client_output(struct fdm_client *client, void *out, size_t size,
                                  struct fdm_error *err)
{
    if (size < client->hello.output_bytes)
        return fdm_fail(err, FDM_ERR_USAGE, "output: %lu bytes do not fit into %zu",
                        (unsigned long)client->hello.output_bytes, size);
    const struct fdm_client_job job = {
        .what = "output", .attempt = attempt_output, .arguments = out};
    return fdm_client_perform(client, &job, err);
}

/* ---- profile ---- */

struct profile {
    uint16_t warmups;
    uint16_t runs;
    uint8_t flags;
    struct fdm_msg_layer *layers;
};

static enum fdm_status check_layer(const struct fdm_client *client, const struct profile *job,
                                   const struct fdm_msg_layer *layer, uint32_t due,
                                   struct fdm_error *err)
{
    uint32_t layers = client->hello.layers;
    if (due < job->runs * layers && layer->layer < layers &&
        layer->run * layers + layer->layer == due)
        return FDM_OK;
    return fdm_fail(err, FDM_ERR_FORMAT, "the board reports layer %u of run %u out of turn",
                    layer->layer, layer->run);
}

static enum fdm_status attempt_profile(struct fdm_client *client, void *arguments,
                                       struct fdm_error *err)
{
    struct profile *job = arguments;
    const uint32_t total = (uint32_t)job->runs * client->hello.layers;
    struct fdm_msg msg = {.type = FDM_MSG_PROFILE,
                          .u.profile = {job->warmups, job->runs, job->flags}};
    enum fdm_status status = fdm_client_load_to_run(client, job->flags, err);
    if (status == FDM_OK)
        status = fdm_client_request(client, &msg, err);
    uint32_t count = 0;
    while (status == FDM_OK) {
        uint64_t patience_ns = client->options.run_silence_ns;
        if (count == 0)
            patience_ns *= job->warmups + UINT64_C(1);
        status =
            fdm_client_answer(client, FDM_MSG_LAYER, FDM_MSG_PROFILE_DONE, patience_ns, &msg, err);
        if (status != FDM_OK || msg.type == FDM_MSG_PROFILE_DONE)
            break;
        status = check_layer(client, job, &msg.u.layer, count, err);
        if (status != FDM_OK)
            return status;
        job->layers[count++] = msg.u.layer;
        if (count % client->hello.layers == 0)
            fdm_client_progress(client, "profile", count / client->hello.layers, job->runs);
    }
    if (status == FDM_OK && count != total)
        return fdm_fail(err, FDM_ERR_FORMAT, "the board reports %lu of %lu layers",
                        (unsigned long)count, (unsigned long)total);
    return status;
}

static enum fdm_status profile(struct fdm_client *client, struct profile *profile,
                               struct fdm_error *err)
{
    const struct fdm_client_job job = {.what = "profile",
                                       .attempt = attempt_profile,
                                       .arguments = profile,
                                       .needs_input = !fdm_client_is_streamed(client)};
    return fdm_client_perform(client, &job, err);
}

/* One request for each run. */
static enum fdm_status profile_streamed(struct fdm_client *client, struct profile *whole,
                                        struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    for (uint16_t i = 0; status == FDM_OK && i < whole->runs; i++) {
        struct profile one = {0, 1, whole->flags, whole->layers + (size_t)i * client->hello.layers};
        status = profile(client, &one, err);
        for (uint32_t k = 0; status == FDM_OK && k < client->hello.layers; k++)
            one.layers[k].run = i;
    }
    return status;
}

enum fdm_status fdm_client_profile(struct fdm_client *client, uint16_t warmups, uint16_t runs,
                                   uint8_t flags, struct fdm_msg_layer *layers,
                                   struct fdm_error *err)
{
    if (runs == 0)
        return fdm_fail(err, FDM_ERR_USAGE, "profile: not a single run is asked for");
    if (((flags & FDM_PROFILE_COUNTERS) != 0 &&
         (client->hello.features & FDM_FEATURE_PROFILE) == 0) ||
        ((flags & FDM_PROFILE_CRC) != 0 && (client->hello.features & FDM_FEATURE_LAYER_CRC) == 0))
        return fdm_fail(err, FDM_ERR_UNSUPPORTED, "profile: the board %s does not do that",
                        client->hello.board);
    struct profile job = {warmups, runs, flags, layers};
    return fdm_client_is_streamed(client) ? profile_streamed(client, &job, err)
                                          : profile(client, &job, err);
}

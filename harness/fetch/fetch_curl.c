#include <curl/curl.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "harness/fetch/transfer.h"

#define REDIRECTS_MAX 20L
#define BUFFER_BYTES (512L << 10)
#define SLOWEST_BYTES_PER_S 100L

struct transfer {
    struct fdm_transfers *owner;
    struct transfer *next;
    CURL *easy;
    struct curl_slist *headers;
    struct fdm_receiver receiver;
    struct fdm_response response;
    time_t answered_at; /* by the server's clock; -1: not told */
    time_t retry_at;    /* the same; -1: not told */
    bool announced;
    bool aborted;
    char words[CURL_ERROR_SIZE];
};

struct fdm_transfers {
    CURLM *multi;
    struct fdm_transfers_options options;
    struct transfer *running;
};

enum fdm_status fdm_transfers_new(const struct fdm_transfers_options *options,
                                  struct fdm_transfers **out, struct fdm_error *err)
{
    *out = calloc(1, sizeof **out);
    if (*out == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    (*out)->options = *options;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK) {
        (*out)->multi = curl_multi_init();
        if ((*out)->multi != NULL)
            return FDM_OK;
        curl_global_cleanup();
    }
    free(*out);
    *out = NULL;
    return fdm_fail(err, FDM_ERR_MEMORY, "libcurl cannot be started");
}

static void transfer_free(struct transfer *transfer)
{
    struct transfer **link = &transfer->owner->running;
    while (*link != NULL && *link != transfer)
        link = &(*link)->next;
    if (*link != NULL)
        *link = transfer->next;
    if (transfer->easy != NULL) {
        curl_multi_remove_handle(transfer->owner->multi, transfer->easy);
        curl_easy_cleanup(transfer->easy);
    }
    curl_slist_free_all(transfer->headers);
    free(transfer);
}

void fdm_transfers_free(struct fdm_transfers *transfers)
{
    if (transfers == NULL)
        return;
    while (transfers->running != NULL)
        transfer_free(transfers->running);
    curl_multi_cleanup(transfers->multi);
    curl_global_cleanup();
    free(transfers);
}

/* ---- Answers -----------------------------------------------------------------------------------
 */

/* "bytes 100-199/200" or "…/ *" (RFC 9110, 14.4) */
static void read_range(const char *text, struct fdm_response *out)
{
    char *end = NULL;
    if (strncasecmp(text, "bytes ", 6) != 0 || text[6] < '0' || text[6] > '9')
        return;
    errno = 0;
    unsigned long long first = strtoull(text + 6, &end, 10);
    const char *slash = strchr(end, '/');
    if (errno != 0 || *end != '-' || slash == NULL)
        return;
    out->has_range = true;
    out->range_first = first;
    out->range_total = slash[1] >= '0' && slash[1] <= '9' ? strtoull(slash + 1, NULL, 10) : 0;
}

/* Seconds, or a date (RFC 9110, 10.2.3) */
static void read_retry_after(const char *value, struct transfer *transfer)
{
    if (value[0] < '0' || value[0] > '9') {
        transfer->retry_at = curl_getdate(value, NULL);
        return;
    }
    errno = 0;
    unsigned long long seconds = strtoull(value, NULL, 10);
    transfer->response.retry_after_s =
        errno != 0 || seconds > UINT32_MAX ? UINT32_MAX : (uint32_t)seconds;
}

static void read_header(const char *name, const char *value, struct transfer *transfer)
{
    struct fdm_response *out = &transfer->response;
    if (strcasecmp(name, "content-range") == 0)
        read_range(value, out);
    else if (strcasecmp(name, "etag") == 0 && value[0] == '"' && strlen(value) < sizeof out->etag)
        snprintf(out->etag, sizeof out->etag, "%s", value);
    else if (strcasecmp(name, "content-type") == 0)
        out->is_page = strncasecmp(value, "text/html", 9) == 0;
    else if (strcasecmp(name, "date") == 0)
        transfer->answered_at = curl_getdate(value, NULL);
    else if (strcasecmp(name, "retry-after") == 0)
        read_retry_after(value, transfer);
}

static void forget_head(struct transfer *transfer)
{
    memset(&transfer->response, 0, sizeof transfer->response);
    transfer->answered_at = -1;
    transfer->retry_at = -1;
}

static size_t on_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t len = size * count;
    char line[512];
    if (len >= 5 && memcmp(bytes, "HTTP/", 5) == 0)
        forget_head(transfer); /* of a redirect */
    if (len >= sizeof line)
        return len;
    memcpy(line, bytes, len);
    line[len] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    char *colon = strchr(line, ':');
    if (colon == NULL)
        return len;
    *colon = '\0';
    read_header(line, colon + 1 + strspn(colon + 1, " \t"), transfer);
    return len;
}

static void complete_head(struct transfer *transfer)
{
    long status = 0;
    curl_off_t length = -1;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
    transfer->response.status = status > 0 ? (unsigned)status : 0;
    transfer->response.has_length = length >= 0;
    transfer->response.length = length >= 0 ? (uint64_t)length : 0;
    time_t answered_at = transfer->answered_at != -1 ? transfer->answered_at : time(NULL);
    if (transfer->retry_at > answered_at)
        transfer->response.retry_after_s = transfer->retry_at - answered_at < UINT32_MAX
                                               ? (uint32_t)(transfer->retry_at - answered_at)
                                               : UINT32_MAX;
}

static bool announce(struct transfer *transfer)
{
    if (transfer->announced)
        return true;
    transfer->announced = true;
    complete_head(transfer);
    return transfer->receiver.on_head(transfer->receiver.context, &transfer->response);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t len = size * count;
    long status = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200 && status != 206)
        return len;
    transfer->aborted =
        !announce(transfer) || !transfer->receiver.on_body(transfer->receiver.context, bytes, len);
    return transfer->aborted ? CURL_WRITEFUNC_ERROR : len;
}

/* ---- Requests ----------------------------------------------------------------------------------
 */

static void set_certificates(CURL *easy)
{
    const char *bundle = getenv("CURL_CA_BUNDLE");
    const char *folder = getenv("SSL_CERT_DIR");
    if (bundle == NULL)
        bundle = getenv("SSL_CERT_FILE");
    if (bundle != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, bundle);
    if (folder != NULL)
        curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
}

static void set_limits(CURL *easy, const struct fdm_transfers_options *options, const char *url)
{
    bool secure = strncasecmp(url, "https:", 6) == 0;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, REDIRECTS_MAX);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)options->connect_ms);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, SLOWEST_BYTES_PER_S);
    curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)options->stall_s);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, BUFFER_BYTES);
    curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_OPTIONAL);
}

static bool add_header(struct transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);
    if (longer == NULL)
        return false;
    transfer->headers = longer;
    return true;
}

/* The range as a header of ours: libcurl's own resuming treats an answer with the whole file as an
 * error, where we begin anew. */
static bool set_range(struct transfer *transfer, uint64_t offset, const char *etag)
{
    char line[FDM_ETAG_SIZE + 16];
    if (offset == 0)
        return true;
    snprintf(line, sizeof line, "Range: bytes=%" PRIu64 "-", offset);
    if (!add_header(transfer, line))
        return false;
    if (etag[0] == '\0')
        return true;
    snprintf(line, sizeof line, "If-Range: %s", etag);
    return add_header(transfer, line);
}

static bool set_up(struct transfer *transfer, const char *url)
{
    CURL *easy = transfer->easy;
    bool done = curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK;
    set_limits(easy, &transfer->owner->options, url);
    set_certificates(easy);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, transfer->owner->options.user_agent);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->words);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    return done && curl_multi_add_handle(transfer->owner->multi, easy) == CURLM_OK;
}

enum fdm_status fdm_transfers_start(struct fdm_transfers *transfers, const char *url,
                                    uint64_t offset, const char *etag,
                                    const struct fdm_receiver *receiver, struct fdm_error *err)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (transfer == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    transfer->owner = transfers;
    transfer->receiver = *receiver;
    forget_head(transfer);
    transfer->next = transfers->running;
    transfers->running = transfer;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL || !set_range(transfer, offset, etag) || !set_up(transfer, url)) {
        transfer_free(transfer);
        return fdm_fail(err, FDM_ERR_MEMORY, "libcurl refuses the transfer");
    }
    return FDM_OK;
}

/* ---- Ends --------------------------------------------------------------------------------------
 */

static bool proxy_wants_password(struct transfer *transfer)
{
    long tunnel = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &tunnel);
    return tunnel == 407 || transfer->response.status == 407;
}

static enum fdm_transfer_end classify(struct transfer *transfer, CURLcode code)
{
    if (transfer->aborted)
        return FDM_TRANSFER_ABORTED;
    if (proxy_wants_password(transfer))
        return FDM_TRANSFER_REFUSED;
    switch (code) {
    case CURLE_OK:
        return FDM_TRANSFER_COMPLETE;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        return FDM_TRANSFER_REFUSED;
    default:
        return FDM_TRANSFER_CUT;
    }
}

#define ELSEWHERE                                                                                  \
    "`fdm-bench fetch` takes a server that can be reached by --mirror URL, and files that came "   \
    "another way by --from DIR"

static const char *advise_on_certificate(struct transfer *transfer)
{
    long verified = 0; /* OpenSSL's X509_V_ERR_…; 0: only the name differs */
    curl_easy_getinfo(transfer->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    if (verified == 0)
        return NULL;
    if (verified == 9 || verified == 10) /* not yet valid, expired */
        return "is this computer's clock right?";
    return "for a network's own certificates, name its authority by CURL_CA_BUNDLE";
}

static const char *advise(struct transfer *transfer, CURLcode code)
{
    if (proxy_wants_password(transfer))
        return "write it into the proxy's variable: http://NAME:PASSWORD@HOST";
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
        return "http_proxy, https_proxy or all_proxy names the proxy";
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
        return "behind a proxy, set http_proxy and https_proxy; " ELSEWHERE;
    case CURLE_OPERATION_TIMEDOUT:
        return ELSEWHERE;
    case CURLE_UNSUPPORTED_PROTOCOL:
        return "only http and https are spoken, and https leads to no http; a folder is named by "
               "--from DIR";
    case CURLE_URL_MALFORMAT:
        return "an address is http://HOST/FOLDER or https://HOST/FOLDER";
    case CURLE_SSL_CONNECT_ERROR:
        return "does this server speak https, or only http?";
    case CURLE_SSL_CACERT_BADFILE:
        return "CURL_CA_BUNDLE or SSL_CERT_FILE must name a file of certificates";
    case CURLE_PEER_FAILED_VERIFICATION:
        return advise_on_certificate(transfer);
    default:
        return NULL;
    }
}

static void end_transfer(struct transfer *transfer, CURLcode code)
{
    const struct fdm_receiver receiver = transfer->receiver;
    char message[CURL_ERROR_SIZE];
    complete_head(transfer);
    struct fdm_transfer_outcome outcome = {classify(transfer, code), message,
                                           advise(transfer, code)};
    unsigned status = transfer->response.status;
    /* A file of no bytes has a head all the same. */
    if (outcome.end == FDM_TRANSFER_COMPLETE && (status == 200 || status == 206) &&
        !announce(transfer))
        outcome.end = FDM_TRANSFER_ABORTED;
    const struct fdm_response response = transfer->response;
    if (proxy_wants_password(transfer))
        snprintf(message, sizeof message, "the proxy asks for a name and a password");
    else
        snprintf(message, sizeof message, "%s",
                 transfer->words[0] != '\0' ? transfer->words : curl_easy_strerror(code));
    transfer_free(transfer);
    receiver.on_end(receiver.context, &outcome, &response);
}

enum fdm_status fdm_transfers_run(struct fdm_transfers *transfers, uint32_t timeout_ms,
                                  struct fdm_error *err)
{
    int running = 0;
    int left = 0;
    CURLMcode code = curl_multi_perform(transfers->multi, &running);
    CURLMsg *message = curl_multi_info_read(transfers->multi, &left);
    if (code == CURLM_OK && message == NULL)
        code = curl_multi_poll(transfers->multi, NULL, 0, (int)timeout_ms, NULL);
    for (; message != NULL; message = curl_multi_info_read(transfers->multi, &left)) {
        struct transfer *transfer = NULL;
        CURLcode result = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        if (message->msg == CURLMSG_DONE && transfer != NULL)
            end_transfer(transfer, result);
    }
    return code == CURLM_OK ? FDM_OK : fdm_fail(err, FDM_ERR_IO, "%s", curl_multi_strerror(code));
}

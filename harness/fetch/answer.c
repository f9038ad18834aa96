#include "harness/fetch/answer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool fdm_answer_may_recover(unsigned status)
{
    return status == 408 || status == 425 || status == 429 || status == 500 || status == 502 ||
           status == 503 || status == 504;
}

/* Of an address, what may be shown: neither a name and a password nor a query, which may be a key.
 */
struct shown {
    const char *text; /* from the host on */
    int host_len;     /* without the port */
    int len;
};

static struct shown show_url(const char *url)
{
    const char *scheme = strstr(url, "://");
    struct shown shown = {scheme != NULL ? scheme + 3 : url, 0, 0};
    size_t authority = strcspn(shown.text, "/?#");
    for (size_t i = authority; i > 0; i--)
        if (shown.text[i - 1] == '@') {
            shown.text += i;
            break;
        }
    shown.host_len = (int)strcspn(shown.text, ":/?#");
    shown.len = (int)strcspn(shown.text, "?#");
    if (shown.len > 300)
        shown.len = 300;
    return shown;
}

void fdm_answer_explain_status(const char *address, unsigned status, char *out, size_t size)
{
    struct shown url = show_url(address);
    if (status == 401)
        snprintf(
            out, size,
            "the server answers 401 (it wants a name and a password: write \"machine %.*s login "
            "NAME password PASSWORD\" into ~/.netrc)",
            url.host_len, url.text);
    else if (status == 403)
        snprintf(out, size,
                 "the server answers 403 (it may let a browser through: save %.*s and name its "
                 "folder by --from)",
                 url.len, url.text);
    else
        snprintf(out, size, "the server answers %u to %.*s", status, url.len, url.text);
}

void fdm_answer_explain_size(const struct fdm_response *response, uint64_t bytes, uint64_t expected,
                             char *out, size_t size)
{
    if (response->is_page)
        snprintf(out, size,
                 "a web page of %" PRIu64 " bytes instead of the file: open the address in a "
                 "browser, this network may want a login first",
                 bytes);
    else
        snprintf(out, size, "the server has a file of %" PRIu64 " bytes instead of %" PRIu64, bytes,
                 expected);
}

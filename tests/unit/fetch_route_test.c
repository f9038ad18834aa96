/* The ways to a server: HTTPS with authorities known and unknown, and proxies. */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "harness/base/hash.h"
#include "harness/fetch/fetch.h"
#include "tests/support/fault_server.h"
#include "tests/support/proxy_server.h"
#include "tests/support/tls_server.h"

#define SIZE ((size_t)600011)
/* Names below .invalid are never resolved (RFC 2606): only a proxy leads there. */
#define NOWHERE "nowhere.invalid"

struct place {
    struct test_service server;
    struct test_tls *tls;
    char *dir;
    struct fdm_cache *cache;
    struct fdm_fetch_options options;
    char sha256[FDM_SHA256_HEX_SIZE];
    unsigned notes;
};

static void count_note(void *context, const char *name, const char *message)
{
    struct place *place = context;
    (void)name;
    (void)message;
    place->notes++;
}

static void set_up(struct place *place, const char *subject, int days)
{
    struct fdm_error err = FDM_ERROR_INIT;
    uint8_t *content = malloc(SIZE);
    assert_non_null(content);
    test_server_content(0, content, SIZE);
    fdm_sha256_hex(content, SIZE, place->sha256);
    free(content);
    place->dir = test_tmpdir();
    place->server = test_faults_start(SIZE);
    place->tls = test_tls_start(place->dir, subject, days, place->server.port);
    assert_ok(fdm_cache_open(place->dir, &place->cache, &err), err);
    fdm_fetch_defaults(&place->options, place->cache);
    place->options.pause_ms = 10;
    place->options.retries = 2;
    place->options.context = place;
    place->options.on_note = count_note;
    place->notes = 0;
}

static void tear_down(struct place *place)
{
    test_tls_stop(place->tls);
    test_service_stop(&place->server);
    fdm_cache_free(place->cache);
    test_rmtree(place->dir);
    free(place->dir);
}

/* Sets variable to "<folder>/<file>", or to `file` where there is no folder. */
static void set(const char *variable, const char *folder, const char *file)
{
    char value[300];
    snprintf(value, sizeof value, "%s%s%s", folder != NULL ? folder : "", folder != NULL ? "/" : "",
             file);
    setenv(variable, value, 1);
}

static void forget_variables(void)
{
    static const char *const names[] = {
        "CURL_CA_BUNDLE", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy",
        "HTTPS_PROXY",    "all_proxy",     "ALL_PROXY",    "no_proxy",   "NO_PROXY"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unsetenv(names[i]);
}

static enum fdm_status fetch(struct place *place, const char *url, struct fdm_error *err)
{
    struct fdm_fetch_result result;
    const struct fdm_fetch_item item = {
        .name = "thing", .urls = {url}, .bytes = SIZE, .sha256 = place->sha256};
    enum fdm_status status = fdm_fetch(&place->options, &item, 1, &result, err);
    if (status == FDM_OK) {
        char hex[FDM_SHA256_HEX_SIZE];
        assert_ok(fdm_sha256_file(result.path, hex, err), *err);
        assert_string_equal(hex, place->sha256);
    }
    fdm_fetch_release(&result, 1);
    return status;
}

static void certificates_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *remark;
        const char *subject;
        int days;
        const char *variable;
        const char *file; /* in the test's folder */
        const char *path;
        enum fdm_status status;
        const char *message;
        unsigned notes; /* how often it was tried again */
    } cases[] = {
        {"an authority of one's own", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "ca.pem", "ok/a", FDM_OK,
         "", 0},
        {"by OpenSSL's variable", "IP:127.0.0.1", 1, "SSL_CERT_FILE", "ca.pem", "ok/a", FDM_OK, "",
         0},
        {"by a folder of certificates", "IP:127.0.0.1", 1, "SSL_CERT_DIR", "", "ok/a", FDM_OK, "",
         0},
        {"cut and continued", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "ca.pem", "cut/a", FDM_OK, "",
         5},
        {"503 twice", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "ca.pem", "unavailable/a", FDM_OK, "",
         2},
        {"wrong bytes", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "ca.pem", "wrong/a", FDM_ERR_MISMATCH,
         "other bytes", 0},
        {"a redirect within https", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "ca.pem", "redirect/a",
         FDM_OK, "", 0},
        {"a redirect to http", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "ca.pem", "to-http", FDM_ERR_IO,
         "https leads to no http", 0},
        {"an unknown authority", "IP:127.0.0.1", 1, "no_proxy", "", "ok/a", FDM_ERR_IO,
         "name its authority by CURL_CA_BUNDLE", 0},
        {"no such bundle", "IP:127.0.0.1", 1, "CURL_CA_BUNDLE", "absent.pem", "ok/a", FDM_ERR_IO,
         "must name a file of certificates", 0},
        {"another host's certificate", "DNS:elsewhere.example", 1, "CURL_CA_BUNDLE", "ca.pem",
         "ok/a", FDM_ERR_IO, "127.0.0.1", 0},
        {"a certificate that has ended", "IP:127.0.0.1", -1, "CURL_CA_BUNDLE", "ca.pem", "ok/a",
         FDM_ERR_IO, "expired; is this computer's clock right?", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place;
        struct fdm_error err = FDM_ERROR_INIT;
        char url[200];
        forget_variables();
        set_up(&place, cases[i].subject, cases[i].days);
        set(cases[i].variable, place.dir, cases[i].file);
        int len = snprintf(url, sizeof url, "https://127.0.0.1:%u/%s", test_tls_port(place.tls),
                           cases[i].path);
        if (strcmp(cases[i].path, "to-http") == 0)
            snprintf(url + len, sizeof url - (size_t)len, "/%u", place.server.port);
        enum fdm_status status = fetch(&place, url, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL ||
            place.notes != cases[i].notes)
            fail_msg("%s: %s: %s (%u notes)", cases[i].remark, fdm_status_name(status), err.message,
                     place.notes);
        tear_down(&place);
    }
}

/* "%u" in the value is the proxy's port. */
struct variable {
    const char *name;
    const char *value;
};

static void proxies_are_used(void **state)
{
    (void)state;
    static const char password[] = "dXNlcjpwYXNz"; /* user:pass */
    static const struct {
        const char *remark;
        struct variable variables[2];
        const char *credentials;
        const char *url; /* "%u" is the fault server's port */
        enum fdm_status status;
        const char *message;
        unsigned notes;
    } cases[] = {
        {"http",
         {{"http_proxy", "http://127.0.0.1:%u"}},
         NULL,
         "http://" NOWHERE "/ok/a",
         FDM_OK,
         "",
         0},
        {"https through a tunnel",
         {{"https_proxy", "http://127.0.0.1:%u"}},
         NULL,
         "https://" NOWHERE "/ok/a",
         FDM_OK,
         "",
         0},
        {"one for all",
         {{"all_proxy", "http://127.0.0.1:%u"}},
         NULL,
         "https://" NOWHERE "/ok/a",
         FDM_OK,
         "",
         0},
        {"cut and continued",
         {{"http_proxy", "http://127.0.0.1:%u"}},
         NULL,
         "http://" NOWHERE "/cut/a",
         FDM_OK,
         "",
         5},
        {"a name and a password",
         {{"http_proxy", "http://user:pass@127.0.0.1:%u"}},
         password,
         "http://" NOWHERE "/ok/a",
         FDM_OK,
         "",
         0},
        {"the same for a tunnel",
         {{"https_proxy", "http://user:pass@127.0.0.1:%u"}},
         password,
         "https://" NOWHERE "/ok/a",
         FDM_OK,
         "",
         0},
        {"no password",
         {{"http_proxy", "http://127.0.0.1:%u"}},
         password,
         "http://" NOWHERE "/ok/a",
         FDM_ERR_IO,
         "the proxy asks for a name and a password",
         0},
        {"no password for a tunnel",
         {{"https_proxy", "http://127.0.0.1:%u"}},
         password,
         "https://" NOWHERE "/ok/a",
         FDM_ERR_IO,
         "the proxy asks for a name and a password",
         0},
        {"none for this host",
         {{"http_proxy", "http://127.0.0.1:9"}, {"no_proxy", "127.0.0.1"}},
         NULL,
         "http://127.0.0.1:%u/ok/a",
         FDM_OK,
         "",
         0},
        {"one that is not there",
         {{"http_proxy", "http://127.0.0.1:9"}},
         NULL,
         "http://127.0.0.1:%u/ok/a",
         FDM_ERR_TIMEOUT,
         "port 9",
         2},
        {"none, and a host that does not exist",
         {{"no_proxy", "127.0.0.1"}},
         NULL,
         "http://" NOWHERE "/ok/a",
         FDM_ERR_TIMEOUT,
         NOWHERE
         " (3 attempts); behind a proxy, set http_proxy and https_proxy; `fdm-bench fetch` takes",
         2},
        {"a proxy that does not exist",
         {{"http_proxy", "http://" NOWHERE ":%u"}},
         NULL,
         "http://127.0.0.1:%u/ok/a",
         FDM_ERR_TIMEOUT,
         "names the proxy",
         2},
        {"a folder for an address",
         {{"no_proxy", "127.0.0.1"}},
         NULL,
         "file:///etc/hostname",
         FDM_ERR_IO,
         "a folder is named by --from DIR",
         0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct place place;
        struct fdm_error err = FDM_ERROR_INIT;
        char text[200];
        forget_variables();
        set_up(&place, "DNS:" NOWHERE, 1);
        set("CURL_CA_BUNDLE", place.dir, "ca.pem");
        const struct test_proxy proxy = {place.server.port, test_tls_port(place.tls),
                                         cases[i].credentials};
        struct test_service service = test_proxy_start(&proxy);
        for (int n = 0; n < 2 && cases[i].variables[n].name != NULL; n++) {
            snprintf(text, sizeof text, cases[i].variables[n].value, service.port);
            setenv(cases[i].variables[n].name, text, 1);
        }
        snprintf(text, sizeof text, cases[i].url, place.server.port);
        enum fdm_status status = fetch(&place, text, &err);
        if (status != cases[i].status || strstr(err.message, cases[i].message) == NULL ||
            place.notes != cases[i].notes)
            fail_msg("%s: %s: %s (%u notes)", cases[i].remark, fdm_status_name(status), err.message,
                     place.notes);
        test_service_stop(&service);
        tear_down(&place);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certificates_are_checked),
        cmocka_unit_test(proxies_are_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

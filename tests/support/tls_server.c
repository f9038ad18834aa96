#include "tests/support/tls_server.h"

#include "tests/support/test.h"

#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DAY_S 86400L

struct test_tls {
    SSL_CTX *context;
    uint16_t backend;
    struct test_service service;
};

static void extend(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    assert_non_null(extension);
    assert_true(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* A certificate without extensions and signature; it began a month before its end, if that is
 * past. */
static X509 *draft(EVP_PKEY *key, const char *name, long serial, int days)
{
    X509 *certificate = X509_new();
    assert_non_null(certificate);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), (days > 0 ? -1 : days - 30) * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY_S);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    return certificate;
}

static X509 *make_authority(EVP_PKEY *key)
{
    X509 *authority = draft(key, "fdm-bench test authority", 1, 30);
    X509_set_issuer_name(authority, X509_get_subject_name(authority));
    extend(authority, authority, NID_basic_constraints, "critical,CA:TRUE");
    extend(authority, authority, NID_key_usage, "critical,keyCertSign");
    assert_true(X509_sign(authority, key, EVP_sha256()) > 0);
    return authority;
}

static X509 *make_certificate(EVP_PKEY *key, const char *subject, int days, X509 *authority,
                              EVP_PKEY *authority_key)
{
    X509 *certificate = draft(key, "fdm-bench test server", 2, days);
    X509_set_issuer_name(certificate, X509_get_subject_name(authority));
    extend(certificate, authority, NID_subject_alt_name, subject);
    assert_true(X509_sign(certificate, authority_key, EVP_sha256()) > 0);
    return certificate;
}

static void write_authority(const char *folder, X509 *authority)
{
    char paths[2][256];
    snprintf(paths[0], sizeof paths[0], "%s/ca.pem", folder);
    snprintf(paths[1], sizeof paths[1], "%s/%08lx.0", folder, X509_subject_name_hash(authority));
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "w");
        assert_non_null(file);
        assert_true(PEM_write_X509(file, authority));
        fclose(file);
    }
}

/* One request goes to the backend, its answer comes back. */
static void relay(SSL *ssl, int server)
{
    char bytes[16384];
    int got = SSL_read(ssl, bytes, sizeof bytes);
    if (got <= 0 || !test_send(server, bytes, (size_t)got))
        return;
    for (;;) {
        ssize_t len = read(server, bytes, sizeof bytes);
        if (len <= 0 || SSL_write(ssl, bytes, (int)len) <= 0)
            break;
    }
    SSL_shutdown(ssl);
}

static void serve(void *context, int fd)
{
    struct test_tls *tls = context;
    SSL *ssl = SSL_new(tls->context);
    signal(SIGPIPE, SIG_IGN); /* libssl writes without MSG_NOSIGNAL */
    SSL_set_fd(ssl, fd);
    int server = SSL_accept(ssl) > 0 ? test_connect(tls->backend) : -1;
    if (server >= 0)
        relay(ssl, server);
    if (server >= 0)
        close(server);
    SSL_free(ssl);
}

struct test_tls *test_tls_start(const char *folder, const char *subject, int days, uint16_t port)
{
    struct test_tls *tls = calloc(1, sizeof *tls);
    EVP_PKEY *authority_key = EVP_EC_gen("P-256");
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_true(tls != NULL && authority_key != NULL && key != NULL);
    X509 *authority = make_authority(authority_key);
    X509 *certificate = make_certificate(key, subject, days, authority, authority_key);
    write_authority(folder, authority);
    tls->backend = port;
    tls->context = SSL_CTX_new(TLS_server_method());
    assert_non_null(tls->context);
    assert_true(SSL_CTX_use_certificate(tls->context, certificate) > 0);
    assert_true(SSL_CTX_use_PrivateKey(tls->context, key) > 0);
    tls->service = test_service_start(serve, tls);
    X509_free(certificate);
    X509_free(authority);
    EVP_PKEY_free(key);
    EVP_PKEY_free(authority_key);
    return tls;
}

uint16_t test_tls_port(const struct test_tls *tls)
{
    return tls->service.port;
}

void test_tls_stop(struct test_tls *tls)
{
    test_service_stop(&tls->service);
    SSL_CTX_free(tls->context);
    free(tls);
}

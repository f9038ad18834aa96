#include "harness/base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* The opaque type is OpenSSL's context under our name. */
enum fdm_status fdm_sha256_begin(struct fdm_sha256 **out, struct fdm_error *err)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(context);
        *out = NULL;
        return fdm_fail(err, FDM_ERR_MEMORY, "cannot start a SHA-256 computation");
    }
    *out = (struct fdm_sha256 *)context;
    return FDM_OK;
}

void fdm_sha256_update(struct fdm_sha256 *hash, const void *bytes, size_t len)
{
    EVP_DigestUpdate((EVP_MD_CTX *)hash, bytes, len);
}

static void to_hex(const unsigned char digest[FDM_SHA256_SIZE], char hex[FDM_SHA256_HEX_SIZE])
{
    for (size_t i = 0; i < FDM_SHA256_SIZE; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[FDM_SHA256_HEX_SIZE - 1] = '\0';
}

void fdm_sha256_finish(struct fdm_sha256 *hash, char hex[FDM_SHA256_HEX_SIZE])
{
    unsigned char digest[FDM_SHA256_SIZE] = {0};
    EVP_DigestFinal_ex((EVP_MD_CTX *)hash, digest, NULL);
    EVP_MD_CTX_free((EVP_MD_CTX *)hash);
    if (hex != NULL)
        to_hex(digest, hex);
}

void fdm_sha256_hex(const void *bytes, size_t len, char hex[FDM_SHA256_HEX_SIZE])
{
    unsigned char digest[FDM_SHA256_SIZE] = {0};
    EVP_Digest(bytes, len, digest, NULL, EVP_sha256(), NULL);
    to_hex(digest, hex);
}

enum fdm_status fdm_sha256_file(const char *path, char hex[FDM_SHA256_HEX_SIZE],
                                struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    struct fdm_sha256 *hash = NULL;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        status = fdm_fail(err, errno == ENOENT ? FDM_ERR_NOT_FOUND : FDM_ERR_IO, "%s: %s", path,
                          strerror(errno));
        goto done;
    }
    status = fdm_sha256_begin(&hash, err);
    if (status != FDM_OK)
        goto done;
    unsigned char piece[1 << 16];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        fdm_sha256_update(hash, piece, got);
    if (ferror(file))
        status = fdm_fail(err, FDM_ERR_IO, "%s: read error", path);
done:
    if (hash != NULL)
        fdm_sha256_finish(hash, status == FDM_OK ? hex : NULL);
    if (file != NULL)
        fclose(file);
    return status;
}

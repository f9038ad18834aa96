#include "harness/fetch/pointer.h"

#include <string.h>

bool fdm_pointer_parse(const char *text, size_t len, char sha256[65], uint64_t *bytes)
{
    static const char first[] = "version https://git-lfs.github.com/spec/v1\noid sha256:";
    static const char second[] = "\nsize ";
    size_t oid = sizeof first - 1;
    size_t size = oid + 64 + sizeof second - 1;
    if (len <= size || len > FDM_POINTER_BYTES_MAX || memcmp(text, first, oid) != 0 ||
        memcmp(text + oid + 64, second, sizeof second - 1) != 0)
        return false;
    *bytes = 0;
    for (; size < len && text[size] >= '0' && text[size] <= '9' && *bytes < UINT64_C(1) << 56;
         size++)
        *bytes = *bytes * 10 + (uint64_t)(text[size] - '0');
    memcpy(sha256, text + oid, 64);
    sha256[64] = '\0';
    return strspn(sha256, "0123456789abcdef") == 64 && size < len && text[size] == '\n';
}

bool fdm_pointer_url(const char *url, const char *lfs_base, struct fdm_buf *out)
{
    const char *host = strstr(url, "://");
    if (host == NULL)
        return false;
    host += 3;
    const char *path = strchr(host, '/');
    if (path == NULL)
        return false;
    path++;
    const char *raw = strstr(path, "/raw/");
    if (raw != NULL) { /* OWNER/REPO/raw/REF/PATH */
        fdm_buf_printf(out, "%s%.*s/%s", lfs_base, (int)(raw - path), path, raw + 5);
        return true;
    }
    if (strncmp(host, "raw.", 4) != 0)
        return false;
    fdm_buf_printf(out, "%s%s", lfs_base, path);
    return true;
}

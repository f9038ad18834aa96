#include "tests/unit/golden.h"

#include <stdlib.h>
#include <string.h>

#include "harness/base/fs.h"
#include "tests/support/test.h"

static void report_difference(const char *got, const char *want, const char *file)
{
    int line = 1;
    const char *g = got;
    const char *w = want;
    while (*g && strcspn(g, "\n") == strcspn(w, "\n") && memcmp(g, w, strcspn(g, "\n") + 1) == 0) {
        g += strcspn(g, "\n") + 1;
        w += strcspn(w, "\n") + 1;
        line++;
    }
    fail_msg("%s, line %d:\n  expected: %.*s\n  got:      %.*s\n"
             "FDM_GOLDEN_UPDATE=1 rewrites the file",
             file, line, (int)strcspn(w, "\n"), w, (int)strcspn(g, "\n"), g);
}

void assert_golden(const struct fdm_buf *got, const char *file)
{
    struct fdm_error err = FDM_ERROR_INIT;
    char *path = fdm_fs_join(FDM_GOLDEN_DIR, file);
    assert_non_null(path);
    const char *update = getenv("FDM_GOLDEN_UPDATE");
    if (update && strcmp(update, "1") == 0) {
        assert_ok(fdm_fs_write_atomic(path, got->data, got->len, &err), err);
    } else {
        uint8_t *want = NULL;
        size_t len = 0;
        assert_ok(fdm_fs_read(path, (size_t)1 << 20, &want, &len, &err), err);
        if (len != got->len || memcmp(want, got->data, len) != 0)
            report_difference(got->data, (const char *)want, file);
        free(want);
    }
    free(path);
}

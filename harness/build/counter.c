#include "harness/build/counter.h"

#include <stdlib.h>

#include "harness/base/clock.h"
#include "harness/base/fs.h"
#include "harness/base/proc.h"

#define SOURCE "targets/linux/qemu_counter.c"
#define SOURCE_MAX ((size_t)1 << 20)
#define COMPILE_NS (600 * FDM_NS_PER_S)
#define WORDS_MAX ((size_t)256 << 10)

static enum fdm_status find_source(const char *sources, char **out, struct fdm_error *err)
{
    *out = fdm_fs_join(sources, SOURCE);
    return *out != NULL ? FDM_OK : fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
}

enum fdm_status fdm_counter_hash(const char *sources, struct fdm_sha256 *hash,
                                 struct fdm_error *err)
{
    char *source;
    uint8_t *text = NULL;
    size_t len = 0;
    enum fdm_status status = find_source(sources, &source, err);
    if (status == FDM_OK)
        status = fdm_fs_read(source, SOURCE_MAX, &text, &len, err);
    if (status == FDM_OK)
        fdm_sha256_update(hash, text, len);
    free(text);
    free(source);
    return status;
}

enum fdm_status fdm_counter_make(const char *sources, const char *out, struct fdm_buf *words,
                                 struct fdm_error *err)
{
    if (!fdm_proc_exists("cc"))
        return fdm_fail(err, FDM_ERR_NOT_FOUND,
                        "cc is not installed, and makes what counts instructions in QEMU: apt-get "
                        "install gcc libc6-dev");
    char *source;
    struct fdm_proc_exit end = {0};
    enum fdm_status status = find_source(sources, &source, err);
    const char *const argv[] = {"cc", "-std=c11", "-O2", "-shared", "-fPIC", "-fvisibility=hidden",
                                "-I", sources,    "-o",  out,       source,  NULL};
    size_t before = words->len;
    if (status == FDM_OK)
        status = fdm_proc_run(argv, NULL, fdm_clock_now_ns() + COMPILE_NS, WORDS_MAX, NULL, words,
                              &end, err);
    if (status == FDM_OK && end.code != 0)
        status = fdm_fail(err, FDM_ERR_FORMAT, "cc refuses %s:\n%s", source,
                          words->len > before ? words->data + before : "no reason given");
    free(source);
    return status;
}

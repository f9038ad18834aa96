/* What can be downloaded: the registry's models, and the files of "downloads" in the data folder
 * ("reference/downloads" in the source tree).
 *
 * A file there is {"group", "base_url", "licence", "files": [{"path", "bytes", "sha256"}]}; a
 * file's address is base_url + path, or one of its own "urls". A dataset's archive adds "dataset",
 * a registry id, and "archive": {"images": folder in it that holds one folder per class,
 * "max_bytes", "max_entries"}: bounds of what comes out, not figures of it. {"licences": [{"id",
 * "title", "url", "text"}]} lists the licences that must be accepted. Size and SHA-256 are
 * required: what nobody has hashed is not listed.
 *
 * Sources: models of the cards' generation by their own bytes; the newest generation by the Git LFS
 * pointers at commit 7f3764d of github.com/STMicroelectronics/stm32ai-modelzoo; datasets by the
 * checksums of github.com/tensorflow/datasets (url_checksums). */
#ifndef FDM_HARNESS_FETCH_MANIFEST_H
#define FDM_HARNESS_FETCH_MANIFEST_H

#include <stddef.h>
#include <stdint.h>

#include "harness/base/status.h"
#include "harness/fetch/fetch.h"
#include "harness/registry/registry.h"

struct fdm_licence {
    const char *id;
    const char *title;
    const char *url;
    const char *text;
};

struct fdm_download {
    const char *group;                       /* "models" (the registry's), "newest", "datasets" */
    const char *path;                        /* as published; below a mirror; the name of a model */
    const struct fdm_dataset_entry *dataset; /* NULL for models */
    const char *urls[FDM_FETCH_URLS_MAX];
    uint64_t bytes;
    const char *sha256;
    const struct fdm_licence *licence; /* to be accepted; or NULL */
    /* Archives of datasets: */
    const char *images;
    uint64_t max_bytes;
    uint64_t max_entries;
};

struct fdm_manifest;

/* Refers to the registry, which must outlive it. The caller frees with fdm_manifest_free(), which
 * takes NULL. `data_dir` as of fdm_registry_find_data(). FDM_ERR_FORMAT names file and member. */
enum fdm_status fdm_manifest_load(const char *data_dir, const struct fdm_registry *registry,
                                  struct fdm_manifest **out, struct fdm_error *err);
void fdm_manifest_free(struct fdm_manifest *manifest);

size_t fdm_manifest_count(const struct fdm_manifest *manifest);
const struct fdm_download *fdm_manifest_at(const struct fdm_manifest *manifest, size_t index);

/* What it is called: a dataset's id, a model's path. */
const char *fdm_download_name(const struct fdm_download *download);

/* True if `word` means this download: "all", its group, a dataset's id, or the beginning of a
 * model's path at a '/' ("flowers/fdmobilenet_0.25_224_tfs", "food-101/"). */
bool fdm_download_matches(const struct fdm_download *download, const char *word);

#endif

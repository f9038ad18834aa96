#include "harness/base/archive.h"

#include <archive.h>
#include <archive_entry.h>

#define READ_BYTES ((size_t)256 << 10)

/* The opaque type is libarchive's reader under our name. */
static struct archive *reader_of(struct fdm_archive *archive)
{
    return (struct archive *)archive;
}

static enum fdm_status damaged(struct archive *reader, struct fdm_error *err)
{
    const char *words = archive_error_string(reader);
    return fdm_fail(err, FDM_ERR_FORMAT, "damaged archive: %s",
                    words != NULL ? words : "unknown error");
}

static enum fdm_status settle(struct archive *reader, int opened, struct fdm_archive **out,
                              struct fdm_error *err)
{
    enum fdm_status status = FDM_OK;
    if (opened != ARCHIVE_OK)
        status = damaged(reader, err);
    if (status != FDM_OK)
        archive_read_free(reader);
    else
        *out = (struct fdm_archive *)reader;
    return status;
}

enum fdm_status fdm_archive_open(const char *path, struct fdm_archive **out, struct fdm_error *err)
{
    struct archive *reader = archive_read_new();
    *out = NULL;
    if (reader == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    /* Only what datasets come in: each further format is a parser more for hostile bytes. */
    archive_read_support_filter_gzip(reader);
    archive_read_support_filter_bzip2(reader);
    archive_read_support_filter_xz(reader);
    archive_read_support_filter_zstd(reader);
    archive_read_support_format_tar(reader);
    archive_read_support_format_zip(reader);
    return settle(reader, archive_read_open_filename(reader, path, READ_BYTES), out, err);
}

enum fdm_status fdm_archive_open_zip(const uint8_t *bytes, size_t len, struct fdm_archive **out,
                                     struct fdm_error *err)
{
    struct archive *reader = archive_read_new();
    *out = NULL;
    if (reader == NULL)
        return fdm_fail(err, FDM_ERR_MEMORY, "out of memory");
    archive_read_support_format_zip_seekable(reader);
    return settle(reader, archive_read_open_memory(reader, bytes, len), out, err);
}

void fdm_archive_close(struct fdm_archive *archive)
{
    if (archive != NULL)
        archive_read_free(reader_of(archive));
}

static enum fdm_archive_kind kind_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry) != NULL || archive_entry_hardlink_utf8(entry) != NULL ||
        archive_entry_symlink(entry) != NULL || archive_entry_filetype(entry) == AE_IFLNK)
        return FDM_ARCHIVE_LINK;
    if (archive_entry_filetype(entry) == AE_IFREG)
        return FDM_ARCHIVE_FILE;
    return archive_entry_filetype(entry) == AE_IFDIR ? FDM_ARCHIVE_FOLDER : FDM_ARCHIVE_OTHER;
}

enum fdm_status fdm_archive_next(struct fdm_archive *archive, struct fdm_archive_entry *out,
                                 bool *end, struct fdm_error *err)
{
    struct archive_entry *entry;
    int got = archive_read_next_header(reader_of(archive), &entry);
    *end = got == ARCHIVE_EOF;
    if (*end)
        return FDM_OK;
    /* A warning tells of a name that this locale cannot spell; its bytes are there. */
    if (got != ARCHIVE_OK && got != ARCHIVE_WARN)
        return damaged(reader_of(archive), err);
    out->name = archive_entry_pathname(entry);
    if (out->name == NULL)
        out->name = archive_entry_pathname_utf8(entry);
    out->kind = kind_of(entry);
    out->encrypted = archive_entry_is_encrypted(entry) != 0;
    out->has_size = archive_entry_size_is_set(entry) != 0;
    out->size = out->has_size ? archive_entry_size(entry) : 0;
    return FDM_OK;
}

enum fdm_status fdm_archive_read(struct fdm_archive *archive, const void **data, size_t *len,
                                 uint64_t *offset, struct fdm_error *err)
{
    int64_t at = 0;
    int got;
    *len = 0;
    do /* a piece of nothing is not the end */
        got = archive_read_data_block(reader_of(archive), data, len, &at);
    while (got == ARCHIVE_OK && *len == 0);
    if (got == ARCHIVE_EOF) {
        *len = 0;
        return FDM_OK;
    }
    if (got != ARCHIVE_OK)
        return damaged(reader_of(archive), err);
    if (at < 0)
        return fdm_fail(err, FDM_ERR_FORMAT, "damaged archive: data out of order");
    *offset = (uint64_t)at;
    return FDM_OK;
}

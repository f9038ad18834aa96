#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/base/fs.h"

const char *test_data_dir(void)
{
    const char *dir = getenv("FDM_TEST_DATA");
    if (dir == NULL)
        dir = FDM_TEST_DATA_DEFAULT;
    return fdm_fs_is_dir(dir) ? dir : NULL;
}

char *test_data_path(const char *relative)
{
    const char *dir = test_data_dir();
    char *path = dir != NULL ? fdm_fs_join(dir, relative) : NULL;
    if (path == NULL || access(path, R_OK) != 0) {
        print_message("skipped: no %s in the test data (set FDM_TEST_DATA)\n", relative);
        free(path);
        path = NULL;
        skip();
    }
    return path;
}

char *test_tmpdir(void)
{
    const char *base = getenv("TMPDIR");
    char *pattern = fdm_fs_join(base != NULL ? base : "/tmp", "fdm-test-XXXXXX");
    assert_non_null(pattern);
    assert_non_null(mkdtemp(pattern));
    return pattern;
}

char *test_firmware_folder(void)
{
    char *folder = test_tmpdir();
    char *objects = fdm_fs_join(folder, "objects");
    assert_int_equal(fdm_fs_make_dirs(FDM_TEST_OBJECTS, NULL), FDM_OK);
    assert_int_equal(symlink(FDM_TEST_OBJECTS, objects), 0);
    free(objects);
    return folder;
}

void test_rmtree(const char *folder)
{
    fdm_fs_remove_tree(folder);
}

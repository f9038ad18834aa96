#include "tests/fuzz/fuzz_child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test.h"

#define DEFAULT_CASES 10000
#define DEFAULT_SEED 2024

uint32_t fuzz_setting(const char *name, uint32_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

/* In the child: notes each case's number before it is tried. */
static int run_cases(fuzz_case *try_case, const void *subject, uint32_t first, uint32_t count,
                     FILE *progress)
{
    uint32_t seed = fuzz_setting("FDM_FUZZ_SEED", DEFAULT_SEED);
    uint32_t taken = 0;
    for (uint32_t number = first; number - first < count; number++) {
        bool accepted = false;
        rewind(progress);
        fwrite(&number, sizeof number, 1, progress);
        fflush(progress);
        if (!try_case(subject, seed, number, &accepted))
            return 1;
        taken += accepted;
    }
    print_message("%u cases, %u of them were accepted\n", count, taken);
    return 0;
}

void fuzz_in_child(fuzz_case *try_case, const void *subject, uint32_t divisor)
{
    uint32_t first = fuzz_setting("FDM_FUZZ_FIRST", 0);
    uint32_t count = (fuzz_setting("FDM_FUZZ_CASES", DEFAULT_CASES) + divisor - 1) / divisor;
    FILE *progress = tmpfile();
    assert_non_null(progress);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        /* cmocka's handlers would jump back into the tests, in this process. */
        signal(SIGSEGV, SIG_DFL);
        signal(SIGBUS, SIG_DFL);
        signal(SIGFPE, SIG_DFL);
        exit(run_cases(try_case, subject, first, count, progress)); /* the leak check runs here */
    }
    int end;
    uint32_t number = first;
    assert_int_equal(waitpid(child, &end, 0), child);
    rewind(progress);
    assert_int_equal(fread(&number, sizeof number, 1, progress), 1);
    fclose(progress);
    if (!WIFEXITED(end) || WEXITSTATUS(end) != 0)
        fail_msg("case %u failed (%s %d); again: FDM_FUZZ_SEED=%u FDM_FUZZ_FIRST=%u "
                 "FDM_FUZZ_CASES=1",
                 number, WIFSIGNALED(end) ? "signal" : "exit code",
                 WIFSIGNALED(end) ? WTERMSIG(end) : WEXITSTATUS(end),
                 fuzz_setting("FDM_FUZZ_SEED", DEFAULT_SEED), number);
}

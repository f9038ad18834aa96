/* Runs a command and appends to a file what it took: "SECONDS PEAK_KIB\n".
 * Usage: measure FILE COMMAND… Ends as the command does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/base/clock.h"

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    struct rusage usage;
    int end = 0;
    uint64_t began_ns = fdm_clock_now_ns();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        perror(argv[2]);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &end, 0) != child)
        return 1;
    uint64_t took_ns = fdm_clock_now_ns() - began_ns;
    /* The largest of all children that were waited for: there was one. */
    if (getrusage(RUSAGE_CHILDREN, &usage) != 0)
        return 1;
    FILE *file = fopen(argv[1], "a");
    if (file == NULL) {
        perror(argv[1]);
        return 1;
    }
    fprintf(file, "%.3f %ld\n", (double)took_ns / (double)FDM_NS_PER_S, usage.ru_maxrss);
    fclose(file);
    return WIFEXITED(end) ? WEXITSTATUS(end) : 1;
}

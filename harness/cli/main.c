#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "harness/cli/cmd.h"
#include "harness/cli/version.h"

static const struct fdm_command commands[] = {
    {"bench", "time the engines on this computer, and TensorFlow Lite beside them", fdm_cmd_bench},
    {"build", "build the program that runs a model on a board, and print its memory",
     fdm_cmd_build},
    {"cache", "list, verify or prune what was fetched", fdm_cmd_cache},
    {"compare", "pair two kinds of cases image by image, with McNemar's exact test",
     fdm_cmd_compare},
    {"demo", "draw the demonstration's images", fdm_cmd_demo},
    {"doctor", "check tools, files and boards, and say how to mend what is missing",
     fdm_cmd_doctor},
    {"explain", "show layer by layer what quantization did to a model", fdm_cmd_explain},
    {"fetch", "download models and datasets, checked and resumable", fdm_cmd_fetch},
    {"inspect", "print a model's operators, shapes, quantization, MACs and bytes", fdm_cmd_inspect},
    {"list", "list boards, models, datasets, semantics, sessions or cases", fdm_cmd_list},
    {"quantize", "turn a float model into an int8 .tflite, or compare the methods",
     fdm_cmd_quantize},
    {"report", "regenerate a model card's tables: published, measured, difference", fdm_cmd_report},
    {"run", "measure cases on a board, or on this computer, into the store", fdm_cmd_run},
    {"show", "print one case: provenance, accuracy, per-class results", fdm_cmd_show},
    {"split", "compute the exact training/validation split of a dataset", fdm_cmd_split},
    {NULL, NULL, NULL},
};

static void print_help(FILE *out)
{
    fputs("fdm-bench measures and validates FdMobileNet image classifiers and regenerates the "
          "tables of\n"
          "their model card from what it measured.\n\n"
          "usage: fdm-bench COMMAND [OPTIONS]\n\ncommands:\n",
          out);
    for (const struct fdm_command *command = commands; command->name != NULL; command++)
        fprintf(out, "  %-10s %s\n", command->name, command->summary);
    fputs(
        "\n`fdm-bench help COMMAND` explains a command. `fdm-bench --version` prints the version.\n"
        "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 some cases failed or were skipped,\n"
        "130 interrupted (the same command continues).\n",
        out);
}

static const struct fdm_command *find_command(const char *name)
{
    const struct fdm_command *command = commands;
    while (command->name != NULL && strcmp(command->name, name) != 0)
        command++;
    return command->name != NULL ? command : NULL;
}

static int unknown_command(const char *word)
{
    const char *nearest = NULL;
    size_t best = 3;
    for (const struct fdm_command *command = commands; command->name != NULL; command++) {
        size_t distance = fdm_edit_distance(command->name, word);
        if (distance < best) {
            best = distance;
            nearest = command->name;
        }
    }
    if (nearest != NULL)
        fprintf(stderr, "fdm-bench: no command \"%s\"; did you mean \"%s\"?\n", word, nearest);
    else
        fprintf(stderr, "fdm-bench: no command \"%s\"; `fdm-bench --help` lists them\n", word);
    return FDM_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return FDM_EXIT_USAGE;
    }
    bool help = strcmp(argv[1], "help") == 0;
    if ((help && argc == 2) || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        print_help(stdout);
        return FDM_EXIT_OK;
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("fdm-bench %s\n", FDM_VERSION);
        return FDM_EXIT_OK;
    }
    const char *name = argv[help ? 2 : 1];
    const struct fdm_command *command = find_command(name);
    if (command == NULL)
        return unknown_command(name);
    char asks[] = "--help";
    char *words[] = {argv[1], asks, NULL};
    return help ? command->run(2, words) : command->run(argc - 1, argv + 1);
}

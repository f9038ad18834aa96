#!/bin/sh
# Functions that are not used here, each with what to use instead.
set -eu
bad=0
ban() { # ban PATTERN ADVICE [EXCEPTION]
    found=$(find harness reference targets results reports tests -name '*.[ch]' |
        xargs grep -nE "(^|[^A-Za-z0-9_])($1)[[:space:]]*\(" | grep -vE "${3:-^$}" || true)
    if [ -n "$found" ]; then
        printf '%s\n  -> %s\n' "$found" "$2"
        bad=1
    fi
}
ban 'strcpy|strcat|strncpy|strncat|stpcpy' 'snprintf, memcpy or struct fdm_buf'
ban 'sprintf|vsprintf' 'snprintf'
ban 'gets|scanf|sscanf|fscanf' 'a parser that checks ranges'
ban 'atoi|atol|atoll|atof' 'strtol and friends, with the end and the range checked'
ban 'strtok' 'strcspn or strtok_r'
ban 'system|popen' 'harness/base/proc.h'
ban 'alloca' 'malloc'
ban 'gmtime|localtime|asctime|ctime' 'the _r variants'
ban 'rand|srand|random' 'test_random() in tests'
ban 'setjmp|longjmp' 'return a status' 'harness/datasets/decode_(jpeg|png).c'
exit $bad

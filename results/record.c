#include "results/record.h"

#include <string.h>

static const char *const session_states[] = {
    [FDM_SESSION_RUNNING] = "running",
    [FDM_SESSION_COMPLETE] = "complete",
    [FDM_SESSION_FAILED] = "failed",
};

static const char *const case_states[] = {
    [FDM_CASE_PLANNED] = "planned",   [FDM_CASE_RUNNING] = "running",
    [FDM_CASE_COMPLETE] = "complete", [FDM_CASE_FAILED] = "failed",
    [FDM_CASE_SKIPPED] = "skipped",
};

static const char *const figure_kinds[] = {
    [FDM_FIGURE_MEASURED] = "measured",   [FDM_FIGURE_EMULATED] = "emulated",
    [FDM_FIGURE_ESTIMATED] = "estimated", [FDM_FIGURE_COMPUTED] = "computed",
    [FDM_FIGURE_PUBLISHED] = "published",
};

#define COUNT(words) (sizeof(words) / sizeof(words)[0])

static const char *word(const char *const *words, size_t count, size_t index)
{
    return index < count ? words[index] : "unknown";
}

static size_t find(const char *const *words, size_t count, const char *name)
{
    size_t i = 0;
    while (i < count && strcmp(words[i], name) != 0)
        i++;
    return i;
}

const char *fdm_session_state_name(enum fdm_session_state state)
{
    return word(session_states, COUNT(session_states), (size_t)state);
}

const char *fdm_case_state_name(enum fdm_case_state state)
{
    return word(case_states, COUNT(case_states), (size_t)state);
}

const char *fdm_figure_kind_name(enum fdm_figure_kind kind)
{
    return word(figure_kinds, COUNT(figure_kinds), (size_t)kind);
}

bool fdm_session_state_parse(const char *name, enum fdm_session_state *out)
{
    size_t i = find(session_states, COUNT(session_states), name);
    if (i == COUNT(session_states))
        return false;
    *out = (enum fdm_session_state)i;
    return true;
}

bool fdm_case_state_parse(const char *name, enum fdm_case_state *out)
{
    size_t i = find(case_states, COUNT(case_states), name);
    if (i == COUNT(case_states))
        return false;
    *out = (enum fdm_case_state)i;
    return true;
}

bool fdm_figure_kind_parse(const char *name, enum fdm_figure_kind *out)
{
    size_t i = find(figure_kinds, COUNT(figure_kinds), name);
    if (i == COUNT(figure_kinds))
        return false;
    *out = (enum fdm_figure_kind)i;
    return true;
}

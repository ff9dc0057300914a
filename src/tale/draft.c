/*
 * A tale while it is being written; see draft.h.
 */
#include "tale/draft.h"

#include "tale/compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int draft_init(struct draft *draft, struct report *report)
{
    *draft = (struct draft){.report = report, .tale = calloc(1, sizeof *draft->tale)};
    return draft->tale != NULL ? 0 : -ENOMEM;
}

void draft_deinit(struct draft *draft)
{
    tale_free(draft->tale);
    free(draft->origin);
    *draft = (struct draft){.report = draft->report};
}

void draft_set_name(struct draft *draft, const char *text, size_t length)
{
    char *const name = draft->tale->name;

    if (length >= sizeof draft->tale->name)
        length = sizeof draft->tale->name - 1;
    for (size_t i = 0; i < length; i++)
        name[i] = text[i] != '\0' && strchr(DRAFT_NAME_CHARACTERS, text[i]) != NULL ? text[i] : '-';
    name[length] = '\0';
}

static void set_name_of_file(struct draft *draft, const char *file)
{
    const char *const slash = strrchr(file, '/');
    const char *const base = slash != NULL ? slash + 1 : file;
    const char *const dot = strrchr(base, '.');

    if (base[0] == '\0' || strcmp(base, "-") == 0)
        draft_set_name(draft, "tale", 4);
    else
        draft_set_name(draft, base,
                       dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base));
}

void draft_set_defaults(struct draft *draft, const char *file)
{
    struct tale *tale = draft->tale;

    set_name_of_file(draft, file);
    tale->base_hop_limit = 64;
    tale->end[PROBE_ICMP] = END_REPLY;
    tale->end[PROBE_UDP] = END_UNREACHABLE;
    tale->end[PROBE_TCP] = END_RESET;
    tale->end[PROBE_OTHER] = END_UNREACHABLE;
}

static void *no_memory(struct draft *draft)
{
    report_error(draft->report, 0, 0, "not enough memory for the tale");
    return NULL;
}

struct tale *draft_finish(struct draft *draft)
{
    struct tale *tale = draft->tale;
    uint8_t *extensions = malloc(tale_prepared_size(tale) + 1);

    if (extensions == NULL)
        return no_memory(draft);
    draft->tale = NULL;
    tale_prepare(tale, extensions);
    return tale;
}

void tale_free(struct tale *tale)
{
    if (tale == NULL)
        return;
    for (unsigned i = 0; i < tale->hop_count; i++) {
        free(tale->hop[i].interface);
        free(tale->hop[i].say);
        free(tale->hop[i].name);
    }
    free(tale->extensions);
    free(tale->hop);
    free(tale->step);
    free(tale);
}

char *draft_text(struct draft *draft, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL)
        no_memory(draft);
    return copy;
}

/* Room for one more in an array that is doubled when it is full; NULL when memory is short. */
static void *with_room(void *array, unsigned count, unsigned capacity, size_t size)
{
    return count < capacity ? array : reallocarray(array, capacity * 2 + 16, size);
}

static bool has_room_for_hop(struct draft *draft)
{
    struct tale *tale = draft->tale;
    struct hop *hop = with_room(tale->hop, tale->hop_count, draft->hop_capacity, sizeof *hop);
    uint16_t *origin;

    if (hop == NULL)
        return false;
    tale->hop = hop;
    origin = with_room(draft->origin, tale->hop_count, draft->hop_capacity, sizeof *origin);
    if (origin == NULL)
        return false;
    draft->origin = origin;
    if (tale->hop_count == draft->hop_capacity)
        draft->hop_capacity = draft->hop_capacity * 2 + 16;
    return true;
}

struct hop *draft_add_hop(struct draft *draft, uint32_t line, uint32_t column)
{
    struct tale *tale = draft->tale;
    struct hop *hop;

    if (tale->hop_count == TALE_HOPS_MAX) {
        if (!draft->is_full)
            report_error(draft->report, line, column,
                         "expected at most %d hops in all, found one more", TALE_HOPS_MAX);
        draft->is_full = true;
        return NULL;
    }
    if (!has_room_for_hop(draft))
        return no_memory(draft);
    hop = &tale->hop[tale->hop_count];
    *hop = (struct hop){.line = line};
    draft->origin[tale->hop_count] = tale->hop_count;
    tale->hop_count++;
    return hop;
}

struct hop *draft_copy_hop(struct draft *draft, unsigned index, uint32_t line, uint32_t column)
{
    struct hop *hop = draft_add_hop(draft, line, column);
    const struct hop *from;

    if (hop == NULL)
        return NULL;
    from = &draft->tale->hop[index];
    *hop = *from;
    hop->say = NULL;
    hop->name = NULL;
    hop->interface = NULL;
    hop->interface_count = 0;
    if (from->interface_count == 0)
        return hop;
    hop->interface = calloc(from->interface_count, sizeof *hop->interface);
    if (hop->interface == NULL)
        return no_memory(draft);
    memcpy(hop->interface, from->interface, from->interface_count * sizeof *hop->interface);
    hop->interface_count = from->interface_count;
    return hop;
}

struct hop *draft_repeat_hop(struct draft *draft, unsigned index, uint32_t line, uint32_t column)
{
    struct hop *hop = draft_copy_hop(draft, index, line, column);
    const struct hop *from;

    if (hop == NULL)
        return NULL;
    from = &draft->tale->hop[index];
    draft->origin[draft->tale->hop_count - 1] = draft->origin[index];
    hop->say = draft_text(draft, from->say != NULL ? from->say : "");
    hop->name = draft_text(draft, from->name != NULL ? from->name : "");
    return hop;
}

struct step *draft_add_step(struct draft *draft)
{
    struct tale *tale = draft->tale;
    struct step *step = with_room(tale->step, tale->step_count, draft->step_capacity, sizeof *step);

    if (step == NULL)
        return no_memory(draft);
    tale->step = step;
    if (tale->step_count == draft->step_capacity)
        draft->step_capacity = draft->step_capacity * 2 + 16;
    step = &tale->step[tale->step_count++];
    *step = (struct step){.branch_count = 0};
    return step;
}

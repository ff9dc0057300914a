/*
 * A table of stacks from labelled packets; see stack_learn.h.
 */
#include "watch/stack_learn.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A new value was a part of the rest before; so much of it. */
#define NEW_OF_REST 0.1

struct learnt {
    enum stack_feature feature;
    uint64_t value;
    uint64_t seen[STACK_FAMILY_COUNT];
    double before[STACK_FAMILY_COUNT];
    bool is_new;
    char text[STACK_VALUE_TEXT_MAX];
};

/* What is not in a row of its own. */
struct rest {
    bool is_given; /* by the table that it begins from */
    uint64_t seen[STACK_FAMILY_COUNT];
    double before[STACK_FAMILY_COUNT];
};

struct stack_learn {
    uint64_t packets[STACK_FAMILY_COUNT];
    uint64_t of_feature[STACK_FEATURE_COUNT][STACK_FAMILY_COUNT]; /* those that have it */
    uint64_t left_out;
    struct rest rest[STACK_FEATURE_COUNT];
    unsigned count;
    struct learnt learnt[STACK_LEARN_VALUES_MAX];
};

enum stack_family stack_family_of(const char *name)
{
    unsigned i = 0;

    while (i < STACK_FAMILY_COUNT && strcmp(stack_family_name((enum stack_family)i), name) != 0)
        i++;
    return (enum stack_family)i;
}

static struct learnt *find(struct stack_learn *learn, enum stack_feature feature, uint64_t value)
{
    for (unsigned i = 0; i < learn->count; i++)
        if (learn->learnt[i].feature == feature && learn->learnt[i].value == value)
            return &learn->learnt[i];
    return NULL;
}

static struct learnt *find_or_add(struct stack_learn *learn, enum stack_feature feature,
                                  uint64_t value)
{
    struct learnt *found = find(learn, feature, value);

    if (found || learn->count == STACK_LEARN_VALUES_MAX)
        return found;
    found = &learn->learnt[learn->count++];
    *found = (struct learnt){.feature = feature, .value = value};
    return found;
}

static void take_line(const struct stack_line *line, void *context)
{
    struct stack_learn *learn = context;
    struct rest *rest = &learn->rest[line->feature];
    struct learnt *learnt;

    if (line->is_rest) {
        rest->is_given = true;
        memcpy(rest->before, line->likelihood, sizeof rest->before);
        return;
    }
    learnt = find_or_add(learn, line->feature, line->value);
    if (!learnt)
        return; /* no table has so many */
    memcpy(learnt->before, line->likelihood, sizeof learnt->before);
    snprintf(learnt->text, sizeof learnt->text, "%s", line->text);
}

int stack_learn_new(const char *text, size_t length, struct report *report,
                    struct stack_learn **out)
{
    struct stack_table *table = malloc(sizeof *table);
    struct stack_learn *learn = calloc(1, sizeof *learn);
    int rc = -ENOMEM;

    if (table && learn)
        rc = stack_table_parse(text, length, report, table);
    free(table);
    if (rc < 0) {
        free(learn);
        return rc;
    }
    (void)stack_lines_each(text, length, report, take_line, learn);
    *out = learn;
    return 0;
}

void stack_learn_free(struct stack_learn *learn)
{
    free(learn);
}

/*
 * What follows from the version or from the layout says nothing of its own, so that it is neither
 * counted nor changed: a family that was seen by IPv4 alone is no less likely to use IPv6.
 */
static bool is_implied(enum stack_feature feature, uint64_t value)
{
    if (feature == STACK_FEATURE_ID)
        return value == STACK_ID_V6;
    return (feature == STACK_FEATURE_FLOW || feature == STACK_FEATURE_SCALE) &&
           value == STACK_VALUE_NONE;
}

static bool has_feature(enum stack_feature feature, const struct observation *o)
{
    return feature != STACK_FEATURE_PRIOR && !is_implied(feature, stack_value(feature, o));
}

/* A window may have a row of its own, though it is one of a class. */
static struct learnt *row_of(struct stack_learn *learn, enum stack_feature feature,
                             const struct observation *o)
{
    struct learnt *own = NULL;

    if (feature == STACK_FEATURE_WINDOW)
        own = find(learn, feature, o->window);
    return own ? own : find_or_add(learn, feature, stack_value(feature, o));
}

static void add_feature(struct stack_learn *learn, enum stack_feature feature,
                        enum stack_family family, const struct observation *o, uint64_t count)
{
    struct learnt *learnt = row_of(learn, feature, o);

    learn->of_feature[feature][family] += count;
    if (!learnt) {
        learn->rest[feature].seen[family] += count;
        learn->left_out += count;
        return;
    }
    learnt->seen[family] += count;
    if (learnt->text[0] == '\0') {
        stack_value_text(feature, o, learnt->text);
        learnt->is_new = true;
    }
}

void stack_learn_add(struct stack_learn *learn, enum stack_family family,
                     const struct observation *observation, uint64_t count)
{
    learn->packets[family] += count;
    for (unsigned i = 0; i < STACK_FEATURE_COUNT; i++)
        if (has_feature((enum stack_feature)i, observation))
            add_feature(learn, (enum stack_feature)i, family, observation, count);
}

uint64_t stack_learn_seen(const struct stack_learn *learn, enum stack_family family)
{
    return learn->packets[family];
}

uint64_t stack_learn_left_out(const struct stack_learn *learn)
{
    return learn->left_out;
}

/* One row that is to be written. */
struct written {
    const struct learnt *learnt;
    uint64_t seen; /* of all families */
};

static bool becomes_row(const struct learnt *learnt)
{
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        if (learnt->seen[i] >= STACK_LEARN_SEEN_LEAST)
            return true;
    return !learnt->is_new;
}

/* Old rows as they came, then new ones, the most frequent first. */
static int compare(const void *a, const void *b)
{
    const struct written *left = a;
    const struct written *right = b;

    if (left->learnt->is_new != right->learnt->is_new)
        return left->learnt->is_new ? 1 : -1;
    if (!left->learnt->is_new)
        return left->learnt < right->learnt ? -1 : 1;
    if (left->seen != right->seen)
        return left->seen < right->seen ? 1 : -1;
    return strcmp(left->learnt->text, right->learnt->text);
}

static uint64_t total_of(const struct learnt *learnt)
{
    uint64_t total = 0;

    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        total += learnt->seen[i];
    return total;
}

/* Puts one row: its name, its value, a share for each family. */
static void put_row(enum stack_feature feature, const char *value,
                    const double share[STACK_FAMILY_COUNT],
                    void (*put)(const char *text, void *context), void *context)
{
    char line[STACK_VALUE_TEXT_MAX + 160];
    size_t used =
        (size_t)snprintf(line, sizeof line, "%-7s %-41s", stack_feature_name(feature), value);

    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++)
        used += (size_t)snprintf(line + used, sizeof line - used, " %-7.4g", share[i]);
    while (line[used - 1] == ' ')
        used--;
    snprintf(line + used, sizeof line - used, "\n");
    put(line, context);
}

static double share_of(const struct stack_learn *learn, enum stack_feature feature, unsigned family,
                       uint64_t seen, double before)
{
    const double packets = (double)learn->of_feature[feature][family];

    return fmin(1, ((double)seen + STACK_LEARN_BEFORE * before) / (packets + STACK_LEARN_BEFORE));
}

/* What is left of the rest once new values have rows of their own. */
static double rest_before(const struct rest *rest, unsigned family, unsigned new_rows)
{
    return rest->before[family] * (1 - fmin(0.9, NEW_OF_REST * new_rows));
}

static void put_feature(const struct stack_learn *learn, enum stack_feature feature,
                        const struct written *written, unsigned count,
                        void (*put)(const char *text, void *context), void *context)
{
    const struct rest *rest = &learn->rest[feature];
    double share[STACK_FAMILY_COUNT];
    uint64_t in_rows[STACK_FAMILY_COUNT] = {0};
    unsigned new_rows = 0;

    for (unsigned i = 0; i < count; i++) {
        const struct learnt *learnt = written[i].learnt;

        if (learnt->feature != feature)
            continue;
        new_rows += learnt->is_new;
        for (unsigned f = 0; f < STACK_FAMILY_COUNT; f++) {
            const double before =
                learnt->is_new ? rest->before[f] * NEW_OF_REST : learnt->before[f];

            in_rows[f] += learnt->seen[f];
            share[f] = is_implied(feature, learnt->value)
                           ? before
                           : share_of(learn, feature, f, learnt->seen[f], before);
        }
        put_row(feature, learnt->text, share, put, context);
    }
    if (!rest->is_given)
        return;
    for (unsigned f = 0; f < STACK_FAMILY_COUNT; f++)
        share[f] = share_of(learn, feature, f, learn->of_feature[feature][f] - in_rows[f],
                            rest_before(rest, f, new_rows));
    put_row(feature, "*", share, put, context);
}

static void put_prior(const struct stack_learn *learn, bool mix,
                      void (*put)(const char *text, void *context), void *context)
{
    const struct rest *rest = &learn->rest[STACK_FEATURE_PRIOR];
    double share[STACK_FAMILY_COUNT];
    double before = 0;
    double packets = 0;

    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++) {
        before += rest->is_given ? rest->before[i] : 1;
        packets += (double)learn->packets[i];
    }
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++) {
        const double own = (rest->is_given ? rest->before[i] : 1) / before;

        share[i] = mix ? ((double)learn->packets[i] + STACK_LEARN_BEFORE * own) /
                             (packets + STACK_LEARN_BEFORE)
                       : own;
    }
    put_row(STACK_FEATURE_PRIOR, "*", share, put, context);
}

static void put_head(const struct stack_learn *learn, void (*put)(const char *text, void *context),
                     void *context)
{
    char text[64];

    put("# Fitted by hoptell stack learn, see hoptell-stack(1), to packets of a known stack:\n#",
        context);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++) {
        snprintf(text, sizeof text, "%s %llu %s", i > 0 ? "," : "",
                 (unsigned long long)learn->packets[i], stack_family_name((enum stack_family)i));
        put(text, context);
    }
    put(".\n#\n", context);
    snprintf(text, sizeof text, "# %-7s %-39s", "feature", "value");
    put(text, context);
    for (unsigned i = 0; i < STACK_FAMILY_COUNT; i++) {
        snprintf(text, sizeof text, i + 1 < STACK_FAMILY_COUNT ? " %-7s" : " %s\n",
                 stack_family_name((enum stack_family)i));
        put(text, context);
    }
}

void stack_learn_write(const struct stack_learn *learn, bool mix,
                       void (*put)(const char *text, void *context), void *context)
{
    struct written written[STACK_LEARN_VALUES_MAX] = {{NULL, 0}};
    unsigned count = 0;

    for (unsigned i = 0; i < learn->count; i++)
        if (becomes_row(&learn->learnt[i]))
            written[count++] = (struct written){&learn->learnt[i], total_of(&learn->learnt[i])};
    qsort(written, count, sizeof written[0], compare);
    if (count > STACK_ROWS_MAX) /* the rarest new ones go with the rest */
        count = STACK_ROWS_MAX;
    put_head(learn, put, context);
    put_prior(learn, mix, put, context);
    for (unsigned i = STACK_FEATURE_PRIOR + 1; i < STACK_FEATURE_COUNT; i++) {
        put("\n", context);
        put_feature(learn, (enum stack_feature)i, written, count, put, context);
    }
}

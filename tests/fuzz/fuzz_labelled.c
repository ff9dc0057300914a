/* Labelled signatures as CSV, and a table of stacks that is fitted to them. */
#include "watch/labelled.h"
#include "watch/stack_learn.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void learn(const struct labelled *labelled, void *context)
{
    stack_learn_add(context, labelled->family, &labelled->observation, labelled->count);
}

static char text[256 * 1024];
static size_t used;

static void append(const char *piece, void *context)
{
    (void)context;
    if (used + strlen(piece) >= sizeof text)
        abort();
    used += (size_t)sprintf(text + used, "%s", piece);
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    static struct report report;
    static struct stack_table table;
    struct stack_learn *learnt;

    report_init(&report, "t");
    if (stack_learn_new(watch_stacks_txt, strlen(watch_stacks_txt), &report, &learnt) < 0)
        abort();
    (void)labelled_parse((const char *)octets, length, &report, learn, learnt);
    used = 0;
    stack_learn_write(learnt, length % 2 == 0, append, NULL);
    report_init(&report, "t");
    if (stack_table_parse(text, used, &report, &table) < 0)
        abort();
    stack_learn_free(learnt);
    return 0;
}

/*
 * Verdicts as JSON; see verdicts.h.
 */
#include "serve/verdicts.h"

#include "serve/answer.h"
#include "serve/parameters.h"

#include <time.h>

/* What is left to be given, from the newest down. */
struct backwards {
    const struct journal *journal;
    uint64_t number; /* of the one given last */
    size_t left;
};

static bool next_older(struct judgement *out, void *context)
{
    struct backwards *b = context;

    while (b->left > 0 && b->number > journal_begin(b->journal))
        if (journal_at(b->journal, --b->number, out)) {
            b->left--;
            return true;
        }
    return false;
}

int verdicts_list(struct request *request)
{
    const struct journal *journal = request->sources->journal;
    struct backwards backwards = {.journal = journal, .number = journal_end(journal)};
    struct query query;
    int result;

    if (!parameters_query(request, QUERY_LIMIT, &query, &result))
        return result;
    backwards.left = query.limit;
    return answer_json_with(request, json_object(), "verdicts", next_older, &backwards);
}

static json_t *span_object(const struct tally *tally, enum tally_span span, uint64_t now_s)
{
    struct tally_cell cell[TALLY_CELLS_MAX];
    const unsigned count = tally != NULL ? tally_read(tally, span, now_s, cell) : 0;
    json_t *list = json_array();

    for (unsigned i = 0; i < count; i++) {
        json_t *object = json_pack("{s:I}", "time", (json_int_t)cell[i].begin_s);

        for (unsigned v = 0; v < VERDICT_COUNT; v++)
            json_object_set_new(object, verdict_name((enum verdict)v),
                                json_integer((json_int_t)cell[i].verdict[v]));
        json_array_append_new(list, object);
    }
    return json_pack("{s:I, s:o}", "step", (json_int_t)tally_step_s(span), "cells", list);
}

int verdicts_shares(struct request *request)
{
    const struct tally *tally = request->sources->tally;
    const uint64_t now_s = (uint64_t)time(NULL);
    struct query query;
    int result;

    if (!parameters_query(request, 0, &query, &result))
        return result;
    return answer_json(request, json_pack("{s:I, s:o, s:o}", "now", (json_int_t)now_s, "hour",
                                          span_object(tally, TALLY_HOUR, now_s), "day",
                                          span_object(tally, TALLY_DAY, now_s)));
}

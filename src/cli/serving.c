/*
 * Serving; see serving.h.
 */
#include "cli/serving.h"

#include "base/units.h"
#include "serve/token.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct serving {
    struct serving_sources sources;
    char token[TOKEN_MAX]; /* "" for none */
    size_t count;
    struct serve *listener[];
};

static void serving_observed(const struct observation *observation, struct judgement *out,
                             void *context)
{
    struct serving *s = context;

    watching_observe(s->sources.watching, observation, out);
}

static void serving_metrics(metric_put *put, void *to, void *context)
{
    const struct serving *s = context;

    s->sources.metrics(put, to, s->sources.context);
    serve_metrics(s->listener, s->count, put, to);
}

static bool serving_ready(const char **out_reason, void *context)
{
    const struct serving *s = context;

    return s->sources.ready(out_reason, s->sources.context);
}

static const struct tales *serving_tales(void *context)
{
    const struct serving *s = context;

    return s->sources.tales(s->sources.context);
}

static size_t serving_walkers(struct walker out[WALKERS_MAX], void *context)
{
    const struct serving *s = context;

    return s->sources.walkers(out, s->sources.context);
}

static int serving_label(const struct address *address, uint16_t port, bool is_tethered,
                         void *context)
{
    const struct serving *s = context;

    return s->sources.label(address, port, is_tethered, s->sources.context);
}

static int serving_recall(const struct address *address, uint64_t *out_ticket, void *context)
{
    const struct serving *s = context;

    return s->sources.recall(address, out_ticket, s->sources.context);
}

static int serving_forget(const struct address *address, void *context)
{
    const struct serving *s = context;

    return s->sources.forget(address, s->sources.context);
}

static int serving_listen(struct serving *s, uv_loop_t *loop, const struct text_list *listen,
                          enum serve_audience audience, char *error, size_t error_size)
{
    const struct serve_sources sources = {
        .watch = watching_watch(s->sources.watching),
        .journal = watching_journal(s->sources.watching),
        .tally = watching_tally(s->sources.watching),
        .observed = serving_observed,
        .metrics = serving_metrics,
        .ready = serving_ready,
        .tales = serving_tales,
        .walkers = serving_walkers,
        .label = serving_label,
        .forget = serving_forget,
        .recall = serving_recall,
        .token = s->token[0] != '\0' ? s->token : NULL,
        .context = s,
    };

    for (size_t i = 0; i < listen->count; i++) {
        struct address address;
        uint16_t port;
        int code = -EINVAL;

        if (strncmp(listen->item[i], "unix:", 5) == 0)
            code = serve_open_unix(loop, listen->item[i] + 5, &sources, &s->listener[s->count],
                                   error, error_size);
        else if (units_parse_endpoint(listen->item[i], &address, &port))
            code = serve_open(loop, &address, port, audience, &sources, &s->listener[s->count],
                              error, error_size);
        else
            snprintf(error, error_size, "expected ADDRESS:PORT, found '%s'", listen->item[i]);
        if (code != 0)
            return code;
        s->count++;
    }
    return 0;
}

int serving_open(uv_loop_t *loop, const struct settings *settings,
                 const struct serving_sources *sources, struct serving **out, char *error,
                 size_t error_size)
{
    const struct text_list *visitors = &settings->visitors_listen;
    const struct text_list *operators = &settings->operators_listen;
    struct serving *s =
        calloc(1, sizeof *s + (visitors->count + operators->count) * sizeof(struct serve *));
    int code;

    if (s == NULL) {
        snprintf(error, error_size, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    *out = s;
    s->sources = *sources;
    code = settings->operators_token_file[0] != '\0'
               ? token_read(settings->operators_token_file, s->token, error, error_size)
               : 0;
    if (code == 0)
        code = serving_listen(s, loop, visitors, SERVE_VISITORS, error, error_size);
    if (code == 0)
        code = serving_listen(s, loop, operators, SERVE_OPERATORS, error, error_size);
    return code;
}

void serving_recalled(struct serving *s, uint64_t ticket, struct recalled *recalled)
{
    for (size_t i = 0; i < s->count; i++)
        if (serve_recalled(s->listener[i], ticket, recalled))
            return;
    free(recalled->moment);
}

void serving_judged(struct serving *s, const struct judgement *judgement)
{
    for (size_t i = 0; i < s->count; i++)
        serve_judged(s->listener[i], judgement);
}

void serving_close(struct serving *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        serve_close(s->listener[i]);
    free(s);
}

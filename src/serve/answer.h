/*
 * Answers, with the headers that they all carry. Each returns 0, or -ENOMEM, which closes the
 * connection without an answer.
 */
#ifndef HOPTELL_SERVE_ANSWER_H
#define HOPTELL_SERVE_ANSWER_H

#include "serve/request.h"

#include <jansson.h>

struct answer_header {
    const char *name;
    const char *value;
};

/* An answer of `status` with `body`, which is emptied; NULL for none. */
int answer_send(struct request *request, unsigned status, const char *type, struct buffer *body,
                const struct answer_header *headers, size_t count);

/* 200 with a text that is a constant. */
int answer_constant(struct request *request, const char *type, const char *text,
                    const struct answer_header *headers, size_t count);

/* 200 with a body that is made while it is sent; the stream is ended in any case. */
int answer_stream(struct request *request, const char *type, const struct reply_stream *stream);

/* A problem document (RFC 9457) of type about:blank; `detail` is cut where it is long. */
int answer_problem(struct request *request, unsigned status, const char *detail);
int answer_problem_with(struct request *request, unsigned status, const char *detail,
                        const struct answer_header *headers, size_t count);

/* 200 with a line of text. */
int answer_line(struct request *request, const char *line);

/* 200 with the judgement as JSON of design 4.1. */
int answer_judgement(struct request *request, const struct judgement *judgement);

/* 200 with a JSON object, whose reference goes; NULL for one for which memory was out. */
int answer_json(struct request *request, json_t *object);

/*
 * 200 with that object and one more member, a list of judgements as JSON of design 4.1: `next` gives
 * them one by one until it returns false.
 */
int answer_json_with(struct request *request, json_t *object, const char *member,
                     bool (*next)(struct judgement *out, void *context), void *context);

/*
 * 204 with the judgement in X-Hoptell-* headers, for servers that ask before they serve. NULL is a
 * connection of which nothing is known: the verdict is unknown, and the rest is left out.
 */
int answer_headers(struct request *request, const struct judgement *judgement);

#endif

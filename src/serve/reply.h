/*
 * An answer on its way out: its head, and then a text or a stream. It knows nothing of sockets.
 */
#ifndef HOPTELL_SERVE_REPLY_H
#define HOPTELL_SERVE_REPLY_H

#include "serve/buffer.h"

#include <sys/types.h>

/* Where a body comes from that is made while it is sent. */
struct reply_stream {
    /* Writes at most `most` octets: how many, 0 where there is nothing now, or below 0 at the end. */
    ssize_t (*read)(void *context, char *out, size_t most);
    void (*end)(void *context); /* called once, when nothing is read any more */
    void *context;
};

struct reply { /* all zero is none */
    unsigned status;
    struct buffer fields; /* "Name: value\r\n" each */
    struct buffer owned;  /* the text, where it was made for this answer */
    const char *text;     /* or else a constant one */
    size_t text_length;
    struct reply_stream stream; /* or else this */
};

/* How the connection sends it. */
struct reply_terms {
    bool in_chunks; /* a stream, to who understands them */
    bool closes;    /* the connection ends behind it */
    bool is_old;    /* to HTTP/1.0, where that the connection stays is said */
};

/* One more header; both are the program's own words, without CR and LF. */
void reply_field(struct reply *reply, const char *name, const char *value);

/* Frees all that is the reply's, and ends its stream. */
void reply_deinit(struct reply *reply);

/* Status line and headers, the empty line too (RFC 9112, 4), of `now_s`; appended to *out. */
void reply_head(const struct reply *reply, const struct reply_terms *terms, long long now_s,
                struct buffer *out);

enum { REPLY_PIECE_MAX = 4096 };

/* The next piece of the stream, framed as `in_chunks` asks for; as `read` of reply_stream. */
ssize_t reply_piece(const struct reply *reply, bool in_chunks, struct buffer *out);

#endif

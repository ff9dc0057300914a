/*
 * An answer on its way out; see reply.h.
 */
#include "serve/reply.h"

#include "serve/status.h"

#include <stdlib.h>
#include <time.h>

enum { DATE_MAX = 32 };

void reply_field(struct reply *reply, const char *name, const char *value)
{
    buffer_put(&reply->fields, name);
    buffer_put(&reply->fields, ": ");
    buffer_put(&reply->fields, value);
    buffer_put(&reply->fields, "\r\n");
}

void reply_deinit(struct reply *reply)
{
    if (reply->stream.end != NULL)
        reply->stream.end(reply->stream.context);
    buffer_deinit(&reply->fields);
    buffer_deinit(&reply->owned);
    *reply = (struct reply){0};
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7). */
static void put_date(long long now_s, struct buffer *out)
{
    const time_t now = (time_t)now_s;
    char text[DATE_MAX];
    struct tm parts;

    gmtime_r(&now, &parts);
    strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    buffer_put(out, "Date: ");
    buffer_put(out, text);
    buffer_put(out, "\r\n");
}

static void put_framing(const struct reply *reply, const struct reply_terms *terms,
                        struct buffer *out)
{
    if (reply->stream.read != NULL)
        buffer_put(out, terms->in_chunks ? "Transfer-Encoding: chunked\r\n" : "");
    else if (reply->status != STATUS_NO_CONTENT)
        buffer_format(out, "Content-Length: %zu\r\n", reply->text_length);
    if (terms->closes)
        buffer_put(out, "Connection: close\r\n");
    else if (terms->is_old)
        buffer_put(out, "Connection: keep-alive\r\n");
}

void reply_head(const struct reply *reply, const struct reply_terms *terms, long long now_s,
                struct buffer *out)
{
    buffer_format(out, "HTTP/1.1 %u %s\r\n", reply->status, status_phrase(reply->status));
    put_date(now_s, out);
    buffer_put_octets(out, reply->fields.text, reply->fields.length);
    put_framing(reply, terms, out);
    buffer_put(out, "\r\n");
}

ssize_t reply_piece(const struct reply *reply, bool in_chunks, struct buffer *out)
{
    char piece[REPLY_PIECE_MAX];
    const ssize_t count = reply->stream.read(reply->stream.context, piece, sizeof piece);

    if (count > 0) {
        if (in_chunks)
            buffer_format(out, "%zx\r\n", (size_t)count);
        buffer_put_octets(out, piece, (size_t)count);
        if (in_chunks)
            buffer_put(out, "\r\n");
    } else if (count < 0 && in_chunks) {
        buffer_put(out, "0\r\n\r\n");
    }
    return count;
}

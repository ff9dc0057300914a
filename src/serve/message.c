/*
 * A request as it comes in; see message.h.
 */
#include "serve/message.h"

#include <string.h>
#include <strings.h>

/* Says what is wrong; returned by what llhttp calls, it ends the reading. */
static int refuse(struct message *message, unsigned status, const char *detail)
{
    message->state = MESSAGE_WRONG;
    message->status = status;
    message->detail = detail;
    return HPE_USER;
}

static int on_target(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;

    if (message->target == NULL)
        message->target = (char *)at;
    message->target_length += length;
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    struct message_header *header = &message->header[message->header_count];

    if (message->state != MESSAGE_HEAD)
        return 0; /* behind the last chunk; nobody asks for those */
    if (message->header_count == MESSAGE_HEADERS_MAX)
        return refuse(message, 431, "expected at most 100 headers");
    if (header->name == NULL)
        *header = (struct message_header){.name = (char *)at};
    header->name_length += length;
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;
    struct message_header *header = &message->header[message->header_count];

    if (message->state != MESSAGE_HEAD)
        return 0;
    if (header->value == NULL)
        header->value = (char *)at;
    else if (at != header->value + header->value_length)
        return refuse(message, 400, "expected each header in one line, found one that is folded");
    header->value_length += length;
    return 0;
}

static int on_value_complete(llhttp_t *parser)
{
    struct message *message = parser->data;

    if (message->state != MESSAGE_HEAD)
        return 0;
    message->header_count++;
    if (message->header_count < MESSAGE_HEADERS_MAX)
        message->header[message->header_count].name = NULL;
    return 0;
}

static int hexadecimal(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 : -1;
}

/* Decodes in place and ends it with NUL, for which there is room; false for a % without digits. */
static bool percent_decode(char *text, size_t length, bool plus_is_space, size_t *out_length)
{
    size_t to = 0;

    for (size_t at = 0; at < length; at++) {
        char octet = text[at];

        if (octet == '%') {
            const int high = at + 2 < length ? hexadecimal(text[at + 1]) : -1;
            const int low = at + 2 < length ? hexadecimal(text[at + 2]) : -1;

            if (high < 0 || low < 0)
                return false;
            octet = (char)(high << 4 | low);
            at += 2;
        } else if (octet == '+' && plus_is_space) {
            octet = ' ';
        }
        text[to++] = octet;
    }
    text[to] = '\0';
    *out_length = to;
    return true;
}

/* One "name=value" or "name" of a query. */
static bool take_parameter(struct message *message, char *text, size_t length)
{
    struct query_parameter *parameter = &message->parameter[message->parameter_count];
    char *equals = memchr(text, '=', length);
    const size_t name_length = equals != NULL ? (size_t)(equals - text) : length;

    if (message->parameter_count == QUERY_PARAMETERS_MAX)
        return true;
    *parameter = (struct query_parameter){.name = text};
    if (equals != NULL) {
        parameter->value = equals + 1;
        if (!percent_decode(equals + 1, length - name_length - 1, true, &parameter->value_length))
            return false;
    }
    message->parameter_count++;
    return percent_decode(text, name_length, true, &parameter->name_length);
}

static bool take_query(struct message *message, char *text, size_t length)
{
    while (length > 0) {
        char *end = memchr(text, '&', length);
        const size_t one = end != NULL ? (size_t)(end - text) : length;

        if (one > 0 && !take_parameter(message, text, one))
            return false;
        text += end != NULL ? one + 1 : one;
        length -= end != NULL ? one + 1 : one;
    }
    return true;
}

/*
 * "http://host/path" names the host itself, and the header does not count (RFC 9112, 3.2.2). What is
 * left is the path; the host moves to the front, so that it has an end.
 */
static void take_authority(struct message *message)
{
    static const char scheme[] = "http://";
    const size_t skipped = sizeof scheme - 1;
    char *target = message->target;
    size_t length = 0;

    if (message->target_length < skipped || strncasecmp(target, scheme, skipped) != 0)
        return;
    while (skipped + length < message->target_length && target[skipped + length] != '/' &&
           target[skipped + length] != '?')
        length++;
    memmove(target, target + skipped, length);
    target[length] = '\0';
    message->host = target;
    message->target += skipped + length;
    message->target_length -= skipped + length;
}

static int take_target(struct message *message)
{
    static const char wrong_octets[] =
        "expected two hexadecimal digits behind each % of the target, and none that stand for NUL";
    char *query;
    size_t path_length;

    take_authority(message);
    query = memchr(message->target, '?', message->target_length);
    path_length = query != NULL ? (size_t)(query - message->target) : message->target_length;
    if (query != NULL && !take_query(message, query + 1, message->target_length - path_length - 1))
        return refuse(message, 400, wrong_octets);
    if (path_length == 0 && message->host != NULL) {
        message->path = "/";
        return 0;
    }
    if (path_length == 0 || message->target[0] != '/')
        return refuse(message, 400, "expected a target that begins with /, found another");
    if (!percent_decode(message->target, path_length, false, &path_length) ||
        strlen(message->target) != path_length)
        return refuse(message, 400, wrong_octets);
    message->path = message->target;
    return 0;
}

static void end_texts(struct message *message)
{
    for (size_t i = 0; i < message->header_count; i++) {
        struct message_header *header = &message->header[i];

        while (header->value_length > 0 && strchr(" \t", header->value[header->value_length - 1]))
            header->value_length--;
        header->name[header->name_length] = '\0';
        if (header->value_length > 0)
            header->value[header->value_length] = '\0';
        else /* where it stood there may be the next name */
            header->value = header->name + header->name_length;
    }
}

/* One for HTTP/1.1, and never two (RFC 9112, 3.2). */
static int take_host(struct message *message)
{
    size_t count = 0;

    for (size_t i = 0; i < message->header_count; i++)
        count += strcasecmp(message->header[i].name, "Host") == 0;
    if (count > 1)
        return refuse(message, 400, "expected one Host header, found more");
    if (count == 0 && message->parser.http_minor > 0)
        return refuse(message, 400, "expected a Host header, found none");
    if (message->host == NULL)
        message->host = message_header(message, "Host");
    return 0;
}

static int on_head(llhttp_t *parser)
{
    struct message *message = parser->data;
    int refused;

    parser->upgrade = 0; /* to nothing: HTTP goes on */
    message->keeps_alive = llhttp_should_keep_alive(parser) != 0;
    if (parser->http_major != 1)
        return refuse(message, 505, "expected HTTP/1.0 or HTTP/1.1, found another version");
    if (parser->method == HTTP_CONNECT)
        return refuse(message, 501, "expected a request for this server, found one for a tunnel");
    end_texts(message);
    message->method = llhttp_method_name((llhttp_method_t)parser->method);
    refused = take_target(message);
    if (refused == 0)
        refused = take_host(message);
    if (refused != 0)
        return refused;
    message->state = MESSAGE_HEADED;
    return HPE_PAUSED;
}

static int on_body(llhttp_t *parser, const char *at, size_t length)
{
    struct message *message = parser->data;

    if (message->take_body(message->context, at, length))
        return 0;
    return refuse(message, 413, "expected a shorter body");
}

static int on_whole(llhttp_t *parser)
{
    struct message *message = parser->data;

    message->state = MESSAGE_WHOLE;
    return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
    .on_url = on_target,
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_header_value_complete = on_value_complete,
    .on_headers_complete = on_head,
    .on_body = on_body,
    .on_message_complete = on_whole,
};

void message_init(struct message *message,
                  bool (*take_body)(void *context, const char *octets, size_t count), void *context)
{
    llhttp_init(&message->parser, HTTP_REQUEST, &settings);
    message->parser.data = message;
    message->state = MESSAGE_HEAD;
    message->status = 0;
    message->detail = NULL;
    message->take_body = take_body;
    message->context = context;
    message->begin = NULL;
    message->head_octets = 0;
    message->target = NULL;
    message->target_length = 0;
    message->keeps_alive = false;
    message->header_count = 0;
    message->header[0] = (struct message_header){0};
    message->method = message->path = message->host = NULL;
    message->parameter_count = 0;
}

/* Why llhttp went no further; the rest is a head that is none. */
static const struct {
    llhttp_errno_t error;
    unsigned status;
    const char *detail;
} mistakes[] = {
    {HPE_INVALID_METHOD, 400, "expected a method, a target and HTTP/1.1 in the first line"},
    {HPE_INVALID_URL, 400, "expected a target behind the method, found none or a wrong octet"},
    {HPE_INVALID_CONSTANT, 400, "expected HTTP/1.0 or HTTP/1.1 behind the target"},
    {HPE_INVALID_VERSION, 505, "expected HTTP/1.0 or HTTP/1.1, found another version"},
    {HPE_PAUSED_H2_UPGRADE, 505, "expected HTTP/1.0 or HTTP/1.1, found HTTP/2"},
    {HPE_INVALID_CONTENT_LENGTH, 400, "expected a number of octets as Content-Length"},
    {HPE_UNEXPECTED_CONTENT_LENGTH, 400,
     "expected one Content-Length, or else Transfer-Encoding, found more than one of them"},
    {HPE_INVALID_TRANSFER_ENCODING, 400, "expected chunked as the last Transfer-Encoding"},
    {HPE_INVALID_CHUNK_SIZE, 400, "expected the size of a chunk in hexadecimal digits"},
    {HPE_STRICT, 400, "expected CR and LF behind each chunk and each line of its size"},
};

/* "BREW /pot": a method that is no word of ours, but one that another server may know. */
static bool is_foreign_method(const char *begin, const char *end)
{
    const char *at = begin;

    while (at < end && *at >= 'A' && *at <= 'Z')
        at++;
    return at > begin && at < end && *at == ' ';
}

static void explain(struct message *message, llhttp_errno_t error, const char *end)
{
    if (message->state == MESSAGE_WRONG)
        return; /* it was refused by one of ours */
    if (error == HPE_INVALID_METHOD && is_foreign_method(message->begin, end)) {
        refuse(message, 501, "expected a method that this server knows, found another");
        return;
    }
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++)
        if (mistakes[i].error == error) {
            refuse(message, mistakes[i].status, mistakes[i].detail);
            return;
        }
    refuse(message, 400, "expected headers as Name: value, each in a line that CR and LF end");
}

/* Octets of the head are counted; of one that is too long, the target may be the greater part. */
static void bound_head(struct message *message, size_t taken)
{
    message->head_octets += taken;
    if (message->head_octets <= MESSAGE_HEAD_MAX || message->state == MESSAGE_WRONG)
        return;
    refuse(message, message->target_length > MESSAGE_HEAD_MAX / 2 ? 414 : 431,
           "expected a request line and headers of at most 8 KiB together");
}

size_t message_feed(struct message *message, char *octets, size_t count)
{
    const bool is_head = message->state == MESSAGE_HEAD;
    llhttp_errno_t error;
    size_t taken = count;

    if (message->state == MESSAGE_WHOLE || message->state == MESSAGE_WRONG)
        return 0;
    if (message->begin == NULL)
        message->begin = octets;
    if (message->state == MESSAGE_HEADED) {
        message->state = MESSAGE_BODY;
        llhttp_resume(&message->parser);
    }
    error = llhttp_execute(&message->parser, octets, count);
    if (error != HPE_OK)
        taken = (size_t)(llhttp_get_error_pos(&message->parser) - octets);
    if (error != HPE_OK && error != HPE_PAUSED)
        explain(message, error, octets + count);
    if (is_head)
        bound_head(message, taken);
    return taken;
}

void message_cut(struct message *message)
{
    refuse(message, 400, "expected the rest of the request, found the end of the connection");
}

bool message_is_begun(const struct message *message)
{
    return message->head_octets > 0;
}

const char *message_header(const struct message *message, const char *name)
{
    if (message->method == NULL)
        return "";
    for (size_t i = 0; i < message->header_count; i++)
        if (strcasecmp(message->header[i].name, name) == 0)
            return message->header[i].value;
    return "";
}

uint64_t message_body_octets(const struct message *message)
{
    return (message->parser.flags & F_CHUNKED) != 0 ? MESSAGE_IN_CHUNKS
                                                    : message->parser.content_length;
}

bool message_is_over(const struct message *message)
{
    return message->state == MESSAGE_WHOLE ||
           (message->state == MESSAGE_HEADED && message_body_octets(message) == 0);
}

bool message_awaits_continue(const struct message *message)
{
    return message->parser.http_minor > 0 &&
           strcasecmp(message_header(message, "Expect"), "100-continue") == 0;
}

bool message_keeps_alive(const struct message *message)
{
    return message->keeps_alive && message_is_over(message);
}

bool message_takes_chunks(const struct message *message)
{
    return message->method != NULL && message->parser.http_minor > 0;
}

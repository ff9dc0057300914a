/*
 * Requests as they come in: whole, octet by octet, and wrong.
 */
#include "unit.h"

#include "serve/message.h"

#include <stdio.h>

struct read {
    struct message message;
    char octets[32 * 1024];
    char body[1024];
    size_t body_length;
    size_t body_max;
    size_t taken;
};

static bool take_body(void *context, const char *octets, size_t count)
{
    struct read *read = context;

    if (read->body_length + count > read->body_max)
        return false;
    memcpy(read->body + read->body_length, octets, count);
    read->body_length += count;
    return true;
}

/* Reads `octets` in pieces of `piece` octets, beyond the head and up to the end of the request. */
static struct read *read_pieces(const char *octets, size_t count, size_t piece)
{
    static struct read read;
    struct message *message = &read.message;

    assert_true(count <= sizeof read.octets);
    memset(&read, 0, sizeof read);
    read.body_max = sizeof read.body;
    memcpy(read.octets, octets, count);
    message_init(message, take_body, &read);
    while (message->state != MESSAGE_WHOLE && message->state != MESSAGE_WRONG) {
        const size_t left = count - read.taken;
        const bool was_headed = message->state == MESSAGE_HEADED;

        if (left == 0 && !was_headed)
            break;
        read.taken += message_feed(message, read.octets + read.taken, left < piece ? left : piece);
    }
    return &read;
}

#define READ(text, piece) read_pieces(text, sizeof(text) - 1, piece)

static const char *text_of(const struct query_parameter *parameter)
{
    static char text[64];

    snprintf(text, sizeof text, "%.*s=%.*s", (int)parameter->name_length, parameter->name,
             (int)parameter->value_length, parameter->value != NULL ? parameter->value : "");
    return text;
}

static void a_request_is_the_same_in_pieces_of_any_size(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 7, 31, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const struct read *read =
            READ("POST /v1/a%2fb?address=2001%3Adb8::7&x+y=1+2&port&empty=&&z=%00 HTTP/1.1\r\n"
                 "Host: site.example \t\r\nContent-Length: 5\r\nX-Empty:\r\nx-more:  two words\r\n"
                 "\r\nhelloGET",
                 pieces[i]);
        const struct message *message = &read->message;

        assert_int_equal(message->state, MESSAGE_WHOLE);
        assert_string_equal(message->method, "POST");
        assert_string_equal(message->path, "/v1/a/b");
        assert_string_equal(message->host, "site.example");
        assert_string_equal(message_header(message, "X-MORE"), "two words");
        assert_string_equal(message_header(message, "X-Empty"), "");
        assert_string_equal(message_header(message, "X-None"), "");
        assert_int_equal(message->parameter_count, 5);
        assert_string_equal(text_of(&message->parameter[0]), "address=2001:db8::7");
        assert_string_equal(text_of(&message->parameter[1]), "x y=1 2");
        assert_string_equal(text_of(&message->parameter[2]), "port=");
        assert_null(message->parameter[2].value);
        assert_string_equal(text_of(&message->parameter[3]), "empty=");
        assert_int_equal(message->parameter[4].value_length, 1);
        assert_int_equal(read->body_length, 5);
        assert_memory_equal(read->body, "hello", 5);
        assert_memory_equal(read->octets + read->taken, "GET", 3); /* is the next one's */
        assert_true(message_keeps_alive(message));
    }
}

static void chunks_are_put_together(void **state)
{
    static const size_t pieces[] = {1, 5, 4096};

    (void)state;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        const struct read *read =
            READ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3;a=b\r\nabc\r\nA\r\n0123456789\r\n0\r\nHost: behind\r\n\r\n",
                 pieces[i]);

        assert_int_equal(read->message.state, MESSAGE_WHOLE);
        assert_int_equal(read->body_length, 13);
        assert_memory_equal(read->body, "abc0123456789", 13);
        assert_string_equal(read->message.host, "x");
    }
}

static void a_target_with_a_host_goes_before_the_header(void **state)
{
    const struct message *message;

    (void)state;
    message =
        &READ("GET http://evil.example/a?b=c HTTP/1.1\r\nHost: localhost\r\n\r\n", 9)->message;
    assert_string_equal(message->host, "evil.example");
    assert_string_equal(message->path, "/a");
    assert_int_equal(message->parameter_count, 1);
    message = &READ("GET http://[::1]:8081 HTTP/1.1\r\nHost: x\r\n\r\n", 9)->message;
    assert_string_equal(message->host, "[::1]:8081");
    assert_string_equal(message->path, "/");
}

static void a_connection_stays_where_both_ends_can_tell(void **state)
{
    (void)state;
    assert_true(message_keeps_alive(&READ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 99)->message));
    assert_false(message_keeps_alive(
        &READ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 99)->message));
    assert_false(message_keeps_alive(&READ("GET / HTTP/1.0\r\n\r\n", 99)->message));
    assert_true(message_keeps_alive(
        &READ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 99)->message));
    assert_false(message_takes_chunks(&READ("GET / HTTP/1.0\r\n\r\n", 99)->message));
    assert_true(message_keeps_alive(
        &READ("GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 99)
             ->message));
}

static const struct wrong {
    const char *octets;
    size_t count; /* 0: up to the NUL that ends the text */
    unsigned status;
} wrong[] = {
    {"nonsense\r\n\r\n", 0, 400},
    {"\x16\x03\x01\x02\x00", 5, 400},
    {"BREW /pot HTTP/1.1\r\n\r\n", 0, 501},
    {"CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 0, 501},
    {"GET  HTTP/1.1\r\n\r\n", 0, 400},
    {"GET x HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
    {"GET * HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
    {"GET /\0 HTTP/1.1\r\n\r\n", 19, 400},
    {"GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
    {"GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
    {"GET /?a=%xx HTTP/1.1\r\nHost: x\r\n\r\n", 0, 400},
    {"GET / FOO/1.1\r\n\r\n", 0, 400},
    {"GET /\r\n\r\n", 0, 505},
    {"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 0, 505},
    {"GET / HTTP/1.7\r\nHost: x\r\n\r\n", 0, 505},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0, 505},
    {"GET / HTTP/1.1\r\n\r\n", 0, 400}, /* no Host */
    {"GET / HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: x\r\nnocolon\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n folded\r\n\r\n", 0, 400},
    {"GET / HTTP/1.1\r\nHost: x\r\nA: b\0c\r\n\r\n", 35, 400},
    {"GET / HTTP/1.1\r\nHost: x\r\nA\0: b\r\n\r\n", 34, 400},
    {"GET / HTTP/1.1\nHost: x\n\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 0,
     400},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 0, 400},
    {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", 0, 400},
};

static void what_is_wrong_has_a_status_and_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        for (size_t piece = 1; piece <= 64; piece *= 64) {
            const size_t count = wrong[i].count > 0 ? wrong[i].count : strlen(wrong[i].octets);
            const struct message *message = &read_pieces(wrong[i].octets, count, piece)->message;

            /* whether another server knows a method shows once its word is here */
            if (message->state != MESSAGE_WRONG ||
                (message->status != wrong[i].status && !(wrong[i].status == 501 && piece == 1)))
                fail_msg("expected %u for '%s', found %u", wrong[i].status, wrong[i].octets,
                         message->status);
            assert_memory_equal(message->detail, "expected ", 9);
            assert_false(message_keeps_alive(message));
        }
}

/* A request with so many octets before, between and behind. */
static unsigned status_of_long(size_t target, size_t headers, size_t value)
{
    static char text[32 * 1024];
    size_t length = (size_t)snprintf(text, sizeof text, "GET /");

    memset(text + length, 'a', target);
    length += target;
    length += (size_t)snprintf(text + length, 64, " HTTP/1.1\r\nHost: x\r\n");
    for (size_t i = 0; i < headers; i++)
        length += (size_t)snprintf(text + length, 64, "H: v\r\n");
    length += (size_t)snprintf(text + length, 64, "Last: ");
    memset(text + length, 'b', value);
    length += value;
    length += (size_t)snprintf(text + length, 64, "\r\n\r\n");
    return read_pieces(text, length, 1500)->message.status;
}

static void a_head_has_its_bounds(void **state)
{
    const size_t rest = sizeof("GET / HTTP/1.1\r\nHost: x\r\nLast: \r\n\r\n") - 1;

    (void)state;
    assert_int_equal(status_of_long(100, 90, 100), 0);
    assert_int_equal(status_of_long(0, 0, MESSAGE_HEAD_MAX - rest), 0);
    assert_int_equal(status_of_long(0, 0, MESSAGE_HEAD_MAX - rest + 1), 431);
    assert_int_equal(status_of_long(MESSAGE_HEAD_MAX, 0, 0), 414);
    assert_int_equal(status_of_long(0, 0, 20000), 431);
    assert_int_equal(status_of_long(0, MESSAGE_HEADERS_MAX - 2, 1), 0);
    assert_int_equal(status_of_long(0, MESSAGE_HEADERS_MAX - 1, 1), 431);
}

static void a_body_for_which_there_is_no_room_is_too_large(void **state)
{
    struct read *read = READ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n", 99);

    (void)state;
    read->body_max = 2;
    message_feed(&read->message, read->octets, 0);
    memcpy(read->octets + read->taken, "abc", 3);
    message_feed(&read->message, read->octets + read->taken, 3);
    assert_int_equal(read->message.state, MESSAGE_WRONG);
    assert_int_equal(read->message.status, 413);
}

static void what_is_cut_is_wrong(void **state)
{
    struct read *read = READ("GET / HTTP/1.1\r\nHos", 99);

    (void)state;
    assert_true(message_is_begun(&read->message));
    message_cut(&read->message);
    assert_int_equal(read->message.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_the_same_in_pieces_of_any_size),
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(a_target_with_a_host_goes_before_the_header),
        cmocka_unit_test(a_connection_stays_where_both_ends_can_tell),
        cmocka_unit_test(what_is_wrong_has_a_status_and_a_sentence),
        cmocka_unit_test(a_head_has_its_bounds),
        cmocka_unit_test(a_body_for_which_there_is_no_room_is_too_large),
        cmocka_unit_test(what_is_cut_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Several questions at once to a double of the daemon, beside a stream.
 */
#include "twin.h"

static struct {
    unsigned answered[ASK_GETS_MAX];
    long status;
    char body[64];
    char error[512];
    char stream[256];
    unsigned ended;
    char ended_with[512];
} heard;

static struct ask_feed *feed;

static void on_answered(unsigned which, const struct ask_answer *got, const char *said,
                        void *context)
{
    assert_ptr_equal(context, &heard);
    heard.answered[which]++;
    heard.status = got != NULL ? got->status : 0;
    snprintf(heard.body, sizeof heard.body, "%s", got != NULL ? got->body : "");
    snprintf(heard.error, sizeof heard.error, "%s", said);
}

static void on_received(const char *octets, size_t count, void *context)
{
    assert_ptr_equal(context, &heard);
    strncat(heard.stream, octets, count);
}

static void on_ended(const char *said, void *context)
{
    assert_ptr_equal(context, &heard);
    heard.ended++;
    snprintf(heard.ended_with, sizeof heard.ended_with, "%s", said);
}

static void feed_begin(const char *address_text, const struct row *rows, size_t count)
{
    const struct ask_feed_handlers handlers = {on_answered, on_received, on_ended, &heard};

    memset(&heard, 0, sizeof heard);
    twin_begin(address_text, rows, count);
    assert_int_equal(ask_feed_open(&place, &handlers, &feed), 0);
}

static unsigned feed_end(void)
{
    ask_feed_close(feed);
    return twin_end();
}

static void wait_for_answers(void)
{
    while (ask_feed_is_asking(feed))
        ask_feed_wait(feed, NULL, 0, 1000);
}

static void wait_for_end(void)
{
    const unsigned before = heard.ended;

    while (heard.ended == before)
        ask_feed_wait(feed, NULL, 0, 1000);
}

static void wait_for_stream(const char *text)
{
    while (strcmp(heard.stream, text) != 0)
        ask_feed_wait(feed, NULL, 0, 1000);
}

#define STREAM_HEAD "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

static const struct row feed_rows[] = {
    {"/a", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", STAYS, 0, false},
    {"/b", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nb\r\n0\r\n\r\n", STAYS, 0,
     false},
    {"/empty", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, 0, false},
    {"/closes", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nc", CLOSES, 0,
     false},
    {"/leaves", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nl", CLOSES, 0, false},
    {"/once", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\no", ONCE, 0, false},
    {"/more", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nmHTTP/1.1 500 No\r\n\r\n", STAYS, 0,
     false},
    {"/silent", "", STAYS, 0, false},
    {"/nothing", "", CLOSES, 0, false},
    {"/events", STREAM_HEAD "6\r\ndata: \r\n", STAYS, 0, false},
    {"/ends", STREAM_HEAD "2\r\n:\n\r\n0\r\n\r\n", STAYS, 0, false},
    {"/breaks", STREAM_HEAD "2\r\n:\n\r\n", CLOSES, 0, false},
    {"/refuses", "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", STAYS, 0, false},
};

enum { FEED_ROWS = sizeof feed_rows / sizeof feed_rows[0] };

static void several_are_asked_at_once_beside_a_stream(void **state)
{
    (void)state;
    feed_begin("127.0.0.1", feed_rows, FEED_ROWS);
    ask_feed_follow(feed, "/events", "");
    assert_false(ask_feed_is_asking(feed));
    for (unsigned round = 1; round <= 3; round++) {
        ask_feed_get(feed, 0, "/a", LONG_MS);
        ask_feed_get(feed, 0, "/nothing", LONG_MS); /* one is under way already */
        ask_feed_get(feed, 1, "/b", LONG_MS);
        ask_feed_get(feed, 7, "/empty", LONG_MS);
        ask_feed_follow(feed, "/breaks", "");
        assert_true(ask_feed_is_asking(feed));
        wait_for_answers();
        assert_string_equal(heard.error, "");
        for (unsigned which = 0; which < ASK_GETS_MAX; which++)
            assert_int_equal(heard.answered[which],
                             which == 0 || which == 1 || which == 7 ? round : 0);
    }
    wait_for_stream("data: ");
    assert_int_equal(heard.ended, 0);
    assert_int_equal(feed_end(), 4); /* each kept its connection */
}

static void a_connection_is_kept_only_where_it_can_be(void **state)
{
    static const struct {
        const char *target;
        const char *body;
        unsigned connections; /* for three questions */
    } rows[] = {
        {"/a", "a", 1},    {"/b", "b", 1},      {"/empty", "", 1}, {"/closes", "c", 3},
        {"/once", "o", 3}, {"/leaves", "l", 3}, {"/more", "m", 3},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        feed_begin(i % 2 == 0 ? "127.0.0.1" : NULL, feed_rows, FEED_ROWS);
        for (unsigned asked = 1; asked <= 3; asked++) {
            ask_feed_get(feed, 0, rows[i].target, LONG_MS);
            wait_for_answers();
            assert_string_equal(heard.error, "");
            assert_string_equal(heard.body, rows[i].body);
            assert_int_equal(heard.answered[0], asked);
        }
        assert_int_equal(feed_end(), rows[i].connections);
    }
}

static void what_nobody_asked_for_is_not_taken_for_an_answer(void **state)
{
    (void)state;
    feed_begin("127.0.0.1", feed_rows, FEED_ROWS);
    for (unsigned asked = 1; asked <= 3; asked++) {
        first_most = sizeof "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nm" - 1;
        ask_feed_get(feed, 0, "/more", LONG_MS);
        wait_for_answers();
        assert_int_equal(heard.status, 200);
        assert_string_equal(heard.body, "m");
    }
    assert_int_equal(feed_end(), 3);
}

static void who_never_answers_is_not_asked_for_ever(void **state)
{
    (void)state;
    feed_begin("127.0.0.1", feed_rows, FEED_ROWS);
    ask_feed_get(feed, 0, "/nothing", LONG_MS);
    wait_for_answers();
    assert_int_equal(heard.status, 0);
    assert_non_null(strstr(heard.error, "a connection that was closed without an answer"));
    ask_feed_get(feed, 0, "/a", LONG_MS);
    wait_for_answers();
    ask_feed_get(feed, 0, "/nothing", LONG_MS); /* on a connection that has worked */
    wait_for_answers();
    assert_non_null(strstr(heard.error, "a connection that was closed without an answer"));
    assert_int_equal(heard.answered[0], 3);
    assert_int_equal(feed_end(), 3); /* of the second question's, and one more */
}

static void a_question_is_over_with_its_time_and_the_others_go_on(void **state)
{
    (void)state;
    feed_begin("127.0.0.1", feed_rows, FEED_ROWS);
    ask_feed_follow(feed, "/events", "");
    wait_for_stream("data: ");
    ask_feed_get(feed, 0, "/silent", 5000);
    ask_feed_wait(feed, NULL, 0, 0);
    assert_true(ask_feed_is_asking(feed));
    skipped_ns += 5000000000;
    ask_feed_wait(feed, NULL, 0, 0);
    assert_false(ask_feed_is_asking(feed));
    assert_non_null(strstr(heard.error, "found: no answer within 5 s"));
    ask_feed_get(feed, 0, "/a", LONG_MS);
    wait_for_answers();
    assert_string_equal(heard.body, "a");
    assert_int_equal(heard.ended, 0);
    feed_end();
}

static void a_stream_says_how_it_ended_and_can_be_followed_again(void **state)
{
    (void)state;
    feed_begin(NULL, feed_rows, FEED_ROWS);
    ask_feed_follow(feed, "/ends", "");
    wait_for_end();
    assert_string_equal(heard.stream, ":\n");
    assert_string_equal(heard.ended_with, "the events ended with HTTP status 200");
    ask_feed_follow(feed, "/refuses", "");
    wait_for_end();
    assert_string_equal(heard.stream, ":\n"); /* what it says is no event */
    assert_string_equal(heard.ended_with, "the events ended with HTTP status 503");
    ask_feed_follow(feed, "/breaks", "17");
    wait_for_end();
    assert_string_equal(heard.stream, ":\n:\n");
    assert_non_null(strstr(heard.ended_with, "found: an answer that was cut off"));
    feed_end();
    assert_non_null(strstr(twin.last, "\r\nLast-Event-ID: 17\r\n"));
}

static void a_stream_that_is_silent_for_long_has_ended(void **state)
{
    (void)state;
    feed_begin("127.0.0.1", feed_rows, FEED_ROWS);
    ask_feed_follow(feed, "/events", "");
    skipped_ns += (ASK_SILENCE_MS - 10000) * UINT64_C(1000000);
    wait_for_stream("data: "); /* from here it counts anew */
    skipped_ns += (ASK_SILENCE_MS - 30000) * UINT64_C(1000000);
    ask_feed_wait(feed, NULL, 0, 0);
    assert_int_equal(heard.ended, 0);
    skipped_ns += 30000 * UINT64_C(1000000);
    ask_feed_wait(feed, NULL, 0, 0);
    assert_int_equal(heard.ended, 1);
    assert_non_null(strstr(heard.ended_with, "found: nothing more within 60 s"));
    feed_end();
}

static void what_cannot_begin_is_told_while_waiting_and_not_before(void **state)
{
    (void)state;
    feed_begin(NULL, feed_rows, FEED_ROWS);
    place.path = "/nowhere/hoptell";
    ask_feed_get(feed, 3, "/a", LONG_MS);
    ask_feed_follow(feed, "/events", "");
    assert_int_equal(heard.answered[3] + heard.ended, 0);
    ask_feed_wait(feed, NULL, 0, LONG_MS);
    assert_int_equal(heard.answered[3], 1);
    assert_string_equal(heard.error, "expected hoptell to answer at /nowhere/hoptell, "
                                     "found: No such file or directory");
    assert_int_equal(heard.ended, 1);
    assert_string_equal(heard.ended_with, heard.error);
    place.path = path;
    feed_end();
}

static void another_descriptor_ends_the_waiting(void **state)
{
    int other[2];

    (void)state;
    feed_begin(NULL, feed_rows, FEED_ROWS);
    assert_int_equal(pipe(other), 0);
    assert_int_equal(write(other[1], "x", 1), 1);
    ask_feed_get(feed, 0, "/silent", 60000);
    ask_feed_wait(feed, &other[0], 1, 120000);
    assert_true(ask_feed_is_asking(feed)); /* else its time would be over */
    close(other[0]);
    close(other[1]);
    feed_end();
}

/* Nobody has room for one more connection, and then somebody has. */
static void a_full_queue_of_a_unix_socket_is_waited_for(void **state)
{
    const struct ask_feed_handlers handlers = {on_answered, on_received, on_ended, &heard};
    static const char hello[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    int filler[16];
    unsigned filled = 0;
    char octets[256];
    int fd;

    (void)state;
    memset(&heard, 0, sizeof heard);
    memset(&twin, 0, sizeof twin);
    listen_on(NULL);
    assert_int_equal(listen(twin.listener, 0), 0);
    while (connect_to(&place, &filler[filled]) == 0)
        assert_true(++filled < 16);
    assert_int_equal(ask_feed_open(&place, &handlers, &feed), 0);
    ask_feed_get(feed, 0, "/", LONG_MS);
    ask_feed_wait(feed, NULL, 0, 1);
    assert_true(ask_feed_is_asking(feed));
    for (unsigned i = 0; i < filled; i++) {
        close(accept(twin.listener, NULL, NULL));
        close(filler[i]);
    }
    while (poll(&(struct pollfd){.fd = twin.listener, .events = POLLIN}, 1, 0) == 0)
        ask_feed_wait(feed, NULL, 0, LONG_MS);
    fd = accept(twin.listener, NULL, NULL);
    assert_true(recv(fd, octets, sizeof octets, 0) > 0);
    say(fd, hello, strlen(hello));
    wait_for_answers();
    assert_string_equal(heard.body, "hello");
    ask_feed_close(feed);
    close(fd);
    close(twin.listener);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(several_are_asked_at_once_beside_a_stream, set_up),
        cmocka_unit_test_setup(a_connection_is_kept_only_where_it_can_be, set_up),
        cmocka_unit_test_setup(what_nobody_asked_for_is_not_taken_for_an_answer, set_up),
        cmocka_unit_test_setup(who_never_answers_is_not_asked_for_ever, set_up),
        cmocka_unit_test_setup(a_question_is_over_with_its_time_and_the_others_go_on, set_up),
        cmocka_unit_test_setup(a_stream_says_how_it_ended_and_can_be_followed_again, set_up),
        cmocka_unit_test_setup(a_stream_that_is_silent_for_long_has_ended, set_up),
        cmocka_unit_test_setup(what_cannot_begin_is_told_while_waiting_and_not_before, set_up),
        cmocka_unit_test_setup(another_descriptor_ends_the_waiting, set_up),
        cmocka_unit_test_setup(a_full_queue_of_a_unix_socket_is_waited_for, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

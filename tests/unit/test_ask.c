/*
 * One question to a double of the daemon, and what it answers.
 */
#include "twin.h"

static struct ask_answer answer;
static char error[512];

static int get(const char *target, long timeout_ms)
{
    memset(error, 0, sizeof error);
    return ask(&place, "GET", target, NULL, timeout_ms, &answer, error, sizeof error);
}

/* "expected hoptell to answer at WHERE, found: " and this */
static void assert_found(const char *found)
{
    char expected[512];
    char authority[AUTHORITY_MAX];

    if (place.path != NULL)
        snprintf(expected, sizeof expected, "expected hoptell to answer at %s, found: %s",
                 place.path, found);
    else
        snprintf(expected, sizeof expected, "expected hoptell to answer at http://%s, found: %s",
                 write_authority(&place, authority), found);
    assert_string_equal(error, expected);
    assert_null(answer.body);
}

/* Answers */

static const struct {
    const char *octets;
    enum after after;
    long status;
    const char *body;
} answers[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", STAYS, 200, "hello"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", STAYS, 200, ""},
    {"HTTP/1.1 204 No Content\r\n\r\n", STAYS, 204, ""},
    {"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: "
     "2\r\n\r\n{}",
     STAYS, 404, "{}"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n"
     "Trailer: x\r\n\r\n",
     STAYS, 200, "hello"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", STAYS, 200, ""},
    {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", CLOSES, 200, "hello"},
    {"HTTP/1.1 200 OK\r\n\r\n", CLOSES, 200, ""},
    {"HTTP/1.0 200 OK\r\nServer: x\r\n\r\nhello\r\n", CLOSES, 200, "hello\r\n"},
    {"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy", CLOSES, 503, "busy"},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", STAYS, 200,
     "ok"},
    {"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
     "HTTP/1.1 204 No Content\r\n\r\n",
     STAYS, 204, ""},
    {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", STAYS, 101,
     ""},
    {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 Never\r\n\r\n", CLOSES, 200, "ok"},
};

enum { ANSWERS = sizeof answers / sizeof answers[0] };

static void assert_answer(size_t i)
{
    assert_int_equal(get("/v1/x", LONG_MS), 0);
    assert_int_equal(answer.status, answers[i].status);
    assert_int_equal(answer.length, strlen(answers[i].body));
    assert_string_equal(answer.body, answers[i].body);
    assert_string_equal(error, "");
    ask_answer_deinit(&answer);
}

static void an_answer_comes_whole_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < ANSWERS; i++) {
        struct row row = {"/v1/x", answers[i].octets, answers[i].after, 0, false};

        for (size_t cut = 0; cut <= strlen(answers[i].octets); cut++) {
            twin_begin(NULL, &row, 1);
            first_most = cut;
            assert_answer(i);
            twin_end();
        }
        twin_begin("127.0.0.1", &row, 1);
        later_most = 1;
        assert_answer(i);
        later_most = 0;
        twin_end();
    }
}

static void a_request_goes_out_whole_however_it_is_cut(void **state)
{
    static const struct row row = {"/v1/x", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, 0, false};

    (void)state;
    twin_begin("127.0.0.1", &row, 1);
    send_most = 1;
    interrupted_sends = interrupted_recvs = 3;
    assert_int_equal(get("/v1/x?a=b", LONG_MS), 0);
    ask_answer_deinit(&answer);
    twin_end();
    assert_non_null(strstr(twin.last, "GET /v1/x?a=b HTTP/1.1\r\nHost: 127.0.0.1:"));
}

static void a_request_may_be_more_than_a_socket_takes(void **state)
{
    static const struct row row = {"/v1/x", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, 0, false};
    const size_t length = REQUEST_MAX - 1024;
    char *json = malloc(length + 1);

    (void)state;
    memset(json, ' ', length);
    json[length] = '\0';
    twin_begin(NULL, &row, 1);
    assert_int_equal(ask(&place, "POST", "/v1/x", json, LONG_MS, &answer, error, sizeof error), 0);
    ask_answer_deinit(&answer);
    twin_end();
    assert_string_equal(strstr(twin.last, "\r\n\r\n") + 4, json);
    free(json);
}

static void a_request_says_what_the_daemon_wants_to_know(void **state)
{
    static const struct row row = {"/v1/labels", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, 0,
                                   false};

    (void)state;
    twin_begin(NULL, &row, 1);
    place.token = "0123456789abcdef";
    assert_int_equal(
        ask(&place, "POST", "/v1/labels", "{\"a\": 1}", LONG_MS, &answer, error, sizeof error), 0);
    ask_answer_deinit(&answer);
    twin_end();
    assert_string_equal(twin.last, "POST /v1/labels HTTP/1.1\r\n"
                                   "Host: localhost\r\n"
                                   "Accept: */*\r\n"
                                   "Authorization: Bearer 0123456789abcdef\r\n"
                                   "Content-Type: application/json\r\n"
                                   "Content-Length: 8\r\n"
                                   "\r\n"
                                   "{\"a\": 1}");
}

static void a_long_target_is_not_cut(void **state)
{
    static const struct row row = {"/", "HTTP/1.1 204 No Content\r\n\r\n", STAYS, 0, false};
    char target[9000] = "/?";

    (void)state;
    memset(target + 2, 'x', sizeof target - 3);
    target[sizeof target - 2] = 'y';
    twin_begin(NULL, &row, 1);
    assert_int_equal(get(target, LONG_MS), 0);
    ask_answer_deinit(&answer);
    twin_end();
    assert_non_null(strstr(twin.last, "xy HTTP/1.1\r\n"));
    assert_int_equal(strcspn(twin.last, "\r"), 4 + strlen(target) + 9);
}

static void a_target_that_would_be_a_header_is_not_sent(void **state)
{
    static const char *const targets[] = {"/x HTTP/1.1", "/x\r\nHost: y", "/x\n", "/\x7f", "x", ""};

    (void)state;
    place = (struct ask_place){.path = "/nowhere"};
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        assert_int_equal(get(targets[i], LONG_MS), -EINVAL);
        assert_found("a target with a space or a control character");
    }
}

static void ipv6_is_written_in_brackets(void **state)
{
    static const struct row row = {"/", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", STAYS, 0,
                                   false};

    (void)state;
    twin_begin("::1", &row, 1);
    assert_int_equal(get("/", LONG_MS), 0);
    assert_string_equal(answer.body, "ok");
    ask_answer_deinit(&answer);
    twin_end();
    assert_non_null(strstr(twin.last, "\r\nHost: [::1]:"));
    assert_int_equal(get("/", LONG_MS), -ECONNREFUSED);
    assert_found("Connection refused");
    assert_non_null(strstr(error, "http://[::1]:"));
}

static void an_answer_before_the_end_of_the_request_counts(void **state)
{
    static const struct row rows[] = {
        {"/stays", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch", STAYS, 0,
         true},
        {"/closes", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch", CLOSES, 0,
         true},
    };
    const size_t length = 16 * 1024 * 1024; /* more than any socket takes */
    char *json = malloc(length + 1);

    (void)state;
    memset(json, ' ', length);
    json[length] = '\0';
    for (size_t i = 0; i < 2; i++) {
        twin_begin("127.0.0.1", rows, 2);
        assert_int_equal(
            ask(&place, "POST", rows[i].target, json, LONG_MS, &answer, error, sizeof error), 0);
        assert_int_equal(answer.status, 413);
        assert_string_equal(answer.body, "much");
        ask_answer_deinit(&answer);
        twin_end();
    }
    free(json);
}

/* No answers */

static void what_is_no_answer_is_said(void **state)
{
    static const char closed[] = "a connection that was closed without an answer";
    static const char cut[] = "an answer that was cut off";
    static const struct {
        struct row row;
        int code;
        const char *found;
    } rows[] = {
        {{"/", "", CLOSES, 0, false}, -ECONNRESET, closed},
        {{"/", "", CUTS, 0, false}, -ECONNRESET, "Connection reset by peer"},
        {{"/", "HTTP/1.1 200", CLOSES, 0, false}, -ECONNRESET, cut},
        {{"/", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", CLOSES, 0, false},
         -ECONNRESET,
         cut},
        {{"/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", CLOSES, 0,
          false},
         -ECONNRESET,
         cut},
        {{"/", "HTTP/1.1 100 Continue\r\n\r\n", CLOSES, 0, false}, -ECONNRESET, cut},
        {{"/", "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7\r\n", STAYS, 0, false},
         -EPROTO,
         "'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7', which is no HTTP: Expected HTTP/"},
        {{"/", "\x15\x03\x01\x02\x02\x16\xff", STAYS, 0, false},
         -EPROTO,
         "'.......', which is no HTTP: Expected HTTP/"},
        {{"/", "HTTP/7.7 200 OK\r\n\r\n", STAYS, 0, false},
         -EPROTO,
         "'HTTP/7.7 200 OK', which is no HTTP: Invalid HTTP version"},
        {{"/", "HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\n", STAYS, 0, false},
         -EPROTO,
         "'HTTP/1.1 200 OK', which is no HTTP: Invalid character in Content-Length"},
        {{"/", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nhello\r\n", STAYS, 0, false},
         -EPROTO,
         "a body that is no HTTP: Invalid character in chunk size"},
        {{"/", "HTTP/1.1 200 OK\r\nX: ", STAYS, 80 * 1024, false},
         -EPROTO,
         "more than 64 KiB of headers"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t by = 0; by < 2; by++) {
            twin_begin("127.0.0.1", &rows[i].row, 1);
            later_most = by == 0 || rows[i].row.more > 0 ? 0 : 1;
            assert_int_equal(get("/", LONG_MS), rows[i].code);
            if (later_most == 0)
                assert_found(rows[i].found);
            twin_end();
        }
}

static void a_body_has_a_limit(void **state)
{
    static const struct row rows[] = {
        {"/most", "HTTP/1.1 200 OK\r\nContent-Length: 16777216\r\n\r\n", STAYS, ASK_BODY_MAX,
         false},
        {"/over", "HTTP/1.1 200 OK\r\n\r\n", CLOSES, ASK_BODY_MAX + 1, false},
    };

    (void)state;
    twin_begin(NULL, rows, 2);
    assert_int_equal(get("/most", LONG_MS), 0);
    assert_int_equal(answer.length, ASK_BODY_MAX);
    assert_int_equal(strspn(answer.body, "x"), ASK_BODY_MAX);
    ask_answer_deinit(&answer);
    assert_int_equal(get("/over", LONG_MS), -EFBIG);
    assert_found("an answer of more than 16 MiB");
    twin_end();
}

static void nobody_is_waited_for_beyond_the_time(void **state)
{
    static const struct row rows[] = {
        {"/silent", "", STAYS, 0, false},
        {"/half", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", STAYS, 0, false},
    };

    (void)state;
    twin_begin("127.0.0.1", rows, 2);
    assert_int_equal(get("/silent", 50), -ETIMEDOUT);
    assert_found("no answer within 0.05 s");
    assert_int_equal(get("/half", 50), -ETIMEDOUT);
    assert_null(answer.body);
    twin_end();
}

static void where_nobody_listens_it_is_said(void **state)
{
    char too_long[200] = "/";

    (void)state;
    listen_on("127.0.0.1"); /* bound, so that nobody else is there; and no more */
    assert_int_equal(get("/", LONG_MS), -ECONNREFUSED);
    assert_found("Connection refused");
    close(twin.listener);
    place = (struct ask_place){.path = "/nowhere/hoptell"};
    assert_int_equal(get("/", LONG_MS), -ENOENT);
    assert_found("No such file or directory");
    memset(too_long + 1, 'x', sizeof too_long - 2);
    place.path = too_long;
    assert_int_equal(get("/", LONG_MS), -ENAMETOOLONG);
    assert_found("File name too long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_answer_comes_whole_however_it_is_cut, set_up),
        cmocka_unit_test_setup(a_request_goes_out_whole_however_it_is_cut, set_up),
        cmocka_unit_test_setup(a_request_may_be_more_than_a_socket_takes, set_up),
        cmocka_unit_test_setup(a_request_says_what_the_daemon_wants_to_know, set_up),
        cmocka_unit_test_setup(a_long_target_is_not_cut, set_up),
        cmocka_unit_test_setup(a_target_that_would_be_a_header_is_not_sent, set_up),
        cmocka_unit_test_setup(ipv6_is_written_in_brackets, set_up),
        cmocka_unit_test_setup(an_answer_before_the_end_of_the_request_counts, set_up),
        cmocka_unit_test_setup(what_is_no_answer_is_said, set_up),
        cmocka_unit_test_setup(a_body_has_a_limit, set_up),
        cmocka_unit_test_setup(nobody_is_waited_for_beyond_the_time, set_up),
        cmocka_unit_test_setup(where_nobody_listens_it_is_said, set_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

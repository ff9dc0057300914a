/* The operators' pages and what stands behind them: files, checks of tales, the newest verdicts. */
#include "unit.h"

#include "site.h"
#include "visit.h"

#include <jansson.h>

static void the_pages_and_their_files_are_served_with_their_policy(void **state)
{
    static const struct {
        const char *accept;
        const char *path;
        const char *type;
        const char *needle;
    } rows[] = {
        {"Accept: text/html,*/*;q=0.8", "/", "text/html; charset=utf-8", "<title>Dashboard"},
        {"Accept: */*", "/", "text/plain; charset=utf-8", "GET /v1/lookup"},
        {"Accept: */*", "/workshop", "text/html; charset=utf-8", "<title>Tale workshop"},
        {"Accept: */*", "/web/ask.js", "text/javascript; charset=utf-8", "export async function"},
        {"Accept: */*", "/web/operators.css", "text/css; charset=utf-8", ":root"},
        {"Accept: */*", "/web/example/plain.yaml", "application/yaml", "hops:"},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_header(fetch, rows[i].accept);
        fetch_run(site, fetch, "127.0.0.1", site->operators, rows[i].path);
        assert_int_equal(fetch->status, 200);
        assert_string_equal(fetch->type, rows[i].type);
        assert_non_null(strstr(fetch->body, rows[i].needle));
        if (strcmp(rows[i].type, "text/plain; charset=utf-8") != 0) {
            assert_non_null(strstr(fetch->header, "script-src 'self'"));
            assert_null(strstr(fetch->header, "unsafe"));
        }
        fetch_free(fetch);
    }
}

static void visitors_get_none_of_them(void **state)
{
    static const char *const paths[] = {"/workshop", "/web/ask.js", "/v1/verdicts", "/v1/shares"};
    struct site *site = *state;

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_run(site, fetch, "127.0.0.1", site->visitors, paths[i]);
        assert_int_equal(fetch->status, 404);
        fetch_free(fetch);
    }
}

static void a_page_elsewhere_cannot_ask_in_a_name_of_its_own(void **state)
{
    static const struct {
        const char *host;
        const char *path;
        long status;
    } rows[] = {
        {"Host: attacker.example:8081", "/v1/networks", 421},
        {"Host: attacker.example:8081", "/web/ask.js", 421},
        {"Host: www.example.net", "/v1/auth?address=203.0.113.7&port=1", 204},
        {"Host: localhost:8081", "/v1/networks", 200},
        {"Host: hoptell", "/v1/networks", 200},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        fetch_header(fetch, rows[i].host);
        fetch_run(site, fetch, "127.0.0.1", site->operators, rows[i].path);
        assert_int_equal(fetch->status, rows[i].status);
        fetch_free(fetch);
    }
}

/* The answer to a tale, for json_decref. */
static json_t *check(struct site *site, const char *tale, long status)
{
    struct fetch *fetch = fetch_new();
    json_t *answer;

    fetch_header(fetch, "Content-Type: application/yaml");
    fetch_header(fetch, "Expect:");
    curl_easy_setopt(fetch->curl, CURLOPT_POSTFIELDS, tale);
    fetch_start(site, fetch, "127.0.0.1", site->operators, "POST", "/v1/tales/check");
    fetch_finish(site, fetch);
    assert_int_equal(fetch->result, CURLE_OK);
    assert_int_equal(fetch->status, status);
    answer = json_loads(fetch->body, 0, NULL);
    assert_non_null(answer);
    fetch_free(fetch);
    return answer;
}

static const char *text_at(const json_t *list, size_t index, const char *key)
{
    return json_string_value(json_object_get(json_array_get(list, index), key));
}

static void a_good_tale_is_shown_with_its_zones(void **state)
{
    struct site *site = *state;
    json_t *answer = check(site,
                           "name: mine\ntargets: [203.0.113.77, \"2001:db8:42::9\"]\n"
                           "addresses: [198.51.100.64/28, \"2001:db8:43::/64\"]\n"
                           "zone: tale.example.net\nhops: [Once there was, {silent: true}]\n",
                           200);
    const json_t *traces = json_object_get(answer, "traces");
    const json_t *zones = json_object_get(answer, "zones");

    assert_true(json_is_true(json_object_get(answer, "good")));
    assert_int_equal(json_array_size(traces), 2);
    assert_string_equal(
        text_at(traces, 0, "text"),
        "traceroute to tale.example.net (203.0.113.77), 30 hops max, 60 byte packets\n"
        " 1  Once.there.was (198.51.100.65)\n 2  * * *\n 3  tale.example.net (203.0.113.77)\n");
    assert_non_null(strstr(text_at(traces, 1, "text"), "Once.there.was (2001:db8:43::1)"));
    assert_int_equal(json_array_size(zones), 5);
    assert_non_null(strstr(text_at(zones, 0, "text"), "SOA"));
    json_decref(answer);
}

static void every_mistake_has_its_line_and_column(void **state)
{
    struct site *site = *state;
    json_t *answer = check(site, "targets: [203.0.113.77]\nhops:\n  - {sya: once}\n", 200);
    const json_t *messages = json_object_get(answer, "messages");

    assert_true(json_is_false(json_object_get(answer, "good")));
    assert_null(json_object_get(answer, "traces"));
    assert_true(json_array_size(messages) >= 1);
    assert_string_equal(text_at(messages, 0, "kind"), "error");
    assert_int_equal(json_integer_value(json_object_get(json_array_get(messages, 0), "line")), 3);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(messages, 0), "column")), 6);
    json_decref(answer);
    json_decref(check(site, "", 200));
}

static void a_tale_that_is_too_large_is_refused_in_a_sentence(void **state)
{
    static char text[70000];
    struct site *site = *state;
    json_t *answer;

    memset(text, '#', sizeof text - 1);
    answer = check(site, text, 413);
    assert_string_equal(json_string_value(json_object_get(answer, "detail")),
                        "expected a body of at most 65536 octets, found 69999");
    json_decref(answer);
}

static json_t *ask_for(struct site *site, const char *path)
{
    struct fetch *fetch = fetch_new();
    json_t *answer;

    fetch_run(site, fetch, "127.0.0.1", site->operators, path);
    assert_int_equal(fetch->status, 200);
    answer = json_loads(fetch->body, 0, NULL);
    assert_non_null(answer);
    fetch_free(fetch);
    return answer;
}

static void the_newest_verdicts_come_newest_first(void **state)
{
    struct site *site = *state;
    struct judgement judgement;
    const json_t *list;
    json_t *answer;

    for (uint16_t port = 40000; port < 40005; port++) {
        const struct visit visit = {.client = address_v4((const uint8_t[]){203, 0, 113, 7}),
                                    .port = port,
                                    .hops = 12,
                                    .time_s = 1700000000};
        const struct observation seen = visit_observation(&visit);

        site_observed(&seen, &judgement, site);
    }
    answer = ask_for(site, "/v1/verdicts?limit=3");
    list = json_object_get(answer, "verdicts");
    assert_int_equal(json_array_size(list), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(json_integer_value(json_object_get(json_array_get(list, i), "port")),
                         40004 - i);
    json_decref(answer);
}

static void shares_are_empty_where_nothing_is_counted(void **state)
{
    struct site *site = *state;
    json_t *answer = ask_for(site, "/v1/shares");
    const json_t *hour = json_object_get(answer, "hour");

    assert_int_equal(json_integer_value(json_object_get(hour, "step")), 30);
    assert_int_equal(json_array_size(json_object_get(hour, "cells")), 0);
    json_decref(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_pages_and_their_files_are_served_with_their_policy,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(visitors_get_none_of_them, site_open, site_close),
        cmocka_unit_test_setup_teardown(a_page_elsewhere_cannot_ask_in_a_name_of_its_own, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_good_tale_is_shown_with_its_zones, site_open, site_close),
        cmocka_unit_test_setup_teardown(every_mistake_has_its_line_and_column, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_tale_that_is_too_large_is_refused_in_a_sentence,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(the_newest_verdicts_come_newest_first, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(shares_are_empty_where_nothing_is_counted, site_open,
                                        site_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

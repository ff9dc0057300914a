/* What operators tell the daemon: labels, and whom to forget. */
#include "unit.h"

#include "site.h"
#include "visit.h"

#include <errno.h>

static void post(struct site *site, struct fetch *fetch, const char *type, const char *body)
{
    fetch_header(fetch, type);
    curl_easy_setopt(fetch->curl, CURLOPT_POSTFIELDS, body);
    fetch_start(site, fetch, "127.0.0.1", site->operators, "POST", "/v1/labels");
    fetch_finish(site, fetch);
}

static void a_label_is_taken_with_and_without_a_port(void **state)
{
    static const struct {
        const char *body;
        const char *told;
    } rows[] = {
        {"{\"address\": \"203.0.113.7\", \"label\": \"tethered\"}", "203.0.113.7 0 tethered"},
        {"{\"address\": \"2001:db8::7\", \"port\": 40001, \"label\": \"direct\"}",
         "2001:db8::7 40001 direct"},
        {" {\"label\":\"direct\",\"port\":65535,\"address\":\"::1\"}\n", "::1 65535 direct"},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        post(site, fetch, "Content-Type: application/json; charset=utf-8", rows[i].body);
        assert_int_equal(fetch->result, CURLE_OK);
        assert_int_equal(fetch->status, 204);
        assert_string_equal(site->told, rows[i].told);
        fetch_free(fetch);
    }
}

static void anything_else_is_refused_and_not_kept(void **state)
{
    static const char json[] = "Content-Type: application/json";
    static const struct {
        const char *type;
        const char *body;
        long status;
        const char *detail;
    } rows[] = {
        {"Content-Type: text/plain", "{\"address\": \"::1\", \"label\": \"direct\"}", 415,
         "expected a body of type application/json"},
        {"Content-Type: application/jsonx", "{}", 415, "expected a body of type application/json"},
        {json, "", 400, "expected a JSON object, found something else"},
        {json, "[]", 400, "expected a JSON object, found something else"},
        {json, "{\"address\": \"::1\", \"label\": \"direct\"", 400, "expected a JSON object"},
        {json, "{\"label\": \"direct\"}", 400,
         "expected an IPv4 or IPv6 address as a string as address, found none"},
        {json, "{\"address\": 7, \"label\": \"direct\"}", 400,
         "expected an IPv4 or IPv6 address as a string as address, found something else"},
        {json, "{\"address\": \"::1\"}", 400,
         "expected direct or tethered as a string as label, found none"},
        {json, "{\"address\": \"::1\", \"label\": \"unknown\"}", 400,
         "expected direct or tethered as a string as label, found something else"},
        {json, "{\"address\": \"::1\", \"label\": \"direct\", \"port\": 0}", 400,
         "expected a number from 1 to 65535 as port, found something else"},
        {json, "{\"address\": \"::1\", \"label\": \"direct\", \"port\": \"1\"}", 400,
         "expected a number from 1 to 65535 as port, found something else"},
        {json, "{\"address\": \"::1\", \"label\": \"direct\", \"prot\": 1}", 400,
         "expected address, port and label alone, found something else"},
        {json, "{\"address\": \"::1\", \"label\": \"direct\", \"label\": \"direct\"}", 400,
         "expected a JSON object"},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        post(site, fetch, rows[i].type, rows[i].body);
        assert_int_equal(fetch->result, CURLE_OK);
        assert_int_equal(fetch->status, rows[i].status);
        assert_string_equal(fetch->type, "application/problem+json");
        assert_non_null(strstr(fetch->body, rows[i].detail));
        assert_string_equal(site->told, "");
        fetch_free(fetch);
    }
}

static void a_body_without_end_is_not_taken(void **state)
{
    static char body[256 * 1024];
    struct site *site = *state;
    struct fetch *fetch = fetch_new();

    memset(body, ' ', sizeof body - 1);
    post(site, fetch, "Content-Type: application/json", body);
    assert_int_not_equal(fetch->status, 204);
    assert_string_equal(site->told, "");
    fetch_free(fetch);
}

static void what_the_store_cannot_take_is_said(void **state)
{
    static const struct {
        int refusal;
        long status;
    } rows[] = {{-ENOTSUP, 409}, {-ENOBUFS, 503}};
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fetch *fetch = fetch_new();

        site->refusal = rows[i].refusal;
        post(site, fetch, "Content-Type: application/json",
             "{\"address\": \"::1\", \"label\": \"direct\"}");
        assert_int_equal(fetch->status, rows[i].status);
        fetch_free(fetch);
    }
}

static void visits(struct site *site, struct address client, uint16_t port)
{
    const struct visit visit = {.maker = MAKER_ANDROID,
                                .hops = 12,
                                .client = client,
                                .port = port,
                                .time_s = 1700000000,
                                .flow = port};
    const struct observation observation = visit_observation(&visit);
    struct judgement judgement;

    site_observed(&observation, &judgement, site);
}

static long status_of(struct site *site, const char *method, const char *path)
{
    struct fetch *fetch = fetch_new();
    long status;

    fetch_start(site, fetch, "127.0.0.1", site->operators, method, path);
    fetch_finish(site, fetch);
    assert_int_equal(fetch->result, CURLE_OK);
    status = fetch->status;
    if (status == 405)
        assert_non_null(strstr(fetch->header, "Allow: GET, HEAD, DELETE\r\n"));
    fetch_free(fetch);
    return status;
}

static void who_is_forgotten_is_gone_and_the_neighbour_stays(void **state)
{
    struct site *site = *state;

    for (uint16_t i = 1; i <= 20; i++) {
        visits(site, visit_v6(1, 7, i), i);
        visits(site, visit_v6(1, 8, i), i);
    }
    assert_int_equal(status_of(site, "DELETE", "/v1/subscribers/2001:db8:1:7::99"), 204);
    assert_int_equal(status_of(site, "GET", "/v1/subscribers/2001:db8:1:7::1"), 404);
    assert_int_equal(status_of(site, "GET", "/v1/lookup?address=2001:db8:1:7::1&port=1"), 404);
    assert_int_equal(status_of(site, "GET", "/v1/lookup?address=2001:db8:1:7::1"), 404);
    assert_int_equal(status_of(site, "GET", "/v1/subscribers/2001:db8:1:8::1"), 200);
    assert_int_equal(status_of(site, "GET", "/v1/lookup?address=2001:db8:1:8::1&port=1"), 200);
    assert_int_equal(status_of(site, "GET", "/v1/lookup?address=2001:db8:1:8::1"), 200);
    assert_int_equal(status_of(site, "DELETE", "/v1/subscribers/2001:db8:1:7::99"), 204);
    visits(site, visit_v6(1, 7, 1), 1);
    assert_int_equal(status_of(site, "GET", "/v1/subscribers/2001:db8:1:7::1"), 200);
}

static void nobody_is_forgotten_by_half(void **state)
{
    struct site *site = *state;

    visits(site, visit_v4(203, 0, 113, 7), 1);
    site->refusal = -ENOBUFS;
    assert_int_equal(status_of(site, "DELETE", "/v1/subscribers/203.0.113.7"), 503);
    assert_int_equal(status_of(site, "GET", "/v1/subscribers/203.0.113.7"), 200);
    assert_int_equal(status_of(site, "DELETE", "/v1/subscribers/nobody"), 400);
    assert_int_equal(status_of(site, "DELETE", "/v1/subscribers/::1?limit=1"), 400);
    assert_int_equal(status_of(site, "PATCH", "/v1/subscribers/203.0.113.7"), 405);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_label_is_taken_with_and_without_a_port, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(anything_else_is_refused_and_not_kept, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_body_without_end_is_not_taken, site_open, site_close),
        cmocka_unit_test_setup_teardown(what_the_store_cannot_take_is_said, site_open, site_close),
        cmocka_unit_test_setup_teardown(who_is_forgotten_is_gone_and_the_neighbour_stays, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(nobody_is_forgotten_by_half, site_open, site_close),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What operators are told of networks, subscribers and tales, on real connections. */
#include "unit.h"

#include "site.h"
#include "visit.h"

#include <jansson.h>

enum { NOW = 1700000000 };

static json_t *ask_site(struct site *site, const char *path, long status)
{
    struct fetch *fetch = fetch_new();
    json_t *object;

    fetch_run(site, fetch, "127.0.0.1", site->operators, path);
    assert_int_equal(fetch->status, status);
    assert_string_equal(fetch->type,
                        status == 200 ? "application/json" : "application/problem+json");
    object = json_loads(fetch->body, 0, NULL);
    assert_non_null(object);
    fetch_free(fetch);
    return object;
}

static json_int_t number_of(const json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
    assert_true(json_is_string(json_object_get(object, key)));
    return json_string_value(json_object_get(object, key));
}

static void visits(struct site *site, struct address client, unsigned hops, uint16_t port)
{
    static uint32_t visited;
    const uint32_t flow = ++visited;
    const struct visit visit = {
        .maker = MAKER_ANDROID,
        .hops = hops,
        .client = client,
        .port = port,
        .time_s = NOW + flow,
        .clock_ms = client.octets[15] * 1000000u,
        .flow = flow,
    };
    const struct observation observation = visit_observation(&visit);
    struct judgement judgement;

    site_observed(&observation, &judgement, site);
}

/* 203.0.113.0/24: 40 phones with 12 hops and one guest; 198.51.100.0/24: one visit. */
static void people_visit(struct site *site)
{
    for (uint8_t i = 1; i <= 40; i++)
        visits(site, visit_v4(203, 0, 113, i), 12, 40000);
    visits(site, visit_v4(203, 0, 113, 7), 13, 40001);
    visits(site, visit_v4(198, 51, 100, 1), 5, 40000);
    for (uint16_t i = 0; i < 3; i++)
        visits(site, visit_v6(1, 7, i), 9, (uint16_t)(41000 + i));
}

static void networks_come_with_their_modes_the_most_seen_first(void **state)
{
    struct site *site = *state;
    const json_t *first;
    const json_t *mode;
    json_t *answer;

    people_visit(site);
    answer = ask_site(site, "/v1/networks?prefix=203.0.113.0/24", 200);
    assert_int_equal(number_of(answer, "total"), 1);
    first = json_array_get(json_object_get(answer, "networks"), 0);
    assert_string_equal(text_of(first, "prefix"), "203.0.113.0/24");
    assert_int_equal(number_of(first, "seen"), 41);
    assert_true(json_is_true(json_object_get(first, "enough")));
    assert_true(json_is_null(json_object_get(first, "moved")));
    mode = json_array_get(json_object_get(first, "modes"), 0);
    assert_int_equal(number_of(mode, "hops"), 12);
    assert_int_equal(number_of(mode, "hop_limit"), 52);
    assert_true(json_real_value(json_object_get(mode, "share")) > 0.95);
    assert_true(json_real_value(json_object_get(mode, "direct")) > 0.95);
    mode = json_array_get(json_object_get(first, "modes"), 1);
    assert_int_equal(number_of(mode, "hops"), 13);
    assert_true(json_real_value(json_object_get(mode, "direct")) < 0.5);
    assert_int_equal(json_array_size(json_object_get(first, "histogram")), 2);
    json_decref(answer);
}

static void a_list_of_networks_is_bounded_and_in_order(void **state)
{
    struct site *site = *state;
    json_t *answer;
    const json_t *list;
    json_int_t before = INT64_MAX;

    people_visit(site);
    for (uint8_t i = 0; i < 50; i++)
        for (unsigned times = 0; times < 1u + i * 7u % 50; times++)
            visits(site, visit_v4(10, i, 0, 1), 5, (uint16_t)(1 + times));
    answer = ask_site(site, "/v1/networks?limit=40", 200);
    list = json_object_get(answer, "networks");
    assert_int_equal(json_array_size(list), 40);
    assert_true(number_of(answer, "total") > 100);
    for (size_t i = 0; i < 40; i++) {
        assert_true(number_of(json_array_get(list, i), "seen") <= before);
        before = number_of(json_array_get(list, i), "seen");
    }
    assert_int_equal(number_of(json_array_get(list, 0), "seen"), 50);
    json_decref(answer);
}

static void pages_of_networks_have_each_once_and_in_order(void **state)
{
    static const uint32_t limits[] = {1, 7, 1000};
    struct site *site = *state;

    people_visit(site);
    for (uint8_t i = 0; i < 50; i++)
        visits(site, visit_v4(10, i, 0, 1), 5, 1);
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        char after[PREFIX_TEXT_MAX] = "::/0";
        json_int_t left = -1;

        while (left != 0) {
            struct prefix before;
            struct prefix prefix;
            const json_t *network;
            json_t *answer;
            char path[128];
            size_t j;

            snprintf(path, sizeof path, "/v1/networks?after=%s&limit=%u", after, limits[i]);
            answer = ask_site(site, path, 200);
            assert_true(left < 0 || number_of(answer, "total") == left);
            left = number_of(answer, "total");
            assert_true(units_parse_prefix(after, &before));
            json_array_foreach(json_object_get(answer, "networks"), j, network)
            {
                assert_true(units_parse_prefix(text_of(network, "prefix"), &prefix));
                assert_true(memcmp(&before, &prefix, sizeof before) < 0);
                before = prefix;
                left--;
            }
            assert_true(j > 0 && j <= limits[i]);
            assert_int_equal(json_is_null(json_object_get(answer, "next")), left == 0);
            if (left > 0)
                snprintf(after, sizeof after, "%s", text_of(answer, "next"));
            json_decref(answer);
        }
    }
}

static void an_address_has_its_networks_finest_first(void **state)
{
    static const struct {
        const char *path;
        const char *prefix[4];
    } rows[] = {
        {"/v1/networks?address=203.0.113.200",
         {"203.0.113.0/24", "203.0.112.0/20", "203.0.0.0/16"}},
        {"/v1/networks?address=2001:db8:1::9", {"2001:db8:1::/48", "2001:db8::/32"}},
        {"/v1/networks?address=192.0.2.1", {NULL}},
    };
    struct site *site = *state;

    people_visit(site);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *answer = ask_site(site, rows[i].path, 200);
        const json_t *list = json_object_get(answer, "networks");
        size_t count = 0;

        for (; rows[i].prefix[count] != NULL; count++)
            assert_string_equal(text_of(json_array_get(list, count), "prefix"),
                                rows[i].prefix[count]);
        assert_int_equal(json_array_size(list), count);
        json_decref(answer);
    }
}

static void subscribers_come_once_each_the_newest_first(void **state)
{
    struct site *site = *state;
    const json_t *list;
    json_t *answer;

    people_visit(site);
    answer = ask_site(site, "/v1/subscribers?limit=3", 200);
    list = json_object_get(answer, "subscribers");
    assert_int_equal(json_array_size(list), 3);
    assert_string_equal(text_of(json_array_get(list, 0), "subscriber"), "2001:db8:1:7::/64");
    assert_string_equal(text_of(json_array_get(list, 1), "subscriber"), "198.51.100.1");
    assert_string_equal(text_of(json_array_get(list, 2), "subscriber"), "203.0.113.7");
    assert_int_equal(number_of(json_array_get(list, 2), "hop_limit"), 51);
    assert_int_equal(number_of(json_object_get(json_array_get(list, 2), "baseline"), "seen"), 2);
    json_decref(answer);
}

static void a_subscriber_has_its_baseline_and_its_timeline(void **state)
{
    struct site *site = *state;
    const json_t *baseline;
    const json_t *timeline;
    json_t *answer;

    people_visit(site);
    answer = ask_site(site, "/v1/subscribers/203.0.113.7", 200);
    assert_string_equal(text_of(answer, "subscriber"), "203.0.113.7");
    baseline = json_object_get(answer, "baseline");
    assert_int_equal(number_of(baseline, "seen"), 2);
    assert_true(json_is_false(json_object_get(baseline, "shared")));
    assert_int_equal(json_array_size(json_object_get(baseline, "hop_limits")), 2);
    assert_string_equal(text_of(json_array_get(json_object_get(baseline, "stacks"), 0), "family"),
                        "android");
    timeline = json_object_get(answer, "timeline");
    assert_int_equal(json_array_size(timeline), 2);
    assert_int_equal(number_of(json_array_get(timeline, 0), "port"), 40001);
    assert_int_equal(number_of(json_array_get(timeline, 1), "port"), 40000);
    json_decref(answer);

    answer = ask_site(site, "/v1/subscribers/2001:db8:1:7::99?limit=2", 200);
    assert_string_equal(text_of(answer, "subscriber"), "2001:db8:1:7::/64");
    assert_int_equal(json_array_size(json_object_get(answer, "timeline")), 2);
    json_decref(answer);
}

static void tales_are_told(void **state)
{
    static struct tale tale = {
        .name = "panic", .zone = "tale.example.net", .target_count = 1, .base_hop_limit = 64};
    struct tale *const list[] = {&tale};
    const struct tales tales = {.count = 1, .tale = list};
    struct site *site = *state;
    json_t *answer;

    assert_true(units_parse_prefix("203.0.113.9/32", &tale.target[0]));
    site->tales = &tales;
    answer = ask_site(site, "/v1/tales", 200);
    assert_string_equal(text_of(json_array_get(json_object_get(answer, "tales"), 0), "name"),
                        "panic");
    json_decref(answer);
    site->tales = NULL;
    answer = ask_site(site, "/v1/tales", 200);
    assert_int_equal(json_array_size(json_object_get(answer, "tales")), 0);
    json_decref(answer);
}

static void wrong_questions_are_refused(void **state)
{
    static const struct {
        const char *path;
        long status;
        const char *detail;
    } rows[] = {
        {"/v1/networks?address=::1&limit=2", 400,
         "expected address alone, or prefix, limit and after, found both"},
        {"/v1/networks?port=1", 400,
         "expected address, prefix, limit and after alone, found 'port'"},
        {"/v1/subscribers?limit=0", 400, "expected a number from 1 to 1000 as limit, found '0'"},
        {"/v1/subscribers/nobody", 400,
         "expected an IPv4 or IPv6 address, or teid:IDENTIFIER@ENDPOINT of a GTP-U tunnel, after "
         "/v1/subscribers/"},
        {"/v1/subscribers/::1?prefix=::/0", 400, "expected limit alone, found 'prefix'"},
        {"/v1/subscribers/203.0.113.99", 404,
         "expected a subscriber that has been seen, found nothing of it"},
        {"/v1/subscribers/", 404, "there is nothing under this path"},
        {"/v1/subscribersx", 404, "there is nothing under this path"},
        {"/v1/tales?limit=1", 400, "expected no parameters, found 'limit'"},
    };
    struct site *site = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        json_t *problem = ask_site(site, rows[i].path, rows[i].status);

        assert_string_equal(text_of(problem, "detail"), rows[i].detail);
        json_decref(problem);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(networks_come_with_their_modes_the_most_seen_first,
                                        site_open, site_close),
        cmocka_unit_test_setup_teardown(a_list_of_networks_is_bounded_and_in_order, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(pages_of_networks_have_each_once_and_in_order, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(an_address_has_its_networks_finest_first, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(subscribers_come_once_each_the_newest_first, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(a_subscriber_has_its_baseline_and_its_timeline, site_open,
                                        site_close),
        cmocka_unit_test_setup_teardown(tales_are_told, site_open, site_close),
        cmocka_unit_test_setup_teardown(wrong_questions_are_refused, site_open, site_close),
    };

    curl_global_init(CURL_GLOBAL_DEFAULT);
    return cmocka_run_group_tests(tests, NULL, NULL);
}

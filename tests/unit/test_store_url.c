#include "unit.h"

#include "base/store_url.h"

#include <stdio.h>

static void a_place_is_read_whole(void **state)
{
    static const struct {
        const char *text;
        struct store_url expected;
    } rows[] = {
        {"mariadb://hoptell@db.example.net/shop",
         {.user = "hoptell", .host = "db.example.net", .name = "shop"}},
        {"mariadb://u@192.0.2.1:3307/n",
         {.user = "u", .host = "192.0.2.1", .port = 3307, .name = "n"}},
        {"mariadb://u@[2001:db8::1]/n", {.user = "u", .host = "2001:db8::1", .name = "n"}},
        {"mariadb://u@[2001:db8::1]:65535/n",
         {.user = "u", .host = "2001:db8::1", .port = 65535, .name = "n"}},
        {"mariadb://u@localhost/n?socket=/run/db/socket",
         {.user = "u", .host = "localhost", .name = "n", .socket = "/run/db/socket"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct store_url *expected = &rows[i].expected;
        struct store_url found;

        if (!store_url_parse(rows[i].text, &found))
            fail_msg("%s is refused", rows[i].text);
        assert_string_equal(found.user, expected->user);
        assert_string_equal(found.host, expected->host);
        assert_int_equal(found.port, expected->port);
        assert_string_equal(found.name, expected->name);
        assert_string_equal(found.socket, expected->socket);
    }
}

static void what_is_no_place_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "mariadb:",
        "mariadb://",
        "mariadb://u@h",
        "mariadb://u@h/",
        "mariadb://u@/n",
        "mariadb://@h/n",
        "mariadb://h/n",
        "mariadb://u:password@h/n",
        "mariadb://u@h:0/n",
        "mariadb://u@h:65536/n",
        "mariadb://u@h:-1/n",
        "mariadb://u@h:/n",
        "mariadb://u@h:1x/n",
        "mariadb://u@[2001:db8::1/n",
        "mariadb://u@[2001:db8::1]x/n",
        "mariadb://u@[]/n",
        "mariadb://u@[h]/n",
        "mariadb://u@2001:db8::1/n",
        "mariadb://u@a b/n",
        "mariadb://u@h/n/m",
        "mariadb://u@h/n?",
        "mariadb://u@h/n?socket=/s",
        "mariadb://u@localhost/n?socket=",
        "mariadb://u@localhost/n?socket=s",
        "mariadb://u@localhost/n?tls=1",
        "mysql://u@h/n",
    };
    struct store_url url;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (store_url_parse(texts[i], &url))
            fail_msg("%s is taken", texts[i]);
}

static void what_is_too_long_is_refused(void **state)
{
    struct store_url url;
    char text[400];
    char letters[300];

    (void)state;
    memset(letters, 'a', sizeof letters);
    snprintf(text, sizeof text, "mariadb://%.80s@h/n", letters);
    assert_true(store_url_parse(text, &url));
    snprintf(text, sizeof text, "mariadb://%.81s@h/n", letters);
    assert_false(store_url_parse(text, &url));
    snprintf(text, sizeof text, "mariadb://u@h/%.64s", letters);
    assert_true(store_url_parse(text, &url));
    snprintf(text, sizeof text, "mariadb://u@h/%.65s", letters);
    assert_false(store_url_parse(text, &url));
    snprintf(text, sizeof text, "mariadb://u@localhost/n?socket=/%.106s", letters);
    assert_true(store_url_parse(text, &url));
    snprintf(text, sizeof text, "mariadb://u@localhost/n?socket=/%.107s", letters);
    assert_false(store_url_parse(text, &url));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_is_read_whole),
        cmocka_unit_test(what_is_no_place_is_refused),
        cmocka_unit_test(what_is_too_long_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

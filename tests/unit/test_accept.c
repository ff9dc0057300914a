#include "unit.h"

#include "serve/accept.h"

static const char browser[] = "Mozilla/5.0 (X11; Linux x86_64)";
static const char chromium_accept[] =
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";

static const struct {
    const char *accept;
    const char *user_agent;
    enum medium medium;
} media[] = {
    {chromium_accept, browser, MEDIUM_HTML},
    {"*/*", "curl/7.88.1", MEDIUM_TEXT},
    {"*/*", "Wget/1.21.3", MEDIUM_TEXT},
    {"*/*", browser, MEDIUM_HTML},
    {"", browser, MEDIUM_HTML},
    {"", "", MEDIUM_HTML},
    {"text/plain", browser, MEDIUM_TEXT},
    {"text/html", "curl/7.88.1", MEDIUM_HTML},
    {"text/html;q=0.4, text/plain;q=0.5", browser, MEDIUM_TEXT},
    {"text/html;q=0.500,text/plain;q=0.499", browser, MEDIUM_HTML},
    {"text/plain, text/html;q=0", browser, MEDIUM_TEXT},
    {"*/*;q=0.1, text/*;q=0.2, text/html", "curl/7.88.1", MEDIUM_HTML},
    {"TEXT/PLAIN ; Q=1", browser, MEDIUM_TEXT},
    {"text/plain;format=flowed;q=0.1, text/html", browser, MEDIUM_HTML},
    {",,;;q=,text/plain;q=,", browser, MEDIUM_TEXT},
};

static void the_medium_of_the_greater_weight_is_sent(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof media / sizeof media[0]; i++)
        assert_int_equal(accept_medium(media[i].accept, media[i].user_agent), media[i].medium);
}

static const struct {
    const char *header;
    size_t language;
} languages[] = {
    {"", 0},         {"de", 1},           {"de-AT,de;q=0.9,en;q=0.8", 1},
    {"en-GB,en", 0}, {"fr, de;q=0.2", 1}, {"fr", 0},
    {"*", 0},        {"den", 0},          {"en;q=0.3, DE-de;q=0.7", 1},
    {"de;q=0", 0},   {"de;q=0.0, *", 0},  {"en;q=0.8, de;q=0.8", 0},
    {";;;,,q=", 0},
};

static void the_language_of_the_greatest_weight_is_spoken(void **state)
{
    static const char *const offers[] = {"en", "de"};

    (void)state;
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++)
        assert_int_equal(accept_language(languages[i].header, offers, 2), languages[i].language);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_medium_of_the_greater_weight_is_sent),
        cmocka_unit_test(the_language_of_the_greatest_weight_is_spoken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

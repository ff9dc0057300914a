/* In which names a local listener may be asked. */
#include "unit.h"

#include "serve/host.h"

static void only_names_that_nobody_else_can_own_are_local(void **state)
{
    static const struct {
        const char *host;
        bool is_local;
    } rows[] = {
        {"", true},
        {"127.0.0.1", true},
        {"127.0.0.1:8081", true},
        {"[::1]:8081", true},
        {"[::ffff:127.0.0.1]", true},
        {"localhost:8081", true},
        {"hoptell", true},
        {"ops.localhost:8081", true},
        {"OPS.LOCALHOST", true},
        {"example.net", false},
        {"example.net:8081", false},
        {"127.0.0.1.example.net", false},
        {"localhost.example.net", false},
        {"example.net.", false},
        {"[example.net]", false},
        {"notlocalhost.example", false},
    };
    char longest[400];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (host_is_local(rows[i].host) != rows[i].is_local)
            fail_msg("'%s'", rows[i].host);
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_false(host_is_local(longest));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_names_that_nobody_else_can_own_are_local),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Standard error goes into a pipe while a test runs. */
struct heard {
    int standard_error;
    int pipe[2];
    char text[4096];
};

static void listen(struct heard *heard)
{
    assert_int_equal(pipe(heard->pipe), 0);
    heard->standard_error = dup(STDERR_FILENO);
    assert_true(heard->standard_error >= 0);
    assert_true(dup2(heard->pipe[1], STDERR_FILENO) >= 0);
}

/* What was logged since listen(). */
static const char *hear(struct heard *heard)
{
    ssize_t length;

    dup2(heard->standard_error, STDERR_FILENO);
    close(heard->standard_error);
    close(heard->pipe[1]);
    length = read(heard->pipe[0], heard->text, sizeof heard->text - 1);
    assert_true(length >= 0);
    heard->text[length] = '\0';
    close(heard->pipe[0]);
    return heard->text;
}

static void messages_say_who_speaks_and_how_bad_it_is(void **state)
{
    struct heard heard;

    (void)state;
    log_set_level(LOG_LEVEL_DEBUG);
    listen(&heard);
    log_error("no %s", "tun");
    log_warning("full");
    log_notice("here");
    log_info("there");
    log_debug("everywhere");
    assert_string_equal(hear(&heard), "hoptell: error: no tun\n"
                                      "hoptell: warning: full\n"
                                      "hoptell: here\n"
                                      "hoptell: there\n"
                                      "hoptell: everywhere\n");
}

static void less_important_messages_than_the_level_are_not_shown(void **state)
{
    struct heard heard;

    (void)state;
    log_set_level(LOG_LEVEL_WARNING);
    listen(&heard);
    log_notice("here");
    log_warning("full");
    log_debug("everywhere");
    assert_string_equal(hear(&heard), "hoptell: warning: full\n");
}

static void the_journal_gets_a_priority_instead(void **state)
{
    struct heard heard;
    struct stat status;
    char stream[64];

    (void)state;
    log_set_level(LOG_LEVEL_DEBUG);
    listen(&heard);
    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    log_error("no tun");
    log_debug("everywhere");
    setenv("JOURNAL_STREAM", "1:1", 1); /* the journal is somebody else's standard error */
    log_notice("here");
    unsetenv("JOURNAL_STREAM");
    assert_string_equal(hear(&heard), "<3>no tun\n<7>everywhere\nhoptell: here\n");
}

static void a_message_stays_on_its_line(void **state)
{
    struct heard heard;

    (void)state;
    log_set_level(LOG_LEVEL_NOTICE);
    listen(&heard);
    log_notice("GET /\r\nhoptell: error: \x1b[2J%s", "\x7f");
    assert_string_equal(hear(&heard), "hoptell: GET /  hoptell: error:  [2J \n");
}

static void a_message_that_is_too_long_is_cut(void **state)
{
    char text[3000];
    struct heard heard;
    const char *found;

    (void)state;
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    listen(&heard);
    log_notice("%s", text);
    found = hear(&heard);
    assert_true(strlen(found) > 1000 && strlen(found) <= 1024);
    assert_int_equal(found[strlen(found) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_say_who_speaks_and_how_bad_it_is),
        cmocka_unit_test(less_important_messages_than_the_level_are_not_shown),
        cmocka_unit_test(the_journal_gets_a_priority_instead),
        cmocka_unit_test(a_message_stays_on_its_line),
        cmocka_unit_test(a_message_that_is_too_long_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

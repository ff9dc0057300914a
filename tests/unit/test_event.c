#include "unit.h"

#include "base/event.h"

#include <stdio.h>

struct heard {
    unsigned count;
    size_t longest;
    char all[256];
};

static void hear(const char *data, void *context)
{
    struct heard *heard = context;

    heard->count++;
    if (strlen(data) > heard->longest)
        heard->longest = strlen(data);
    snprintf(heard->all + strlen(heard->all), sizeof heard->all - strlen(heard->all), "[%.40s]",
             data);
}

static const char stream[] = "retry: 2000\n\n"
                             "id: 41\nevent: verdict\ndata: {\"a\": 1}\n\n"
                             ":\n\n"
                             "id: 42\r\nevent: verdict\r\ndata:{}\r\n\r\n"
                             "id: 43\ndata: not yet whole\n";

static void events_are_the_same_however_their_octets_are_cut(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof stream; piece++) {
        static struct event_reader reader;
        struct heard heard = {0};

        memset(&reader, 0, sizeof reader);
        for (size_t at = 0; at < sizeof stream - 1; at += piece)
            event_read(&reader, stream + at,
                       sizeof stream - 1 - at < piece ? sizeof stream - 1 - at : piece, hear,
                       &heard);
        assert_string_equal(heard.all, "[{\"a\": 1}][{}]");
        assert_string_equal(reader.id, "43");
    }
}

static void a_line_that_is_too_long_is_left_out_and_the_next_event_is_heard(void **state)
{
    static struct event_reader reader;
    static char line[EVENT_LINE_MAX];
    struct heard heard = {0};

    (void)state;
    memset(line, 'x', sizeof line);
    event_read(&reader, "data: ", 6, hear, &heard);
    event_read(&reader, line, sizeof line, hear, &heard);
    event_read(&reader, "\n\ndata: next\n\n", 14, hear, &heard);
    assert_string_equal(heard.all, "[next]");
}

static void the_longest_line_is_heard_whole(void **state)
{
    static struct event_reader reader;
    static char line[EVENT_LINE_MAX - 1];
    struct heard heard = {0};

    (void)state;
    memset(line, 'x', sizeof line);
    memcpy(line, "data: ", 6);
    event_read(&reader, line, sizeof line, hear, &heard);
    event_read(&reader, "\n\n", 2, hear, &heard);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.longest, sizeof line - 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_the_same_however_their_octets_are_cut),
        cmocka_unit_test(a_line_that_is_too_long_is_left_out_and_the_next_event_is_heard),
        cmocka_unit_test(the_longest_line_is_heard_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * What is told of interfaces, from messages as rtnetlink sends them; the overflow of a real socket is in
 * tests/e2e/test_interfaces.py.
 */
#include "unit.h"

#include "edge/links.c"

#include <stdio.h>
#include <string.h>

enum { PORT = 77, NUMBER = 5 };

static struct links *links;
static char told[4096];

static void write_down(unsigned interface, enum links_change change, void *context)
{
    static const char *const names[] = {"up", "down", "gone", "unsure"};
    const size_t length = strlen(told);

    (void)context;
    snprintf(told + length, sizeof told - length, "%s%u %s", length > 0 ? ", " : "", interface,
             names[change]);
}

static int set_up(void **state)
{
    (void)state;
    links = calloc(1, sizeof *links);
    links->each = write_down;
    links->port = PORT;
    told[0] = '\0';
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    links_close(links);
    return 0;
}

struct word {
    uint16_t type;
    unsigned interface;
    unsigned flags;
    uint8_t family;
};

static void take(const struct word *word, uint16_t flags, uint32_t number, uint32_t port)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[256] = {0};
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
    struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof *link);

    message->nlmsg_type = word->type;
    message->nlmsg_flags = flags;
    message->nlmsg_seq = number;
    message->nlmsg_pid = port;
    link->ifi_index = (int)word->interface;
    link->ifi_flags = word->flags;
    link->ifi_family = word->family;
    links_take_all(links, buffer, message->nlmsg_len);
}

static void word_of(uint16_t type, unsigned interface, unsigned flags)
{
    take(&(struct word){type, interface, flags, AF_UNSPEC}, 0, 0, 0);
}

/* A list as it comes when words have been lost, or at the start. */
static void list_begins(void)
{
    for (size_t i = 0; i < links->count; i++)
        links->link[i].is_listed = false;
    links->asked = NUMBER;
    links->lost = false;
}

static void row_of_list(unsigned interface, unsigned flags)
{
    take(&(struct word){RTM_NEWLINK, interface, flags, AF_UNSPEC}, NLM_F_MULTI, NUMBER, PORT);
}

static void end_of_list(uint16_t flags)
{
    take(&(struct word){NLMSG_DONE, 0, 0, AF_UNSPEC}, (uint16_t)(NLM_F_MULTI | flags), NUMBER,
         PORT);
}

/* 1 and 2 are up, 3 is down. */
static void learn_three(void)
{
    list_begins();
    row_of_list(1, IFF_UP);
    row_of_list(2, IFF_UP);
    row_of_list(3, 0);
    end_of_list(0);
    assert_string_equal(told, "");
    assert_int_equal(links->count, 3);
}

static void every_word_is_told(void **state)
{
    (void)state;
    learn_three();
    word_of(RTM_NEWLINK, 1, IFF_UP);
    word_of(RTM_NEWLINK, 2, 0);
    word_of(RTM_NEWLINK, 4, IFF_UP);
    word_of(RTM_DELLINK, 1, 0);
    take(&(struct word){RTM_DELLINK, 4, 0, AF_BRIDGE}, 0, 0, 0); /* it left a bridge */
    assert_string_equal(told, "1 up, 2 down, 4 up, 1 gone");
    assert_int_equal(links->count, 3);
}

static void after_lost_words_what_is_different_is_told(void **state)
{
    (void)state;
    learn_three();
    list_begins();
    row_of_list(1, IFF_UP);
    row_of_list(3, IFF_UP);
    row_of_list(5, 0);
    end_of_list(0);
    assert_string_equal(told, "1 unsure, 3 up, 2 gone");
    list_begins();
    row_of_list(1, 0);
    row_of_list(3, IFF_UP);
    row_of_list(5, IFF_UP);
    end_of_list(0);
    assert_string_equal(told, "1 unsure, 3 up, 2 gone, 1 down, 3 unsure, 5 up");
}

static void a_word_between_the_rows_of_a_list_counts(void **state)
{
    (void)state;
    learn_three();
    list_begins();
    row_of_list(1, IFF_UP);
    word_of(RTM_DELLINK, 1, 0);
    word_of(RTM_NEWLINK, 6, IFF_UP); /* behind where the list is */
    take(&(struct word){RTM_NEWLINK, 7, 0, AF_UNSPEC}, 0, NUMBER, PORT + 1); /* another's number */
    row_of_list(2, IFF_UP);
    row_of_list(3, 0);
    end_of_list(0);
    assert_string_equal(told, "1 unsure, 1 gone, 6 up, 7 down, 2 unsure");
    assert_int_equal(links->count, 4);
}

static void a_list_that_was_cut_ends_nothing(void **state)
{
    (void)state;
    learn_three();
    list_begins();
    row_of_list(3, 0);
    end_of_list(NLM_F_DUMP_INTR);
    assert_string_equal(told, "");
    assert_true(links->lost);
    assert_int_equal(links->asked, 0);
    assert_int_equal(links->count, 3);
}

static void a_short_message_is_passed_over(void **state)
{
    _Alignas(struct nlmsghdr) uint8_t buffer[64] = {0};
    struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

    (void)state;
    message->nlmsg_type = RTM_NEWLINK;
    links_take_all(links, buffer, message->nlmsg_len);
    links_take_all(links, buffer, message->nlmsg_len - 1);
    assert_string_equal(told, "");
}

/* Others may change interfaces of this machine meanwhile, and cut a list. */
static void read_the_list(struct links *real)
{
    for (unsigned i = 0; i < 1000 && (!real->has_list || real->lost || real->asked != 0); i++)
        links_read(real, write_down, NULL);
    assert_true(real->has_list);
    assert_false(real->lost);
    assert_int_equal(real->asked, 0);
}

static void the_list_of_this_machine_has_its_loopback(void **state)
{
    struct links *real = NULL;

    (void)state;
    assert_int_equal(links_open(&real), 0);
    read_the_list(real);
    assert_non_null(links_find(real, if_nametoindex("lo")));
    links_add(real, 1u << 30, true);
    real->lost = true; /* as ENOBUFS says */
    read_the_list(real);
    assert_non_null(links_find(real, if_nametoindex("lo")));
    assert_null(links_find(real, 1u << 30));
    assert_non_null(strstr(told, "1073741824 gone"));
    links_close(real);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(every_word_is_told),
        TEST(after_lost_words_what_is_different_is_told),
        TEST(a_word_between_the_rows_of_a_list_counts),
        TEST(a_list_that_was_cut_ends_nothing),
        TEST(a_short_message_is_passed_over),
        TEST(the_list_of_this_machine_has_its_loopback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

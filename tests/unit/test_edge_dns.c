/*
 * The DNS server's sockets, on the loopback interface and the loop of the test.
 */
#include "unit.h"

#include "edge/dns.c"

#include <poll.h>

static uv_loop_t loop;
static struct dns_server *server;
static uint16_t port;

/* Says whether it was a stream, how long the query was, and what was in it. */
static size_t echo(void *context, const uint8_t *query, size_t length, bool stream,
                   const struct address *client, uint8_t *out, size_t capacity)
{
    (void)context;
    assert_true(capacity == 65535);
    assert_true(address_is_loopback(client));
    if (length == 1)
        return 0;
    out[0] = stream ? 'S' : 'D';
    memcpy(out + 1, query, length);
    return length + 1;
}

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(units_parse_address(text, &address));
    return address;
}

/* Some port that is free for both. */
static void open_on(const char *address_text)
{
    const struct address address = address_of(address_text);
    char error[200];
    int rc = -1;

    for (port = 20000; port < 20100 && rc != 0; port++)
        rc = dns_open(&loop, &address, port, echo, NULL, &server, error, sizeof error);
    port--;
    assert_int_equal(rc, 0);
}

static int set_up(void **state)
{
    (void)state;
    assert_int_equal(uv_loop_init(&loop), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    dns_close(server);
    server = NULL;
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    return 0;
}

static int connect_to(const char *address_text, int type)
{
    const struct address address = address_of(address_text);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    const bool is_v4 = address_is_v4(&address);
    const int fd = socket(is_v4 ? AF_INET : AF_INET6, type, 0);

    memcpy(&v4.sin_addr, address_wire(&address), 4);
    memcpy(&v6.sin6_addr, address.octets, 16);
    assert_true(fd >= 0);
    assert_int_equal(is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof v4)
                           : connect(fd, (struct sockaddr *)&v6, sizeof v6),
                     0);
    return fd;
}

/* Runs the loop until the descriptor has something to say. */
static ssize_t receive(int fd, uint8_t *out, size_t capacity)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    for (unsigned i = 0; i < 1000 && poll(&poll_fd, 1, 2) == 0; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
    return recv(fd, out, capacity, MSG_DONTWAIT);
}

static void run_for_a_moment(void)
{
    for (unsigned i = 0; i < 50; i++)
        uv_run(&loop, UV_RUN_NOWAIT);
}

static void check_udp(const char *listen, const char *to)
{
    uint8_t octets[64];
    int fd;

    open_on(listen);
    fd = connect_to(to, SOCK_DGRAM); /* connected: it takes answers from that address alone */
    assert_int_equal(send(fd, "hello", 5, 0), 5);
    assert_int_equal(receive(fd, octets, sizeof octets), 6);
    assert_memory_equal(octets, "Dhello", 6);
    assert_int_equal(dns_counts(server).queries, 1);
    assert_int_equal(dns_counts(server).answers, 1);
    close(fd);
}

static void a_datagram_is_answered(void **state)
{
    (void)state;
    check_udp("127.0.0.1", "127.0.0.1");
}

static void an_answer_leaves_from_where_the_query_came_to(void **state)
{
    (void)state;
    check_udp("0.0.0.0", "127.0.0.53");
}

static void the_unspecified_ipv6_address_hears_ipv4_too(void **state)
{
    (void)state;
    check_udp("::", "127.0.0.2");
}

static void ipv6_is_heard(void **state)
{
    (void)state;
    check_udp("::1", "::1");
}

static void a_query_without_an_answer_gets_none(void **state)
{
    uint8_t octets[64];
    int fd;

    (void)state;
    open_on("127.0.0.1");
    fd = connect_to("127.0.0.1", SOCK_DGRAM);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    run_for_a_moment();
    assert_int_equal(recv(fd, octets, sizeof octets, MSG_DONTWAIT), -1);
    assert_int_equal(dns_counts(server).queries, 1);
    assert_int_equal(dns_counts(server).answers, 0);
    close(fd);
}

static void a_client_has_a_bucket_of_its_own(void **state)
{
    struct dns_server *limits = calloc(1, sizeof *limits);
    const struct address one = address_of("192.0.2.1");
    const struct address two = address_of("2001:db8::1");
    const struct address same_as_two = address_of("2001:db8::ffff");
    const uint64_t second = 1000000000;
    unsigned taken = 0;

    (void)state;
    assert_non_null(limits);
    for (unsigned i = 0; i < 1000; i++)
        taken += take_token(limits, &one, 7 * second);
    assert_int_equal(taken, SOURCE_BURST);
    assert_true(take_token(limits, &two, 7 * second));
    for (unsigned i = 0; i < 1000; i++) /* a second later there are a hundred more */
        taken += take_token(limits, &one, 8 * second);
    assert_int_equal(taken, SOURCE_BURST + 100);
    for (taken = 1; take_token(limits, &two, 7 * second);)
        taken++;
    assert_int_equal(taken, SOURCE_BURST);
    assert_false(take_token(limits, &same_as_two, 7 * second));
    free(limits);
}

static void one_that_pushes_another_out_gains_nothing(void **state)
{
    struct dns_server *limits = calloc(1, sizeof *limits);
    const uint64_t now = 7000000000;
    unsigned taken = 0;
    struct address client = address_of("192.0.2.1");

    (void)state;
    assert_non_null(limits);
    while (take_token(limits, &client, now))
        continue;
    for (unsigned i = 0; i < SOURCES; i++) /* every slot is another client's, and empty */
        limits->source[i] = (struct source){.key = 2, .full_ns = now + 1000};
    for (unsigned i = 0; i < 10; i++)
        taken += take_token(limits, &client, now);
    assert_int_equal(taken, 1);
    free(limits);
}

static void this_machine_is_not_limited(void **state)
{
    struct dns_server *limits = calloc(1, sizeof *limits);
    const struct address own = address_of("127.0.0.1");
    const struct address other = address_of("192.0.2.1");
    unsigned over = 0;

    (void)state;
    assert_non_null(limits);
    for (unsigned i = 0; i < 1000; i++) {
        assert_false(is_over_limit(limits, &own));
        over += is_over_limit(limits, &other);
    }
    assert_true(over > 0);
    free(limits);
}

static void a_truncated_answer_is_its_question(void **state)
{
    uint8_t answer[] = {0xab, 0xcd, 0x84, 0, 0, 1, 0, 1, 0, 2, 0, 1, 1, 'a', 0, 0,
                        12,   0,    1,    9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9,   9, 9};
    static const uint8_t expected[] = {0xab, 0xcd, 0x86, 0,   0, 1, 0,  0, 0, 0,
                                       0,    0,    1,    'a', 0, 0, 12, 0, 1};
    uint8_t header[] = {0xab, 0xcd, 0x84, 1, 0, 0, 0, 0, 0, 0, 0, 0};

    (void)state;
    assert_int_equal(truncated(answer, sizeof answer), sizeof expected);
    assert_memory_equal(answer, expected, sizeof expected);
    assert_int_equal(truncated(header, sizeof header), 12);
    assert_int_equal(header[2], 0x86);
}

static void a_stream_is_answered_in_order_however_it_is_cut(void **state)
{
    static const uint8_t queries[] = {0, 3, 'o', 'n', 'e', 0, 3, 't', 'w', 'o'};
    static const uint8_t answers[] = {0, 4, 'S', 'o', 'n', 'e', 0, 4, 'S', 't', 'w', 'o'};

    (void)state;
    open_on("127.0.0.1");
    for (size_t cut = 1; cut <= sizeof queries; cut++) {
        const int fd = connect_to("127.0.0.1", SOCK_STREAM);
        uint8_t octets[64];
        size_t got = 0;

        for (size_t at = 0; at < sizeof queries; at += cut) {
            const size_t length = sizeof queries - at < cut ? sizeof queries - at : cut;

            assert_int_equal(send(fd, queries + at, length, MSG_NOSIGNAL), length);
            run_for_a_moment();
        }
        while (got < sizeof answers) {
            const ssize_t more = receive(fd, octets + got, sizeof octets - got);

            assert_true(more > 0);
            got += (size_t)more;
        }
        assert_int_equal(got, sizeof answers);
        assert_memory_equal(octets, answers, sizeof answers);
        close(fd);
    }
}

static void a_stream_with_too_long_a_query_is_closed(void **state)
{
    static const uint8_t query[] = {0x10, 0x01, 'x'};
    uint8_t octet;
    int fd;

    (void)state;
    open_on("127.0.0.1");
    fd = connect_to("127.0.0.1", SOCK_STREAM);
    assert_int_equal(send(fd, query, sizeof query, MSG_NOSIGNAL), sizeof query);
    assert_true(receive(fd, &octet, 1) <= 0);
    close(fd);
}

/* Sends a query by a connection and takes the answer. */
static void check_answered(int fd)
{
    static const uint8_t query[] = {0, 2, 'h', 'i'};
    uint8_t octets[8];

    assert_int_equal(send(fd, query, sizeof query, MSG_NOSIGNAL), sizeof query);
    assert_int_equal(receive(fd, octets, sizeof octets), 5);
    assert_memory_equal(octets + 2, "Shi", 3);
}

static void when_all_places_are_taken_the_idlest_connection_makes_room(void **state)
{
    int fd[CLIENTS_MAX + 2];
    uint8_t octet;

    (void)state;
    open_on("127.0.0.1");
    for (unsigned i = 0; i < CLIENTS_MAX; i++) {
        fd[i] = connect_to("127.0.0.1", SOCK_STREAM);
        run_for_a_moment();
    }
    assert_int_equal(server->client_count, CLIENTS_MAX);
    for (struct client *c = server->clients; c != NULL; c = c->next)
        c->served_ms = 0; /* a while ago */
    check_answered(fd[0]);
    for (unsigned i = CLIENTS_MAX; i < CLIENTS_MAX + 2; i++) {
        fd[i] = connect_to("127.0.0.1", SOCK_STREAM);
        run_for_a_moment();
        check_answered(fd[i]);
    }
    assert_int_equal(dns_counts(server).refused_connections, 2);
    assert_int_equal(server->client_count, CLIENTS_MAX);
    assert_int_equal(recv(fd[1], &octet, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(fd[2], &octet, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(fd[3], &octet, 1, MSG_DONTWAIT), -1);
    check_answered(fd[0]);
    for (unsigned i = 0; i < CLIENTS_MAX + 2; i++)
        close(fd[i]);
}

static void one_source_has_a_share_of_the_connections(void **state)
{
    struct client client[CLIENTS_OF_ONE_MAX + 1] = {0};
    struct dns_server crowded = {.clients = client};
    struct client *newest = &client[CLIENTS_OF_ONE_MAX];

    (void)state;
    for (unsigned i = 0; i <= CLIENTS_OF_ONE_MAX; i++) {
        client[i].address = address_of("2001:db8::1");
        client[i].next = i < CLIENTS_OF_ONE_MAX ? &client[i + 1] : NULL;
    }
    assert_true(is_over_share(&crowded, newest));
    newest->address = address_of("2001:db8::ffff"); /* the same /64 */
    assert_true(is_over_share(&crowded, newest));
    newest->address = address_of("2001:db8:0:1::1");
    assert_false(is_over_share(&crowded, newest));
    newest->address = address_of("192.0.2.1");
    assert_false(is_over_share(&crowded, newest));
    for (unsigned i = 0; i <= CLIENTS_OF_ONE_MAX; i++)
        client[i].address = address_of("127.0.0.1");
    assert_false(is_over_share(&crowded, newest));
}

static void a_query_that_comes_in_drops_does_not_hold_a_place(void **state)
{
    static const uint8_t length[] = {0x10, 0};
    unsigned drops = 0;
    int fd;

    (void)state;
    open_on("127.0.0.1");
    fd = connect_to("127.0.0.1", SOCK_STREAM);
    assert_int_equal(send(fd, length, sizeof length, MSG_NOSIGNAL), sizeof length);
    run_for_a_moment();
    assert_int_equal(uv_timer_get_repeat(&server->clients->idle), IDLE_MS);
    uv_timer_start(&server->clients->idle, on_idle, 50, 50); /* so that nobody waits for it */
    while (drops < 4000 && server->clients != NULL) {
        drops += send(fd, "x", 1, MSG_NOSIGNAL) == 1;
        usleep(1000);
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_in_range(drops, 1, 3999);
    close(fd);
}

static void a_port_in_use_is_said(void **state)
{
    const struct address address = address_of("127.0.0.1");
    struct dns_server *second = NULL;
    char error[200];
    char expected[200];

    (void)state;
    open_on("127.0.0.1");
    assert_int_equal(dns_open(&loop, &address, port, echo, NULL, &second, error, sizeof error),
                     -EADDRINUSE);
    snprintf(expected, sizeof expected,
             "cannot listen for DNS on 127.0.0.1 port %u by UDP: Address already in use", port);
    assert_string_equal(error, expected);
    assert_null(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_datagram_is_answered),
        TEST(an_answer_leaves_from_where_the_query_came_to),
        TEST(the_unspecified_ipv6_address_hears_ipv4_too),
        TEST(ipv6_is_heard),
        TEST(a_query_without_an_answer_gets_none),
        cmocka_unit_test(a_client_has_a_bucket_of_its_own),
        cmocka_unit_test(one_that_pushes_another_out_gains_nothing),
        cmocka_unit_test(this_machine_is_not_limited),
        cmocka_unit_test(a_truncated_answer_is_its_question),
        TEST(a_stream_is_answered_in_order_however_it_is_cut),
        TEST(a_stream_with_too_long_a_query_is_closed),
        TEST(when_all_places_are_taken_the_idlest_connection_makes_room),
        cmocka_unit_test(one_source_has_a_share_of_the_connections),
        TEST(a_query_that_comes_in_drops_does_not_hold_a_place),
        TEST(a_port_in_use_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A teller; see teller.h. Other threads ask things of it by a call that runs between two of its
 * packets, so nothing here needs a lock.
 */
#include "cli/teller.h"

#include "base/clock.h"
#include "edge/alarm.h"
#include "tale/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <uv.h>

enum {
    LINK_MAX = 22,              /* octets of an Ethernet header with two tags */
    PACKETS_A_LOOK = 16,        /* read for one look at the clock: far less than a millisecond */
    DELAYED_OCTETS_EACH = 1500, /* room for delayed answers: so much for each, on average */
};

struct teller {
    uv_loop_t loop;
    uv_poll_t probes;
    uv_poll_t due;
    uv_async_t asked;
    uv_thread_t thread;
    uv_sem_t answered;
    void (*question)(struct teller *teller, void *context); /* set by who asks */
    void *context;
    int alarm;
    struct teller_device device;
    struct answer_queue *queue;
    struct responder responder;
    uint64_t now;     /* at the last look */
    unsigned packets; /* read since the thread woke up */
    uint64_t queue_full;
    uint64_t write_failed;
    uint8_t answer[LINK_MAX + ANSWER_CAPACITY];
};

static void teller_send(struct teller *t, const uint8_t *octets, size_t length)
{
    if (t->device.write(t->device.context, octets, length) < 0)
        t->write_failed++;
}

static void teller_wind_alarm(struct teller *t)
{
    alarm_set(t->alarm, answer_queue_next_due(t->queue));
}

/* Sends what is due, and sets the alarm for what is not. */
static void teller_deliver(uv_poll_t *handle, int status, int events)
{
    struct teller *t = handle->data;
    const uint64_t now = clock_monotonic_ns();
    const uint8_t *octets;
    uint64_t due;
    size_t length;

    (void)status;
    (void)events;
    alarm_take(t->alarm);
    while ((octets = answer_queue_pop(t->queue, now, &length, &due)) != NULL)
        teller_send(t, octets, length);
    teller_wind_alarm(t);
}

/*
 * `now` may be from before the probe came, since not every packet has a look at the clock of its
 * own; a delay counts from after that, so that no answer comes early.
 */
static void teller_deliver_answer(struct teller *t, const struct answer *answer, size_t length,
                                  uint64_t now)
{
    const bool waits = answer->due_ns > now;
    const uint64_t due = waits ? clock_monotonic_ns() + (answer->due_ns - now) : now;

    for (int copies = answer->duplicate ? 2 : 1; copies > 0; copies--) {
        if (!waits)
            teller_send(t, t->answer, length);
        else if (!answer_queue_push(t->queue, due, t->answer, length))
            t->queue_full++;
    }
}

/* The link header goes back to where it came from: Ethernet has the two addresses first. */
static void turn_round(const uint8_t *header, size_t length, uint8_t *out)
{
    if (length < 12)
        return;
    memcpy(out, header + 6, 6);
    memcpy(out + 6, header, 6);
    memcpy(out + 12, header + 12, length - 12);
}

static void teller_answer(const uint8_t *octets, size_t length, void *context)
{
    struct teller *t = context;
    struct cursor c = cursor_over(octets, length);
    struct answer answer;
    size_t link;

    if (!frame_to_ip(t->device.link, &c))
        return;
    if (t->packets++ % PACKETS_A_LOOK == 0)
        t->now = clock_monotonic_ns();
    link = (size_t)(c.at - octets);
    turn_round(octets, link, t->answer);
    answer =
        respond(&t->responder, c.at, cursor_left(&c), t->now, t->answer + link, ANSWER_CAPACITY);
    if (answer.length > 0)
        teller_deliver_answer(t, &answer, link + answer.length, t->now);
}

static void teller_listen(uv_poll_t *handle, int status, int events)
{
    struct teller *t = handle->data;
    const uint64_t first_due = answer_queue_next_due(t->queue);

    (void)status;
    (void)events;
    t->packets = 0;
    t->device.read(t->device.context, teller_answer, t);
    if (answer_queue_next_due(t->queue) != first_due)
        teller_wind_alarm(t);
}

static void teller_hear(uv_async_t *handle)
{
    struct teller *t = handle->data;

    t->question(t, t->context);
    uv_sem_post(&t->answered);
}

/* Has the thread run `question`, and waits until it has; one asker at a time. */
static void teller_ask(struct teller *t, void (*question)(struct teller *t, void *context),
                       void *context)
{
    t->question = question;
    t->context = context;
    uv_async_send(&t->asked);
    uv_sem_wait(&t->answered);
}

static void take_tales(struct teller *t, void *context)
{
    const struct tales *tales = context;

    t->responder.tales = *tales;
}

void teller_replace(struct teller *t, const struct tales *tales)
{
    teller_ask(t, take_tales, (void *)tales);
}

static void add_counts(struct teller *t, void *context)
{
    struct teller_counts *counts = context;

    for (int i = 0; i < REASON_COUNT; i++)
        counts->reason[i] += t->responder.count[i];
    counts->queue_full += t->queue_full;
    counts->write_failed += t->write_failed;
    counts->delayed += answer_queue_length(t->queue);
}

void teller_count(struct teller *t, struct teller_counts *counts)
{
    teller_ask(t, add_counts, counts);
}

static void close_handles(struct teller *t, void *context)
{
    (void)context;
    uv_close((uv_handle_t *)&t->probes, NULL);
    uv_close((uv_handle_t *)&t->due, NULL);
    uv_close((uv_handle_t *)&t->asked, NULL);
}

static void teller_free(struct teller *t)
{
    if (t->alarm >= 0)
        close(t->alarm);
    answer_queue_free(t->queue);
    free(t);
}

static void teller_run(void *context)
{
    struct teller *t = context;

    uv_run(&t->loop, UV_RUN_DEFAULT);
}

static int teller_prepare(struct teller *t, const struct teller_orders *orders)
{
    uint64_t seed;

    if (getrandom(&seed, sizeof seed, 0) < 0)
        return -errno;
    t->responder.random = random_seeded(seed);
    t->alarm = alarm_open();
    if (t->alarm < 0)
        return t->alarm;
    return answer_queue_new(orders->delayed_max, orders->delayed_max * DELAYED_OCTETS_EACH,
                            &t->queue);
}

static void teller_open_loop(struct teller *t)
{
    uv_loop_init(&t->loop);
    uv_sem_init(&t->answered, 0);
    uv_poll_init(&t->loop, &t->probes, t->device.descriptor);
    uv_poll_init(&t->loop, &t->due, t->alarm);
    uv_async_init(&t->loop, &t->asked, teller_hear);
    t->probes.data = t;
    t->due.data = t;
    t->asked.data = t;
    uv_poll_start(&t->probes, UV_READABLE, teller_listen);
    uv_poll_start(&t->due, UV_READABLE, teller_deliver);
}

static void teller_close_loop(struct teller *t)
{
    uv_run(&t->loop, UV_RUN_DEFAULT); /* what was closed says so */
    uv_loop_close(&t->loop);
    uv_sem_destroy(&t->answered);
}

int teller_start(const struct teller_orders *orders, struct teller **out)
{
    struct teller *t = calloc(1, sizeof *t);
    int code;

    if (t == NULL)
        return -ENOMEM;
    t->alarm = -1;
    t->device = orders->device;
    t->responder.tales = orders->tales;
    t->responder.limiter = orders->limiter;
    t->responder.routers = orders->routers;
    t->responder.walkers = orders->walkers;
    t->responder.visitors = orders->visitors;
    code = teller_prepare(t, orders);
    if (code != 0) {
        teller_free(t);
        return code;
    }
    teller_open_loop(t);
    code = uv_thread_create(&t->thread, teller_run, t);
    if (code != 0) {
        close_handles(t, NULL);
        teller_close_loop(t);
        teller_free(t);
        return code;
    }
    *out = t;
    return 0;
}

void teller_stop(struct teller *t)
{
    if (t == NULL)
        return;
    teller_ask(t, close_handles, NULL);
    uv_thread_join(&t->thread);
    teller_close_loop(t);
    teller_free(t);
}

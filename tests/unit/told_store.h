/* A store for tests of the queue: it does what it is told, and knows what it was given. */
#ifndef HOPTELL_TESTS_TOLD_STORE_H
#define HOPTELL_TESTS_TOLD_STORE_H

#include "unit.h"

#include "judgements.h"
#include "scratch.h"
#include "store/backend.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <time.h>

enum { ROWS_MAX = 20000, PATIENCE_S = 120 };

/*
 * A store that fails or holds still when it is told to. Of the numbers of its rows it knows which are
 * there, each once, however often it is put, and that a new one is always the next.
 */
struct told_store {
    struct store base;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool fails;
    bool fails_at_commit;
    bool holds;             /* who comes waits */
    unsigned held;          /* who came, and waited */
    unsigned held_directly; /* while there was no file of the spool */
    unsigned refused;       /* commits */
    unsigned next;          /* number, of those that are committed */
    bool is_there[ROWS_MAX];
    bool is_disordered;
    unsigned pending;
    unsigned number[ROWS_MAX];
    const char *spool_path;
};

static inline unsigned number_of(const struct judgement *judgement)
{
    return (unsigned)(judgement->observation.time_ns - judgement_example().observation.time_ns);
}

/* What the store does */

static inline void hold(struct told_store *s)
{
    const bool is_direct = scratch_each_file(s->spool_path, ".spool", NULL) == 0;

    pthread_mutex_lock(&s->lock);
    s->held += s->holds;
    s->held_directly += s->holds && is_direct;
    pthread_cond_broadcast(&s->moved);
    while (s->holds)
        pthread_cond_wait(&s->moved, &s->lock);
    pthread_mutex_unlock(&s->lock);
}

static inline int told_begin(struct store *store)
{
    struct told_store *s = (struct told_store *)store;
    bool fails;

    hold(s);
    pthread_mutex_lock(&s->lock);
    fails = s->fails;
    s->pending = 0;
    snprintf(store->error, sizeof store->error, "nobody there");
    pthread_mutex_unlock(&s->lock);
    return fails ? -EIO : 0;
}

static inline int told_put(struct store *store, const struct judgement *judgement)
{
    struct told_store *s = (struct told_store *)store;

    s->number[s->pending++] = number_of(judgement);
    return 0;
}

static inline void keep(struct told_store *s, unsigned number)
{
    s->is_disordered |= number > s->next;
    if (number >= s->next)
        s->next = number + 1;
    s->is_there[number] = true;
}

static inline int told_commit(struct store *store)
{
    struct told_store *s = (struct told_store *)store;
    bool fails;

    pthread_mutex_lock(&s->lock);
    fails = s->fails_at_commit;
    s->refused += fails;
    for (unsigned i = 0; !fails && i < s->pending; i++)
        keep(s, s->number[i]);
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
    return fails ? -EIO : 0;
}

static inline int told_baseline(struct store *store, const struct baseline *baseline)
{
    (void)store;
    (void)baseline;
    return 0;
}

static inline int told_label(struct store *store, const struct label *label)
{
    (void)store;
    (void)label;
    return 0;
}

/* The one subscriber of all rows. */
static inline int told_forget(struct store *store, const char *address)
{
    struct told_store *s = (struct told_store *)store;

    (void)address;
    hold(s);
    pthread_mutex_lock(&s->lock);
    memset(s->is_there, 0, sizeof s->is_there);
    pthread_mutex_unlock(&s->lock);
    return 0;
}

static inline int told_forget_baseline(struct store *store, const struct prefix *subscriber)
{
    (void)store;
    (void)subscriber;
    return 0;
}

static inline void told_nothing(struct store *store)
{
    (void)store;
}

static const struct store_backend told_backend = {
    .close = told_nothing,
    .begin = told_begin,
    .commit = told_commit,
    .rollback = told_nothing,
    .put_judgement = told_put,
    .put_baseline = told_baseline,
    .put_label = told_label,
    .forget_address = told_forget,
    .forget_baseline = told_forget_baseline,
};

/* What it is told */

static inline void tell(struct told_store *s, bool *flag, bool value)
{
    pthread_mutex_lock(&s->lock);
    *flag = value;
    pthread_cond_broadcast(&s->moved);
    pthread_mutex_unlock(&s->lock);
}

/* Until *count has come to `least`. */
static inline void wait_until_at_least(struct told_store *s, const unsigned *count, unsigned least)
{
    struct timespec deadline;
    int result = 0;

    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += PATIENCE_S;
    pthread_mutex_lock(&s->lock);
    while (*count < least && result == 0)
        result = pthread_cond_timedwait(&s->moved, &s->lock, &deadline);
    pthread_mutex_unlock(&s->lock);
    assert_int_equal(result, 0);
}

#endif

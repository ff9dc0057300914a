/*
 * The newest judgements; see journal.h.
 */
#include "watch/journal.h"

#include "watch/connection.h"
#include "watch/subscriber.h"
#include "wire/cursor.h"
#include "wire/hash.h"

#include <errno.h>
#include <stdlib.h>

enum { CAPACITY_MOST = 1u << 24 };

struct journal_entry {
    struct connection connection;
    struct connection_side side;
    uint32_t older : 31; /* so many numbers before this is one of the same chain; 0: none */
    uint32_t is_forgotten : 1;
};

struct journal {
    uint64_t hash_key[2];
    uint64_t first;
    uint64_t end;
    uint32_t capacity;
    uint64_t *newest; /* of each chain, `capacity` of them; 0: none */
    struct journal_entry entry[];
};

int journal_new(uint32_t capacity, uint64_t first, const uint64_t hash_key[2], struct journal **out)
{
    struct journal *journal;

    if (capacity == 0 || capacity > CAPACITY_MOST || first == 0)
        return -EINVAL;
    journal = calloc(1, sizeof *journal + capacity * sizeof journal->entry[0]);
    if (!journal)
        return -ENOMEM;
    journal->newest = calloc(capacity, sizeof journal->newest[0]);
    if (!journal->newest) {
        free(journal);
        return -ENOMEM;
    }
    journal->capacity = capacity;
    journal->first = journal->end = first;
    journal->hash_key[0] = hash_key[0];
    journal->hash_key[1] = hash_key[1];
    *out = journal;
    return 0;
}

void journal_free(struct journal *journal)
{
    if (!journal)
        return;
    free(journal->newest);
    free(journal);
}

uint64_t journal_end(const struct journal *journal)
{
    return journal->end;
}

uint64_t journal_begin(const struct journal *journal)
{
    return journal->end - journal->first > journal->capacity ? journal->end - journal->capacity
                                                             : journal->first;
}

static bool journal_has(const struct journal *journal, uint64_t number)
{
    return number >= journal_begin(journal) && number < journal->end;
}

static const struct journal_entry *entry_of(const struct journal *journal, uint64_t number)
{
    return &journal->entry[number % journal->capacity];
}

/* Where the chain of a subscriber begins; others may be in it. */
static uint64_t *chain_of(const struct journal *journal, uint64_t subscriber)
{
    return &journal->newest[hash_words(journal->hash_key, &subscriber, 1) % journal->capacity];
}

/* The number after this one in its chain, 0 at its end. */
static uint64_t older_than(const struct journal *journal, uint64_t number)
{
    const uint32_t older = entry_of(journal, number)->older;

    return older > 0 && journal_has(journal, number - older) ? number - older : 0;
}

static uint64_t newest_of(const struct journal *journal, uint64_t subscriber)
{
    const uint64_t number = *chain_of(journal, subscriber);

    return journal_has(journal, number) ? number : 0;
}

static bool is_of(const struct journal_entry *entry, uint64_t subscriber)
{
    struct connection_key key;

    connection_key(&entry->connection, &entry->side, &key);
    return !entry->is_forgotten && subscriber_key(&key.client) == subscriber;
}

void journal_add(struct journal *journal, const struct judgement *judgement)
{
    const struct observation *o = &judgement->observation;
    const uint64_t number = journal->end;
    struct journal_entry *entry = &journal->entry[number % journal->capacity];
    uint64_t *newest = chain_of(journal, subscriber_key(&o->client));

    connection_keep(judgement, &entry->connection, &entry->side);
    entry->is_forgotten = false;
    entry->older = journal_has(journal, *newest) ? (number - *newest) & 0x7fffffffu : 0;
    *newest = number;
    journal->end++;
}

static void entry_recall(const struct journal_entry *entry, struct judgement *out)
{
    connection_recall(&entry->connection, &entry->side, out);
}

bool journal_at(const struct journal *journal, uint64_t number, struct judgement *out)
{
    if (!journal_has(journal, number) || entry_of(journal, number)->is_forgotten)
        return false;
    entry_recall(entry_of(journal, number), out);
    return true;
}

static bool is_wanted(const struct journal_entry *entry, const struct journal_wanted *w)
{
    const struct connection *connection = &entry->connection;
    const struct connection_key key = {*w->client,
                                       w->port != 0 ? w->port : connection->client_port};

    return connection_is_of(connection, &entry->side, &key) &&
           (w->server_port == 0 || w->server_port == connection->server_port) &&
           journal_is_when(w, connection_time_ns(connection));
}

bool journal_newest(const struct journal *journal, const struct journal_wanted *wanted,
                    struct judgement *out)
{
    uint64_t number = newest_of(journal, subscriber_key(wanted->client));

    for (unsigned i = 0; number != 0 && i < JOURNAL_STEPS_MAX; i++) {
        const struct journal_entry *entry = entry_of(journal, number);

        if (!entry->is_forgotten && is_wanted(entry, wanted)) {
            entry_recall(entry, out);
            return true;
        }
        number = older_than(journal, number);
    }
    return false;
}

size_t journal_of_subscriber(const struct journal *journal, const struct address *client,
                             uint64_t *out_numbers, size_t most)
{
    const uint64_t subscriber = subscriber_key(client);
    uint64_t number = newest_of(journal, subscriber);
    size_t count = 0;

    for (unsigned i = 0; number != 0 && count < most && i < JOURNAL_STEPS_MAX; i++) {
        if (is_of(entry_of(journal, number), subscriber))
            out_numbers[count++] = number;
        number = older_than(journal, number);
    }
    return count;
}

size_t journal_forget(struct journal *journal, const struct address *client)
{
    const uint64_t subscriber = subscriber_key(client);
    size_t count = 0;

    for (uint64_t n = newest_of(journal, subscriber); n != 0; n = older_than(journal, n)) {
        struct journal_entry *entry = &journal->entry[n % journal->capacity];

        if (!is_of(entry, subscriber))
            continue;
        *entry = (struct journal_entry){.older = entry->older, .is_forgotten = true};
        count++;
    }
    return count;
}

/*
 * The newest judgements; see journal.h.
 */
#include "watch/journal.h"

#include "watch/connection.h"
#include "watch/subscriber.h"
#include "wire/cursor.h"
#include "wire/hash.h"
#include "wire/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_MOST = 1u << 24 };

/* Each judgement is in one of either kind: of those of an address, and of those of a subscriber. */
enum chain { CHAIN_OF_ADDRESS, CHAIN_OF_SUBSCRIBER, CHAIN_COUNT };

struct journal_entry {
    struct connection connection;
    struct connection_side side;
    uint64_t line; /* of the observation, as is the next */
    struct address endpoint;
    uint32_t older[CHAIN_COUNT]; /* so many numbers before is one of the same chain; 0: none */
    bool is_forgotten;
};

struct journal {
    uint64_t hash_key[2];
    uint64_t first;
    uint64_t end;
    uint32_t capacity;
    bool has_tunnels;
    uint64_t *newest[CHAIN_COUNT]; /* of each chain, `capacity` of either kind; 0: none */
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
    for (unsigned i = 0; i < CHAIN_COUNT; i++) {
        journal->newest[i] = calloc(capacity, sizeof journal->newest[i][0]);
        if (!journal->newest[i]) {
            journal_free(journal);
            return -ENOMEM;
        }
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
    for (unsigned i = 0; i < CHAIN_COUNT; i++)
        free(journal->newest[i]);
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

static uint64_t address_of(const struct journal_entry *entry)
{
    struct connection_key key;

    connection_key(&entry->connection, &entry->side, &key);
    return subscriber_key(&key.client);
}

static uint64_t owner_of(const struct journal_entry *entry)
{
    return entry->line != 0 ? entry->line : address_of(entry);
}

/* Where the chain that the 64 bits are of begins; others may be in it. */
static uint64_t *chain_of(const struct journal *journal, enum chain chain, uint64_t word)
{
    return &journal->newest[chain][hash_words(journal->hash_key, &word, 1) % journal->capacity];
}

/* An address is asked for in whatever tunnel it was; a tunnel with whatever address. */
static enum chain chain_for(uint64_t subscriber)
{
    return tunnel_is_line(subscriber) ? CHAIN_OF_SUBSCRIBER : CHAIN_OF_ADDRESS;
}

/* The number after this one in its chain, 0 at its end. */
static uint64_t older_than(const struct journal *journal, enum chain chain, uint64_t number)
{
    const uint32_t older = entry_of(journal, number)->older[chain];

    return older > 0 && journal_has(journal, number - older) ? number - older : 0;
}

static uint64_t newest_of(const struct journal *journal, enum chain chain, uint64_t word)
{
    const uint64_t number = *chain_of(journal, chain, word);

    return journal_has(journal, number) ? number : 0;
}

static bool is_of(const struct journal_entry *entry, enum chain chain, uint64_t word)
{
    return !entry->is_forgotten &&
           (chain == CHAIN_OF_ADDRESS ? address_of(entry) : owner_of(entry)) == word;
}

static void link_entry(struct journal *journal, struct journal_entry *entry, enum chain chain,
                       uint64_t word)
{
    uint64_t *newest = chain_of(journal, chain, word);
    const uint64_t number = journal->end;

    entry->older[chain] = journal_has(journal, *newest) ? (uint32_t)(number - *newest) : 0;
    *newest = number;
}

void journal_add(struct journal *journal, const struct judgement *judgement)
{
    const struct observation *o = &judgement->observation;
    struct journal_entry *entry = &journal->entry[journal->end % journal->capacity];

    connection_keep(judgement, &entry->connection, &entry->side);
    entry->line = o->line;
    entry->endpoint = o->endpoint;
    entry->is_forgotten = false;
    link_entry(journal, entry, CHAIN_OF_ADDRESS, subscriber_key(&o->client));
    link_entry(journal, entry, CHAIN_OF_SUBSCRIBER, subscriber_of(o));
    journal->has_tunnels = journal->has_tunnels || o->line != 0;
    journal->end++;
}

bool journal_has_tunnels(const struct journal *journal)
{
    return journal->has_tunnels;
}

static void entry_recall(const struct journal_entry *entry, struct judgement *out)
{
    connection_recall(&entry->connection, &entry->side, out);
    out->observation.line = entry->line;
    out->observation.endpoint = entry->endpoint;
}

bool journal_at(const struct journal *journal, uint64_t number, struct judgement *out)
{
    if (!journal_has(journal, number) || entry_of(journal, number)->is_forgotten)
        return false;
    entry_recall(entry_of(journal, number), out);
    return true;
}

/* The address, or the tunnel, and whatever else is asked for. */
static bool is_wanted(const struct journal_entry *entry, enum chain chain, uint64_t word,
                      const struct journal_wanted *w)
{
    const struct connection *connection = &entry->connection;
    const uint16_t port = w->port != 0 ? w->port : connection->client_port;
    const struct connection_key key = {*w->client, port};

    return is_of(entry, chain, word) &&
           (chain == CHAIN_OF_ADDRESS ? connection_is_of(connection, &entry->side, &key)
                                      : port == connection->client_port) &&
           (w->server_port == 0 || w->server_port == connection->server_port) &&
           journal_is_when(w, connection_time_ns(connection));
}

bool journal_newest(const struct journal *journal, const struct journal_wanted *wanted,
                    struct judgement *out)
{
    const uint64_t word = subscriber_key(wanted->client);
    const enum chain chain = chain_for(word);
    uint64_t number = newest_of(journal, chain, word);

    for (unsigned i = 0; number != 0 && i < JOURNAL_STEPS_MAX; i++) {
        const struct journal_entry *entry = entry_of(journal, number);

        if (is_wanted(entry, chain, word, wanted)) {
            entry_recall(entry, out);
            return true;
        }
        number = older_than(journal, chain, number);
    }
    return false;
}

bool journal_is_newest(const struct journal *journal, uint64_t number)
{
    const uint64_t word = owner_of(entry_of(journal, number));
    uint64_t newest = newest_of(journal, CHAIN_OF_SUBSCRIBER, word);

    for (unsigned i = 0; newest > number && i < JOURNAL_STEPS_MAX; i++) {
        if (is_of(entry_of(journal, newest), CHAIN_OF_SUBSCRIBER, word))
            return false;
        newest = older_than(journal, CHAIN_OF_SUBSCRIBER, newest);
    }
    return newest == number;
}

size_t journal_of_subscriber(const struct journal *journal, const struct address *client,
                             uint64_t *out_numbers, size_t most)
{
    const uint64_t word = subscriber_key(client);
    const enum chain chain = chain_for(word);
    uint64_t number = newest_of(journal, chain, word);
    size_t count = 0;

    for (unsigned i = 0; number != 0 && count < most && i < JOURNAL_STEPS_MAX; i++) {
        if (is_of(entry_of(journal, number), chain, word))
            out_numbers[count++] = number;
        number = older_than(journal, chain, number);
    }
    return count;
}

size_t journal_forget(struct journal *journal, const struct address *client)
{
    const uint64_t word = subscriber_key(client);
    const enum chain chain = chain_for(word);
    uint64_t number = newest_of(journal, chain, word);
    size_t count = 0;

    for (; number != 0; number = older_than(journal, chain, number)) {
        struct journal_entry *entry = &journal->entry[number % journal->capacity];

        if (!is_of(entry, chain, word))
            continue;
        memset(&entry->connection, 0, sizeof entry->connection);
        memset(&entry->side, 0, sizeof entry->side);
        entry->line = 0;
        entry->endpoint = (struct address){.octets = {0}};
        entry->is_forgotten = true;
        count++;
    }
    return count;
}

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

enum { CAPACITY_MOST = 1u << 24 };

/* Each judgement is in a chain of its address; and one that came in a tunnel in one of that, too. */
enum chain { CHAIN_OF_ADDRESS, CHAIN_OF_TUNNEL, CHAIN_COUNT };

struct journal_entry {
    struct connection connection;
    struct connection_side side;
    uint32_t older; /* so many numbers before is one of the same chain of addresses; 0: none */
    bool is_forgotten;
};

struct journal_tunnel {
    uint64_t line; /* of the observation, as is the next; 0: it came in no tunnel */
    struct address endpoint;
    uint32_t older; /* the same as of an entry, in the chain of tunnels */
};

struct journal {
    uint64_t hash_key[2];
    uint64_t first;
    uint64_t end;
    uint32_t capacity;
    bool has_tunnels;
    uint64_t *newest[CHAIN_COUNT]; /* of each chain, `capacity` of either kind; 0: none */
    struct journal_tunnel *tunnel; /* of each entry; not touched while there are none */
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
    journal->tunnel = calloc(capacity, sizeof journal->tunnel[0]);
    for (unsigned i = 0; i < CHAIN_COUNT; i++)
        journal->newest[i] = calloc(capacity, sizeof journal->newest[i][0]);
    if (!journal->tunnel || !journal->newest[CHAIN_OF_ADDRESS] ||
        !journal->newest[CHAIN_OF_TUNNEL]) {
        journal_free(journal);
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
    for (unsigned i = 0; i < CHAIN_COUNT; i++)
        free(journal->newest[i]);
    free(journal->tunnel);
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

static const struct journal_tunnel *tunnel_of(const struct journal *journal, uint64_t number)
{
    return &journal->tunnel[number % journal->capacity];
}

/* Where the chain that the 64 bits are of begins; others may be in it. */
static uint64_t *chain_of(const struct journal *journal, enum chain chain, uint64_t word)
{
    return &journal->newest[chain][hash_words(journal->hash_key, &word, 1) % journal->capacity];
}

/* An address is asked for in whatever tunnel it was; a tunnel with whatever address. */
static enum chain chain_for(uint64_t subscriber)
{
    return tunnel_is_line(subscriber) ? CHAIN_OF_TUNNEL : CHAIN_OF_ADDRESS;
}

/* The number after this one in its chain, 0 at its end. */
static uint64_t older_than(const struct journal *journal, enum chain chain, uint64_t number)
{
    const uint32_t older = chain == CHAIN_OF_TUNNEL ? tunnel_of(journal, number)->older
                                                    : entry_of(journal, number)->older;

    return older > 0 && journal_has(journal, number - older) ? number - older : 0;
}

static uint64_t newest_of(const struct journal *journal, enum chain chain, uint64_t word)
{
    const uint64_t number = *chain_of(journal, chain, word);

    return journal_has(journal, number) ? number : 0;
}

static uint64_t address_of(const struct journal *journal, uint64_t number)
{
    const struct journal_entry *entry = entry_of(journal, number);
    struct connection_key key;

    connection_key(&entry->connection, &entry->side, &key);
    return subscriber_key(&key.client);
}

static bool is_of(const struct journal *journal, uint64_t number, enum chain chain, uint64_t word)
{
    return !entry_of(journal, number)->is_forgotten &&
           (chain == CHAIN_OF_TUNNEL ? tunnel_of(journal, number)->line
                                     : address_of(journal, number)) == word;
}

/* Puts the number that comes next at the head of a chain; what its older is to be. */
static uint32_t link_next(const struct journal *journal, enum chain chain, uint64_t word)
{
    uint64_t *newest = chain_of(journal, chain, word);
    const uint64_t before = *newest;

    *newest = journal->end;
    return journal_has(journal, before) ? (uint32_t)(journal->end - before) : 0;
}

void journal_add(struct journal *journal, const struct judgement *judgement)
{
    const struct observation *o = &judgement->observation;
    struct journal_entry *entry = &journal->entry[journal->end % journal->capacity];
    struct journal_tunnel *tunnel = &journal->tunnel[journal->end % journal->capacity];

    connection_keep(judgement, &entry->connection, &entry->side);
    entry->is_forgotten = false;
    entry->older = link_next(journal, CHAIN_OF_ADDRESS, subscriber_key(&o->client));
    journal->has_tunnels = journal->has_tunnels || o->line != 0;
    if (journal->has_tunnels)
        *tunnel = (struct journal_tunnel){.line = o->line, .endpoint = o->endpoint};
    if (o->line != 0)
        tunnel->older = link_next(journal, CHAIN_OF_TUNNEL, o->line);
    journal->end++;
}

bool journal_has_tunnels(const struct journal *journal)
{
    return journal->has_tunnels;
}

static void recall(const struct journal *journal, uint64_t number, struct judgement *out)
{
    const struct journal_entry *entry = entry_of(journal, number);
    const struct journal_tunnel *tunnel = tunnel_of(journal, number);

    connection_recall(&entry->connection, &entry->side, out);
    out->observation.line = tunnel->line;
    out->observation.endpoint = tunnel->endpoint;
}

bool journal_at(const struct journal *journal, uint64_t number, struct judgement *out)
{
    if (!journal_has(journal, number) || entry_of(journal, number)->is_forgotten)
        return false;
    recall(journal, number, out);
    return true;
}

/* The address, or the tunnel, and whatever else is asked for. */
static bool is_wanted(const struct journal *journal, uint64_t number, enum chain chain,
                      uint64_t word, const struct journal_wanted *w)
{
    const struct journal_entry *entry = entry_of(journal, number);
    const struct connection *connection = &entry->connection;
    const uint16_t port = w->port != 0 ? w->port : connection->client_port;
    const struct connection_key key = {*w->client, port};

    return is_of(journal, number, chain, word) &&
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
        if (is_wanted(journal, number, chain, word, wanted)) {
            recall(journal, number, out);
            return true;
        }
        number = older_than(journal, chain, number);
    }
    return false;
}

bool journal_is_newest(const struct journal *journal, uint64_t number)
{
    const uint64_t line = tunnel_of(journal, number)->line;
    const uint64_t word = line != 0 ? line : address_of(journal, number);
    const enum chain chain = chain_for(word);
    uint64_t newest = newest_of(journal, chain, word);

    for (unsigned i = 0; newest > number && i < JOURNAL_STEPS_MAX; i++) {
        if (is_of(journal, newest, chain, word) && tunnel_of(journal, newest)->line == line)
            return false;
        newest = older_than(journal, chain, newest);
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
        if (is_of(journal, number, chain, word))
            out_numbers[count++] = number;
        number = older_than(journal, chain, number);
    }
    return count;
}

/* What it was goes; its places in chains stay. */
static void forget(struct journal *journal, uint64_t number)
{
    struct journal_entry *entry = &journal->entry[number % journal->capacity];
    struct journal_tunnel *tunnel = &journal->tunnel[number % journal->capacity];

    *entry = (struct journal_entry){.older = entry->older, .is_forgotten = true};
    if (journal->has_tunnels)
        *tunnel = (struct journal_tunnel){.older = tunnel->older};
}

size_t journal_forget(struct journal *journal, const struct address *client,
                      void (*each)(const struct judgement *judgement, void *context), void *context)
{
    const uint64_t word = subscriber_key(client);
    const enum chain chain = chain_for(word);
    uint64_t number = newest_of(journal, chain, word);
    struct judgement judgement;
    size_t count = 0;

    for (; number != 0; number = older_than(journal, chain, number)) {
        if (!is_of(journal, number, chain, word))
            continue;
        if (each) {
            recall(journal, number, &judgement);
            each(&judgement, context);
        }
        forget(journal, number);
        count++;
    }
    return count;
}

/*
 * The set-associative table behind networks, subscribers and connections.
 */
#include "watch/table.h"

#include "watch/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Times are kept in ticks of 2^24 ns (17 ms), so that 32 bits last for two years. */
enum { TICK_SHIFT = 24 };

struct table_marks {
    uint8_t tag[TABLE_WAYS]; /* a piece of the hash; 0: the entry is free */
    uint8_t worth[TABLE_WAYS];
    uint32_t used[TABLE_WAYS]; /* ticks */
};

struct place {
    uint64_t bucket;
    unsigned way;
};

static uint32_t ticks(uint64_t ns)
{
    return (uint32_t)(ns >> TICK_SHIFT);
}

int table_init(struct table *table, const struct table_shape *shape, const uint64_t hash_key[2])
{
    const uint64_t buckets = ((uint64_t)shape->entries + TABLE_WAYS - 1) / TABLE_WAYS;

    *table = (struct table){0};
    if (buckets == 0 || shape->key_size == 0 || shape->key_size > TABLE_KEY_MAX ||
        shape->entry_size < shape->key_size || shape->entry_size % 8 != 0)
        return -EINVAL;
    table->shape = *shape;
    table->buckets = buckets;
    memcpy(table->hash_key, hash_key, sizeof table->hash_key);
    table->marks = calloc(buckets, sizeof *table->marks);
    table->entries = calloc(buckets * TABLE_WAYS, shape->entry_size);
    if (!table->marks || !table->entries) {
        table_deinit(table);
        return -ENOMEM;
    }
    return 0;
}

void table_deinit(struct table *table)
{
    free(table->marks);
    free(table->entries);
    *table = (struct table){0};
}

uint64_t table_hash(const struct table *table, const void *key)
{
    uint64_t words[TABLE_KEY_MAX / 8] = {0};

    memcpy(words, key, table->shape.key_size);
    return hash_words(table->hash_key, words, (table->shape.key_size + 7u) / 8);
}

/* The first or the second bucket of a hash. */
static uint64_t bucket_of(const struct table *table, uint64_t hash, unsigned choice)
{
    const uint64_t half = choice == 0 ? hash & 0xffffffffu : hash >> 32;

    return half * table->buckets >> 32;
}

static uint8_t tag_of(uint64_t hash)
{
    const uint8_t tag = (uint8_t)((hash ^ hash >> 32) & 0xff);

    return tag ? tag : 1;
}

static uint8_t *entry_at(const struct table *table, struct place place)
{
    return table->entries + (place.bucket * TABLE_WAYS + place.way) * table->shape.entry_size;
}

void table_prefetch(const struct table *table, uint64_t hash)
{
    for (unsigned choice = 0; choice < 2; choice++)
        __builtin_prefetch(&table->marks[bucket_of(table, hash, choice)]);
}

void *table_find(const struct table *table, uint64_t hash, const void *key)
{
    const uint8_t tag = tag_of(hash);

    for (unsigned choice = 0; choice < 2; choice++) {
        struct place place = {.bucket = bucket_of(table, hash, choice)};
        const struct table_marks *marks = &table->marks[place.bucket];

        for (place.way = 0; place.way < TABLE_WAYS; place.way++) {
            uint8_t *entry;

            if (marks->tag[place.way] != tag)
                continue;
            entry = entry_at(table, place);
            if (memcmp(entry, key, table->shape.key_size) == 0)
                return entry;
        }
    }
    return NULL;
}

/* What an entry is still worth, with the longer unused below the newer among equals. */
static uint64_t standing(const struct table *table, const struct table_marks *marks, unsigned way,
                         uint32_t now)
{
    const int32_t since = (int32_t)(now - marks->used[way]);
    const uint32_t age = since > 0 ? (uint32_t)since : 0;
    const uint64_t lost = ((uint64_t)age << TICK_SHIFT) / table->shape.fade_ns;
    const uint64_t left = marks->worth[way] > lost ? marks->worth[way] - lost : 0;

    return left << 32 | (UINT32_MAX - age);
}

/* The free place in the emptier bucket, or else that of the least useful entry of both. */
static struct place place_for(const struct table *table, uint64_t hash, uint32_t now,
                              uint64_t *out_standing)
{
    struct place best = {0};
    unsigned most_free = 0;

    *out_standing = UINT64_MAX;
    for (unsigned choice = 0; choice < 2; choice++) {
        struct place place = {.bucket = bucket_of(table, hash, choice)};
        const struct table_marks *marks = &table->marks[place.bucket];
        struct place free_place = {0};
        unsigned free_count = 0;

        for (place.way = 0; place.way < TABLE_WAYS; place.way++) {
            if (marks->tag[place.way] == 0) {
                free_place = place;
                free_count++;
            } else if (most_free == 0) {
                const uint64_t its = standing(table, marks, place.way, now);

                if (its < *out_standing) {
                    *out_standing = its;
                    best = place;
                }
            }
        }
        if (free_count > most_free) {
            most_free = free_count;
            best = free_place;
        }
    }
    if (most_free > 0)
        *out_standing = 0;
    return best;
}

void *table_claim(struct table *table, uint64_t hash, const void *key, uint64_t now_ns,
                  bool *out_fresh)
{
    uint8_t *entry = table_find(table, hash, key);
    struct place place;
    struct table_marks *marks;
    uint64_t its_standing;

    *out_fresh = entry == NULL;
    if (entry)
        return entry;
    place = place_for(table, hash, ticks(now_ns), &its_standing);
    marks = &table->marks[place.bucket];
    if (marks->tag[place.way] == 0) {
        table->count++;
    } else if (table->shape.keeps_proven && its_standing >> 32 > 0) {
        table->refused++;
        return NULL;
    } else {
        table->evicted++;
    }
    marks->tag[place.way] = tag_of(hash);
    marks->worth[place.way] = 0;
    marks->used[place.way] = ticks(now_ns);
    entry = entry_at(table, place);
    memset(entry, 0, table->shape.entry_size);
    memcpy(entry, key, table->shape.key_size);
    return entry;
}

static struct place place_of(const struct table *table, const void *entry)
{
    const size_t offset = (size_t)((const uint8_t *)entry - table->entries);
    const uint64_t index = offset / table->shape.entry_size;

    return (struct place){.bucket = index / TABLE_WAYS, .way = index % TABLE_WAYS};
}

void table_rate(struct table *table, const void *entry, uint8_t worth, uint64_t now_ns)
{
    const struct place place = place_of(table, entry);
    struct table_marks *marks = &table->marks[place.bucket];

    marks->worth[place.way] = worth;
    marks->used[place.way] = ticks(now_ns);
}

void table_forget(struct table *table, void *entry)
{
    const struct place place = place_of(table, entry);

    table->marks[place.bucket].tag[place.way] = 0;
    table->count--;
}

void table_each(const struct table *table, void (*each)(void *entry, void *context), void *context)
{
    struct place place;

    for (place.bucket = 0; place.bucket < table->buckets; place.bucket++)
        for (place.way = 0; place.way < TABLE_WAYS; place.way++)
            if (table->marks[place.bucket].tag[place.way] != 0)
                each(entry_at(table, place), context);
}

uint8_t table_worth_of_count(uint64_t count)
{
    const unsigned doublings = count > 1 ? 63u - (unsigned)__builtin_clzll(count) : 0;

    return doublings < 16 ? (uint8_t)(doublings * 16) : 255;
}

/*
 * The set-associative table behind networks, subscribers and connections.
 */
#include "watch/table.h"

#include "wire/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Times are kept in ticks of 2^24 ns (17 ms), so that 32 bits last for two years. */
enum { TICK_SHIFT = 24, CACHE_LINE = 64 };

struct table_marks {
    uint8_t tag[TABLE_WAYS]; /* a piece of the hash; 0: the entry is free */
    uint8_t worth[TABLE_WAYS];
    uint32_t used[TABLE_WAYS]; /* ticks */
    uint8_t unused[CACHE_LINE - 6 * TABLE_WAYS];
};

_Static_assert(sizeof(struct table_marks) == CACHE_LINE, "one look at a bucket is one cache line");

struct place {
    uint64_t bucket;
    unsigned way;
};

static uint32_t ticks(uint64_t ns)
{
    return (uint32_t)(ns >> TICK_SHIFT);
}

/* Zeroed memory that begins with a cache line; *out_memory is what is to be freed. */
static void *cache_lines_new(void **out_memory, uint64_t count, size_t size)
{
    const size_t extra = CACHE_LINE / size + 1;
    uintptr_t at;

    *out_memory = calloc(count + extra, size);
    at = (uintptr_t)*out_memory;
    return (void *)((at + CACHE_LINE - 1) & ~(uintptr_t)(CACHE_LINE - 1));
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
    table->marks = cache_lines_new(&table->memory[0], buckets, sizeof *table->marks);
    table->entries = cache_lines_new(&table->memory[1], buckets * TABLE_WAYS, shape->entry_size);
    if (!table->marks || !table->entries) {
        table_deinit(table);
        return -ENOMEM;
    }
    return 0;
}

void table_deinit(struct table *table)
{
    free(table->memory[0]);
    free(table->memory[1]);
    *table = (struct table){0};
}

uint64_t table_hash(const struct table *table, const void *key)
{
    uint64_t words[TABLE_KEY_MAX / 8] = {0};

    memcpy(words, key, table->shape.key_size);
    return hash_words(table->hash_key, words, (table->shape.key_size + 7u) / 8);
}

uint64_t table_hash_words(const struct table *table, const uint64_t *words, size_t count)
{
    return hash_words(table->hash_key, words, count);
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

void table_prefetch_marks(const struct table *table, uint64_t hash)
{
    for (unsigned choice = 0; choice < 2; choice++)
        __builtin_prefetch(&table->marks[bucket_of(table, hash, choice)], 1);
}

static void prefetch_place(const struct table *table, struct place place)
{
    const uint8_t *entry = entry_at(table, place);

    for (uint32_t at = 0; at < table->shape.entry_size; at += CACHE_LINE)
        __builtin_prefetch(entry + at, 1);
}

/* The tags of a bucket as one word, that of the first way in its lowest octet. */
static uint64_t tags_of(const struct table_marks *marks)
{
    uint64_t tags;

    _Static_assert(sizeof marks->tag == sizeof tags, "all tags of a bucket are one word");
    memcpy(&tags, marks->tag, sizeof tags);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? tags : __builtin_bswap64(tags);
}

/* The ways with this tag: 0x80 in the octet of each, and nothing else. */
static uint64_t ways_with(const struct table_marks *marks, uint8_t tag)
{
    const uint64_t low = 0x7f7f7f7f7f7f7f7fu;
    const uint64_t differ = tags_of(marks) ^ tag * 0x0101010101010101u;

    return ~(((differ & low) + low) | differ | low);
}

static unsigned first_of(uint64_t ways)
{
    return (unsigned)__builtin_ctzll(ways) / 8;
}

static unsigned count_of(uint64_t ways)
{
    return (unsigned)((ways >> 7) * 0x0101010101010101u >> 56);
}

void *table_find(const struct table *table, uint64_t hash, const void *key)
{
    const uint8_t tag = tag_of(hash);

    for (unsigned choice = 0; choice < 2; choice++) {
        struct place place = {.bucket = bucket_of(table, hash, choice)};
        uint64_t ways = ways_with(&table->marks[place.bucket], tag);

        for (; ways != 0; ways &= ways - 1) {
            uint8_t *entry;

            place.way = first_of(ways);
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
    uint64_t left = marks->worth[way];

    if (left > 0) { /* a division that most entries of a flood do not need */
        const uint64_t lost = ((uint64_t)age << TICK_SHIFT) / table->shape.fade_ns;

        left = left > lost ? left - lost : 0;
    }
    return left << 32 | (UINT32_MAX - age);
}

/* The free place in the emptier bucket; its way is TABLE_WAYS when both are full. */
static struct place vacant_place(const struct table *table, uint64_t hash)
{
    const uint64_t bucket[2] = {bucket_of(table, hash, 0), bucket_of(table, hash, 1)};
    const uint64_t vacant[2] = {ways_with(&table->marks[bucket[0]], 0),
                                ways_with(&table->marks[bucket[1]], 0)};
    const unsigned emptier = count_of(vacant[1]) > count_of(vacant[0]);

    return (struct place){
        .bucket = bucket[emptier],
        .way = vacant[emptier] != 0 ? first_of(vacant[emptier]) : TABLE_WAYS,
    };
}

/* A free place, or else that of the least useful entry of both buckets. */
static struct place place_for(const struct table *table, uint64_t hash, uint32_t now,
                              uint64_t *out_standing)
{
    struct place best = vacant_place(table, hash);

    *out_standing = 0;
    if (best.way < TABLE_WAYS)
        return best;
    *out_standing = UINT64_MAX;
    for (unsigned choice = 0; choice < 2; choice++) {
        const uint64_t bucket = bucket_of(table, hash, choice);

        for (unsigned way = 0; way < TABLE_WAYS; way++) {
            const uint64_t its = standing(table, &table->marks[bucket], way, now);

            if (its < *out_standing) {
                *out_standing = its;
                best = (struct place){bucket, way};
            }
        }
    }
    return best;
}

/* The entries that may have the key; where there is none, the place that a new one will take. */
void table_prefetch_entry(const struct table *table, uint64_t hash)
{
    const uint8_t tag = tag_of(hash);
    struct place place;
    bool seen = false;

    for (unsigned choice = 0; choice < 2; choice++) {
        uint64_t ways;

        place.bucket = bucket_of(table, hash, choice);
        ways = ways_with(&table->marks[place.bucket], tag);
        for (; ways != 0; ways &= ways - 1) {
            place.way = first_of(ways);
            prefetch_place(table, place);
            seen = true;
        }
    }
    if (seen)
        return;
    place = vacant_place(table, hash);
    if (place.way < TABLE_WAYS)
        prefetch_place(table, place);
}

void *table_add(struct table *table, uint64_t hash, const void *key, uint64_t now_ns)
{
    uint64_t its_standing;
    const struct place place = place_for(table, hash, ticks(now_ns), &its_standing);
    struct table_marks *marks = &table->marks[place.bucket];
    uint8_t *entry = entry_at(table, place);

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

bool table_each_from(const struct table *table, uint64_t *bucket,
                     bool (*each)(void *entry, void *context), void *context)
{
    struct place place;

    for (; *bucket < table->buckets; ++*bucket) {
        place.bucket = *bucket;
        for (place.way = 0; place.way < TABLE_WAYS; place.way++)
            if (table->marks[place.bucket].tag[place.way] != 0 &&
                !each(entry_at(table, place), context))
                return false;
    }
    return true;
}

uint8_t table_worth_of_count(uint64_t count)
{
    const unsigned doublings = count > 1 ? 63u - (unsigned)__builtin_clzll(count) : 0;

    return doublings < 16 ? (uint8_t)(doublings * 16) : 255;
}

/*
 * The set-associative table behind networks, subscribers and connections.
 */
#include "watch/table.h"

#include "wire/hash.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/*
 * Times are kept in ticks of 2^24 ns (17 ms), so that 32 bits last for two years and a quarter. What is
 * ahead of now by up to two weeks was used just now, by a clock that was put back; what is further ahead
 * was used long ago.
 */
enum { TICK_SHIFT = 24, TICKS_AHEAD = 1 << 26, CACHE_LINE = 64 };

/*
 * With a 64th more places than entries, all find one when others may move once, and those for whom they
 * move once as well: none of a million was ever left over, and 19 of 20 move nothing.
 */
enum { SPARE_PART = 64, MOVES_DEPTH = 2 };

struct table_marks {
    uint8_t tag[TABLE_WAYS]; /* a piece of the hash; 0: the entry is free */
    uint8_t worth[TABLE_WAYS];
    uint32_t used[TABLE_WAYS]; /* ticks */
    uint32_t proven_until;     /* ticks, up to which all entries have some worth; 0: not known */
};

_Static_assert(sizeof(struct table_marks) == CACHE_LINE, "one look at a bucket is one cache line");

/*
 * Of the places that a key may have, those in the second of its buckets are numbered from here on.
 */
enum { SECOND = 16, PLACES = 2 * SECOND };

_Static_assert((int)TABLE_WAYS <= (int)SECOND, "the ways of the first bucket come before");

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

static bool is_possible(const struct table_shape *shape)
{
    return shape->entries > 0 && shape->key_size >= sizeof(uint64_t) &&
           shape->key_size <= TABLE_KEY_MAX && shape->entry_size % 8 == 0 &&
           shape->entry_size >= (shape->is_of ? 8 : shape->key_size) && shape->side_size % 4 == 0 &&
           ticks(shape->fade_ns) > 0;
}

int table_init(struct table *table, const struct table_shape *shape, const uint64_t hash_key[2])
{
    const uint64_t spare = shape->hash ? shape->entries / SPARE_PART : 0;
    const uint64_t buckets = (shape->entries + spare + TABLE_WAYS - 1) / TABLE_WAYS;

    *table = (struct table){0};
    if (!is_possible(shape))
        return -EINVAL;
    table->shape = *shape;
    table->buckets = buckets;
    table->fade_inverse = (1ull << 32) / ticks(shape->fade_ns);
    memcpy(table->hash_key, hash_key, sizeof table->hash_key);
    table->marks = cache_lines_new(&table->memory[0], buckets, sizeof *table->marks);
    table->entries = cache_lines_new(&table->memory[1], buckets * TABLE_WAYS, shape->entry_size);
    if (shape->side_size > 0)
        table->sides = cache_lines_new(&table->memory[2], buckets * TABLE_WAYS, shape->side_size);
    if (!table->memory[0] || !table->memory[1] || (shape->side_size > 0 && !table->memory[2])) {
        table_deinit(table);
        return -ENOMEM;
    }
    return 0;
}

void table_deinit(struct table *table)
{
    for (unsigned i = 0; i < sizeof table->memory / sizeof table->memory[0]; i++)
        free(table->memory[i]);
    *table = (struct table){0};
}

void table_each_memory(const struct table *table, void (*each)(void *memory, size_t octets))
{
    each(table->marks, table->buckets * sizeof *table->marks);
    each(table->entries, table->buckets * TABLE_WAYS * table->shape.entry_size);
    if (table->sides)
        each(table->sides, table->buckets * TABLE_WAYS * table->shape.side_size);
}

uint64_t table_hash(const struct table *table, const void *key)
{
    uint64_t words[TABLE_KEY_MAX / 8] = {0};
    uint64_t hash = 0;

    memcpy(words, key, table->shape.key_size);
    for (unsigned i = 0; i < (table->shape.key_size + 7u) / 8; i++)
        hash = hash_permute(table->hash_key, hash ^ words[i]);
    return hash;
}

uint64_t table_hash_word(const struct table *table, uint64_t word)
{
    return hash_permute(table->hash_key, word);
}

/* As it is compared with several at a time. */
static uint32_t tags_of(uint32_t tag)
{
    return tag * 0x01010101u;
}

void table_spot(const struct table *table, uint64_t hash, struct table_spot *out)
{
    const uint32_t tag = hash & UINT8_MAX; /* of what the buckets come from the least part */

    out->bucket[0] = (uint32_t)((hash & UINT32_MAX) * table->buckets >> 32);
    out->bucket[1] = (uint32_t)((hash >> 32) * table->buckets >> 32);
    out->tags = tags_of(tag + (tag == 0));
    out->choice = 0;
    out->way = TABLE_WAYS;
}

static uint8_t *entry_at(const struct table *table, struct place place)
{
    return table->entries + (place.bucket * TABLE_WAYS + place.way) * table->shape.entry_size;
}

static uint8_t *side_at(const struct table *table, struct place place)
{
    if (!table->sides)
        return NULL;
    return table->sides + (place.bucket * TABLE_WAYS + place.way) * table->shape.side_size;
}

static struct place place_of_spot(const struct table_spot *spot)
{
    return (struct place){.bucket = spot->bucket[spot->choice], .way = spot->way};
}

void table_prefetch_marks(const struct table *table, const struct table_spot *spot)
{
    __builtin_prefetch(&table->marks[spot->bucket[0]], 1);
    __builtin_prefetch(&table->marks[spot->bucket[1]], 1);
}

static void prefetch_place(const struct table *table, struct place place)
{
    const uint8_t *entry = entry_at(table, place);

    for (uint32_t at = 0; at < table->shape.entry_size; at += CACHE_LINE)
        __builtin_prefetch(entry + at, 1);
}

/* The ways with this tag, which is given four times over; a bit for each. */
static unsigned ways_with(const struct table_marks *marks, uint32_t tags)
{
#ifdef __SSE2__
    const __m128i theirs = _mm_load_si128((const __m128i *)marks); /* and a little more */
    const __m128i same = _mm_cmpeq_epi8(theirs, _mm_set1_epi32((int)tags));

    return (unsigned)_mm_movemask_epi8(same) & ((1u << TABLE_WAYS) - 1);
#else
    unsigned ways = 0;

    for (unsigned way = 0; way < TABLE_WAYS; way++)
        ways |= (unsigned)(marks->tag[way] == (uint8_t)tags) << way;
    return ways;
#endif
}

/* The same in both buckets of a key: those of the second stand SECOND bits higher. */
static unsigned places_with(const struct table *table, const struct table_spot *spot, uint32_t tags)
{
    return ways_with(&table->marks[spot->bucket[0]], tags) |
           ways_with(&table->marks[spot->bucket[1]], tags) << SECOND;
}

static unsigned first_of(unsigned places)
{
    return (unsigned)__builtin_ctz(places);
}

static void take_place(struct table_spot *spot, unsigned place)
{
    spot->choice = (uint8_t)(place / SECOND);
    spot->way = (uint8_t)(place % SECOND);
}

static uint64_t word_at(const void *octets)
{
    uint64_t word;

    memcpy(&word, octets, sizeof word);
    return word;
}

/* memcmp is a call, for the three words that a key has at most. */
static bool begins_with(const struct table *table, const uint8_t *entry, const uint8_t *key)
{
    const uint32_t size = table->shape.key_size;
    uint64_t differ = word_at(entry) ^ word_at(key);

    if (size > 16)
        differ |= word_at(entry + 8) ^ word_at(key + 8);
    if (size > 8)
        differ |= word_at(entry + size - 8) ^ word_at(key + size - 8);
    return differ == 0;
}

/* The entry at `spot` when it has this key. */
static inline uint8_t *entry_of(const struct table *table, const struct table_spot *spot,
                                const void *key)
{
    const struct place place = place_of_spot(spot);
    uint8_t *entry = entry_at(table, place);

    if (table->shape.is_of ? table->shape.is_of(entry, side_at(table, place), key)
                           : begins_with(table, entry, key))
        return entry;
    return NULL;
}

/*
 * Not inlined, nor are prefetch_vacant and add: who does not need them does not pay for their
 * registers.
 */
__attribute__((noinline)) static void *find_in_buckets(const struct table *table,
                                                       struct table_spot *spot, const void *key)
{
    unsigned places;
    uint8_t *entry;

    for (places = places_with(table, spot, spot->tags); places != 0; places &= places - 1) {
        take_place(spot, first_of(places));
        if ((entry = entry_of(table, spot, key)))
            return entry;
    }
    spot->choice = 0;
    spot->way = TABLE_WAYS;
    return NULL;
}

void *table_find(const struct table *table, struct table_spot *spot, const void *key)
{
    /* Where it was prefetched, most of the time. */
    if (!table->shape.is_of && spot->way < TABLE_WAYS &&
        table->marks[spot->bucket[spot->choice]].tag[spot->way] == (uint8_t)spot->tags) {
        uint8_t *entry = entry_at(table, place_of_spot(spot));

        if (begins_with(table, entry, key))
            return entry;
    }
    return find_in_buckets(table, spot, key);
}

static uint32_t age_of(const struct table_marks *marks, unsigned way, uint32_t now)
{
    const uint32_t since = now - marks->used[way];

    return since < UINT32_MAX - TICKS_AHEAD ? since : 0;
}

/*
 * What an entry is still worth, with the longer unused below the newer among equals. The product is
 * age over fade, or a little less, so that nothing fades before fade_end says.
 */
static uint64_t standing(const struct table *table, const struct table_marks *marks, unsigned way,
                         uint32_t now)
{
    const uint32_t age = age_of(marks, way, now);
    const uint64_t lost = age * table->fade_inverse >> 32;
    const uint64_t worth = marks->worth[way];

    return (worth > lost ? worth - lost : 0) << 32 | (UINT32_MAX - age);
}

/* When an entry that was used at `used` has lost its worth; what lies too far ahead comes early. */
static uint32_t fade_end(const struct table *table, uint32_t used, uint8_t worth)
{
    const uint64_t lasts = (uint64_t)worth * ticks(table->shape.fade_ns);

    return used + (uint32_t)(lasts < INT32_MAX / 2 ? lasts : INT32_MAX / 2);
}

static bool is_before(uint32_t time, uint32_t other)
{
    return (int32_t)(time - other) < 0;
}

/* Of a full bucket in which every entry has worth left. */
static void note_proven(const struct table *table, struct table_marks *marks)
{
    marks->proven_until = fade_end(table, marks->used[0], marks->worth[0]);
    for (unsigned way = 1; way < TABLE_WAYS; way++) {
        const uint32_t end = fade_end(table, marks->used[way], marks->worth[way]);

        if (is_before(end, marks->proven_until))
            marks->proven_until = end;
    }
}

/*
 * Whether both buckets are full of entries that stay, as it was noted; never of a table that does not
 * keep them.
 */
static bool is_proven(const struct table *table, const struct table_spot *spot, uint32_t now)
{
    const uint32_t first = table->marks[spot->bucket[0]].proven_until;
    const uint32_t second = table->marks[spot->bucket[1]].proven_until;

    return first != 0 && second != 0 && is_before(now, first) && is_before(now, second);
}

/*
 * Takes the free place in the emptier bucket; false when both are full. The lowest way is taken first,
 * so that the bucket with more of them free has, nearly always, the larger number.
 */
static bool take_vacant(const struct table *table, struct table_spot *spot)
{
    const unsigned vacant = places_with(table, spot, 0);
    const unsigned second = vacant >> SECOND << SECOND;

    if (vacant == 0)
        return false;
    take_place(spot, first_of(vacant >> SECOND > vacant % (1u << SECOND) ? second : vacant));
    return true;
}

/* An entry goes to a free place, with all that is known of it. */
static void move(struct table *table, struct place from, struct place to)
{
    struct table_marks *left = &table->marks[from.bucket];
    struct table_marks *entered = &table->marks[to.bucket];

    memcpy(entry_at(table, to), entry_at(table, from), table->shape.entry_size);
    /* Memory that nobody wrote to is nobody's: it stays so. */
    if (table->sides &&
        memcmp(side_at(table, to), side_at(table, from), table->shape.side_size) != 0)
        memcpy(side_at(table, to), side_at(table, from), table->shape.side_size);
    entered->tag[to.way] = left->tag[from.way];
    entered->worth[to.way] = left->worth[from.way];
    entered->used[to.way] = left->used[from.way];
    left->tag[from.way] = 0;
    left->proven_until = entered->proven_until = 0;
    table->moved++;
}

/* The other bucket in which an entry may live. */
static uint64_t other_bucket(const struct table *table, struct place place)
{
    struct table_spot spot;

    table_spot(table, table->shape.hash(table, entry_at(table, place), side_at(table, place)),
               &spot);
    return spot.bucket[spot.bucket[0] == place.bucket];
}

/*
 * Frees a way of a bucket that is full: an entry goes to its other bucket, and where these are full
 * as well, one of theirs goes first, `depth` times. The way, or TABLE_WAYS for none.
 */
static unsigned free_way(struct table *table, uint64_t bucket, unsigned depth)
{
    const unsigned vacant = ways_with(&table->marks[bucket], 0);
    struct place from = {.bucket = bucket};
    uint64_t other[TABLE_WAYS];

    if (vacant != 0)
        return first_of(vacant);
    if (depth == 0)
        return TABLE_WAYS;
    /* What is waited for comes together. */
    for (from.way = 0; from.way < TABLE_WAYS; from.way++)
        __builtin_prefetch(entry_at(table, from));
    for (from.way = 0; from.way < TABLE_WAYS; from.way++) {
        other[from.way] = other_bucket(table, from);
        __builtin_prefetch(&table->marks[other[from.way]], 1);
    }
    for (unsigned next = 0; next < depth; next++)
        for (from.way = 0; from.way < TABLE_WAYS; from.way++) {
            struct place to = {.bucket = other[from.way]};

            to.way = to.bucket != bucket ? free_way(table, to.bucket, next) : TABLE_WAYS;
            if (to.way < TABLE_WAYS) {
                move(table, from, to);
                return from.way;
            }
        }
    return TABLE_WAYS;
}

static bool may_move(const struct table *table)
{
    return table->shape.hash && table->count < table->shape.entries;
}

/* Makes a place free in either bucket by moving others; false when there is none to be had. */
static bool move_others(struct table *table, struct table_spot *spot)
{
    if (!may_move(table))
        return false;
    for (unsigned depth = 1; depth <= MOVES_DEPTH; depth++)
        for (uint8_t choice = 0; choice < 2; choice++) {
            const unsigned way = free_way(table, spot->bucket[choice], depth);

            if (way < TABLE_WAYS) {
                spot->choice = choice;
                spot->way = (uint8_t)way;
                return true;
            }
        }
    return false;
}

/*
 * Takes the place of the least useful entry of both buckets, which are full; what it is worth. Where an
 * entry is stands below its standing, so that the smallest number is found without a branch.
 */
static uint64_t take_least_useful(const struct table *table, struct table_spot *spot, uint32_t now)
{
    uint64_t least = UINT64_MAX;

    for (unsigned choice = 0; choice < 2; choice++) {
        const struct table_marks *marks = &table->marks[spot->bucket[choice]];

        for (unsigned way = 0; way < TABLE_WAYS; way++) {
            const uint64_t its =
                standing(table, marks, way, now) * PLACES | (choice * SECOND + way);

            least = its < least ? its : least;
        }
    }
    take_place(spot, least % PLACES);
    return least / PLACES >> 32;
}

/*
 * Takes the place of an entry that goes; false when the table keeps all that have their places there,
 * which is noted with both buckets.
 */
static bool make_room(struct table *table, struct table_spot *spot, uint32_t now)
{
    if (take_least_useful(table, spot, now) == 0 || !table->shape.keeps_proven)
        return true;
    note_proven(table, &table->marks[spot->bucket[0]]);
    note_proven(table, &table->marks[spot->bucket[1]]);
    return false;
}

/* The place that a new entry will take, unless that will most likely be refused. */
__attribute__((noinline)) static void prefetch_vacant(const struct table *table,
                                                      struct table_spot *spot, uint64_t now_ns)
{
    if (!take_vacant(table, spot)) {
        if (table->shape.keeps_proven)
            return;
        take_least_useful(table, spot, ticks(now_ns));
    }
    prefetch_place(table, place_of_spot(spot));
}

/* The entries that may have the key; there is one, most of the time. */
void table_prefetch_entry(const struct table *table, struct table_spot *spot, uint64_t now_ns)
{
    unsigned places = places_with(table, spot, spot->tags);

    if (places == 0) {
        prefetch_vacant(table, spot, now_ns);
        return;
    }
    for (; places != 0; places &= places - 1) {
        take_place(spot, first_of(places));
        prefetch_place(table, place_of_spot(spot));
    }
}

__attribute__((noinline)) static void *add(struct table *table, struct table_spot *spot,
                                           const void *key, uint64_t now_ns)
{
    struct table_marks *marks;
    uint8_t *entry;

    if (take_vacant(table, spot) || move_others(table, spot)) {
        table->count++;
    } else if (make_room(table, spot, ticks(now_ns))) {
        table->evicted++;
    } else {
        table->refused++;
        return NULL;
    }
    marks = &table->marks[spot->bucket[spot->choice]];
    entry = entry_at(table, place_of_spot(spot));
    marks->tag[spot->way] = (uint8_t)spot->tags;
    marks->worth[spot->way] = 0;
    marks->used[spot->way] = ticks(now_ns);
    marks->proven_until = 0;
    memset(entry, 0, table->shape.entry_size);
    if (!table->shape.is_of)
        memcpy(entry, key, table->shape.key_size);
    return entry;
}

void *table_add(struct table *table, struct table_spot *spot, const void *key, uint64_t now_ns)
{
    /* A flood asks for nothing else; where others may move, what is noted of two buckets is not all. */
    if (is_proven(table, spot, ticks(now_ns)) && !may_move(table)) {
        table->refused++;
        return NULL;
    }
    return add(table, spot, key, now_ns);
}

void table_rate(struct table *table, const struct table_spot *spot, uint8_t worth, uint64_t now_ns)
{
    struct table_marks *marks = &table->marks[spot->bucket[spot->choice]];

    marks->worth[spot->way] = worth;
    marks->used[spot->way] = ticks(now_ns);
    if (marks->proven_until != 0 &&
        (worth == 0 || is_before(fade_end(table, ticks(now_ns), worth), marks->proven_until)))
        marks->proven_until = 0;
}

static struct place place_of(const struct table *table, const void *entry)
{
    const size_t offset = (size_t)((const uint8_t *)entry - table->entries);
    const uint64_t index = offset / table->shape.entry_size;

    return (struct place){.bucket = index / TABLE_WAYS, .way = (unsigned)(index % TABLE_WAYS)};
}

void *table_side(const struct table *table, const struct table_spot *spot)
{
    return side_at(table, place_of_spot(spot));
}

void *table_side_of(const struct table *table, const void *entry)
{
    return side_at(table, place_of(table, entry));
}

void table_forget(struct table *table, void *entry)
{
    const struct place place = place_of(table, entry);

    table->marks[place.bucket].tag[place.way] = 0;
    table->marks[place.bucket].proven_until = 0;
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

/*
 * One shape of table for all that strangers can make watch remember: a fixed number of entries of
 * one size, found by a keyed hash, all memory taken at set-up (and touched by the system only when
 * used).
 *
 *   bucket:  marks[10]  what the table needs to find an entry and to choose which one goes
 *            entry[10]  the caller's
 *            side[10]   what few entries need, the caller's as well
 *
 * A key may live in either of two buckets. While the table is not full, and its shape says with what
 * hash an entry was added, others move to their other bucket to make room, so that as many entries as
 * were wanted have a place. After that the least useful entry goes: worth is given by the owner (an
 * entry seen once has none, one seen often has much) and fades with the time since it was last used.
 * So a flood of addresses that are seen once pushes out its own kind first, and in a table that says
 * so (`keeps_proven`) nothing else.
 */
#ifndef HOPTELL_WATCH_TABLE_H
#define HOPTELL_WATCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TABLE_WAYS = 10, TABLE_KEY_MAX = 24 };

struct table;

struct table_shape {
    uint32_t entries;    /* wanted; rounded up to whole buckets */
    uint32_t entry_size; /* octets, a multiple of 8 */
    uint32_t key_size;   /* octets of the key, 8 to TABLE_KEY_MAX */
    uint32_t side_size;  /* octets, a multiple of 4; 0: none */
    uint64_t fade_ns;  /* one unit of worth is lost for each of these without use; 17 ms or more */
    bool keeps_proven; /* a new entry is refused rather than that one with worth goes */
    /* The hash with which an entry was added; NULL: entries stay where they are. */
    uint64_t (*hash)(const struct table *table, const void *entry, const void *side);
    /* Whether an entry has this key; NULL: each entry begins with its key. */
    bool (*is_of)(const void *entry, const void *side, const void *key);
};

struct table_marks;

struct table {
    void *memory[3]; /* as allocated; the three below are aligned to cache lines in it */
    struct table_marks *marks;
    uint8_t *entries;
    uint8_t *sides;
    uint64_t buckets;
    struct table_shape shape;
    uint64_t hash_key[2];
    uint64_t fade_inverse; /* of fade_ns in the table's own unit, times 2^32 */
    uint64_t count;        /* entries in use */
    uint64_t evicted;      /* entries that went to make room */
    uint64_t refused;      /* new ones that found no room */
    uint64_t moved;        /* entries that went to their other bucket */
};

/* 0, -EINVAL for an impossible shape, or -ENOMEM. The caller calls table_deinit. */
int table_init(struct table *table, const struct table_shape *shape, const uint64_t hash_key[2]);
void table_deinit(struct table *table); /* of a zeroed table is fine */

/* Calls `each` for the large pieces of memory that the table consists of. */
void table_each_memory(const struct table *table, void (*each)(void *memory, size_t octets));

/*
 * The hash of the key_size octets at `key`, for the functions below. Who knows a form of its keys that
 * fits in a word may hash that instead, each key in the same form every time. Hashes are never shown
 * to anybody (see hash_permute).
 */
uint64_t table_hash(const struct table *table, const void *key);
uint64_t table_hash_word(const struct table *table, uint64_t word);

/* Where a key may be; once it was found or added, where it is. */
struct table_spot {
    uint32_t bucket[2];
    uint32_t tags;  /* a piece of the hash, four times */
    uint8_t choice; /* of the buckets */
    uint8_t way;    /* TABLE_WAYS: not known yet */
};

void table_spot(const struct table *table, uint64_t hash, struct table_spot *out);

/*
 * Start to bring into the cache what table_find and table_add will look at: first the marks, then,
 * once those are there, the entry. With several tables to look into, all marks are asked for before
 * the first entry, and all entries before the first is found, so that the waits overlap. The table
 * may change in between; a spot outlives all but table_forget.
 */
void table_prefetch_marks(const struct table *table, const struct table_spot *spot);
void table_prefetch_entry(const struct table *table, struct table_spot *spot, uint64_t now_ns);

/*
 * The entry with this key, or NULL. It stays where it is until it is evicted or forgotten, or, where
 * entries move, until the next table_add.
 */
void *table_find(const struct table *table, struct table_spot *spot, const void *key);

/*
 * What is kept beside an entry, by where it was found or added, or by itself, which is slower. It is in
 * memory that is not touched before this is used.
 */
void *table_side(const struct table *table, const struct table_spot *spot);
void *table_side_of(const struct table *table, const void *entry);

/*
 * A new entry, all but its key zero, or all of it where the caller says what its key is; the side has
 * whatever was there. There must be no entry with this key. NULL when it was refused. Another entry of
 * the table may have gone for it, or have moved.
 */
void *table_add(struct table *table, struct table_spot *spot, const void *key, uint64_t now_ns);

/* Says that the entry that was found or added was used now, and what it is worth from now on. */
void table_rate(struct table *table, const struct table_spot *spot, uint8_t worth, uint64_t now_ns);

void table_forget(struct table *table, void *entry);

/* Calls `each` for every entry in use; it may forget the entry that it is given. */
void table_each(const struct table *table, void (*each)(void *entry, void *context), void *context);

/*
 * The same from the bucket *bucket on, until `each` returns false: then *bucket has that entry, and a
 * later call goes on there. True after the last. One that moves between two calls may be left out.
 */
bool table_each_from(const struct table *table, uint64_t *bucket,
                     bool (*each)(void *entry, void *context), void *context);

/* Worth by how often a thing was seen: 0 for once, then 16 for each doubling, at most 255. */
uint8_t table_worth_of_count(uint64_t count);

#endif

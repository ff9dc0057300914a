#include "unit.h"

#include "watch/table.h"
#include "wire/hash.h"

#include <errno.h>

struct entry {
    uint64_t key;
    uint64_t value;
};

static const uint64_t hash_key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
static const uint64_t second = 1000000000u;

static struct table_shape shape(uint32_t entries, bool keeps_proven)
{
    return (struct table_shape){
        .entries = entries,
        .entry_size = sizeof(struct entry),
        .key_size = sizeof(uint64_t),
        .fade_ns = 60 * second,
        .keeps_proven = keeps_proven,
    };
}

static struct entry *find(const struct table *table, uint64_t key)
{
    struct table_spot spot;

    table_spot(table, table_hash(table, &key), &spot);
    return table_find(table, &spot, &key);
}

static struct entry *add(struct table *table, uint64_t key, uint8_t worth, uint64_t now_ns)
{
    struct table_spot spot;
    struct entry *entry;

    table_spot(table, table_hash(table, &key), &spot);
    entry = table_add(table, &spot, &key, now_ns);
    if (entry)
        table_rate(table, &spot, worth, now_ns);
    return entry;
}

/* What CPython, whose hash of octets is this one, gives for the octets 0, 1, 2, ... under the key 0. */
static void the_hash_is_siphash_1_3(void **state)
{
    static const uint64_t key[2] = {0, 0};
    static const uint64_t words[] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};

    (void)state;
    assert_true(hash_words(key, words, 1) == 0xead411e67ebe2eeau);
    assert_true(hash_words(key, words, 2) == 0x8972188433a5c5b7u);
    assert_true(hash_words(hash_key, words, 2) != 0x8972188433a5c5b7u);
}

static void an_entry_is_found_by_its_key_alone(void **state)
{
    const struct table_shape wanted = shape(64, false);
    struct table table;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    assert_null(find(&table, 5));
    add(&table, 5, 0, second)->value = 55;
    add(&table, 6, 0, second)->value = 66;
    assert_int_equal(find(&table, 5)->value, 55);
    assert_int_equal(find(&table, 6)->value, 66);
    table_forget(&table, find(&table, 5));
    assert_null(find(&table, 5));
    assert_int_equal(table.count, 1);
    table_deinit(&table);
}

static void an_impossible_shape_is_refused(void **state)
{
    const struct table_shape shapes[] = {
        {.entries = 0, .entry_size = 16, .key_size = 8},
        {.entries = 8, .entry_size = 12, .key_size = 8},
        {.entries = 8, .entry_size = 8, .key_size = 16},
        {.entries = 8, .entry_size = 64, .key_size = TABLE_KEY_MAX + 1},
        {.entries = 8, .entry_size = 64, .key_size = 8, .side_size = 6},
    };
    struct table table;

    (void)state;
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++)
        assert_int_equal(table_init(&table, &shapes[i], hash_key), -EINVAL);
}

static uint64_t hash_of(const struct table *table, const void *entry, const void *side)
{
    (void)side;
    return table_hash(table, entry);
}

static void nearly_all_of_its_entries_can_be_used(void **state)
{
    enum { ENTRIES = 80000 };
    const struct table_shape wanted = shape(ENTRIES, false);
    struct table table;
    unsigned found = 0;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < ENTRIES; key++)
        add(&table, key, 0, second * key / 1000);
    for (uint64_t key = 0; key < ENTRIES; key++)
        found += find(&table, key) != NULL;
    assert_int_equal(found, table.count);
    assert_true(found >= ENTRIES * 95 / 100);
    table_deinit(&table);
}

/* Sides go with their entries, and so does what they are worth. */
static void all_of_its_entries_can_be_used_where_they_move(void **state)
{
    static const uint32_t sizes[] = {1, 9, 10, 11, 100, 1000, 80000};

    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct table_shape wanted = shape(sizes[i], true);
        struct table table;

        wanted.hash = hash_of;
        wanted.side_size = sizeof(uint32_t);
        assert_int_equal(table_init(&table, &wanted, hash_key), 0);
        for (uint64_t key = 0; key < sizes[i]; key++) {
            struct entry *entry = add(&table, key, 200, second);

            assert_non_null(entry);
            entry->value = ~key;
            *(uint32_t *)table_side_of(&table, entry) = (uint32_t)key * 7;
        }
        assert_int_equal(table.count, sizes[i]);
        assert_int_equal(table.evicted + table.refused, 0);
        for (uint64_t key = 0; key < 2ull * sizes[i]; key++)
            add(&table, 1000000 + key, 0, 2 * second); /* goes, or is refused: none is proven */
        for (uint64_t key = 0; key < sizes[i]; key++) {
            const struct entry *entry = find(&table, key);

            assert_non_null(entry);
            assert_true(entry->value == ~key);
            assert_int_equal(*(uint32_t *)table_side_of(&table, entry), (uint32_t)key * 7);
        }
        table_deinit(&table);
    }
}

struct odd_entry {
    uint32_t value;
    uint32_t half; /* of the key, and the other half is the same */
};

static bool is_of_odd(const void *entry, const void *side, const void *key)
{
    const uint64_t half = ((const struct odd_entry *)entry)->half;

    assert_null(side);
    return (half << 32 | half) == *(const uint64_t *)key;
}

static void a_key_may_be_anywhere_in_an_entry(void **state)
{
    struct table_shape wanted = shape(1000, false);
    struct table table;

    (void)state;
    wanted.entry_size = sizeof(struct odd_entry);
    wanted.is_of = is_of_odd;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t half = 0; half < 500; half++) {
        struct odd_entry *entry = (struct odd_entry *)add(&table, half << 32 | half, 0, second);

        assert_int_equal(entry->half, 0);
        *entry = (struct odd_entry){(uint32_t)half * 3, (uint32_t)half};
    }
    for (uint64_t half = 0; half < 500; half++) {
        const struct odd_entry *entry = (struct odd_entry *)find(&table, half << 32 | half);

        assert_int_equal(entry->value, half * 3);
        assert_null(find(&table, half << 32 | 501));
    }
    table_deinit(&table);
}

static void the_oldest_of_the_least_useful_goes_first(void **state)
{
    const struct table_shape wanted = shape(TABLE_WAYS, false);
    struct table table;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0); /* one bucket: all compete */
    for (uint64_t key = 0; key < TABLE_WAYS; key++)
        add(&table, key, key == 0 ? 16 : 0, second * (key + 1));
    add(&table, 100, 0, second * 20);
    assert_non_null(find(&table, 0));
    assert_null(find(&table, 1));
    assert_non_null(find(&table, 2));
    add(&table, 101, 0, second * 21);
    assert_null(find(&table, 2));
    assert_int_equal(table.evicted, 2);
    table_deinit(&table);
}

static void worth_fades_without_use(void **state)
{
    const struct table_shape wanted = shape(TABLE_WAYS, true);
    struct table table;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < TABLE_WAYS; key++)
        add(&table, key, 16, second);
    assert_null(add(&table, 100, 0, second + 15 * 60 * second));
    assert_int_equal(table.refused, 1);
    assert_non_null(add(&table, 100, 0, second + 17 * 60 * second));
    table_deinit(&table);
}

static void what_was_used_more_than_a_year_ago_is_old(void **state)
{
    static const struct {
        uint64_t days; /* after the entries were used */
        bool is_old;
    } rows[] = {{0, false}, {300, true}, {600, true}, {800, true}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct table_shape wanted = shape(TABLE_WAYS, true);
        const uint64_t used = 20000 * 86400 * second;
        struct table table;

        assert_int_equal(table_init(&table, &wanted, hash_key), 0);
        for (uint64_t key = 0; key < TABLE_WAYS; key++)
            add(&table, key, 255, used);
        assert_int_equal(add(&table, 100, 0, used + rows[i].days * 86400 * second) != NULL,
                         rows[i].is_old);
        table_deinit(&table);
    }
}

static void a_clock_that_is_put_back_makes_nothing_old(void **state)
{
    const struct table_shape wanted = shape(TABLE_WAYS, true);
    struct table table;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < TABLE_WAYS; key++)
        add(&table, key, 255, 10 * 86400 * second);
    assert_null(add(&table, 100, 0, second));
    table_deinit(&table);
}

static void a_refusal_is_not_remembered_beyond_what_changes(void **state)
{
    const struct table_shape wanted = shape(TABLE_WAYS, true);
    struct table_spot spot;
    struct table table;
    const uint64_t key = 3;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t k = 0; k < TABLE_WAYS; k++)
        add(&table, k, 16, second);
    assert_null(add(&table, 100, 0, 2 * second));
    table_spot(&table, table_hash(&table, &key), &spot);
    assert_non_null(table_find(&table, &spot, &key));
    table_rate(&table, &spot, 0, 2 * second);
    assert_non_null(add(&table, 100, 0, 2 * second));
    assert_null(find(&table, 3));
    table_deinit(&table);
}

static void a_refusal_is_not_remembered_where_one_is_forgotten(void **state)
{
    const struct table_shape wanted = shape(TABLE_WAYS, true);
    struct table table;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t k = 0; k < TABLE_WAYS; k++)
        add(&table, k, 16, second);
    assert_null(add(&table, 100, 0, 2 * second));
    table_forget(&table, find(&table, 3));
    assert_non_null(add(&table, 100, 16, 2 * second));
    assert_null(add(&table, 101, 0, 2 * second));
    table_deinit(&table);
}

static void a_refusal_is_not_remembered_where_others_may_move(void **state)
{
    enum { ENTRIES = 1000, FORGOTTEN = 100 };
    struct table_shape wanted = shape(ENTRIES, true);
    struct table table;

    (void)state;
    wanted.hash = hash_of;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < 4ull * ENTRIES; key++)
        add(&table, key, 16, second);
    for (uint64_t key = 0; table.count > ENTRIES - FORGOTTEN; key++) {
        struct entry *entry = find(&table, key);

        if (entry)
            table_forget(&table, entry);
    }
    for (uint64_t key = 0; key < FORGOTTEN; key++)
        assert_non_null(add(&table, 1000000 + key, 16, second));
    assert_int_equal(table.count, ENTRIES);
    table_deinit(&table);
}

static void what_was_prefetched_may_be_gone_when_it_is_looked_for(void **state)
{
    const struct table_shape wanted = shape(TABLE_WAYS, false);
    struct table_spot there;
    struct table_spot new;
    struct table table;
    const uint64_t key = 0;
    const uint64_t later = 50;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t k = 0; k < TABLE_WAYS; k++)
        add(&table, k, 0, second * (k + 1));
    table_spot(&table, table_hash(&table, &key), &there);
    table_prefetch_entry(&table, &there, 20 * second);
    table_spot(&table, table_hash(&table, &later), &new);
    table_prefetch_entry(&table, &new, 20 * second);
    add(&table, 100, 0, 20 * second); /* instead of the oldest, which is 0 */
    add(&table, 50, 0, 20 * second)->value = 5;
    assert_null(table_find(&table, &there, &key));
    assert_int_equal(((struct entry *)table_find(&table, &new, &later))->value, 5);
    table_deinit(&table);
}

static void a_flood_takes_nothing_that_is_proven(void **state)
{
    enum { PROVEN = 500 };
    const struct table_shape wanted = shape(2000, true);
    struct table table;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < PROVEN; key++)
        add(&table, key, 32, second);
    for (uint64_t key = 1000; key < 201000; key++)
        add(&table, key, 0, 2 * second + key);
    for (uint64_t key = 0; key < PROVEN; key++)
        assert_non_null(find(&table, key));
    table_deinit(&table);
}

static void worth_grows_with_each_doubling(void **state)
{
    static const struct {
        uint64_t count;
        uint8_t worth;
    } rows[] = {{0, 0},  {1, 0},      {2, 16},      {3, 16},
                {4, 32}, {1024, 160}, {65536, 255}, {UINT64_MAX, 255}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(table_worth_of_count(rows[i].count), rows[i].worth);
}

static void count_one(void *entry, void *context)
{
    (void)entry;
    ++*(unsigned *)context;
}

static void each_entry_is_visited_once(void **state)
{
    const struct table_shape wanted = shape(100, false);
    struct table table;
    unsigned visited = 0;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < 50; key++)
        add(&table, key, 0, second);
    table_each(&table, count_one, &visited);
    assert_int_equal(visited, table.count);
    assert_int_equal(visited, 50);
    table_deinit(&table);
}

enum { KEYS = 50 };

struct portion {
    unsigned given[KEYS]; /* how often, by key */
    unsigned room;
};

static bool take_portion(void *entry, void *context)
{
    struct portion *portion = context;
    uint64_t key;

    if (portion->room == 0)
        return false;
    portion->room--;
    memcpy(&key, entry, sizeof key);
    portion->given[key]++;
    return true;
}

static void portions_leave_no_entry_out(void **state)
{
    const struct table_shape wanted = shape(100, false);
    struct portion portion = {.room = TABLE_WAYS};
    struct table table;
    uint64_t bucket = 0;
    unsigned portions = 1;

    (void)state;
    assert_int_equal(table_init(&table, &wanted, hash_key), 0);
    for (uint64_t key = 0; key < KEYS; key++)
        add(&table, key, 0, second);
    for (; !table_each_from(&table, &bucket, take_portion, &portion); portions++)
        portion.room = TABLE_WAYS;
    assert_in_range(portions, KEYS / TABLE_WAYS, KEYS);
    for (unsigned key = 0; key < KEYS; key++)
        assert_in_range(portion.given[key], 1, 2);
    table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_hash_is_siphash_1_3),
        cmocka_unit_test(an_entry_is_found_by_its_key_alone),
        cmocka_unit_test(an_impossible_shape_is_refused),
        cmocka_unit_test(nearly_all_of_its_entries_can_be_used),
        cmocka_unit_test(all_of_its_entries_can_be_used_where_they_move),
        cmocka_unit_test(a_key_may_be_anywhere_in_an_entry),
        cmocka_unit_test(the_oldest_of_the_least_useful_goes_first),
        cmocka_unit_test(worth_fades_without_use),
        cmocka_unit_test(what_was_used_more_than_a_year_ago_is_old),
        cmocka_unit_test(a_clock_that_is_put_back_makes_nothing_old),
        cmocka_unit_test(a_refusal_is_not_remembered_beyond_what_changes),
        cmocka_unit_test(a_refusal_is_not_remembered_where_one_is_forgotten),
        cmocka_unit_test(a_refusal_is_not_remembered_where_others_may_move),
        cmocka_unit_test(what_was_prefetched_may_be_gone_when_it_is_looked_for),
        cmocka_unit_test(a_flood_takes_nothing_that_is_proven),
        cmocka_unit_test(worth_grows_with_each_doubling),
        cmocka_unit_test(each_entry_is_visited_once),
        cmocka_unit_test(portions_leave_no_entry_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

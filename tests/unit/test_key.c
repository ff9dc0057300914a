#include "unit.h"

#include "names/key.h"

static struct name_key key_of(const char *text)
{
    struct name_key key;

    name_key_of_text(text, &key);
    return key;
}

static void keys_sort_as_dnssec_does(void **state)
{
    /* RFC 4034, 6.1, without the names that escape letters */
    static const char *const sorted[] = {
        "example",        "a.example", "yljkjljk.a.example", "Z.a.example",
        "zABC.a.EXAMPLE", "z.example", "zz.example",
    };

    (void)state;
    for (size_t i = 0; i + 1 < sizeof sorted / sizeof sorted[0]; i++) {
        const struct name_key a = key_of(sorted[i]);
        const struct name_key b = key_of(sorted[i + 1]);

        assert_true(name_key_compare(a.octets, a.length, b.octets, b.length) < 0);
        assert_true(name_key_compare(b.octets, b.length, a.octets, a.length) > 0);
    }
}

static void a_name_lies_under_its_own_end(void **state)
{
    static const struct {
        const char *name;
        const char *above;
        bool is_under;
    } rows[] = {
        {"a.b.example", "b.example", true},  {"A.b.Example", "B.eXample", true},
        {"b.example", "b.example", true},    {"ab.example", "b.example", false},
        {"b.example", "a.b.example", false}, {"b.example", "example", true},
        {"example.a", "example", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct name_key a = key_of(rows[i].name);
        const struct name_key b = key_of(rows[i].above);

        assert_int_equal(name_key_is_under(a.octets, a.length, b.octets, b.length),
                         rows[i].is_under);
    }
}

static void wire_and_text_give_one_key(void **state)
{
    static const uint8_t wire[] = "\x03"
                                  "wWw"
                                  "\x07"
                                  "Example"
                                  "\x03"
                                  "net";
    struct name_key a;
    const struct name_key b = key_of("www.example.NET");

    (void)state;
    name_key_of_wire(wire, &a);
    assert_int_equal(name_key_compare(a.octets, a.length, b.octets, b.length), 0);
}

static void octets_zero_and_one_do_not_look_like_ends_of_labels(void **state)
{
    static const uint8_t zero[] = "\x03"
                                  "a\0b"
                                  "\x01"
                                  "x";
    static const uint8_t one[] = "\x03"
                                 "a\1b"
                                 "\x01"
                                 "x";
    static const uint8_t apart[] = "\x01"
                                   "b"
                                   "\x01"
                                   "a"
                                   "\x01"
                                   "x";
    struct name_key a, b, c;

    (void)state;
    name_key_of_wire(zero, &a);
    name_key_of_wire(one, &b);
    name_key_of_wire(apart, &c);
    assert_true(name_key_compare(a.octets, a.length, b.octets, b.length) < 0);
    assert_true(name_key_compare(a.octets, a.length, c.octets, c.length) != 0);
}

static void the_longest_name_has_room(void **state)
{
    uint8_t wire[NAME_WIRE_MAX + 1] = {0};
    struct name_key key;

    (void)state;
    for (unsigned i = 0; i < 127; i++) {
        wire[2 * i] = 1;
        wire[2 * i + 1] = i % 2;
    }
    name_key_of_wire(wire, &key);
    assert_int_equal(key.length, 3 * 127);
    memset(wire, 0, sizeof wire);
    for (unsigned i = 0; i < 254; i += 64)
        wire[i] = i == 192 ? 61 : 63;
    name_key_of_wire(wire, &key);
    assert_int_equal(key.length, 2 * 250 + 4);
    assert_true(key.length <= NAME_KEY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_sort_as_dnssec_does),
        cmocka_unit_test(a_name_lies_under_its_own_end),
        cmocka_unit_test(wire_and_text_give_one_key),
        cmocka_unit_test(octets_zero_and_one_do_not_look_like_ends_of_labels),
        cmocka_unit_test(the_longest_name_has_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

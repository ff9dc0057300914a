#include "unit.h"

#include "base/units.h"
#include "scratch.h"
#include "store/address_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct address address_of(const char *text)
{
    struct address address;

    assert_true(units_parse_address(text, &address));
    return address;
}

static void one_address_is_always_the_same_and_another_never(void **state)
{
    static const struct address_key one = {.octets = {1}};
    static const struct address_key two = {.octets = {2}};
    static const char *const texts[] = {"203.0.113.7", "203.0.113.8", "2001:db8:1:2::1",
                                        "2001:db8:1:2::2", "2001:db8:1:3::1"};
    struct address hidden[5];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const struct address plain = address_of(texts[i]);
        const struct address again = address_key_hide(&one, &plain);
        const struct address other = address_key_hide(&two, &plain);

        hidden[i] = address_key_hide(&one, &plain);
        assert_true(address_is_hidden(&hidden[i]));
        assert_false(address_is_hidden(&plain));
        assert_true(address_equal(&hidden[i], &again));
        assert_false(address_equal(&hidden[i], &other));
        for (size_t j = 0; j < i; j++)
            assert_false(address_equal(&hidden[i], &hidden[j]));
    }
    assert_memory_equal(hidden[2].octets, hidden[3].octets, 8);
    assert_memory_not_equal(hidden[3].octets, hidden[4].octets, 8);
}

static void the_addresses_of_a_subscriber_are_in_its_hidden_prefix(void **state)
{
    static const struct address_key key = {.octets = {7}};
    const struct address v4 = address_of("203.0.113.7");
    const struct address v6 = address_of("2001:db8:1:2::1");
    const struct prefix v4_own = {.address = v4, .length = 128};
    const struct prefix v6_own = prefix_of(&v6, 64);
    const struct address v4_hidden = address_key_hide(&key, &v4);
    const struct address v6_hidden = address_key_hide(&key, &v6);
    struct prefix hidden = address_key_hide_subscriber(&key, &v4_own);

    (void)state;
    assert_true(prefix_contains(&hidden, &v4_hidden));
    assert_false(prefix_contains(&hidden, &v6_hidden));
    hidden = address_key_hide_subscriber(&key, &v6_own);
    assert_true(prefix_contains(&hidden, &v6_hidden));
}

static void a_key_is_made_once_for_its_owner_alone_and_others_are_refused(void **state)
{
    char directory[SCRATCH_MAX];
    char path[64];
    char error[256];
    struct address_key made;
    struct address_key read;
    struct stat status;
    int fd;

    (void)state;
    scratch_make(directory);
    snprintf(path, sizeof path, "%s/key", directory);
    assert_int_equal(address_key_load(path, &made, error, sizeof error), 0);
    assert_int_equal(address_key_load(path, &read, error, sizeof error), 0);
    assert_memory_equal(&made, &read, sizeof made);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, ADDRESS_KEY_OCTETS);

    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(address_key_load(path, &read, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "that its owner alone can read, found that others can"));
    assert_int_equal(chmod(path, 0600), 0);
    fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "x", 1), 1);
    close(fd);
    assert_int_equal(address_key_load(path, &read, error, sizeof error), -EINVAL);
    assert_non_null(strstr(error, "expected a key of 32 octets"));
    scratch_remove(directory);
    assert_int_equal(address_key_load(path, &read, error, sizeof error), -ENOENT);
    assert_non_null(
        strstr(error, "expected a key for addresses to read, or to make: No such file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_is_always_the_same_and_another_never),
        cmocka_unit_test(the_addresses_of_a_subscriber_are_in_its_hidden_prefix),
        cmocka_unit_test(a_key_is_made_once_for_its_owner_alone_and_others_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "unit.h"

#include "serve/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char token[] = "0123456789abcdefXYZ";

static void only_the_whole_token_matches(void **state)
{
    static const struct {
        const char *authorization;
        bool matches;
    } rows[] = {
        {"Bearer 0123456789abcdefXYZ", true},
        {"bearer 0123456789abcdefXYZ", true}, /* RFC 9110, 11.1: the scheme in any case */
        {"Bearer 0123456789abcdefXY", false},
        {"Bearer 0123456789abcdefXYZ0", false},
        {"Bearer 0123456789abcdefXYZ0123456789abcdefXYZ", false},
        {"Bearer 0123456789abcdefXYz", false},
        {"Bearer x123456789abcdefXYZ", false},
        {"Bearer ", false},
        {"Bearer", false},
        {"", false},
        {"0123456789abcdefXYZ", false},
        {"Basic 0123456789abcdefXYZ", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(token_matches(token, rows[i].authorization), rows[i].matches);
}

static int read_text(const char *text, size_t length, mode_t mode, char out[TOKEN_MAX], char *error,
                     size_t error_size)
{
    char path[] = "/tmp/hoptell-token.XXXXXX";
    const int fd = mkstemp(path);
    int code;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, length), (long)length);
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
    code = token_read(path, out, error, error_size);
    unlink(path);
    return code;
}

static void a_file_holds_one_token(void **state)
{
    static const struct {
        const char *text;
        mode_t mode;
        int code;
    } rows[] = {
        {"0123456789abcdefXYZ", 0600, 0},
        {"0123456789abcdefXYZ\n", 0640, 0},
        {"0123456789abcdefXYZ\r\n\n", 0400, 0},
        {"0123456789abcdefXYZ\n", 0644, -EACCES},
        {"0123456789abcdefXYZ\n", 0602, -EACCES},
        {"0123456789abcde\n", 0600, -EINVAL},
        {"", 0600, -EINVAL},
        {"0123456789abcdef XYZ\n", 0600, -EINVAL},
        {"0123456789abcdefXYZ\n0123\n", 0600, -EINVAL},
        {"0123456789abcdefXYZ\303\244\n", 0600, -EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[TOKEN_MAX] = "";
        char error[512] = "";

        assert_int_equal(
            read_text(rows[i].text, strlen(rows[i].text), rows[i].mode, out, error, sizeof error),
            rows[i].code);
        assert_string_equal(out, rows[i].code == 0 ? token : "");
        assert_int_equal(error[0] == '\0', rows[i].code == 0);
    }
}

static void a_token_may_not_be_too_long(void **state)
{
    char text[TOKEN_MAX + 64];
    char out[TOKEN_MAX];
    char error[512];

    (void)state;
    memset(text, 'a', sizeof text);
    assert_int_equal(read_text(text, TOKEN_MAX - 1, 0600, out, error, sizeof error), 0);
    assert_int_equal(strlen(out), TOKEN_MAX - 1);
    assert_int_equal(read_text(text, TOKEN_MAX, 0600, out, error, sizeof error), -EINVAL);
    assert_int_equal(read_text(text, sizeof text, 0600, out, error, sizeof error), -EINVAL);
    assert_int_equal(token_read("/nowhere/at/all", out, error, sizeof error), -ENOENT);
    assert_string_equal(
        error, "/nowhere/at/all: expected a file to read, found: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_whole_token_matches),
        cmocka_unit_test(a_file_holds_one_token),
        cmocka_unit_test(a_token_may_not_be_too_long),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

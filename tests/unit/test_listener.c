#include "unit.h"

#include "scratch.h"
#include "serve/listener.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_OCTETS = 64, ERROR_OCTETS = 256 };

/* A directory of its own, and a path in it. */
struct place {
    char directory[SCRATCH_MAX];
    char path[PATH_OCTETS + 8];
};

static void place_open(struct place *place)
{
    scratch_make(place->directory);
    snprintf(place->path, sizeof place->path, "%s/socket", place->directory);
}

static void place_close(const struct place *place)
{
    scratch_remove(place->directory);
}

static void a_socket_that_was_left_over_is_replaced(void **state)
{
    struct place place;
    char error[ERROR_OCTETS];
    int left;
    int fd;

    (void)state;
    place_open(&place);
    assert_int_equal(listener_open_unix(place.path, &left, error, sizeof error), 0);
    assert_int_equal(listener_open_unix(place.path, &fd, error, sizeof error), -EADDRINUSE);
    assert_non_null(strstr(error, "in use by another program"));
    close(left);
    assert_int_equal(listener_open_unix(place.path, &fd, error, sizeof error), 0);
    close(fd);
    place_close(&place);
}

static void a_file_that_is_no_socket_stays(void **state)
{
    struct place place;
    struct stat status;
    char error[ERROR_OCTETS];
    FILE *file;
    int fd;

    (void)state;
    place_open(&place);
    file = fopen(place.path, "w");
    assert_non_null(file);
    fputs("precious", file);
    fclose(file);
    assert_int_equal(listener_open_unix(place.path, &fd, error, sizeof error), -EEXIST);
    assert_non_null(strstr(error, "found another file"));
    assert_int_equal(stat(place.path, &status), 0);
    assert_int_equal(status.st_size, strlen("precious"));
    place_close(&place);
}

static void a_path_that_can_be_none_is_refused(void **state)
{
    char error[ERROR_OCTETS];
    char path[256];
    int fd;

    (void)state;
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    assert_int_equal(listener_open_unix(path, &fd, error, sizeof error), -EINVAL);
    assert_int_equal(listener_open_unix("socket", &fd, error, sizeof error), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_socket_that_was_left_over_is_replaced),
        cmocka_unit_test(a_file_that_is_no_socket_stays),
        cmocka_unit_test(a_path_that_can_be_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

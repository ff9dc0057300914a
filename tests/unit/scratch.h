/* A directory of a test's own. */
#ifndef HOPTELL_TESTS_SCRATCH_H
#define HOPTELL_TESTS_SCRATCH_H

#include "unit.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

enum { SCRATCH_MAX = 32 };

static inline void scratch_make(char directory[SCRATCH_MAX])
{
    snprintf(directory, SCRATCH_MAX, "/tmp/hoptell-test-XXXXXX");
    assert_non_null(mkdtemp(directory));
}

static inline int scratch_remove_one(const char *path, const struct stat *status, int kind,
                                     struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

/* With all that is in it. */
static inline void scratch_remove(const char *directory)
{
    assert_int_equal(nftw(directory, scratch_remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/*
 * Calls `act`, where it is not NULL, with the path of each file of a directory whose name ends so; how
 * many there are.
 */
static inline unsigned scratch_each_file(const char *path, const char *end,
                                         void (*act)(const char *path))
{
    DIR *directory = opendir(path);
    unsigned count = 0;

    for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
        char file[384];

        if (entry->d_name[0] == '.' || strstr(entry->d_name, end) == NULL)
            continue;
        count++;
        snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (act != NULL)
            act(file);
    }
    if (directory != NULL)
        closedir(directory);
    return count;
}

#endif

/*
 * A bind mount over resolv.conf; see resolver.h.
 */
#include "edge/resolver.h"

#include "base/units.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define RESOLV_CONF "/etc/resolv.conf"
#define OURS_FOLDER "/run/hoptell"
#define OURS        OURS_FOLDER "/hoptell-resolv.conf"
#define OURS_ENDING "/hoptell-resolv.conf"
#define MOUNTINFO   "/proc/self/mountinfo"

/* A mounted file and where it is mounted: fields 4 and 5 of proc_pid_mountinfo(5). */
static bool mount_read(const char *line, char root[PATH_MAX], char point[PATH_MAX])
{
    return sscanf(line, "%*s %*s %*s %4095s %4095s", root, point) == 2;
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t length = strlen(text);

    return length >= strlen(ending) && strcmp(text + length - strlen(ending), ending) == 0;
}

/* Whether what is mounted on `where`, the newest if several are, is our file. */
static bool resolver_is_ours(const char *where)
{
    FILE *mounts = fopen(MOUNTINFO, "re");
    char *line = NULL;
    size_t capacity = 0;
    bool ours = false;

    if (mounts == NULL)
        return false;
    while (getline(&line, &capacity, mounts) > 0) {
        char root[PATH_MAX];
        char point[PATH_MAX];

        if (mount_read(line, root, point) && strcmp(point, where) == 0)
            ours = ends_with(root, OURS_ENDING);
    }
    free(line);
    fclose(mounts);
    return ours;
}

/* The file behind resolv.conf, which may be a link. */
static int resolver_where(char out_where[PATH_MAX])
{
    return realpath(RESOLV_CONF, out_where) != NULL ? 0 : -errno;
}

int resolver_leave(void)
{
    char where[PATH_MAX];
    int code = resolver_where(where);

    while (code == 0 && resolver_is_ours(where))
        if (umount2(where, MNT_DETACH) != 0)
            code = -errno;
    unlink(OURS);
    return code == -ENOENT ? 0 : code;
}

static int resolver_copy(FILE *to, const char *from_path)
{
    FILE *from = fopen(from_path, "re");
    char *line = NULL;
    size_t capacity = 0;

    if (from == NULL)
        return -errno;
    while (getline(&line, &capacity, from) > 0)
        fputs(line, to);
    free(line);
    fclose(from);
    return 0;
}

static int resolver_write(const struct address *server, const char *before)
{
    char text[ADDRESS_TEXT_MAX];
    FILE *ours;
    int code;

    if (mkdir(OURS_FOLDER, 0755) != 0 && errno != EEXIST)
        return -errno;
    unlink(OURS);
    ours = fopen(OURS, "wxe");
    if (ours == NULL)
        return -errno;
    fchmod(fileno(ours), 0644);
    fprintf(ours, "# while hoptell runs; what follows its line is what stood here before\n");
    fprintf(ours, "nameserver %s\n", units_address(server, text));
    code = resolver_copy(ours, before);
    if (ferror(ours))
        code = -EIO;
    if (fclose(ours) != 0 && code == 0)
        code = -errno;
    return code;
}

int resolver_enter(const struct address *server, char *error, size_t error_size)
{
    char where[PATH_MAX];
    int code = resolver_leave();

    if (code == 0)
        code = resolver_where(where);
    if (code == 0)
        code = resolver_write(server, where);
    if (code == 0 && mount(OURS, where, NULL, MS_BIND, NULL) != 0)
        code = -errno;
    if (code != 0) {
        unlink(OURS);
        snprintf(error, error_size, "cannot put hoptell's server first in " RESOLV_CONF ": %s",
                 strerror(-code));
    }
    return code;
}

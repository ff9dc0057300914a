/*
 * Files that are there whole or not at all; see output.h.
 */
#include "cli/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a file that is simply created would have. */
static mode_t ordinary_mode(void)
{
    const mode_t mask = umask(0);

    umask(mask);
    return 0666 & ~mask;
}

static int open_temporary(struct output *output)
{
    const int fd = mkostemp(output->temporary, O_CLOEXEC);

    if (fd < 0)
        return -errno;
    if (fchmod(fd, ordinary_mode()) == 0)
        output->to = fdopen(fd, "w");
    if (output->to == NULL) {
        const int error = errno;

        close(fd);
        unlink(output->temporary);
        return -error;
    }
    return 0;
}

int output_open(const char *path, struct output *out)
{
    int rc = 0;

    *out = (struct output){.path = strdup(path)};
    if (out->path == NULL)
        return -ENOMEM;
    if (strcmp(path, "-") == 0)
        out->to = stdout;
    else if (asprintf(&out->temporary, "%s.XXXXXX", path) < 0)
        rc = -ENOMEM;
    else
        rc = open_temporary(out);
    if (rc != 0) {
        free(out->path);
        free(out->temporary);
        *out = (struct output){.to = NULL};
    }
    return rc;
}

int output_finish(struct output *output)
{
    FILE *const to = output->to;
    const bool was_bad = ferror(to) != 0;

    if (output->temporary == NULL)
        return fflush(to) != 0 || was_bad ? -EIO : 0;
    output->to = NULL;
    errno = EIO;
    if (fclose(to) != 0 || was_bad || rename(output->temporary, output->path) != 0) {
        const int error = errno;

        unlink(output->temporary);
        return -error;
    }
    return 0;
}

void output_deinit(struct output *output)
{
    if (output->to != NULL && output->temporary != NULL) {
        fclose(output->to);
        unlink(output->temporary);
    }
    free(output->path);
    free(output->temporary);
    *output = (struct output){.to = NULL};
}

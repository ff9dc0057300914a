/*
 * The operators' token; see token.h.
 */
#include "serve/token.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* The file's text, at most TOKEN_MAX octets of it. */
static int read_file(const char *path, char out[TOKEN_MAX + 1], char *error, size_t error_size)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    ssize_t length = -1;
    int code = 0;

    if (fd >= 0 && fstat(fd, &status) == 0)
        length = read(fd, out, TOKEN_MAX);
    if (length < 0) {
        code = -errno;
        snprintf(error, error_size, "%s: expected a file to read, found: %s", path,
                 strerror(-code));
    } else if (status.st_mode & S_IRWXO) {
        code = -EACCES;
        snprintf(error, error_size,
                 "%s: expected a file that only its owner and group can open, found mode %03o",
                 path, status.st_mode & 0777u);
    } else {
        out[length] = '\0';
    }
    if (fd >= 0)
        close(fd);
    return code;
}

int token_read(const char *path, char out[TOKEN_MAX], char *error, size_t error_size)
{
    char text[TOKEN_MAX + 1] = "";
    size_t length = 0;
    const int code = read_file(path, text, error, error_size);

    if (code != 0)
        return code;
    while (text[length] > ' ' && text[length] <= '~')
        length++;
    if (length < TOKEN_LEAST || length >= TOKEN_MAX || strcspn(text + length, "\r\n") != 0 ||
        text[length + strspn(text + length, "\r\n")] != '\0') {
        snprintf(error, error_size,
                 "%s: expected one line of %d to %d printable letters without spaces, found "
                 "something else",
                 path, TOKEN_LEAST, TOKEN_MAX - 1);
        return -EINVAL;
    }
    memcpy(out, text, length);
    out[length] = '\0';
    return 0;
}

bool token_matches(const char *token, const char *authorization)
{
    static const char scheme[] = "Bearer ";
    const size_t length = strlen(token);
    const char *given = authorization;
    unsigned differ;
    size_t given_length;

    if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
        return false;
    given += sizeof scheme - 1;
    given_length = strlen(given);
    differ = given_length != length;
    for (size_t i = 0; i < length; i++)
        differ |= (unsigned)(token[i] ^ (given_length > 0 ? given[i % given_length] : 0));
    return differ == 0;
}

/*
 * The token that operators show who ask from elsewhere than this machine.
 */
#ifndef HOPTELL_SERVE_TOKEN_H
#define HOPTELL_SERVE_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

enum { TOKEN_LEAST = 16, TOKEN_MAX = 256 };

/*
 * Reads the token that is the one line of a file: TOKEN_LEAST to TOKEN_MAX - 1 printable octets
 * without spaces. The file must not be open to others than its owner and group. 0, or a negative
 * errno with a sentence in `error`.
 */
int token_read(const char *path, char out[TOKEN_MAX], char *error, size_t error_size);

/*
 * Whether an Authorization header ("Bearer TOKEN", RFC 6750, 2.1) has the token. How long it takes
 * does not depend on how much of it is right.
 */
bool token_matches(const char *token, const char *authorization);

#endif

/* Content negotiation: the input is a header, read as Accept and as Accept-Language. */
#include "serve/accept.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const offers[] = {"en", "de"};
    char *text = strndup((const char *)data, size);

    if (accept_medium(text, text) >= MEDIUM_COUNT || accept_language(text, offers, 2) >= 2)
        abort();
    free(text);
    return 0;
}

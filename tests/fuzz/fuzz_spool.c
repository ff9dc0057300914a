/*
 * A file of the spool, after its head, as a disk may give it back: what is taken for a row must be
 * one that is written as it was read, and that the store's JSON can be made of.
 */
#include "serve/json.h"
#include "store/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_row(const struct row *row)
{
    uint8_t once[ROW_OCTETS_MAX];
    uint8_t twice[ROW_OCTETS_MAX];
    const size_t length = row_encode(row, once);
    struct row back;

    require(length <= sizeof once && row_decode(once, length, &back) == 0);
    require(row_encode(&back, twice) == length && memcmp(once, twice, length) == 0);
    if (row->kind == ROW_JUDGEMENT) {
        char line[JSON_LINE_MAX];

        require(json_judgement_line(&row->judgement, line, sizeof line) > 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    struct cursor c = cursor_over(octets, length);
    struct row row;
    int result;

    if (row_decode(octets, length, &row) == 0) /* without a checksum to guess */
        check_row(&row);
    while ((result = spool_take(&c, &row)) == 0 || result == -EINVAL)
        if (result == 0)
            check_row(&row);
    return 0;
}

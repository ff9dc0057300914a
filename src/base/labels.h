/*
 * The truth about connections, as a CSV file of the header `address,port,label` gives it: label is
 * direct or tethered.
 */
#ifndef HOPTELL_BASE_LABELS_H
#define HOPTELL_BASE_LABELS_H

#include "base/report.h"
#include "wire/address.h"

struct label {
    struct address address;
    uint16_t port;
    bool is_tethered;
    bool is_taken; /* by labels_take */
};

struct labels {
    struct label *label; /* sorted by address and port */
    size_t count;
};

/*
 * 0 with *out for labels_deinit; -EINVAL with the errors in `report` (a line that is none, a
 * connection with two labels) or -ENOMEM, and nothing in *out.
 */
int labels_parse(const char *text, size_t length, struct report *report, struct labels *out);
void labels_deinit(struct labels *labels); /* of zeroed ones is fine */

/* The label of a connection, once: NULL when it has none, or had been taken before. */
const struct label *labels_take(struct labels *labels, const struct address *address,
                                uint16_t port);

#endif

/*
 * The truth about connections, as a CSV file gives it: `address,port,label`, where label is direct or
 * tethered, or `address,port,stack`, where stack is a family. Port 0 stands for all of the address.
 */
#ifndef HOPTELL_BASE_LABELS_H
#define HOPTELL_BASE_LABELS_H

#include "base/report.h"
#include "wire/address.h"

enum { LABEL_DIRECT, LABEL_TETHERED };

/* What is known of the connections: the name of the column, and its words. */
struct label_kind {
    const char *header;
    const char *expected;     /* the words for a message */
    const char *const *words; /* ends with NULL */
};

extern const struct label_kind label_verdicts; /* in the order of the enum above */
extern const struct label_kind label_stacks;   /* in the order of enum stack_family */

struct label {
    struct address address;
    uint16_t port;
    unsigned word; /* of its kind */
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
int labels_parse(const char *text, size_t length, const struct label_kind *kind,
                 struct report *report, struct labels *out);
void labels_deinit(struct labels *labels); /* of zeroed ones is fine */

/* The label of a connection, or of all of its address; NULL when there is none. */
const struct label *labels_find(const struct labels *labels, const struct address *address,
                                uint16_t port);

/* The label of this very connection, once: NULL when it has none, or had been taken before. */
const struct label *labels_take(struct labels *labels, const struct address *address,
                                uint16_t port);

#endif

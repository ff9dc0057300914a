/*
 * One row on its way to a store, whatever table it is for: what a queue holds, and what a spool
 * keeps on disk.
 *
 * As octets, numbers in network byte order, real numbers as IEEE 754 binary64:
 *
 *     kind 1 | what follows by its kind
 *
 *     judgement          time 8, client 16, server 16, ports 2 2, hop limit 1, initial 1, hops 1,
 *                        stack: family 1, probabilities 8 * 6; network: known 1, prefix 16,
 *                        length 1, hop limit 1, share 8, seen 8; verdict 1, probability 8,
 *                        evidence: count 1, of each: weight 4 (binary32), signal 1, details 3
 *     judgement in a     the same, line 8, endpoint 16
 *      tunnel
 *     baseline           subscriber 1, prefix 16, length 1, time 8, octets: length 2, themselves
 *     label              address 16, port 2, verdict 1, time 8
 *     forget             time 8
 *     forget subscriber  prefix 16, length 1
 *     forget beyond      count 8
 *     forget baselines   networks since 8, networks 8, subscribers 8
 *
 * Of an observation only what a store keeps is there. Times are nanoseconds since 1970-01-01 UTC.
 * The version of all this, ROW_VERSION, is in the head of files that hold rows; signals count by their place in
 * watch/signal.h, so that a new one that is not the last makes a new version, too.
 */
#ifndef HOPTELL_STORE_ROW_H
#define HOPTELL_STORE_ROW_H

#include "store/store.h"

enum row_kind {
    ROW_JUDGEMENT = 1,
    ROW_BASELINE,
    ROW_LABEL,
    ROW_FORGET,
    ROW_FORGET_SUBSCRIBER,
    ROW_FORGET_BEYOND,
    ROW_FORGET_BASELINES,
    ROW_JUDGEMENT_IN_TUNNEL, /* of octets alone; read, it is a ROW_JUDGEMENT */
};

struct row {
    enum row_kind kind;
    union {
        struct judgement judgement;
        struct baseline baseline;
        struct label label;
        uint64_t forget_before_ns;
        struct prefix forget_subscriber;
        uint64_t forget_beyond;
        struct baseline_limits forget_baselines;
    };
};

enum { ROW_OCTETS_MAX = 512, ROW_VERSION = 2 };

/* Puts it into `store`. 0 or -EIO. */
int row_write(struct store *store, const struct row *row);

/* Forgetting makes transactions of its own. The second: the same of a row's octets. */
bool row_is_alone(const struct row *row);
bool row_octets_are_alone(const uint8_t *octets);

/* Writes its octets to `out`; returns how many. */
size_t row_encode(const struct row *row, uint8_t out[ROW_OCTETS_MAX]);

/* 0, or -EINVAL for anything but the octets of one row; *out is then undefined. */
int row_decode(const uint8_t *octets, size_t length, struct row *out);

#endif

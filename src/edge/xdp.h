/*
 * The XDP program on an interface, by libbpf and libxdp: loaded, attached beside other programs where
 * libxdp's dispatcher is there, its tables, its records, and a raw socket for the answers that user
 * space gives.
 *
 * What is done to a loaded program goes by memory that is mapped and by descriptors that are open, so
 * that it needs no rights; attaching and detaching do.
 */
#ifndef HOPTELL_EDGE_XDP_H
#define HOPTELL_EDGE_XDP_H

#include "bpf/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct xdp;

enum xdp_way { XDP_WAY_AUTO, XDP_WAY_NATIVE, XDP_WAY_GENERIC };

struct xdp_orders {
    const char *interface; /* to attach to; NULL: it is only loaded, for xdp_run */
    enum xdp_way way;
    bool tells;
    bool watches;
    uint32_t limit_sets;   /* a power of two; see tale/limit_set.h */
    uint64_t limit_key[2]; /* random at start */
    uint32_t connections;  /* remembered */
    uint32_t subscribers;  /* remembered */
    const struct xdp
        *sibling; /* on another interface, whose tables and limits it shares; or NULL */
};

/*
 * Loads the program and attaches it, in place of one that another hoptell left there. With
 * XDP_WAY_AUTO by the driver where it can, else by the kernel's generic way. 0 and *out for
 * xdp_close, or a negative errno with a sentence in `error`, which holds the end of the verifier's
 * log where that was against it: -EPERM (CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are wanted), -EBUSY
 * (another program is there, without libxdp's dispatcher), -ENODEV, -EOPNOTSUPP (this hoptell was
 * built without XDP).
 */
int xdp_open(const struct xdp_orders *orders, struct xdp **out, char *error, size_t error_size);
void xdp_close(struct xdp *xdp); /* detaches nothing; NULL is fine */

enum xdp_way xdp_way(const struct xdp *xdp); /* native or generic */
bool xdp_is_shared(const struct xdp *xdp);   /* by the dispatcher, with other programs */
uint32_t xdp_id(const struct xdp *xdp);      /* the kernel's number of the program */

/*
 * Takes hoptell's program off the interface: the one with `id`, or whichever is there (0). 0 also
 * where there is none, or a negative errno.
 */
int xdp_detach(unsigned interface, uint32_t id);

/* The book that is not read now; after xdp_turn it is, in all siblings. */
struct book *xdp_book(struct xdp *xdp);
void xdp_turn(struct xdp *xdp);

uint64_t xdp_count(const struct xdp *xdp, unsigned which); /* of all siblings; see abi.h */

/*
 * Records of opening packets and the like: a descriptor to poll, and those that wait, but no more at
 * once than leave time for what else the caller does: the descriptor stays readable.
 */
int xdp_seen_descriptor(const struct xdp *xdp);
int xdp_read_seen(struct xdp *xdp, void (*each)(const struct xdp_seen *seen, void *context),
                  void *context);

/*
 * All probes that were told of since the last call, of those that the program answers itself; until
 * the next call it tells of XDP_WALKS_MAX more for each processor. Not to be called by two threads.
 */
int xdp_read_walks(struct xdp *xdp, void (*each)(const struct xdp_seen *seen, void *context),
                   void *context);

/* Frames that user space is to answer, from their Ethernet header on. */
int xdp_handed_descriptor(const struct xdp *xdp);
int xdp_read_handed(struct xdp *xdp,
                    void (*each)(const uint8_t *frame, size_t length, void *context),
                    void *context);
uint64_t xdp_handed_lost(const struct xdp *xdp);

/* Sends a frame out of the interface. Its length, or a negative errno. */
long xdp_send(struct xdp *xdp, const uint8_t *frame, size_t length);

/* One run on a frame in memory (BPF_PROG_TEST_RUN), for tests and measurements. */
struct xdp_run {
    const uint8_t *frame;
    size_t length;
    unsigned repeat;
    uint8_t *out;
    size_t capacity;
    size_t out_length;
    uint32_t out_verdict; /* enum xdp_action of linux/bpf.h */
    uint32_t out_ns;      /* for each of the repetitions */
};

int xdp_run(struct xdp *xdp, struct xdp_run *run); /* 0, or a negative errno */

/* What this machine can do. */
struct xdp_abilities {
    bool built;  /* this hoptell was built with XDP */
    bool rights; /* we may load programs */
    bool btf;    /* the kernel tells its types */
};

void xdp_look(struct xdp_abilities *out);

#endif

/*
 * The XDP program as it is measured: loaded, with a tale of twelve hops and limits that no measurement
 * reaches.
 */
#ifndef HOPTELL_BENCH_OURS_H
#define HOPTELL_BENCH_OURS_H

#include "edge/xdp.h"
#include "tale/book.h"

#include "../tests/unit/tale_built.h"

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the measurement where `code` is a negative errno. */
static inline void expect(int code, const char *what)
{
    if (code >= 0)
        return;
    fprintf(stderr, "cannot %s: %s\n", what, strerror(-code));
    exit(1);
}

static inline void ours_write_tale(struct built *built)
{
    built_usual(built);
    for (unsigned i = 3; i < 12; i++)
        (void)built_add_hop(built);
}

/* The caller closes it. */
static inline struct xdp *ours_open(struct built *built, bool tells, bool watches)
{
    const struct xdp_orders orders = {.tells = tells,
                                      .watches = watches,
                                      .limit_sets = 16384,
                                      .connections = 65536,
                                      .subscribers = 65536};
    const struct limit_settings limits = {.source_rate = 10000000,
                                          .source_burst = 10000000,
                                          .total_rate = 100000000,
                                          .total_burst = 100000000};
    const struct tales tales = built_tales(built);
    char error[512];
    struct xdp *xdp = NULL;

    if (xdp_open(&orders, &xdp, error, sizeof error) != 0 ||
        book_write(&tales, NULL, 0, &limits, xdp_book(xdp), error, sizeof error) != 0) {
        fprintf(stderr, "%s\n", error);
        exit(1);
    }
    xdp_turn(xdp);
    return xdp;
}

/* A descriptor of its program; the caller closes it. */
static inline int ours_program(const struct xdp *xdp)
{
    const int fd = bpf_prog_get_fd_by_id(xdp_id(xdp));

    expect(fd, "find the program");
    return fd;
}

#endif

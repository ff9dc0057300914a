/*
 * libpcap: capture files (pcap, pcapng, standard input) and live interfaces, read by one function.
 */
#ifndef HOPTELL_EDGE_CAPTURE_H
#define HOPTELL_EDGE_CAPTURE_H

#include "wire/frame.h"

struct capture;

struct captured {
    enum link link;
    const uint8_t *octets; /* valid until the next packet */
    size_t length;         /* received */
    uint64_t time_ns;      /* since 1970-01-01 UTC */
};

struct capture_counts {
    uint64_t received;
    uint64_t dropped; /* by the kernel or the interface, for want of room */
};

struct capture_progress {
    uint64_t octets; /* of a file, read so far; 0 where that cannot be told */
    uint64_t size;   /* of the file; 0 for a pipe and for an interface */
    uint64_t packets;
};

/*
 * A file, or "-" for standard input. 0, or a negative errno with a sentence in `error`: no such
 * file, no capture file, a link type that hoptell does not read.
 */
int capture_open_file(const char *path, struct capture **out, char *error, size_t error_size);

/*
 * A live interface ("any" for all), opening TCP packets towards this machine only, never blocking.
 * With `tunnels` it is a tap: what is for others comes as well, one in 64 of the packets of connections
 * that go on, and everything that opening packets may be in, which the caller looks through
 * (wire/tunnel.h).
 * 0, or a negative errno (-EPERM, -ENODEV) with a sentence in `error`.
 */
int capture_open_live(const char *interface, bool tunnels, struct capture **out, char *error,
                      size_t error_size);
void capture_close(struct capture *capture); /* NULL is fine */

/* libpcap's number (DLT_...) for the capture's link type, for dump_open. */
int capture_link_type(const struct capture *capture);

/*
 * Gives what is there to `each`, at most `limit` packets (0: no limit). Returns how many, 0 at the
 * end of a file or when nothing is waiting, or a negative errno with a sentence in capture_error
 * (a file cut short in the middle of a packet, an interface that is gone); what came before the
 * fault has been given.
 */
long capture_read(struct capture *capture, size_t limit,
                  void (*each)(const struct captured *captured, void *context), void *context);

const char *capture_error(const struct capture *capture);
int capture_descriptor(const struct capture *capture); /* to poll; -1 for files */

/*
 * Takes back the error that the descriptor tells of when its interface goes down (packet(7)), so
 * that it can be polled for what comes when the interface is up again.
 */
void capture_clear_error(struct capture *capture);
struct capture_counts capture_counts(struct capture *capture);
struct capture_progress capture_progress(const struct capture *capture);

#endif

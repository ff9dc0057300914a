/*
 * Which program sent a probe, by what each of them is known for: the data it fills probes with, its
 * ports, identifiers and lengths.
 */
#ifndef HOPTELL_TALE_CLIENT_H
#define HOPTELL_TALE_CLIENT_H

#include "wire/packet.h"

enum probe_client {
    CLIENT_UNKNOWN,
    CLIENT_TRACEROUTE, /* of Linux */
    CLIENT_BSD_TRACEROUTE,
    CLIENT_BUSYBOX,
    CLIENT_INETUTILS,
    CLIENT_TRACERT,
    CLIENT_MTR,
    CLIENT_TRACEPATH,
    CLIENT_PARIS_TRACEROUTE,
    CLIENT_DUBLIN_TRACEROUTE,
    CLIENT_SCAMPER,
    CLIENT_TCPTRACEROUTE,
    CLIENT_HPING,
    CLIENT_NMAP,
    CLIENT_PING,
    CLIENT_COUNT,
};

const char *client_name(enum probe_client client); /* "traceroute", "mtr"; "unknown" */

/* CLIENT_UNKNOWN for a probe that could be of several, or of none that is known. */
enum probe_client client_of(const struct packet *packet);

#endif

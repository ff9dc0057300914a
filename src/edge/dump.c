/*
 * Packets into a capture file; see dump.h.
 */
#include "edge/dump.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <unistd.h>

enum { SNAPLEN = 262144, NANOSECONDS_PER_SECOND = 1000000000 };

struct dump {
    pcap_t *pcap;
    pcap_dumper_t *dumper;
};

/* libpcap closes what it writes to, so it gets a descriptor of its own. */
static FILE *duplicate(FILE *to)
{
    const int fd = fflush(to) == 0 ? dup(fileno(to)) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;

    if (fd >= 0 && file == NULL)
        close(fd);
    return file;
}

int dump_open(FILE *to, int link_type, struct dump **out)
{
    struct dump *dump = calloc(1, sizeof *dump);
    FILE *file;

    if (dump == NULL)
        return -ENOMEM;
    errno = ENOMEM;
    dump->pcap =
        pcap_open_dead_with_tstamp_precision(link_type, SNAPLEN, PCAP_TSTAMP_PRECISION_NANO);
    file = dump->pcap != NULL ? duplicate(to) : NULL;
    if (file != NULL)
        dump->dumper = pcap_dump_fopen(dump->pcap, file); /* it closes the file if it fails */
    if (dump->dumper == NULL) {
        const int error = errno;

        if (dump->pcap != NULL)
            pcap_close(dump->pcap);
        free(dump);
        return -error;
    }
    *out = dump;
    return 0;
}

void dump_write(struct dump *dump, uint64_t time_ns, const uint8_t *octets, size_t length)
{
    const struct pcap_pkthdr header = {
        .ts = {.tv_sec = (time_t)(time_ns / NANOSECONDS_PER_SECOND),
               .tv_usec = (suseconds_t)(time_ns % NANOSECONDS_PER_SECOND)},
        .caplen = (bpf_u_int32)length,
        .len = (bpf_u_int32)length,
    };

    pcap_dump((u_char *)dump->dumper, &header, octets);
}

int dump_close(struct dump *dump)
{
    int rc = 0;

    if (dump == NULL)
        return 0;
    errno = EIO;
    if (pcap_dump_flush(dump->dumper) != 0 || ferror(pcap_dump_file(dump->dumper)))
        rc = -errno;
    pcap_dump_close(dump->dumper);
    pcap_close(dump->pcap);
    free(dump);
    return rc;
}

/*
 * A capture file, whatever its octets: read to its end or its fault, each packet as libpcap alone
 * gives it, and looked at down to its innermost IP packet. A fault has to have its words.
 */
#include "edge/capture.h"
#include "wire/tunnel.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

struct reader {
    pcap_t *plain; /* the same file by libpcap */
    unsigned sum;
};

static void take(const struct captured *captured, void *context)
{
    struct cursor c = cursor_over(captured->octets, captured->length);
    struct reader *reader = context;
    struct pcap_pkthdr *header;
    const u_char *octets;

    if (pcap_next_ex(reader->plain, &header, &octets) != 1 || captured->length != header->caplen ||
        memcmp(captured->octets, octets, header->caplen) != 0 ||
        captured->time_ns !=
            (uint64_t)header->ts.tv_sec * 1000000000 + (uint64_t)header->ts.tv_usec)
        abort();
    if (tunnel_to_ip(captured->link, &c))
        for (const uint8_t *at = c.at; at < c.end; at++)
            reader->sum += *at; /* reads them all, for the sanitizer to see */
}

/* Both are at the end, or at one fault that has its words. */
static void read_to_the_end(struct capture *capture, struct reader *reader)
{
    struct pcap_pkthdr *header;
    const u_char *octets;
    long got;

    while ((got = capture_read(capture, 7, take, reader)) > 0)
        ;
    if (pcap_next_ex(reader->plain, &header, &octets) != (got == 0 ? PCAP_ERROR_BREAK : PCAP_ERROR))
        abort();
    if (got < 0 && strstr(capture_error(capture), pcap_geterr(reader->plain)) == NULL)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const int fd = memfd_create("capture", MFD_CLOEXEC);
    struct capture *capture = NULL;
    struct reader reader = {.plain = NULL};
    char error[512] = "";
    char path[32];

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || write(fd, octets, length) != (ssize_t)length)
        abort();
    if (capture_open_file(path, &capture, error, sizeof error) != 0) {
        if (error[0] == '\0')
            abort();
    } else {
        reader.plain =
            pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
        if (reader.plain == NULL)
            abort();
        read_to_the_end(capture, &reader);
        pcap_close(reader.plain);
        capture_close(capture);
    }
    close(fd);
    return 0;
}

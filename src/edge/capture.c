/*
 * libpcap's place: capture files and live interfaces; see capture.h.
 */
#include "edge/capture.h"

#include "edge/savefile.h"

#include <errno.h>
#include <limits.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LIVE_SNAPLEN = 256,          /* the longest link, IP and TCP headers of an opening packet */
    TUNNELS_SNAPLEN = 768,       /* with four tunnels around it */
    LIVE_RING = 6 * 1024 * 1024, /* octets, for bursts while the loop does something else */
    LIVE_TIMEOUT_MS = 100,
    FILE_BUFFER = 256 * 1024, /* a system call for each of these, not for each page */
    NANOSECONDS_PER_SECOND = 1000000000,
};

/* Opening TCP packets; IPv6 ones with extension headers are left to the parser. */
#define OPENING                                                                         \
    "(tcp[13] & 0x12 = 0x02 or"                                                         \
    " (ip6 and ((ip6[6] = 6 and ip6[53] & 0x12 = 0x02) or ip6[6] = 0 or ip6[6] = 43 or" \
    " ip6[6] = 44 or ip6[6] = 51 or ip6[6] = 60)))"

/*
 * One in 64 of the packets of connections that go on, whichever their checksums choose: so many are
 * enough to see with which hop limits somebody arrives.
 */
#define FLOWING                                          \
    "((tcp[13] & 0x16 = 0x10 and tcp[17] & 0x3f = 0) or" \
    " (ip6 and ip6[6] = 6 and ip6[53] & 0x16 = 0x10 and ip6[57] & 0x3f = 0))"

/* Tunnels over IP, and what else stands before an IP packet, as wire/tunnel.h looks through them. */
#define TUNNELLED                                                               \
    "(ip proto 4 or ip proto 41 or ip proto 47 or ip6 proto 4 or ip6 proto 41 " \
    "or ip6 proto 47 or udp dst port 4789 or udp dst port 2152)"
#define LABELLED "(ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864)"

/* Behind no VLAN tag, one or two. */
#define WITH_VLAN(what) "(" what ") or (vlan and ((" what ") or (vlan and (" what "))))"

/*
 * Link types without VLAN tags of their own do not know the word `vlan`; there the kernel has
 * taken the tag off before the filter looks. The first that can be compiled is used.
 */
static const char *const filters[] = {WITH_VLAN(OPENING), OPENING, NULL};
static const char *const tunnel_filters[] = {
    WITH_VLAN(OPENING " or " FLOWING " or " TUNNELLED " or " LABELLED),
    OPENING " or " FLOWING " or " TUNNELLED " or " LABELLED,
    OPENING " or " FLOWING " or " TUNNELLED,
    NULL,
};

struct capture {
    pcap_t *pcap;
    struct savefile *savefile; /* what libpcap opened, when it is of the usual kind */
    bool by_savefile;          /* until libpcap takes over */
    enum link link;
    bool live;
    uint64_t time_unit_ns; /* of tv_usec, which holds nanoseconds where libpcap can */
    uint64_t packets;
    uint64_t file_size; /* 0 when it is not known */
    char *name;
    char *file_buffer;
    char error[512];
};

struct link_type {
    int dlt;
    enum link link;
};

static const struct link_type link_types[] = {
    {DLT_EN10MB, LINK_ETHERNET},
    {DLT_LINUX_SLL, LINK_COOKED},
    {DLT_LINUX_SLL2, LINK_COOKED2},
    {DLT_NULL, LINK_LOOPBACK},
    {DLT_LOOP, LINK_LOOPBACK},
    {DLT_RAW, LINK_RAW},
    {14, LINK_RAW},  /* DLT_RAW on OpenBSD */
    {101, LINK_RAW}, /* LINKTYPE_RAW, where a file was written with it as it is */
    {DLT_IPV4, LINK_RAW},
    {DLT_IPV6, LINK_RAW},
};

static int find_link(int dlt, enum link *out)
{
    for (size_t i = 0; i < sizeof link_types / sizeof link_types[0]; i++) {
        if (link_types[i].dlt == dlt) {
            *out = link_types[i].link;
            return 0;
        }
    }
    return -EPROTONOSUPPORT;
}

static struct capture *capture_new(const char *name, bool live)
{
    struct capture *capture = calloc(1, sizeof *capture);

    if (capture == NULL)
        return NULL;
    capture->live = live;
    capture->name = strdup(name);
    if (capture->name == NULL) {
        free(capture);
        return NULL;
    }
    return capture;
}

void capture_close(struct capture *capture)
{
    if (capture == NULL)
        return;
    if (capture->pcap != NULL)
        pcap_close(capture->pcap);
    savefile_close(capture->savefile);
    free(capture->file_buffer);
    free(capture->name);
    free(capture);
}

int capture_link_type(const struct capture *capture)
{
    return pcap_datalink(capture->pcap);
}

/* What both kinds need to know of an open handle. */
static int learn_format(struct capture *capture, char *error, size_t error_size)
{
    const int dlt = pcap_datalink(capture->pcap);
    const char *dlt_name = pcap_datalink_val_to_name(dlt);

    capture->time_unit_ns =
        pcap_get_tstamp_precision(capture->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 1 : 1000;
    if (find_link(dlt, &capture->link) == 0)
        return 0;
    snprintf(
        error, error_size,
        "%s: expected Ethernet, Linux cooked, loopback or raw IP packets, found link type %d (%s)",
        capture->name, dlt, dlt_name != NULL ? dlt_name : "unknown");
    return -EPROTONOSUPPORT;
}

/* Opens the stream and refuses what cannot be a capture before libpcap says it less clearly. */
static int open_stream(const char *path, FILE **out, char *error, size_t error_size)
{
    const bool standard = strcmp(path, "-") == 0;
    FILE *stream = standard ? stdin : fopen(path, "re");
    struct stat status;
    const char *found = NULL;
    int result = -EINVAL;

    if (stream == NULL) {
        result = -errno;
        snprintf(error, error_size, "%s: expected a capture file, found: %s", path,
                 strerror(-result));
        return result;
    }
    if (fstat(fileno(stream), &status) == 0 && S_ISDIR(status.st_mode)) {
        found = "a directory";
        result = -EISDIR;
    } else if (isatty(fileno(stream))) {
        found = "a terminal";
    }
    if (found == NULL) {
        *out = stream;
        return 0;
    }
    snprintf(error, error_size, "%s: expected a capture file, found %s", path, found);
    if (!standard)
        fclose(stream);
    return result;
}

/* One octet tells an empty stream from any other, on a pipe as well; EOF: it is. */
static int first_octet(FILE *stream)
{
    const int first = getc(stream);

    if (first != EOF)
        ungetc(first, stream);
    return first;
}

static const char *found_instead(FILE *stream, int first, const char *pcap_words)
{
    enum { FIRST_OF_GZIP = 0x1f };

    if (ferror(stream))
        return strerror(errno);
    if (first == FIRST_OF_GZIP)
        return "a compressed file; try: zcat FILE | hoptell read -";
    if (strstr(pcap_words, "unknown file format") != NULL)
        return "another kind of file";
    return pcap_words;
}

/* Hands the stream to libpcap, or closes it. */
static int open_format(struct capture *capture, FILE *stream, char *error, size_t error_size)
{
    char words[PCAP_ERRBUF_SIZE] = "";
    int first;

    errno = 0;
    first = first_octet(stream);
    if (first == EOF)
        snprintf(words, sizeof words, "an empty file");
    else
        capture->pcap =
            pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, words);
    if (capture->pcap != NULL)
        return learn_format(capture, error, error_size);
    snprintf(error, error_size, "%s: expected a pcap or pcapng capture, found %s", capture->name,
             found_instead(stream, first, words));
    if (stream != stdin)
        fclose(stream);
    return -EINVAL;
}

/* Standard input stays libpcap's: others may read on where we stop. */
static void open_savefile(struct capture *capture, FILE *stream)
{
    const int snapshot_length = pcap_snapshot(capture->pcap);

    if (stream != stdin && capture->file_size > 0 && snapshot_length > 0)
        capture->by_savefile =
            savefile_open(fileno(stream), (size_t)snapshot_length, &capture->savefile) == 0;
}

int capture_open_file(const char *path, struct capture **out, char *error, size_t error_size)
{
    struct capture *capture = capture_new(strcmp(path, "-") == 0 ? "standard input" : path, false);
    struct stat status;
    FILE *stream = NULL;
    int result;

    if (capture == NULL) {
        snprintf(error, error_size, "%s: expected memory to read it, found none", path);
        return -ENOMEM;
    }
    result = open_stream(path, &stream, error, error_size);
    if (result != 0)
        goto out;
    if (stream != stdin) { /* stdin outlives this capture, and so must its buffer */
        capture->file_buffer = malloc(FILE_BUFFER);
        if (capture->file_buffer != NULL)
            setvbuf(stream, capture->file_buffer, _IOFBF, FILE_BUFFER);
    }
    /* libpcap reads each packet by two calls, and nobody else reads this stream. */
    (void)__fsetlocking(stream, FSETLOCKING_BYCALLER);
    if (fstat(fileno(stream), &status) == 0 && S_ISREG(status.st_mode))
        capture->file_size = (uint64_t)status.st_size;
    result = open_format(capture, stream, error, error_size);
    if (result == 0)
        open_savefile(capture, stream);
out:
    if (result == 0)
        *out = capture;
    else
        capture_close(capture);
    return result;
}

struct activation_fault {
    int status; /* of pcap_activate */
    int result;
    const char *expected;
    const char *found;
};

static const struct activation_fault activation_faults[] = {
    {PCAP_ERROR_PERM_DENIED, -EPERM, "the right to capture packets (CAP_NET_RAW; root has it)",
     "no such right"},
    {PCAP_ERROR_NO_SUCH_DEVICE, -ENODEV, "a network interface of this machine, or 'any'",
     "no interface of that name"},
    {PCAP_ERROR_IFACE_NOT_UP, -ENETDOWN, "an interface that is up", "one that is down"},
};

static int activation_failed(const struct capture *capture, int status, char *error,
                             size_t error_size)
{
    struct activation_fault fault = {
        .result = -EIO,
        .expected = "to capture packets",
        .found = status == PCAP_ERROR ? pcap_geterr(capture->pcap) : pcap_statustostr(status),
    };

    for (size_t i = 0; i < sizeof activation_faults / sizeof activation_faults[0]; i++)
        if (activation_faults[i].status == status)
            fault = activation_faults[i];
    snprintf(error, error_size, "%s: expected %s, found %s", capture->name, fault.expected,
             fault.found);
    return fault.result;
}

static int set_filter(struct capture *capture, bool tunnels)
{
    const char *const *filter = tunnels ? tunnel_filters : filters;
    struct bpf_program program;

    for (; *filter != NULL; filter++) {
        int result;

        if (pcap_compile(capture->pcap, &program, *filter, 1, PCAP_NETMASK_UNKNOWN) != 0)
            continue;
        result = pcap_setfilter(capture->pcap, &program);
        pcap_freecode(&program);
        return result;
    }
    return PCAP_ERROR;
}

/* Everything that is set on an active handle. */
static int set_up_live(struct capture *capture, bool tunnels, char *error, size_t error_size)
{
    char words[PCAP_ERRBUF_SIZE];
    int result = learn_format(capture, error, error_size);

    if (result != 0)
        return result;
    if (set_filter(capture, tunnels) != 0) {
        snprintf(error, error_size, "%s: expected to filter for opening TCP packets, found: %s",
                 capture->name, pcap_geterr(capture->pcap));
        return -EIO;
    }
    /* Where it does not know directions, packets of this machine's own come up as well. */
    (void)pcap_setdirection(capture->pcap, PCAP_D_IN);
    if (pcap_setnonblock(capture->pcap, 1, words) != 0) {
        snprintf(error, error_size, "%s: expected to read without waiting, found: %s",
                 capture->name, words);
        return -EIO;
    }
    return 0;
}

int capture_open_live(const char *interface, bool tunnels, struct capture **out, char *error,
                      size_t error_size)
{
    struct capture *capture = capture_new(interface, true);
    char words[PCAP_ERRBUF_SIZE] = "out of memory";
    int status;
    int result = -ENOMEM;

    if (capture != NULL)
        capture->pcap = pcap_create(interface, words);
    if (capture == NULL || capture->pcap == NULL) {
        snprintf(error, error_size, "%s: expected to capture packets, found: %s", interface, words);
        goto out;
    }
    pcap_set_promisc(capture->pcap, tunnels);
    pcap_set_snaplen(capture->pcap, tunnels ? TUNNELS_SNAPLEN : LIVE_SNAPLEN);
    pcap_set_buffer_size(capture->pcap, LIVE_RING);
    pcap_set_timeout(capture->pcap, LIVE_TIMEOUT_MS);
    pcap_set_immediate_mode(capture->pcap, 1);
    (void)pcap_set_tstamp_precision(capture->pcap, PCAP_TSTAMP_PRECISION_NANO);
    status = pcap_activate(capture->pcap);
    if (status < 0)
        result = activation_failed(capture, status, error, error_size);
    else
        result = set_up_live(capture, tunnels, error, error_size);
out:
    if (result == 0)
        *out = capture;
    else
        capture_close(capture);
    return result;
}

struct delivery {
    struct capture *capture;
    void (*each)(const struct captured *captured, void *context);
    void *context;
};

static void deliver(u_char *user, const struct pcap_pkthdr *header, const u_char *octets)
{
    const struct delivery *to = (const struct delivery *)(void *)user;
    const struct captured captured = {
        .link = to->capture->link,
        .octets = octets,
        .length = header->caplen,
        .time_ns = (uint64_t)header->ts.tv_sec * NANOSECONDS_PER_SECOND +
                   (uint64_t)header->ts.tv_usec * to->capture->time_unit_ns,
    };

    to->capture->packets++;
    to->each(&captured, to->context);
}

static int describe_read_fault(struct capture *capture, const char *words)
{
    if (capture->live)
        snprintf(capture->error, sizeof capture->error, "%s: expected packets, found: %s",
                 capture->name, words);
    else
        snprintf(capture->error, sizeof capture->error,
                 "%s: expected a whole packet %llu, found: %s", capture->name,
                 (unsigned long long)capture->packets + 1, words);
    return -EIO;
}

/* As many records as are usual; libpcap takes over at the first that is not, or at the end. */
static long read_savefile(struct capture *capture, size_t limit,
                          void (*each)(const struct captured *captured, void *context),
                          void *context)
{
    struct captured captured = {.link = capture->link};
    struct savefile_record record;
    size_t count = 0;

    for (; limit == 0 || count < limit; count++) {
        if (!savefile_next(capture->savefile, &record)) {
            if (fseeko(pcap_file(capture->pcap), savefile_at(capture->savefile), SEEK_SET) != 0)
                return describe_read_fault(capture, strerror(errno));
            capture->by_savefile = false;
            break;
        }
        captured.octets = record.octets;
        captured.length = record.length;
        captured.time_ns = record.time_ns;
        capture->packets++;
        each(&captured, context);
    }
    return (long)count;
}

static long read_pcap(struct capture *capture, size_t limit,
                      void (*each)(const struct captured *captured, void *context), void *context)
{
    struct delivery delivery = {.capture = capture, .each = each, .context = context};
    const int count = limit == 0 || limit > INT_MAX ? -1 : (int)limit;
    const int got = pcap_dispatch(capture->pcap, count, deliver, (u_char *)&delivery);

    return got < 0 ? describe_read_fault(capture, pcap_geterr(capture->pcap)) : got;
}

long capture_read(struct capture *capture, size_t limit,
                  void (*each)(const struct captured *captured, void *context), void *context)
{
    long count = 0;
    long more;

    if (capture->by_savefile)
        count = read_savefile(capture, limit, each, context);
    if (count < 0 || capture->by_savefile)
        return count;
    more = read_pcap(capture, limit == 0 ? 0 : limit - (size_t)count, each, context);
    return more < 0 ? more : count + more;
}

const char *capture_error(const struct capture *capture)
{
    return capture->error;
}

int capture_descriptor(const struct capture *capture)
{
    return capture->live ? pcap_get_selectable_fd(capture->pcap) : -1;
}

void capture_clear_error(struct capture *capture)
{
    int error;
    socklen_t size = sizeof error;

    (void)getsockopt(pcap_fileno(capture->pcap), SOL_SOCKET, SO_ERROR, &error, &size);
}

struct capture_counts capture_counts(struct capture *capture)
{
    struct capture_counts counts = {.received = capture->packets};
    struct pcap_stat statistics;

    if (capture->live && pcap_stats(capture->pcap, &statistics) == 0)
        counts.dropped = (uint64_t)statistics.ps_drop + statistics.ps_ifdrop;
    return counts;
}

struct capture_progress capture_progress(const struct capture *capture)
{
    FILE *stream = capture->live ? NULL : pcap_file(capture->pcap);
    const off_t at = capture->by_savefile ? savefile_at(capture->savefile)
                     : stream != NULL     ? ftello(stream)
                                          : 0;

    return (struct capture_progress){
        .octets = at > 0 ? (uint64_t)at : 0,
        .size = capture->file_size,
        .packets = capture->packets,
    };
}

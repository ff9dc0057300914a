/*
 * The bare libpcap loop, for comparison: counts the packets of a capture and does nothing else.
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void count(u_char *user, const struct pcap_pkthdr *header, const u_char *octets)
{
    unsigned long long *packets = (unsigned long long *)(void *)user;

    (void)header;
    (void)octets;
    ++*packets;
}

int main(int argc, char **argv)
{
    char error[PCAP_ERRBUF_SIZE] = "expected one FILE";
    pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
    unsigned long long packets = 0;

    if (pcap == NULL) {
        fprintf(stderr, "packets: %s\n", error);
        return 2;
    }
    pcap_loop(pcap, -1, count, (u_char *)&packets);
    pcap_close(pcap);
    printf("%llu packets\n", packets);
    return 0;
}

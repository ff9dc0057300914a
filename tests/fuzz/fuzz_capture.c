/*
 * A capture file, whatever its octets: read to its end or its fault, each frame looked at down to
 * its innermost IP packet. A fault has to have its words.
 */
#include "edge/capture.h"
#include "wire/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static void take(const struct captured *captured, void *context)
{
    struct cursor c = cursor_over(captured->octets, captured->length);
    unsigned *sum = context;

    if (tunnel_to_ip(captured->link, &c))
        for (const uint8_t *at = c.at; at < c.end; at++)
            *sum += *at; /* reads them all, for the sanitizer to see */
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    const int fd = memfd_create("capture", MFD_CLOEXEC);
    struct capture *capture = NULL;
    char error[512] = "";
    char path[32];
    unsigned sum = 0;
    long got;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || write(fd, octets, length) != (ssize_t)length)
        abort();
    if (capture_open_file(path, &capture, error, sizeof error) != 0) {
        if (error[0] == '\0')
            abort();
    } else {
        while ((got = capture_read(capture, 7, take, &sum)) > 0)
            ;
        if (got < 0 && capture_error(capture)[0] == '\0')
            abort();
        capture_close(capture);
    }
    close(fd);
    return 0;
}

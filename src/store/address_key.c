/*
 * Hidden addresses; see address_key.h.
 */
#include "store/address_key.h"

#include "watch/subscriber.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/hmac.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MODE = 0600, OTHERS = 077 };

/* 0, or -EEXIST where there is a file already. */
static int make(const char *path, struct address_key *out)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, FILE_MODE);
    int result = 0;

    if (fd < 0)
        return -errno;
    if (getrandom(out->octets, sizeof out->octets, 0) != (ssize_t)sizeof out->octets)
        result = -EIO;
    else if (write(fd, out->octets, sizeof out->octets) != (ssize_t)sizeof out->octets ||
             fsync(fd) != 0)
        result = errno != 0 ? -errno : -EIO;
    close(fd);
    if (result != 0)
        unlink(path);
    return result;
}

int address_key_load(const char *path, struct address_key *out, char *error, size_t error_size)
{
    uint8_t octets[ADDRESS_KEY_OCTETS + 1];
    struct stat status;
    int result = make(path, out);
    ssize_t got = -1;
    int fd;

    if (result == 0)
        return 0;
    fd = result == -EEXIST ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (result == -EEXIST && (fd < 0 || fstat(fd, &status) != 0))
        result = -errno;
    else if (fd >= 0)
        got = read(fd, octets, sizeof octets);
    if (fd >= 0)
        close(fd);
    if (got < 0) {
        snprintf(error, error_size, "%s: expected a key for addresses to read, or to make: %s",
                 path, strerror(-result));
        return result;
    }
    if (got != ADDRESS_KEY_OCTETS || (status.st_mode & OTHERS) != 0) {
        snprintf(error, error_size,
                 "%s: expected a key of %d octets that its owner alone can read, found %s", path,
                 ADDRESS_KEY_OCTETS,
                 got != ADDRESS_KEY_OCTETS ? "another number of octets" : "that others can");
        return -EINVAL;
    }
    memcpy(out->octets, octets, ADDRESS_KEY_OCTETS);
    return 0;
}

static void digest(const struct address_key *key, uint8_t what, const uint8_t *octets,
                   size_t length, uint8_t out[8])
{
    struct hmac_sha256_ctx context;

    hmac_sha256_set_key(&context, sizeof key->octets, key->octets);
    hmac_sha256_update(&context, 1, &what);
    hmac_sha256_update(&context, length, octets);
    hmac_sha256_digest(&context, 8, out);
}

void address_key_mark(const struct address_key *key, char out[KEY_MARK_MAX])
{
    static const uint8_t nothing = 0;
    uint8_t octets[8];

    digest(key, 'k', &nothing, sizeof nothing, octets);
    for (unsigned i = 0; i < sizeof octets; i++)
        snprintf(out + (size_t)2 * i, 3, "%02x", octets[i]);
}

struct prefix address_key_hide_subscriber(const struct address_key *key,
                                          const struct prefix *subscriber)
{
    const uint64_t own = subscriber_key(&subscriber->address);
    uint8_t octets[8];
    struct prefix hidden = {.length = 64};

    store_u32(octets, (uint32_t)(own >> 32));
    store_u32(octets + 4, (uint32_t)own);
    digest(key, 's', octets, sizeof octets, hidden.address.octets);
    hidden.address.octets[0] = 1;
    return hidden;
}

struct address address_key_hide(const struct address_key *key, const struct address *address)
{
    const struct prefix subscriber = {.address = *address, .length = 128};
    struct address hidden = address_key_hide_subscriber(key, &subscriber).address;

    digest(key, 'a', address->octets, sizeof address->octets, hidden.octets + 8);
    return hidden;
}

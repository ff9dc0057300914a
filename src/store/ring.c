/*
 * The ring; see ring.h.
 */
#include "store/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LENGTH_OCTETS = 2,
    USUAL_OCTETS = 176, /* a judgement with four reasons, and its length */
    FILE_MAX = 64 << 20,
};

struct ring_head {
    char magic[8];
    uint32_t version;
    uint32_t size;
    uint64_t state; /* used, and the tail above it */
    char boot[40];
};

_Static_assert(sizeof(struct ring_head) == 64, "as ring.h has it");

static const char magic[8] = {'h', 'o', 'p', 's', 'r', 'i', 'n', 'g'};

/* All but the room. */
static int measure(struct ring *ring, size_t rows)
{
    const size_t least = LENGTH_OCTETS + ROW_OCTETS_MAX; /* any one row fits */

    *ring = (struct ring){.most = rows};
    if (rows == 0 || rows > SIZE_MAX / 2 / USUAL_OCTETS)
        return -EINVAL;
    ring->size = rows * USUAL_OCTETS > least ? rows * USUAL_OCTETS : least;
    return 0;
}

int ring_init(struct ring *ring, size_t rows)
{
    const int result = measure(ring, rows);

    if (result != 0)
        return result;
    ring->room = malloc(ring->size);
    return ring->room != NULL ? 0 : -ENOMEM;
}

/* Which start of the machine this is; "" where it does not say. */
static void read_boot(char out[40])
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

    memset(out, 0, 40);
    if (fd < 0)
        return;
    if (read(fd, out, 39) < 0)
        out[0] = '\0';
    close(fd);
}

/* All of its blocks are taken now: a disk that is full later cannot hurt who writes to the mapping. */
static void *map_file(int directory, const char *name, size_t octets)
{
    const int flags = O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    const int fd = openat(directory, name, flags, 0600);
    void *mapped = MAP_FAILED;

    if (fd < 0)
        return NULL;
    if (posix_fallocate(fd, 0, (off_t)octets) == 0)
        mapped = mmap(NULL, octets, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped == MAP_FAILED)
        unlinkat(directory, name, 0);
    return mapped != MAP_FAILED ? mapped : NULL;
}

int ring_open(struct ring *ring, size_t rows, int directory, const char *name)
{
    const int result = measure(ring, rows);

    if (result != 0)
        return result;
    if (ring->size < FILE_MAX)
        ring->head = map_file(directory, name, sizeof *ring->head + ring->size);
    if (ring->head == NULL)
        return ring_init(ring, rows);
    ring->room = (uint8_t *)(ring->head + 1);
    ring->directory = directory;
    ring->name = name;
    ring->head->version = ROW_VERSION;
    ring->head->size = (uint32_t)ring->size;
    read_boot(ring->head->boot);
    memcpy(ring->head->magic, magic, sizeof magic);
    return 0;
}

void ring_deinit(struct ring *ring)
{
    if (ring->head == NULL) {
        free(ring->room);
    } else {
        munmap(ring->head, sizeof *ring->head + ring->size);
        if (ring->rows == 0)
            unlinkat(ring->directory, ring->name, 0);
    }
    ring->room = NULL;
    ring->head = NULL;
}

/* For who comes after this process. */
static void publish(struct ring *ring)
{
    if (ring->head != NULL)
        __atomic_store_n(&ring->head->state, (uint64_t)ring->tail << 32 | ring->used,
                         __ATOMIC_RELEASE);
}

static size_t after(const struct ring *ring, size_t place, size_t octets)
{
    return (place + octets) % ring->size;
}

/* Of `length` octets at `place`, so many are before the end of the room. */
static size_t before_end(const struct ring *ring, size_t place, size_t length)
{
    return length < ring->size - place ? length : ring->size - place;
}

static void put(struct ring *ring, size_t place, const uint8_t *octets, size_t length)
{
    const size_t first = before_end(ring, place, length);

    memcpy(ring->room + place, octets, first);
    memcpy(ring->room, octets + first, length - first);
    if (place + first > ring->touched)
        ring->touched = place + first;
}

static void get(const struct ring *ring, size_t place, uint8_t *out, size_t length)
{
    const size_t first = before_end(ring, place, length);

    memcpy(out, ring->room + place, first);
    memcpy(out + first, ring->room, length - first);
}

bool ring_add(struct ring *ring, const uint8_t *octets, size_t length)
{
    const size_t head = after(ring, ring->tail, ring->used);
    const uint8_t head_octets[LENGTH_OCTETS] = {(uint8_t)(length >> 8), (uint8_t)length};

    if (ring->rows == ring->most || ring->size - ring->used < LENGTH_OCTETS + length)
        return false;
    put(ring, head, head_octets, LENGTH_OCTETS);
    put(ring, after(ring, head, LENGTH_OCTETS), octets, length);
    ring->used += LENGTH_OCTETS + length;
    ring->rows++;
    publish(ring);
    return true;
}

size_t ring_first(const struct ring *ring)
{
    return ring->tail;
}

static size_t length_at(const struct ring *ring, size_t place)
{
    uint8_t head[LENGTH_OCTETS];

    get(ring, place, head, LENGTH_OCTETS);
    return (size_t)head[0] << 8 | head[1];
}

/* Of the oldest row; 0 where there is none that may be. */
static size_t next_length(const struct ring *ring)
{
    const size_t length = ring->used > LENGTH_OCTETS ? length_at(ring, ring->tail) : 0;

    return length <= ROW_OCTETS_MAX && LENGTH_OCTETS + length <= ring->used ? length : 0;
}

size_t ring_read(const struct ring *ring, size_t *place, uint8_t out[ROW_OCTETS_MAX])
{
    const size_t length = length_at(ring, *place);

    get(ring, after(ring, *place, LENGTH_OCTETS), out, length);
    *place = after(ring, *place, LENGTH_OCTETS + length);
    return length;
}

void ring_drop(struct ring *ring, size_t rows, size_t place)
{
    ring->rows -= rows;
    if (ring->rows == 0) { /* from the start again: so little of the room is used as is needed */
        ring->used = 0;
        ring->tail = 0;
    } else {
        ring->used -= (place + ring->size - ring->tail) % ring->size;
        ring->tail = place;
    }
    publish(ring);
}

void ring_wipe(struct ring *ring)
{
    if (ring->rows > 0)
        return;
    if (ring->head != NULL)
        memset(ring->room, 0, ring->touched);
    ring->touched = 0;
}

/* What somebody has left */

/* The whole file, for free; NULL where it is none of ours. */
static struct ring_head *read_left(int directory, const char *name)
{
    const int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct ring_head *head = NULL;
    char boot[sizeof head->boot];
    struct stat status;
    size_t octets = 0;

    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && status.st_size > (off_t)sizeof *head &&
        status.st_size <= FILE_MAX)
        octets = (size_t)status.st_size;
    head = octets > 0 ? malloc(octets) : NULL;
    read_boot(boot);
    if (head != NULL &&
        (read(fd, head, octets) != (ssize_t)octets ||
         memcmp(head->magic, magic, sizeof magic) != 0 || head->version != ROW_VERSION ||
         head->size != octets - sizeof *head || memcmp(head->boot, boot, sizeof boot) != 0)) {
        free(head);
        head = NULL;
    }
    close(fd);
    return head;
}

size_t ring_each_in(const uint8_t *room, size_t size, uint64_t state,
                    void (*each)(const uint8_t *octets, size_t length, void *context),
                    void *context)
{
    struct ring ring = {.size = size, .used = state & UINT32_MAX, .tail = state >> 32};
    uint8_t octets[ROW_OCTETS_MAX];
    size_t rows = 0;
    size_t length;

    ring.room = (uint8_t *)room; /* it is read alone */
    if (ring.tail >= size || ring.used > size)
        return 0;
    for (; (length = next_length(&ring)) > 0; rows++) {
        size_t place = ring.tail;

        ring_read(&ring, &place, octets);
        each(octets, length, context);
        ring.used -= LENGTH_OCTETS + length;
        ring.tail = place;
    }
    return rows;
}

size_t ring_left(int directory, const char *name,
                 void (*each)(const uint8_t *octets, size_t length, void *context), void *context)
{
    struct ring_head *head = read_left(directory, name);
    size_t rows;

    if (head == NULL)
        return 0;
    rows = ring_each_in((const uint8_t *)(head + 1), head->size, head->state, each, context);
    free(head);
    return rows;
}

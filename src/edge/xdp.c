/*
 * The XDP program; see xdp.h.
 */
#include "edge/xdp.h"

#include <errno.h>
#include <stdio.h>

#ifdef HOPTELL_XDP

/* bpftool's own code converts as it likes */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#include "bpf/hoptell.skel.h"
#pragma GCC diagnostic pop

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/libxdp.h>

enum {
    LOG_OCTETS = 1 << 20, /* of the verifier's log */
    LOG_LINES = 4,        /* of it that are told */
    HANDED_PAGES = 64,    /* of each processor's buffer; a power of two */
    SEEN_AT_ONCE = 1024,
};

static const char program_name[] = "hoptell";

typedef __typeof__(*((struct hoptell_bpf *)0)->bss) shared_memory;

struct xdp {
    struct hoptell_bpf *skeleton;
    struct xdp_program *program; /* NULL: loaded without libxdp */
    shared_memory *shared;       /* with the kernel, and with siblings */
    size_t shared_size;
    struct ring_buffer *ring;
    struct ring_buffer *walks;
    struct perf_buffer *buffer;
    uint64_t handed_lost;
    int interface;
    int socket;
    uint32_t id;
    enum xdp_way way;
    bool is_shared;
    void (*each_seen)(const struct xdp_seen *seen, void *context);
    void *seen_context;
    int seen_now; /* records of this xdp_read_seen */
    void (*each_walk)(const struct xdp_seen *seen, void *context);
    void *walk_context;
    /* records and frames may be read by two threads, so these are apart */
    void (*each_handed)(const uint8_t *frame, size_t length, void *context);
    void *handed_context;
};

/* Both libraries tell by what they return; what they print is for those who look into them. */
static int say_nothing(enum libbpf_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static int say_nothing_either(enum libxdp_print_level level, const char *format, va_list arguments)
{
    (void)level;
    (void)format;
    (void)arguments;
    return 0;
}

static void be_quiet(void)
{
    libbpf_set_print(say_nothing);
    libxdp_set_print(say_nothing_either);
}

/* What is there on an interface */

/* Our program among those of the interface; NULL: it is not there. */
static struct xdp_program *find_ours(struct xdp_multiprog *there, uint32_t id)
{
    struct xdp_program *p = xdp_multiprog__is_legacy(there) ? xdp_multiprog__main_prog(there)
                                                            : xdp_multiprog__next_prog(NULL, there);

    for (; p; p = xdp_multiprog__is_legacy(there) ? NULL : xdp_multiprog__next_prog(p, there))
        if (strcmp(xdp_program__name(p), program_name) == 0 &&
            (id == 0 || xdp_program__id(p) == id))
            return p;
    return NULL;
}

/* 1: one was taken off; 0: there is none. */
static int detach_one(int interface, uint32_t id)
{
    struct xdp_multiprog *there = xdp_multiprog__get_from_ifindex(interface);
    struct xdp_program *ours;
    int code = 0;

    if (libxdp_get_error(there))
        return 0;
    ours = find_ours(there, id);
    if (ours && xdp_multiprog__is_legacy(there))
        code = xdp_multiprog__detach(there);
    else if (ours)
        code = xdp_program__detach(ours, interface, xdp_multiprog__attach_mode(there), 0);
    xdp_multiprog__close(there);
    return code != 0 ? code : ours != NULL;
}

int xdp_detach(unsigned interface, uint32_t id)
{
    int code = 1;

    be_quiet();
    while (code == 1)
        code = detach_one((int)interface, id);
    return code;
}

/* How the program came to be attached: by which way, and alone or not. */
static void look_at_attached(struct xdp *x)
{
    struct xdp_multiprog *there = xdp_multiprog__get_from_ifindex(x->interface);

    x->way = XDP_WAY_GENERIC;
    x->id = xdp_program__id(x->program);
    if (libxdp_get_error(there))
        return;
    if (xdp_multiprog__attach_mode(there) == XDP_MODE_NATIVE)
        x->way = XDP_WAY_NATIVE;
    x->is_shared = !xdp_multiprog__is_legacy(there);
    xdp_multiprog__close(there);
}

/* Loading */

/* The last lines of the verifier's log, which say what it was against. */
static const char *log_end(char *log)
{
    size_t length = strlen(log);
    int lines = 0;

    while (length > 0 && log[length - 1] == '\n')
        log[--length] = '\0';
    while (length > 0 && !(log[length - 1] == '\n' && ++lines == LOG_LINES))
        length--;
    return log + length;
}

static int explain(int code, const struct xdp_orders *orders, char *log, char *error,
                   size_t error_size)
{
    const char *interface = orders->interface ? orders->interface : "memory";

    if (log[0] != '\0')
        snprintf(error, error_size,
                 "the kernel's verifier refuses the XDP program (%s); its log ends:\n%s",
                 strerror(-code), log_end(log));
    else if (code == -EPERM)
        snprintf(
            error, error_size,
            "cannot load the XDP program: expected the rights of root (CAP_BPF, CAP_NET_ADMIN, "
            "CAP_PERFMON, CAP_NET_RAW), found fewer");
    else if (code == -ENODEV)
        snprintf(error, error_size, "expected an interface, found none with the name %s",
                 interface);
    else if (code == -EBUSY || code == -EEXIST)
        snprintf(error, error_size,
                 "expected no XDP program on %s, or libxdp's dispatcher: found another program",
                 interface);
    else
        snprintf(error, error_size, "cannot use XDP on %s: %s", interface, strerror(-code));
    return code;
}

static int share_maps(const struct hoptell_bpf *s, const struct hoptell_bpf *with)
{
    const struct {
        struct bpf_map *map;
        struct bpf_map *with;
    } pairs[] = {
        {s->maps.bss, with->maps.bss},
        {s->maps.limit_sets, with->maps.limit_sets},
        {s->maps.connections, with->maps.connections},
        {s->maps.subscribers, with->maps.subscribers},
    };
    int code = 0;

    for (size_t i = 0; code == 0 && i < sizeof pairs / sizeof pairs[0]; i++)
        code = bpf_map__reuse_fd(pairs[i].map, bpf_map__fd(pairs[i].with));
    return code;
}

static int size_maps(const struct hoptell_bpf *s, const struct xdp_orders *orders)
{
    const struct {
        struct bpf_map *map;
        uint32_t entries;
    } sizes[] = {
        {s->maps.limit_sets, orders->limit_sets},
        {s->maps.connections, orders->connections},
        {s->maps.subscribers, orders->subscribers},
    };
    int code = 0;

    for (size_t i = 0; code == 0 && i < sizeof sizes / sizeof sizes[0]; i++)
        code = bpf_map__set_max_entries(sizes[i].map, sizes[i].entries);
    return code;
}

static int prepare(struct xdp *x, const struct xdp_orders *orders)
{
    const struct hoptell_bpf *s = x->skeleton;

    s->rodata->tells = orders->tells;
    s->rodata->watches = orders->watches;
    s->rodata->limit_mask = orders->limit_sets - 1;
    s->rodata->limit_key[0] = orders->limit_key[0];
    s->rodata->limit_key[1] = orders->limit_key[1];
    return orders->sibling ? share_maps(s, orders->sibling->skeleton) : size_maps(s, orders);
}

static int load_alone(struct xdp *x)
{
    struct bpf_prog_info info = {0};
    uint32_t size = sizeof info;
    int code = bpf_object__load(x->skeleton->obj);

    if (code == 0)
        code = bpf_obj_get_info_by_fd(bpf_program__fd(x->skeleton->progs.hoptell), &info, &size);
    x->id = info.id;
    return code;
}

static int load_and_attach(struct xdp *x, const char *interface, enum xdp_way way)
{
    const enum xdp_attach_mode mode = way == XDP_WAY_GENERIC ? XDP_MODE_SKB : XDP_MODE_NATIVE;
    int code;

    x->interface = (int)if_nametoindex(interface);
    if (x->interface == 0)
        return -ENODEV;
    x->program = xdp_program__from_bpf_obj(x->skeleton->obj, "xdp");
    code = (int)libxdp_get_error(x->program);
    if (code != 0) {
        x->program = NULL;
        return code;
    }
    code = xdp_program__attach(x->program, x->interface, mode, 0);
    if (code == 0)
        look_at_attached(x);
    return code;
}

/* What the program shares, and the buffers that it writes to */

static int map_shared(struct xdp *x)
{
    const long page = sysconf(_SC_PAGESIZE);
    void *memory;

    x->shared_size = (sizeof *x->shared + (size_t)page - 1) / (size_t)page * (size_t)page;
    memory = mmap(NULL, x->shared_size, PROT_READ | PROT_WRITE, MAP_SHARED,
                  bpf_map__fd(x->skeleton->maps.bss), 0);
    if (memory == MAP_FAILED)
        return -errno;
    x->shared = memory;
    return 0;
}

static int on_seen(void *context, void *record, size_t size)
{
    struct xdp *x = context;

    if (x->each_seen && size >= sizeof(struct xdp_seen))
        x->each_seen(record, x->seen_context);
    /* libbpf would go on for as long as packets come as fast as they are read. */
    return ++x->seen_now < SEEN_AT_ONCE ? 0 : -EAGAIN;
}

static int on_walk(void *context, void *record, size_t size)
{
    struct xdp *x = context;

    if (x->each_walk && size >= sizeof(struct xdp_seen))
        x->each_walk(record, x->walk_context);
    return 0;
}

static void on_handed(void *context, int processor, void *record, uint32_t size)
{
    struct xdp *x = context;
    const struct xdp_handed *header = record;

    (void)processor;
    if (x->each_handed && size >= sizeof *header && header->length <= size - sizeof *header)
        x->each_handed((const uint8_t *)(header + 1), header->length, x->handed_context);
}

static void on_handed_lost(void *context, int processor, unsigned long long count)
{
    struct xdp *x = context;

    (void)processor;
    x->handed_lost += count;
}

static int open_buffers(struct xdp *x, const struct xdp_orders *orders)
{
    const struct hoptell_bpf *s = x->skeleton;

    if (orders->watches) {
        x->ring = ring_buffer__new(bpf_map__fd(s->maps.seen), on_seen, x, NULL);
        if (!x->ring)
            return -errno;
    }
    if (orders->tells) {
        x->buffer = perf_buffer__new(bpf_map__fd(s->maps.handed), HANDED_PAGES, on_handed,
                                     on_handed_lost, x, NULL);
        if (!x->buffer)
            return -errno;
        x->walks = ring_buffer__new(bpf_map__fd(s->maps.walks), on_walk, x, NULL);
        if (!x->walks)
            return -errno;
    }
    return 0;
}

static int open_socket(struct xdp *x)
{
    const struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_ifindex = x->interface};

    /* no protocol: it sends, and receives nothing */
    x->socket = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->socket < 0 || bind(x->socket, (const struct sockaddr *)&address, sizeof address) != 0)
        return -errno;
    return 0;
}

static int xdp_open_in_way(const struct xdp_orders *orders, enum xdp_way way, char *log,
                           struct xdp **out)
{
    LIBBPF_OPTS(bpf_object_open_opts, options, .kernel_log_buf = log,
                .kernel_log_size = LOG_OCTETS);
    struct xdp *x = calloc(1, sizeof *x);
    int code;

    if (!x)
        return -ENOMEM;
    x->socket = -1;
    log[0] = '\0';
    x->skeleton = hoptell_bpf__open_opts(&options);
    code = x->skeleton ? prepare(x, orders) : -errno;
    if (code == 0)
        code = orders->interface ? load_and_attach(x, orders->interface, way) : load_alone(x);
    if (code == 0)
        code = map_shared(x);
    if (code == 0)
        code = open_buffers(x, orders);
    if (code == 0 && orders->interface && orders->tells)
        code = open_socket(x);
    if (code != 0) {
        if (orders->interface && x->id != 0)
            (void)xdp_detach((unsigned)x->interface, x->id);
        xdp_close(x);
        return code;
    }
    *out = x;
    return 0;
}

int xdp_open(const struct xdp_orders *orders, struct xdp **out, char *error, size_t error_size)
{
    const bool is_auto = orders->way == XDP_WAY_AUTO;
    char *log = calloc(1, LOG_OCTETS);
    int code = 0;

    if (!log) {
        snprintf(error, error_size, "%s", strerror(ENOMEM));
        return -ENOMEM;
    }
    be_quiet();
    if (orders->interface)
        code = xdp_detach(if_nametoindex(orders->interface), 0);
    if (code == 0)
        code = xdp_open_in_way(orders, is_auto ? XDP_WAY_NATIVE : orders->way, log, out);
    /* what the verifier refuses, and where we have no rights, the other way is no way either */
    if (code != 0 && is_auto && orders->interface && log[0] == '\0' && code != -EPERM &&
        code != -ENODEV && code != -EBUSY)
        code = xdp_open_in_way(orders, XDP_WAY_GENERIC, log, out);
    if (code != 0)
        code = explain(code, orders, log, error, error_size);
    free(log);
    return code;
}

void xdp_close(struct xdp *x)
{
    if (!x)
        return;
    if (x->socket >= 0)
        close(x->socket);
    ring_buffer__free(x->ring);
    ring_buffer__free(x->walks);
    perf_buffer__free(x->buffer);
    if (x->shared)
        munmap(x->shared, x->shared_size);
    xdp_program__close(x->program);
    hoptell_bpf__destroy(x->skeleton);
    free(x);
}

enum xdp_way xdp_way(const struct xdp *x)
{
    return x->way;
}

bool xdp_is_shared(const struct xdp *x)
{
    return x->is_shared;
}

uint32_t xdp_id(const struct xdp *x)
{
    return x->id;
}

struct book *xdp_book(struct xdp *x)
{
    return &x->shared->books[1 - (x->shared->current_book & 1)];
}

void xdp_turn(struct xdp *x)
{
    __atomic_store_n(&x->shared->current_book, 1 - (x->shared->current_book & 1), __ATOMIC_RELEASE);
}

uint64_t xdp_count(const struct xdp *x, unsigned which)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < XDP_PROCESSORS && which < XDP_COUNTS; i++)
        sum += __atomic_load_n(&x->shared->counters[i].count[which], __ATOMIC_RELAXED);
    return sum;
}

int xdp_seen_descriptor(const struct xdp *x)
{
    return ring_buffer__epoll_fd(x->ring);
}

int xdp_read_seen(struct xdp *x, void (*each)(const struct xdp_seen *seen, void *context),
                  void *context)
{
    int result;

    x->each_seen = each;
    x->seen_context = context;
    x->seen_now = 0;
    result = ring_buffer__consume(x->ring);
    return result == -EAGAIN ? x->seen_now : result;
}

int xdp_read_walks(struct xdp *x, void (*each)(const struct xdp_seen *seen, void *context),
                   void *context)
{
    int code;

    x->each_walk = each;
    x->walk_context = context;
    code = ring_buffer__consume(x->walks);
    for (unsigned i = 0; i < XDP_PROCESSORS; i++)
        __atomic_store_n(&x->shared->kept_tokens[i].walks, XDP_WALKS_MAX, __ATOMIC_RELAXED);
    return code;
}

int xdp_handed_descriptor(const struct xdp *x)
{
    return perf_buffer__epoll_fd(x->buffer);
}

int xdp_read_handed(struct xdp *x, void (*each)(const uint8_t *frame, size_t length, void *context),
                    void *context)
{
    x->each_handed = each;
    x->handed_context = context;
    return perf_buffer__consume(x->buffer);
}

uint64_t xdp_handed_lost(const struct xdp *x)
{
    return x->handed_lost;
}

long xdp_send(struct xdp *x, const uint8_t *frame, size_t length)
{
    const ssize_t sent = send(x->socket, frame, length, MSG_DONTWAIT);

    return sent < 0 ? -errno : (long)sent;
}

int xdp_run(struct xdp *x, struct xdp_run *run)
{
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = run->frame,
                .data_size_in = (uint32_t)run->length, .data_out = run->out,
                .data_size_out = (uint32_t)run->capacity, .repeat = (int)run->repeat);
    const int code = bpf_prog_test_run_opts(bpf_program__fd(x->skeleton->progs.hoptell), &options);

    run->out_length = options.data_size_out;
    run->out_verdict = options.retval;
    run->out_ns = options.duration;
    return code < 0 ? -errno : 0;
}

void xdp_look(struct xdp_abilities *out)
{
    be_quiet();
    *out = (struct xdp_abilities){
        .built = true,
        .rights = libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_XDP, NULL) > 0,
        .btf = access("/sys/kernel/btf/vmlinux", R_OK) == 0,
    };
}

#else

int xdp_open(const struct xdp_orders *orders, struct xdp **out, char *error, size_t error_size)
{
    (void)orders;
    (void)out;
    snprintf(
        error, error_size,
        "expected a hoptell that was built with XDP (clang, bpftool, libbpf and libxdp), found "
        "one without");
    return -EOPNOTSUPP;
}

void xdp_look(struct xdp_abilities *out)
{
    *out = (struct xdp_abilities){.built = false};
}

/* Nobody comes here: without xdp_open there is no struct xdp. */

void xdp_close(struct xdp *xdp)
{
    (void)xdp;
}

enum xdp_way xdp_way(const struct xdp *xdp)
{
    (void)xdp;
    return XDP_WAY_GENERIC;
}

bool xdp_is_shared(const struct xdp *xdp)
{
    (void)xdp;
    return false;
}

uint32_t xdp_id(const struct xdp *xdp)
{
    (void)xdp;
    return 0;
}

int xdp_detach(unsigned interface, uint32_t id)
{
    (void)interface;
    (void)id;
    return 0;
}

struct book *xdp_book(struct xdp *xdp)
{
    (void)xdp;
    return NULL;
}

void xdp_turn(struct xdp *xdp)
{
    (void)xdp;
}

uint64_t xdp_count(const struct xdp *xdp, unsigned which)
{
    (void)xdp;
    (void)which;
    return 0;
}

int xdp_seen_descriptor(const struct xdp *xdp)
{
    (void)xdp;
    return -1;
}

int xdp_read_seen(struct xdp *xdp, void (*each)(const struct xdp_seen *seen, void *context),
                  void *context)
{
    (void)xdp;
    (void)each;
    (void)context;
    return 0;
}

int xdp_read_walks(struct xdp *xdp, void (*each)(const struct xdp_seen *seen, void *context),
                   void *context)
{
    return xdp_read_seen(xdp, each, context);
}

int xdp_handed_descriptor(const struct xdp *xdp)
{
    (void)xdp;
    return -1;
}

int xdp_read_handed(struct xdp *xdp,
                    void (*each)(const uint8_t *frame, size_t length, void *context), void *context)
{
    (void)xdp;
    (void)each;
    (void)context;
    return 0;
}

uint64_t xdp_handed_lost(const struct xdp *xdp)
{
    (void)xdp;
    return 0;
}

long xdp_send(struct xdp *xdp, const uint8_t *frame, size_t length)
{
    (void)xdp;
    (void)frame;
    (void)length;
    return -EOPNOTSUPP;
}

int xdp_run(struct xdp *xdp, struct xdp_run *run)
{
    (void)xdp;
    (void)run;
    return -EOPNOTSUPP;
}

#endif

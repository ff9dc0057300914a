/*
 * Who walks a tale: user space, which notes those whom it answers itself (tale/walker.h), is told of
 * the probes that are answered here. Of so many as it has asked for, that is: a flood costs a look at
 * a number that is 0, beside one that the limits look at anyway.
 */
#ifndef HOPTELL_BPF_WALK_H
#define HOPTELL_BPF_WALK_H

#include "bpf/watch.h"

VERIFIED_ALONE int walk_tell(struct xdp_md *frame, uint32_t link, uint32_t position,
                             uint32_t is_end)
{
    struct xdp_seen *record = bpf_ringbuf_reserve(&walks, sizeof *record, 0);
    struct cursor c = {.at = frame_start(frame), .end = frame_end(frame)};

    if (!record)
        return 0;
    cursor_skip(&c, link & 31);
    record->time_ns = bpf_ktime_get_ns();
    record->kind = XDP_SEEN_PROBE;
    record->captured = watch_copy(record, c);
    record->position = (uint8_t)position;
    record->is_end = (uint8_t)is_end;
    record->reserved[0] = record->reserved[1] = 0;
    bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
    return 0;
}

static inline void walk(struct xdp_md *frame, uint32_t link, uint8_t position, bool is_end)
{
    uint64_t *left = &kept_tokens[bounded(bpf_get_smp_processor_id(), XDP_PROCESSORS)].walks;

    if (*left == 0)
        return;
    --*left;
    walk_tell(frame, link, position, is_end);
}

#endif

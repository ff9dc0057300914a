/*
 * The XDP program. It decides nothing that is not decided by the headers that it shares with user
 * space, and every frame that is not a tale's goes on untouched.
 */
#include "bpf/usual.h"

/* Whatever is not usual. */
static inline int hoptell_any(struct xdp_md *frame)
{
    struct head h = {0};

    if (!head_read(frame, &h)) {
        count(REASON_NOT_IP);
        return XDP_PASS;
    }
    if (watches)
        watch(frame, &h);
    return tells ? tell(frame, &h) : XDP_PASS;
}

SEC("xdp")
int hoptell(struct xdp_md *frame)
{
    int done;

    count(XDP_COUNT_FRAMES);
    done = usual(frame);
    return done == USUAL_NOT ? hoptell_any(frame) : done;
}

char _license[] SEC("license") = "Dual MIT/GPL";

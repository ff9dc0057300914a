/*
 * What minimal.bpf.c is told of a row: how a run that is repeated finds its frame as it came.
 */
#ifndef HOPTELL_BENCH_MINIMAL_H
#define HOPTELL_BENCH_MINIMAL_H

#include <linux/types.h>

enum { RENEWED = 64 }; /* octets of a frame that a program under test may change, but for its end */

struct renewal {
    __u8 octets[RENEWED]; /* the first of the frame */
    __s32 head;           /* octets by which an answer begins before its probe */
    __s32 tail;           /* and by which it ends behind it */
    __s32 cut;            /* octets, less than 0, that are cut off before the frame is made whole */
    __u32 again;          /* 0: the next run is the first */
};

#endif

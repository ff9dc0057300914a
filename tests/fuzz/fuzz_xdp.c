/*
 * A frame to the XDP program, by a test run, and to user space: both must decide the same and write
 * the same octets. The first octet chooses the tale. Where the kernel takes no program from us, user
 * space is alone with it.
 */
#include "../bpf/same.h"
#include "../bpf/scenes.h"

#include <stdlib.h>

int LLVMFuzzerInitialize(int *count, char ***arguments);
int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length);

static struct same same[2]; /* the second watches connections besides */
static struct built built;
static unsigned scene = SCENES;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    char error[512];

    (void)count;
    (void)arguments;
    for (unsigned i = 0; i < 2; i++)
        if (same_open(&same[i], i == 1, error, sizeof error) != 0)
            fprintf(stderr, "without the kernel: %s\n", error);
    return 0;
}

static void choose(unsigned which)
{
    struct tales tales;

    if (which == scene)
        return;
    scene = which;
    scenes[scene](&built);
    tales = built_tales(&built);
    for (unsigned i = 0; i < 2; i++) {
        if (same[i].xdp)
            (void)same_tales(&same[i], &tales, NULL, 0);
        else
            same[i].responder.tales = tales;
    }
}

static void run(struct same *s, const uint8_t *frame, size_t length)
{
    char why[SAME_WHY_MAX];

    if (!s->xdp) {
        (void)respond(&s->responder, frame, length, 5, s->answer, sizeof s->answer);
    } else if (!same_check(s, frame, length, why)) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    enum { ETHERNET = 14 }; /* a test run takes no less */

    if (length < 1 + ETHERNET || length > SAME_FRAME_MAX)
        return 0;
    choose(octets[0] % SCENES);
    for (unsigned i = 0; i < 2; i++)
        run(&same[i], octets + 1, length - 1);
    return 0;
}

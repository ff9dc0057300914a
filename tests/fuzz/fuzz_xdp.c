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

static struct same same;
static struct built built;
static unsigned scene = SCENES;

int LLVMFuzzerInitialize(int *count, char ***arguments)
{
    char error[512];

    (void)count;
    (void)arguments;
    if (same_open(&same, error, sizeof error) != 0)
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
    if (same.xdp)
        (void)same_tales(&same, &tales, NULL, 0);
    else
        same.responder.tales = tales;
}

int LLVMFuzzerTestOneInput(const uint8_t *octets, size_t length)
{
    enum { ETHERNET = 14 }; /* a test run takes no less */
    char why[SAME_WHY_MAX];

    if (length < 1 + ETHERNET || length > SAME_FRAME_MAX)
        return 0;
    choose(octets[0] % SCENES);
    if (!same.xdp) {
        (void)respond(&same.responder, octets + 1, length - 1, 5, same.answer, sizeof same.answer);
    } else if (!same_check(&same, octets + 1, length - 1, why)) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
    return 0;
}

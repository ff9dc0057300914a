/*
 * Hooks: the XDP programs on the interfaces that the settings name, one for an interface, that answer
 * and observe. They share the tales, the limits and the counts.
 */
#ifndef HOPTELL_CLI_HOOKS_H
#define HOPTELL_CLI_HOOKS_H

#include "base/settings.h"
#include "edge/xdp.h"
#include "tale/tale.h"

struct hooks;

struct hook {
    const char *interface; /* of the settings it was opened by; copied */
    unsigned index;        /* of the interface: its name may change */
    struct xdp *xdp;
    bool tells;
    bool watches;
};

/*
 * Attaches what the settings ask for: 0 and *out, which may have no hooks, for hooks_close; or a
 * negative errno with a sentence in `error`, and nothing stays attached.
 */
int hooks_open(const struct settings *settings, const struct tales *tales, struct hooks **out,
               char *error, size_t error_size);

size_t hooks_count(const struct hooks *hooks); /* 0 for NULL */
const struct hook *hooks_at(const struct hooks *hooks, size_t index);
bool hooks_tell(const struct hooks *hooks); /* whether there is one that answers */

/* From now on these tales and limits; 0, or a negative errno and the old ones stay. */
int hooks_replace(struct hooks *hooks, const struct tales *tales, const struct settings *settings,
                  char *error, size_t error_size);

/* Of all hooks; see bpf/abi.h. */
uint64_t hooks_count_of(const struct hooks *hooks, unsigned which);
uint64_t hooks_handed_lost(const struct hooks *hooks);

/* Detaches what it still has the rights to detach. NULL is fine. */
void hooks_close(struct hooks *hooks);

#endif

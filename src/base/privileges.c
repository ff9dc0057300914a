/*
 * Rights, by libcap-ng; see privileges.h.
 */
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

int privileges_find(const char *user, struct identity *out, char *error, size_t error_size)
{
    const struct passwd *entry;

    errno = 0;
    entry = getpwnam(user);
    if (entry == NULL) {
        const int code = errno != 0 ? errno : ENOENT;

        snprintf(error, error_size,
                 "expected the user '%s' of setting 'user' to exist, found no such user", user);
        return -code;
    }
    *out = (struct identity){.user = entry->pw_uid, .group = entry->pw_gid};
    return 0;
}

int privileges_drop(const struct identity *identity, char *error, size_t error_size)
{
    int code = 0;

    if (geteuid() == 0) {
        capng_clear(CAPNG_SELECT_BOTH);
        code = identity->user != 0 ? capng_change_id((int)identity->user, (int)identity->group,
                                                     CAPNG_DROP_SUPP_GRP | CAPNG_CLEAR_BOUNDING)
                                   : capng_apply(CAPNG_SELECT_BOTH);
    } else {
        capng_clear(CAPNG_SELECT_CAPS);
        code = capng_apply(CAPNG_SELECT_CAPS);
    }
    if (code == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        code = -1;
    if (code == 0 && identity->user != 0 && setuid(0) == 0)
        code = -1; /* the way back is still open */
    if (code != 0) {
        snprintf(error, error_size, "cannot give up rights and become uid %u: %s",
                 (unsigned)identity->user, strerror(errno));
        return -EPERM;
    }
    return 0;
}

/* Of these, the ones that it has: a service that is not root was given some of them only. */
int privileges_narrow(void)
{
    static const unsigned kept[] = {CAP_NET_ADMIN, CAP_SYS_ADMIN};
    const capng_select_t sets = geteuid() == 0 ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS;
    bool has[sizeof kept / sizeof kept[0]];

    if (capng_get_caps_process() != 0)
        return -EPERM;
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        has[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) == 1;
    capng_clear(CAPNG_SELECT_BOTH);
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (has[i])
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, kept[i]);
    return capng_apply(sets) == 0 ? 0 : -EPERM;
}

/*
 * Rights, by libcap-ng; see privileges.h.
 */
#include "base/privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <pwd.h>
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

int privileges_narrow(void)
{
    capng_clear(CAPNG_SELECT_BOTH);
    capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_NET_ADMIN, CAP_SYS_ADMIN, -1);
    return capng_apply(CAPNG_SELECT_BOTH) == 0 ? 0 : -EPERM;
}

/*
 * Rights: all that is needed is opened first, then they are given up for good.
 */
#ifndef HOPTELL_BASE_PRIVILEGES_H
#define HOPTELL_BASE_PRIVILEGES_H

#include <stddef.h>
#include <sys/types.h>

struct identity {
    uid_t user;
    gid_t group;
};

/* Looks the user up. 0, or a negative errno with a sentence in `error` (-ENOENT: no such user). */
int privileges_find(const char *user, struct identity *out, char *error, size_t error_size);

/*
 * Becomes `identity` with no capability, no supplementary group, and no way back (no_new_privs).
 * Who is not root stays who they are, without the capabilities that a service may have been given;
 * who is to stay root, as in a user namespace that has nobody else, loses the capabilities alone.
 * For a process that has one thread. 0, or a negative errno with a sentence.
 */
int privileges_drop(const struct identity *identity, char *error, size_t error_size);

/*
 * Stays who it is but keeps, where it has them, only CAP_NET_ADMIN and CAP_SYS_ADMIN (routes, mounts).
 * 0 or a negative errno.
 */
int privileges_narrow(void);

#endif

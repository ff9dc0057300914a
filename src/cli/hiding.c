/*
 * Hiding; see hiding.h.
 */
#include "cli/hiding.h"

#include <errno.h>
#include <stdio.h>

/* What was kept before addresses were to be hidden would stay as it is. */
static int found_plain(const char *where, char *error, size_t error_size)
{
    snprintf(error, error_size,
             "store_addresses: expected a store without plain addresses for hashed, found some in "
             "%s; begin with a new one, or delete them there",
             where);
    return -EINVAL;
}

int hiding_check(const struct address_key *key, struct store *store, const char *url, char *error,
                 size_t error_size)
{
    char mark[KEY_MARK_MAX];
    bool plain = false;
    bool same = true;
    int code = store_has_plain(store, &plain);

    address_key_mark(key, mark);
    if (code == 0 && !plain)
        code = store_check_key(store, mark, &same);
    if (code != 0) {
        snprintf(error, error_size, "%s", store_error(store));
        return code;
    }
    if (plain)
        return found_plain(url, error, error_size);
    if (same)
        return 0;
    snprintf(
        error, error_size,
        "store_key_file: expected the key that addresses in %s are hidden with, found another; "
        "put that one back, or begin with a new store",
        url);
    return -EINVAL;
}

static void look_for_plain(const struct row *row, void *context)
{
    const struct address *address = NULL;

    if (row->kind == ROW_JUDGEMENT)
        address = &row->judgement.observation.client;
    else if (row->kind == ROW_BASELINE && row->baseline.subscriber)
        address = &row->baseline.prefix.address;
    else if (row->kind == ROW_LABEL)
        address = &row->label.address;
    if (address != NULL && !address_is_hidden(address))
        *(bool *)context = true;
}

int hiding_check_spool(struct spool *spool, const char *path, char *error, size_t error_size)
{
    bool plain = false;

    spool_each(spool, look_for_plain, &plain);
    return plain ? found_plain(path, error, error_size) : 0;
}

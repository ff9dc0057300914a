/*
 * The user's file of networks from disk; named_networks.h says what is in it.
 */
#ifndef HOPTELL_CLI_NETWORKS_FILE_H
#define HOPTELL_CLI_NETWORKS_FILE_H

#include "watch/named_networks.h"

/*
 * 0 and *out for named_networks_free; otherwise a negative errno, with what is wrong on standard
 * error, by line.
 */
int networks_file_load(const char *path, struct named_networks **out);

#endif

/*
 * The table that settings are read by, written by and described by. Only settings.c needs this.
 */
#ifndef HOPTELL_BASE_SETTINGS_TABLE_H
#define HOPTELL_BASE_SETTINGS_TABLE_H

#include "base/setting.h"

/* In the order of the file; the keys of a group stand together. */
extern const struct setting settings_table[];
extern const size_t settings_count;

#endif

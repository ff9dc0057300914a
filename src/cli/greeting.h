/*
 * The greeting: once everything is up, a few lines on what runs and what to try.
 */
#ifndef HOPTELL_CLI_GREETING_H
#define HOPTELL_CLI_GREETING_H

#include "base/settings.h"
#include "tale/tale.h"

#include <stdbool.h>

/* `by_hand`: somebody sits before it, who is told how to end it. */
void greeting_say(const struct settings *settings, const struct tales *tales, bool by_hand);

#endif

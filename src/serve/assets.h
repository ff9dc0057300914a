/*
 * The operators' pages, and what they are made of: files that the build embeds, which hold nothing
 * that is anybody's. They are served without a token, so that a page can ask for it.
 */
#ifndef HOPTELL_SERVE_ASSETS_H
#define HOPTELL_SERVE_ASSETS_H

#include "serve/request.h"

int assets_dashboard(struct request *request); /* GET / for a browser */
int assets_workshop(struct request *request);  /* GET /workshop */
int assets_file(struct request *request);      /* GET /web/FILE */

#endif

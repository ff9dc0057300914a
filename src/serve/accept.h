/*
 * What a client would like to read: the medium by Accept, the language by Accept-Language
 * (RFC 9110, 12.5).
 */
#ifndef HOPTELL_SERVE_ACCEPT_H
#define HOPTELL_SERVE_ACCEPT_H

#include <stddef.h>

enum medium { MEDIUM_HTML, MEDIUM_TEXT, MEDIUM_COUNT };

/*
 * The medium of the greater weight in `accept`. Where both weigh the same ("*" and "*", or no
 * header at all), tools of the terminal (curl, wget, HTTPie) get text and everybody else HTML.
 */
enum medium accept_medium(const char *accept, const char *user_agent);

/*
 * The index of the best language in `offers` (primary subtags, such as "de") by the header; 0 when
 * it is empty or accepts none.
 */
size_t accept_language(const char *header, const char *const *offers, size_t count);

#endif

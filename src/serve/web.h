/*
 * The files of web/ as the build embeds them (tools/embed.py). A hash is SHA-256 in base64, as a
 * Content-Security-Policy writes it.
 */
#ifndef HOPTELL_SERVE_WEB_H
#define HOPTELL_SERVE_WEB_H

extern const char web_visitor_html[];
extern const char web_visitor_html_sha256[];
extern const char web_visitor_css[];
extern const char web_visitor_css_sha256[];
extern const char web_openapi_yaml[];

#endif

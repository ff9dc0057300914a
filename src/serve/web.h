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

/* The operators' pages. */
extern const char chart_js_chart_min_js[]; /* Debian's Chart.js */
extern const char web_ask_js[];
extern const char web_charts_js[];
extern const char web_dashboard_html[];
extern const char web_dashboard_js[];
extern const char web_operators_css[];
extern const char web_page_js[];
extern const char web_token_js[];
extern const char web_workshop_html[];
extern const char web_workshop_js[];

/* The tales to start from. */
extern const char examples_balanced_yaml[];
extern const char examples_diamond_yaml[];
extern const char examples_full_yaml[];
extern const char examples_interfaces_yaml[];
extern const char examples_limited_yaml[];
extern const char examples_loop_yaml[];
extern const char examples_mpls_yaml[];
extern const char examples_mtu_yaml[];
extern const char examples_personal_yaml[];
extern const char examples_plain_yaml[];
extern const char examples_refused_yaml[];
extern const char examples_silent_yaml[];
extern const char examples_slow_yaml[];
extern const char examples_story_txt[];
extern const char examples_unequal_yaml[];
extern const char examples_welcome_yaml[];

#endif

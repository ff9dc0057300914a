/*
 * What traceroute prints of a tale, and what is wrong with one, as JSON: for `tale show` and `tale
 * check`, and for who writes a tale in a browser.
 */
#ifndef HOPTELL_SERVE_TRACE_JSON_H
#define HOPTELL_SERVE_TRACE_JSON_H

#include "base/report.h"
#include "tale/trace.h"

#include <jansson.h>

/* {"family": , "target": , "name": , "lines": [...]} */
json_t *trace_json(const struct trace *trace);

/* [{"kind": "error" or "warning", "line": , "column": , "text": }] */
json_t *report_json(const struct report *report);

#endif

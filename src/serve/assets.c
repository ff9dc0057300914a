/*
 * The operators' pages; see assets.h.
 */
#include "serve/assets.h"

#include "serve/answer.h"
#include "serve/web.h"

#include <string.h>

static const char css[] = "text/css; charset=utf-8";
static const char javascript[] = "text/javascript; charset=utf-8";
static const char yaml[] = "application/yaml";

static const struct asset {
    const char *name;
    const char *type;
    const char *text;
} assets[] = {
    {"ask.js", javascript, web_ask_js},
    {"chart.js", javascript, chart_js_chart_min_js},
    {"charts.js", javascript, web_charts_js},
    {"dashboard.js", javascript, web_dashboard_js},
    {"operators.css", css, web_operators_css},
    {"page.js", javascript, web_page_js},
    {"token.js", javascript, web_token_js},
    {"workshop.js", javascript, web_workshop_js},
    {"example/balanced.yaml", yaml, examples_balanced_yaml},
    {"example/diamond.yaml", yaml, examples_diamond_yaml},
    {"example/full.yaml", yaml, examples_full_yaml},
    {"example/interfaces.yaml", yaml, examples_interfaces_yaml},
    {"example/limited.yaml", yaml, examples_limited_yaml},
    {"example/loop.yaml", yaml, examples_loop_yaml},
    {"example/mpls.yaml", yaml, examples_mpls_yaml},
    {"example/mtu.yaml", yaml, examples_mtu_yaml},
    {"example/personal.yaml", yaml, examples_personal_yaml},
    {"example/plain.yaml", yaml, examples_plain_yaml},
    {"example/refused.yaml", yaml, examples_refused_yaml},
    {"example/silent.yaml", yaml, examples_silent_yaml},
    {"example/slow.yaml", yaml, examples_slow_yaml},
    {"example/story.txt", yaml, examples_story_txt},
    {"example/unequal.yaml", yaml, examples_unequal_yaml},
    {"example/welcome.yaml", yaml, examples_welcome_yaml},
};

/* Nothing but what this listener itself serves; no text of the page is taken for a script. */
static const struct answer_header page_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src "
     "'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
     "require-trusted-types-for 'script'; trusted-types 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Vary", "Accept"},
};

enum { PAGE_HEADERS = sizeof page_headers / sizeof page_headers[0] };

static int send_text(struct request *request, const char *type, const char *text)
{
    return answer_constant(request, type, text, page_headers, PAGE_HEADERS);
}

int assets_dashboard(struct request *request)
{
    return send_text(request, "text/html; charset=utf-8", web_dashboard_html);
}

int assets_workshop(struct request *request)
{
    return send_text(request, "text/html; charset=utf-8", web_workshop_html);
}

int assets_file(struct request *request)
{
    for (size_t i = 0; i < sizeof assets / sizeof assets[0]; i++)
        if (strcmp(assets[i].name, request->rest) == 0)
            return send_text(request, assets[i].type, assets[i].text);
    return answer_problem(request, STATUS_NOT_FOUND, "there is nothing under this path");
}

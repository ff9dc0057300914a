/*
 * The texts of the pages; see texts.h.
 */
#include "serve/texts.h"

#include "serve/accept.h"

#include <stdio.h>
#include <string.h>

#define NBSP "\u00a0" /* so that no line breaks between a number and its unit */

static const char *const codes[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] = "en",
    [LANGUAGE_DE] = "de",
};

/* How a number is written: 98.1 or 98,1. */
static const char decimal_point[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] = '.',
    [LANGUAGE_DE] = ',',
};

static const struct text {
    const char *name;
    const char *in[LANGUAGE_COUNT];
} texts[] = {
    {"title", {"What your connection tells", "Was diese Verbindung verrät"}},
    {"skip", {"Skip to the answer", "Zur Antwort springen"}},
    {"you", {"{0}, port {1}", "{0}, Port {1}"}},

    /* the verdict: {0} is the probability of what it says */
    {"tethered",
     {"With {0} probability, this device reaches us through another one that shares its "
      "connection.",
      "Mit {0} Wahrscheinlichkeit erreicht uns dieses Gerät über ein anderes, das seine Verbindung "
      "teilt."}},
    {"tethered.more",
     {"A phone with its hotspot on does that. It is a router like any other, and takes one off "
      "the hop limit of what it passes on.",
      "So arbeitet ein Telefon mit eingeschaltetem Hotspot. Es ist ein Router wie jeder andere und "
      "zieht eins vom Hop-Limit dessen ab, was es weiterreicht."}},
    {"direct",
     {"With {0} probability, this device is itself on the line, with no other in between.",
      "Mit {0} Wahrscheinlichkeit hängt dieses Gerät selbst an der Leitung, ohne ein anderes "
      "dazwischen."}},
    {"direct.more",
     {"Its packets took the way that is usual for its network, not one hop more.",
      "Seine Pakete nahmen den Weg, der in ihrem Netz üblich ist, keinen Hop mehr."}},
    {"unknown",
     {"Unknown so far: with {0} for a shared connection, there is too little to say.",
      "Noch unbekannt: {0} sprechen für eine geteilte Verbindung, das ist zu wenig für ein "
      "Urteil."}},
    {"unknown.more",
     {"An extra hop shows only beside the usual ones, and those have to be learnt first, from one "
      "visit after the other. On a first day this is the honest answer.",
      "Ein zusätzlicher Hop zeigt sich erst neben den üblichen, und die wollen erst gelernt sein, "
      "Besuch um Besuch. An einem ersten Tag ist das die ehrliche Antwort."}},
    {"rewritten",
     {"Whatever the verdict: the hop limit of this packet was rewritten. It was sent by a system "
      "that "
      "starts from {0}, and arrived as if it had started from {1}.",
      "Wie auch immer das Urteil lautet: Das Hop-Limit dieses Pakets wurde umgeschrieben. Das "
      "System, "
      "das es sandte, beginnt bei {0}; angekommen ist es wie von {1}."}},
    {"unknown.known.more",
     {"This network is known, but what this one packet shows fits both: a device on the line, and "
      "one behind another. A guess would be no answer.",
      "Dieses Netz ist bekannt, aber was dieses eine Paket zeigt, passt zu beidem: zu einem Gerät "
      "an der Leitung und zu einem hinter einem anderen. Raten wäre keine Antwort."}},
    {"missing",
     {"Unknown: the packet that opened this connection was not seen.",
      "Unbekannt: das Paket, das diese Verbindung eröffnete, wurde nicht gesehen."}},
    {"missing.more",
     {"A hop limit can be read from that packet alone, so there is nothing to go by. A reload "
      "opens a new connection a little later.",
      "Nur an diesem Paket lässt sich das Hop-Limit ablesen, also fehlt jeder Anhaltspunkt. Etwas "
      "später neu geladen, entsteht eine neue Verbindung."}},

    {"arrived", {"hop limit on arrival", "Hop-Limit bei Ankunft"}},
    {"initial", {"set by the sender", "vom Absender gesetzt"}},
    {"hops", {"hops on the way", "Hops auf dem Weg"}},

    {"way", {"The way of your packet", "Der Weg des Pakets"}},
    {"way.lead",
     {"Each router on the way takes one off the number that the sender wrote into the packet.",
      "Jeder Router auf dem Weg zieht eins von der Zahl ab, die der Absender ins Paket schrieb."}},
    {"way.title",
     {"From {0} at the sender to {1} here, one less at each of {2} hops",
      "Von {0} beim Absender bis {1} hier, eins weniger an jedem von {2} Hops"}},
    {"way.title.none",
     {"The packet arrived as it was sent, with {0}: there was no router on its way",
      "Das Paket kam an, wie es abging, mit {0}: kein Router lag auf dem Weg"}},
    {"way.extra.tethered",
     {"The first of them is probably the device that shares its connection.",
      "Der erste davon ist vermutlich das Gerät, das seine Verbindung teilt."}},
    {"way.extra.else",
     {"A hotspot would sit at the very beginning, and {0} would arrive instead of {1}.",
      "Ein Hotspot säße ganz am Anfang, und statt {1} käme {0} an."}},
    {"way.extra.label", {"a hotspot would sit here", "hier säße ein Hotspot"}},
    {"way.shared.label", {"shares its connection", "teilt die Verbindung"}},
    {"way.device", {"this device", "dieses Gerät"}},
    {"way.here", {"here", "hier"}},

    {"why", {"Why", "Warum"}},
    {"why.none",
     {"Nothing speaks for or against yet.", "Noch spricht nichts dafür und nichts dagegen."}},
    {"why.for", {"for sharing", "für Teilen"}},
    {"why.against", {"against", "dagegen"}},
    {"why.mute", {"does not count", "zählt nicht"}},

    /* evidence, by its signal; the English sentences are watch's own (reason.c) */
    {"signal.first_drop",
     {NULL, "kam mit {0} an; der höchste Wert aus diesem Netz war bisher {1}"}},
    {"signal.below_network", {NULL, "kam mit {5} an; {1} % dieses Netzes kommen mit {6} an"}},
    {"signal.as_network", {NULL, "kam mit {5} an wie {1} % dieses Netzes"}},
    {"signal.above_network", {NULL, "kam mit {5} an; {1} % dieses Netzes kommen mit {6} an"}},
    {"signal.unlike_network", {NULL, "kam mit {5} an; {1} % dieses Netzes kommen mit {6} an"}},
    {"signal.below_subscriber",
     {NULL, "kam mit {5} an; {1} % dieses Anschlusses kommen mit {6} an"}},
    {"signal.as_subscriber", {NULL, "kam mit {0} an wie {1} % dieses Anschlusses"}},
    {"signal.alternating",
     {NULL,
      "kam mit {0} an; dieser Anschluss wechselte {1}-mal zwischen diesem Wert und einem mehr"}},
    {"signal.longer_path",
     {NULL, "kam mit {0} an; dasselbe Gerät kam vorher nach {1} Hops, sein Weg ist also länger "
            "geworden"}},
    {"signal.stack_hop_limit",
     {NULL, "gesendet von {3}, das bei {1} beginnt, kam aber an wie von {2}: umgeschrieben"}},
    {"signal.computer_stack",
     {NULL, "gesendet von einem Computer ({3}); {1} % der Geräte an den Anschlüssen dieses Netzes "
            "sind welche"}},
    {"signal.several_stacks", {NULL, "gesendet von {3}, wo bisher {4} zu sehen war"}},
    {"signal.too_little_seen",
     {NULL, "dieses Netz wurde bisher {7}-mal gesehen, zu wenig zum Vergleichen"}},
    {"signal.route_moved", {NULL, "dieses Netz rückte von {0} auf {1} Hops und wird neu gelernt"}},
    {"signal.initial_255", {NULL, "kam mit {0} an, gesendet mit 255, was über Hops nichts sagt"}},
    {"signal.shared_address",
     {NULL, "viele teilen sich diese Adresse: mindestens {0} Geräte waren zu unterscheiden"}},
    {"signal.several_paths", {NULL, "dieses Netz hat mehrere Wege: {1} % kommen nach {0} Hops an"}},

    {"signal.fixed_lines",
     {NULL, "ein Netz fester Anschlüsse, in dem ein Router zu Hause üblich ist"}},
    {"signal.hosting",
     {NULL, "ein Netz von Rechenzentren: Wer durch es kommt, verbirgt den Anschluss dahinter"}},

    {"signal.larger_mss",
     {NULL,
      "bietet Segmente von {8} Oktetten an, mehr als die meisten Handgeräte dieses Netzes; {2} % "
      "von ihnen tun es"}},
    {"signal.smaller_mss",
     {NULL, "bietet Segmente von {8} Oktetten an wie in einem Tunnel, in dem Hops nichts sagen"}},
    {"signal.clock_break",
     {NULL, "hat eine andere TCP-Uhr als dieser Anschluss, dessen Uhr gleichmäßig geht"}},
    {"signal.two_identifiers",
     {NULL, "zwei Geräte dieses Anschlusses sind zugleich am Werk, jedes mit eigener Adresse"}},
    {"signal.browser_stack", {NULL, "der Browser nennt {3}, das Paket aber hat {9} gesendet"}},
    {"signal.proxy", {NULL, "kam durch einen Proxy, dessen eigenes Paket dies ist"}},
    {"signal.stacks_in_turns",
     {NULL,
      "gesendet von einem Computer ({3}); auf diesem Anschluss wechseln Handgeräte und Computer "
      "sich ab"}},

    /* parts of these sentences, where a number alone would say too little */
    {"reason.hop_limit", {"{0} ({1} hops)", "{0} ({1} Hops)"}},
    {"reason.more_than", {"more than {0}", "über {0}"}},

    {"packet", {"The opening packet", "Das erste Paket"}},
    {"packet.lead",
     {"Every connection begins with one small packet. This is all that was looked at.",
      "Jede Verbindung beginnt mit einem kleinen Paket. Mehr wurde nicht angesehen."}},
    {"packet.from", {"From", "Von"}},
    {"packet.to", {"To", "An"}},
    {"packet.endpoint", {"{0} port {1}", "{0} Port {1}"}},
    {"packet.protocol", {"Protocol", "Protokoll"}},
    {"packet.window", {"Window", "Fenster"}},
    {"packet.window.scaled", {"{0}, times {1}", "{0}, mal {1}"}},
    {"packet.mss", {"Largest segment (MSS)", "Größtes Segment (MSS)"}},
    {"packet.mss.none", {"not given", "nicht angegeben"}},
    {"packet.options", {"TCP options, in order", "TCP-Optionen der Reihe nach"}},
    {"packet.options.none", {"none", "keine"}},
    {"packet.marks", {"Marks", "Merkmale"}},
    {"packet.df", {"may not be fragmented", "darf nicht zerlegt werden"}},
    {"packet.ecn", {"asks for ECN", "bietet ECN an"}},
    {"packet.data", {"carries data", "trägt schon Daten"}},
    {"packet.bad", {"has broken options", "hat fehlerhafte Optionen"}},
    {"packet.stack", {"Looks like", "Sieht aus wie"}},
    {"packet.stack.unknown", {"no system in particular", "kein bestimmtes System"}},
    {"packet.network", {"Its network", "Sein Netz"}},
    {"packet.network.known",
     {"{0}: {1} arrives most often, {2}" NBSP "% of {3} seen",
      "{0}: meist kommt {1} an, {2}" NBSP "% von {3} gesehenen"}},
    {"packet.network.unknown", {"seen for the first time", "zum ersten Mal gesehen"}},

    {"try", {"Try it", "Zum Ausprobieren"}},
    {"try.1",
     {"Open this page on a phone that uses mobile data, with Wi-Fi off.",
      "Diese Seite auf einem Telefon im Mobilfunk öffnen, WLAN aus."}},
    {"try.2",
     {"Switch on the phone's hotspot and connect a laptop to it.",
      "Am Telefon den Hotspot einschalten und einen Laptop damit verbinden."}},
    {"try.3",
     {"Open this page on the laptop: its packets cross one router more, the phone.",
      "Diese Seite auf dem Laptop öffnen: seine Pakete gehen durch einen Router mehr, das "
      "Telefon."}},
    {"foot",
     {"No scripts, no cookies: the connection itself has told all of this. The same for programs:",
      "Keine Skripte, keine Cookies: All das hat die Verbindung selbst erzählt. Dasselbe für "
      "Programme:"}},
};

enum { TEXT_COUNT = sizeof texts / sizeof texts[0] };

enum language texts_language(const char *header)
{
    return (enum language)accept_language(header, codes, LANGUAGE_COUNT);
}

const char *texts_code(enum language language)
{
    return codes[language];
}

const char *texts_find(const char *name, enum language language)
{
    for (size_t i = 0; i < TEXT_COUNT; i++)
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].in[language];
    return NULL;
}

/* Puts `text`, and for each placeholder in it the value, by `put`. */
static void put_filled(struct buffer *buffer, const char *text, const char *const *values,
                       size_t count, void (*put)(struct buffer *buffer, const char *text))
{
    char piece[2] = {0};

    for (; text != NULL && *text != '\0'; text++) {
        if (text[0] == '{' && text[1] >= '0' && text[1] <= '9' && text[2] == '}' &&
            (size_t)(text[1] - '0') < count) {
            put(buffer, values[text[1] - '0']);
            text += 2;
            continue;
        }
        piece[0] = *text;
        put(buffer, piece);
    }
}

void texts_put(struct buffer *buffer, const char *name, enum language language,
               const char *const *values, size_t count)
{
    put_filled(buffer, texts_find(name, language), values, count, buffer_put);
}

void texts_put_html(struct buffer *buffer, const char *name, enum language language,
                    const char *const *values, size_t count)
{
    put_filled(buffer, texts_find(name, language), values, count, buffer_put_html);
}

const char *texts_percent(double share, enum language language, char out[TEXTS_PERCENT_MAX])
{
    char *point;

    if (share < 0.001)
        snprintf(out, TEXTS_PERCENT_MAX, "<" NBSP "0.1" NBSP "%%");
    else if (share > 0.999)
        snprintf(out, TEXTS_PERCENT_MAX, ">" NBSP "99.9" NBSP "%%");
    else
        snprintf(out, TEXTS_PERCENT_MAX, "%.1f" NBSP "%%", share * 100);
    point = strchr(out, '.');
    if (point != NULL)
        *point = decimal_point[language];
    return out;
}

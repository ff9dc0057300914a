// The dashboard. Verdicts come as events; whatever else they change is asked for again a little
// later, and all of it from time to time.

import { ask, askText, follow } from "./ask.js";
import { histogramChart, sharesChart, timelineChart } from "./charts.js";
import {
    ago, badge, certainty, draw, find, hopsOf, make, number, percent, plural, say, systemName, timeOf,
} from "./page.js";

const ROWS_MAX = 60;
const NOW_S = 15; // who sent a probe since walks now

const rows = find("#verdicts");
const seen = new Set();
const news = { count: 0, tethered: 0 };
let held = false;
let kept = [];

// verdicts

/** A long address may be broken anywhere, a short one nowhere. */
const linkClass = (address) => (address.includes(":") ? "link six" : "link");

const keyOf = (verdict) => `${verdict.time} ${verdict.address} ${verdict.port}`;

function verdictRow(verdict, isNew) {
    return make("tr", { class: isNew ? "new" : null },
        make("td", { class: "time" }, timeOf(verdict.time)),
        make("td", {},
            make("button", {
                class: linkClass(verdict.address), type: "button", title: "Show what this subscriber did",
                onclick: () => chooseSubscriber(verdict.address, true),
            }, verdict.address),
            " ", make("span", { class: "port" }, String(verdict.port))),
        make("td", { class: "right" }, `${verdict.hop_limit} `,
            make("span", { class: "of" }, `= ${hopsOf(verdict)}`)),
        make("td", { class: "wide quiet" }, systemName(verdict.stack.family)),
        make("td", {}, badge(verdict.verdict), " ",
            make("span", { class: "sure" }, certainty(verdict)),
            verdict.rewritten ? make("span", {
                class: "sure", title: "Its hop limit started from another number than its system's own",
            }, ", rewritten") : null));
}

function addVerdict(verdict, isNew = true) {
    const key = keyOf(verdict);

    if (seen.has(key)) return;
    seen.add(key);
    if (seen.size > 4 * ROWS_MAX) seen.delete(seen.values().next().value);
    find("#verdicts-empty").hidden = true;
    if (held) {
        kept = [...kept, verdict].slice(-ROWS_MAX);
        say(find("#hold"), `Go on (${number(kept.length)} new)`);
        return;
    }
    rows.prepend(verdictRow(verdict, isNew));
    while (rows.rows.length > ROWS_MAX) rows.lastElementChild.remove();
}

function onVerdict(verdict) {
    addVerdict(verdict);
    news.count++;
    news.tethered += verdict.verdict === "tethered";
    for (const part of ["shares", "networks", "subscribers"]) stale.add(part);
    if (chosenSubscriber) stale.add("timeline");
}

find("#hold").addEventListener("click", () => {
    held = !held;
    find("#hold").setAttribute("aria-pressed", String(held));
    if (held) {
        say(find("#hold"), "Go on");
        return;
    }
    say(find("#hold"), "Hold");
    for (const verdict of kept) rows.prepend(verdictRow(verdict, true));
    while (rows.rows.length > ROWS_MAX) rows.lastElementChild.remove();
    kept = [];
});

async function loadVerdicts() {
    const { verdicts } = await ask(`/v1/verdicts?limit=${ROWS_MAX}`);

    for (const verdict of verdicts.reverse()) addVerdict(verdict, false);
    find("#verdicts-empty").hidden = seen.size > 0;
}

// the share of tethered

const shares = sharesChart(find("#shares"));
let counts = null;
let started = 0; // hoptell itself, in seconds since 1970; what was before is not in the counts

/** "in the last hour", or, where that says too much, since when. */
function when(span, length) {
    return counts.now - started >= length ? `in the last ${span}`
        : `since hoptell started, ${ago(started, counts.now)}`;
}

function showShares() {
    const span = find("input[name=span]:checked").value;
    const { step, cells } = counts[span];
    const length = span === "hour" ? 3600 : 86400;
    const sum = (word) => cells.reduce((total, cell) => total + cell[word], 0);
    const [direct, tethered, unknown] = ["direct", "tethered", "unknown"].map(sum);
    const known = direct + tethered;
    const words = `of ${number(known)} known ${when(span, length)}; ${number(unknown)} unknown`;

    say(find("#share-now"), known > 0 ? percent(tethered / known) : "–");
    say(find("#share-of"), known + unknown > 0 ? words : "nothing judged yet");
    find("#shares-empty").hidden = cells.length > 0;
    const to = Math.ceil(counts.now / step) * step;

    shares.show({ step, cells, from: to - length, to },
        known > 0 ? `${percent(tethered / known)} tethered ${words}` : "No verdicts in this time");
}

async function loadShares() {
    counts = await ask("/v1/shares");
    showShares();
}

for (const each of document.querySelectorAll("input[name=span]"))
    each.addEventListener("change", () => counts && showShares());

// networks

const histogram = histogramChart(find("#histogram"));
let networks = [];
let chosenNetwork = null;

const modesText = (network) => network.modes.slice(0, 2)
    .map((mode) => `${mode.hop_limit} (${percent(mode.share)})`).join(", ");

/** Whether the clients of a mode are mostly on the line, or behind another device. */
const modeWord = (mode) => (mode.direct < 0.5 ? "guests" : "mode");

/** All values from the least to the greatest, so that a gap is seen as one. */
function barsOf(network) {
    const counted = new Map(network.histogram.map((bar) => [bar.hop_limit, bar.count]));
    const places = [...counted.keys()];
    const low = Math.min(...places);
    const high = Math.max(...places);

    if (high - low > 40)
        return network.histogram.toSorted((a, b) => a.hop_limit - b.hop_limit);
    return Array.from({ length: high - low + 1 }, (_, at) => ({
        hop_limit: low + at, count: counted.get(low + at) ?? 0,
    }));
}

function spark(network) {
    const bars = barsOf(network);
    const most = Math.max(...bars.map((bar) => bar.count), 1);
    const modes = new Map(network.modes.map((mode) => [mode.hop_limit, modeWord(mode)]));
    const width = Math.min(14, 136 / bars.length);

    return draw("svg", { class: "spark", viewBox: "0 0 136 22", "aria-hidden": "true" },
        ...bars.map((bar, at) => {
            const height = bar.count > 0 ? Math.max(1.5, 22 * bar.count / most) : 0;

            return draw("rect", {
                class: modes.get(bar.hop_limit) ?? "", x: at * width, y: 22 - height,
                width: Math.max(1, width - 1.5), height, rx: Math.min(1, width / 4),
            });
        }));
}

function networkRow(network) {
    return make("tr", { class: network.prefix === chosenNetwork ? "chosen" : null },
        make("td", {}, make("button", {
            class: linkClass(network.prefix), type: "button",
            "aria-pressed": String(network.prefix === chosenNetwork),
            "data-key": network.prefix, onclick: () => chooseNetwork(network.prefix),
        }, network.prefix), network.name ? make("span", { class: "name" }, network.name) : null),
        make("td", { class: "right" }, number(network.seen)),
        make("td", { class: "quiet" }, network.enough ? modesText(network) : "too little seen"),
        make("td", { class: "wide" }, spark(network)),
        make("td", { class: "right" }, network.enough ? percent(network.tethered) : "–"));
}

function networkText(network) {
    const kind = (network.kind ? `declared as ${network.kind}, ` : "")
        + (network.handsets ? "nearly all of it handsets" : `${percent(network.computers)} computers`);
    const modes = network.modes.map((mode) =>
        `${mode.hop_limit} after ${plural(mode.hops, "hop", "hops")}, ${percent(mode.share)}`
        + `${modeWord(mode) === "guests" ? ", mostly behind another device" : ""}`);

    if (!network.enough)
        return `Seen ${plural(network.seen, "time", "times")}, which is too little to compare with.`;
    return `Seen ${plural(network.seen, "time", "times")}, ${kind}. `
        + `Modes: ${modes.join("; ") || "none"}.`;
}

function showNetwork() {
    const network = networks.find((each) => each.prefix === chosenNetwork) ?? networks[0];

    find("#network").hidden = !network;
    if (!network) return;
    chosenNetwork = network.prefix;
    say(find("#network-title"), network.name ? `${network.prefix}, ${network.name}` : network.prefix);
    say(find("#network-text"), networkText(network));
    histogram.show({
        bars: barsOf(network),
        modes: new Map(network.modes.map((mode) => [mode.hop_limit, mode])),
    }, `Hop limits of ${network.prefix}. ${networkText(network)}`);
}

/** Puts rows in place of others; the focus stays on what it was on. */
function fill(body, fresh) {
    const key = body.contains(document.activeElement) ? document.activeElement.dataset.key : null;

    body.replaceChildren(...fresh);
    if (key) [...body.querySelectorAll("[data-key]")].find((each) => each.dataset.key === key)?.focus();
}

function showNetworks() {
    showNetwork();
    fill(find("#networks"), networks.map(networkRow));
}

function chooseNetwork(prefix) {
    chosenNetwork = prefix;
    showNetworks();
}

async function loadNetworks() {
    const answer = await ask("/v1/networks?limit=50");

    networks = answer.networks;
    say(find("#networks-count"), networks.length < answer.total
        ? `${number(networks.length)} of ${number(answer.total)}`
        : answer.total > 0 ? plural(answer.total, "network", "networks") : "");
    find("#networks-empty").hidden = networks.length > 0;
    showNetworks();
}

// subscribers

const times = timelineChart(find("#times"));
let subscribers = [];
let chosenSubscriber = null;
let shownSubscriber = null;

const addressOf = (subscriber) => subscriber.replace(/\/\d+$/, "");

function subscriberRow(line) {
    const isChosen = line.subscriber === shownSubscriber;

    return make("tr", { class: isChosen ? "chosen" : null },
        make("td", {}, make("button", {
            class: linkClass(line.subscriber), type: "button", "aria-pressed": String(isChosen),
            "data-key": line.subscriber, onclick: () => chooseSubscriber(addressOf(line.subscriber)),
        }, line.subscriber)),
        make("td", { class: "time" }, timeOf(line.time)),
        make("td", { class: "right wide" }, line.baseline ? number(line.baseline.seen) : "–"),
        make("td", {}, badge(line.verdict)));
}

function showSubscribers() {
    fill(find("#subscribers"), subscribers.map(subscriberRow));
}

async function loadSubscribers() {
    ({ subscribers } = await ask("/v1/subscribers?limit=50"));
    find("#subscribers-empty").hidden = subscribers.length > 0;
    showSubscribers();
    if (!chosenSubscriber && subscribers.length > 0)
        await chooseSubscriber(addressOf(subscribers[0].subscriber));
}

function baselineText(baseline) {
    if (!baseline) return "Nothing is kept of it beyond these connections.";
    const stacks = baseline.stacks.map((stack) =>
        `${systemName(stack.family)} ${number(stack.count)}\u00d7`).join(", ");

    return `Seen ${plural(baseline.seen, "time", "times")}`
        + `${stacks ? `: ${stacks}` : ""}.`
        + `${baseline.shared ? " More than one person's devices are behind it." : ""}`;
}

function evidenceRow(evidence) {
    const side = evidence.weight > 0 ? "for" : evidence.weight < 0 ? "against" : "mute";
    const weight = `${evidence.weight > 0 ? "+" : evidence.weight < 0 ? "\u2212" : ""}`
        + `${Math.abs(evidence.weight).toFixed(2)}`;

    return make("li", {}, make("span", { class: `weight ${side}` }, weight),
        make("span", {}, evidence.text));
}

/** From when to when, the verdict, and who took part. */
function episodeRow(episode) {
    const [from, to] = [episode.from, episode.to].map((time) => Date.parse(time) / 1000);
    const sameMinute = timeOf(from, true) === timeOf(to, true);
    const stacks = episode.stacks.map((stack) => systemName(stack.family))
        .filter((name) => name !== systemName("unknown"));
    const who = stacks.length > 0 ? `: ${stacks.join(", ")}`
        + `${episode.host ? ` behind ${systemName(episode.host)}` : ""}` : "";

    return make("li", {},
        make("span", { class: "when" },
            sameMinute ? timeOf(from, true) : `${timeOf(from, true)} to ${timeOf(to, true)}`),
        make("span", {}, badge(episode.verdict), " ",
            make("span", { class: "sure" },
                `${plural(episode.connections, "connection", "connections")}`
                + `${episode.beside > 0 ? `, ${number(episode.beside)} beside` : ""}${who}`)));
}

function showTimeline(answer) {
    const { timeline } = answer;
    const newest = timeline[0];
    const ends = timeline.map((each) => each.time);
    const margin = Math.max(30, (ends[0] - ends.at(-1)) * 0.04) || 30;
    const words = ["direct", "unknown", "tethered"]
        .map((word) => [timeline.filter((each) => each.verdict === word).length, word])
        .filter(([count]) => count > 0).map(([count, word]) => `${number(count)} ${word}`).join(", ");

    say(find("#timeline-title"), answer.subscriber);
    say(find("#timeline-text"), baselineText(answer.baseline)
        + (newest ? ` The newest: arrived with ${newest.hop_limit} at ${timeOf(newest.time)}.` : ""));
    find("#episodes").replaceChildren(...answer.episodes.slice(0, 6).map(episodeRow));
    find("#evidence").replaceChildren(...(newest?.evidence ?? []).map(evidenceRow));
    times.show({ timeline, from: (ends.at(-1) ?? 0) - margin, to: (ends[0] ?? 60) + margin },
        `Connections of ${answer.subscriber}: ${words || "none are kept"}`);
}

async function loadTimeline() {
    if (!chosenSubscriber) return;
    const asked = chosenSubscriber;
    const answer = await ask(`/v1/subscribers/${encodeURIComponent(asked)}?limit=200`);

    if (asked !== chosenSubscriber) return;
    shownSubscriber = answer?.subscriber ?? null;
    if (answer) {
        showTimeline(answer);
    } else {
        say(find("#timeline-title"), `${asked} has not been seen`);
        say(find("#timeline-text"), "");
        find("#evidence").replaceChildren();
        find("#episodes").replaceChildren();
        times.show({ timeline: [], from: 0, to: 60 }, `${asked} has not been seen`);
    }
    showSubscribers();
}

async function chooseSubscriber(address, go = false) {
    chosenSubscriber = address;
    try {
        await loadTimeline();
    } catch (error) {
        say(find("#timeline-title"), error.message);
    }
    if (go) find("#timeline").scrollIntoView({ block: "nearest" });
}

find("#search").addEventListener("submit", (event) => {
    event.preventDefault();
    const address = find("#address").value.trim();

    if (address) chooseSubscriber(address);
});

// tales

/** The tale as a row of hops, and how far along it somebody came. */
function pathOf(walker, hops) {
    const width = 400;
    const spacing = width / (hops + 1);
    const x = (position) => Math.min(position, hops + 1) * spacing - spacing / 2;
    const path = draw("svg", { viewBox: `0 0 ${width} 14`, preserveAspectRatio: "none", "aria-hidden": "true" },
        draw("path", { class: "path", d: `M${x(1)} 7H${x(hops + 1)}` }),
        draw("path", { class: "gone", d: `M${x(1)} 7H${x(walker.furthest)}` }));

    if (spacing < 7) return path;
    path.setAttribute("preserveAspectRatio", "xMinYMid");
    for (let hop = 1; hop <= hops; hop++)
        path.append(draw("circle", {
            class: hop === walker.hop && !walker.end ? "here" : hop <= walker.furthest ? "gone" : "",
            cx: x(hop), cy: 7, r: Math.min(4, spacing / 3),
        }));
    path.append(draw("rect", {
        class: walker.end ? "gone" : "", x: x(hops + 1) - 4.5, y: 2.5, width: 9, height: 9, rx: 2,
    }));
    return path;
}

function walkerRow(walker, hops, now) {
    const walks = now - walker.last < NOW_S;
    const far = walker.end ? "reached the end"
        : `hop ${Math.min(walker.furthest, hops)} of ${hops}`;

    return make("li", { class: walks ? null : "rests" },
        make("div", { class: "who" },
            make("span", {}, make("span", { class: "client" },
                walker.client === "unknown" ? "a client" : walker.client),
            ` by ${walker.probe.toUpperCase()} from `,
            make("span", { class: "address" }, walker.address)),
            make("span", { class: "far" }, `${far}, ${walks ? "walking now" : ago(walker.last, now)}`)),
        pathOf(walker, hops));
}

function taleCard(tale, now) {
    const walkers = tale.walkers.slice(0, 12);
    const count = tale.walkers.length;

    return make("article", { class: "tale", "aria-label": `Tale ${tale.name}` },
        make("div", { class: "head" }, make("h3", {}, tale.name),
            make("span", { class: "count" }, plural(tale.hops, "hop", "hops"))),
        make("p", { class: "targets" }, tale.targets.join(", ")),
        count > 0 ? make("ul", { class: "walkers" },
            ...walkers.map((walker) => walkerRow(walker, tale.hops, now)))
            : make("p", { class: "nobody" }, "Nobody walks it now. Try ",
                make("code", {}, `traceroute ${addressOf(tale.targets[0] ?? "")}`), "."),
        count > walkers.length ? make("p", { class: "nobody" },
            `and ${number(count - walkers.length)} more`) : null);
}

async function loadTales() {
    const { tales } = await ask("/v1/tales");
    const now = Date.now() / 1000;

    find("#tales-empty").hidden = tales.length > 0;
    find("#tales").replaceChildren(...tales.map((tale) => taleCard(tale, now)));
}

// health

/** The text format of Prometheus: {name: sum over its labels, "name{labels}": value}. */
function readMetrics(text) {
    const values = new Map();

    for (const line of text.split("\n")) {
        const found = /^(\w+)(\{.*\})? (\S+)/.exec(line);

        if (!found) continue;
        const [, name, labels, value] = found;
        values.set(name, (values.get(name) ?? 0) + Number(value));
        if (labels) values.set(name + labels, Number(value));
    }
    return values;
}

const share = (part, all) => (all > 0 ? part / all : 0);

/** What each tile says, of the metrics; null for what does not run here. */
const tiles = [
    {
        title: "Capture",
        of: (m) => {
            const dropped = m("hoptell_capture_dropped_total");
            const packets = m("hoptell_capture_packets_total");

            return {
                value: number(packets), bad: share(dropped, packets) > 0.01,
                note: dropped > 0 ? `packets, ${number(dropped)} dropped` : "packets, none dropped",
            };
        },
    },
    {
        title: "Opening packets",
        of: (m) => ({
            value: number(m("hoptell_observations_total")),
            note: `${number(m('hoptell_verdicts_total{verdict="tethered"}'))} tethered`,
        }),
    },
    {
        title: "Store",
        of: (m) => {
            const lost = m("hoptell_store_lost_total");
            const spooled = m("hoptell_store_spooled");

            return m.has("hoptell_store_written_total") ? {
                value: number(m("hoptell_store_written_total")), bad: lost > 0 || spooled > 0,
                note: lost > 0 ? `rows, ${number(lost)} lost`
                    : spooled > 0 ? `rows, ${number(spooled)} wait on disk`
                        : `rows, ${number(m("hoptell_store_queued"))} waiting`,
            } : null;
        },
    },
    {
        title: "Ring",
        of: (m) => (m.has("hoptell_xdp_frames_total") ? {
            value: number(m("hoptell_xdp_frames_total")),
            bad: m("hoptell_xdp_ring_lost_total") + m("hoptell_xdp_handed_lost_total") > 0,
            note: `frames, ${number(m("hoptell_xdp_ring_lost_total")
                + m("hoptell_xdp_handed_lost_total"))} records lost`,
        } : null),
    },
    {
        title: "Probes answered",
        of: (m) => {
            const reasons = ["time_exceeded", "refused", "too_big", "end_replied", "end_unreachable",
                "end_reset"];
            const sum = (list) => list.reduce((total, reason) => total
                + m(`hoptell_probes_total{reason="${reason}"}`)
                + m(`hoptell_xdp_packets_total{reason="${reason}"}`), 0);
            const limited = sum(["source_limit", "total_limit"]);

            return m.has("hoptell_probes_total") ? {
                value: number(sum(reasons)),
                note: limited > 0 ? `${number(limited)} over the limits` : "none over the limits",
            } : null;
        },
    },
    {
        title: "Names",
        of: (m) => (m.has("hoptell_dns_queries_total") ? {
            value: number(m("hoptell_dns_answers_total")),
            note: `answers to ${number(m("hoptell_dns_queries_total"))} questions`,
        } : null),
    },
];

function showHealth(values) {
    const value = (name) => values.get(name) ?? 0;

    value.has = (name) => values.has(name);
    find("#health").replaceChildren(...tiles.map(({ title, of }) => [title, of(value)])
        .filter(([, tile]) => tile).map(([title, tile]) => make("div", { class: tile.bad ? "bad" : null },
            make("dt", {}, title), make("dd", { class: "value" }, tile.value),
            make("dd", { class: "note" }, tile.note))));
}

async function loadHealth() {
    const [metrics, ready] = await Promise.all([askText("/metrics"), askText("/readyz")]);

    if (metrics.ok) {
        showHealth(readMetrics(metrics.text));
        started = Number(metrics.text.match(/^process_start_time_seconds (\S+)$/m)?.[1] ?? 0);
    }
    say(find("#ready"), ready.ok ? "" : `Not all of it is up: ${ready.text}`);
}

// when what is loaded

const parts = {
    health: { load: loadHealth, every: 5 },
    tales: { load: loadTales, every: 2 },
    shares: { load: loadShares, every: 15 },
    networks: { load: loadNetworks, every: 30 },
    subscribers: { load: loadSubscribers, every: 30 },
    timeline: { load: loadTimeline, every: 0 },
};
const stale = new Set(Object.keys(parts));
const due = new Map();

/** Loads what is stale or due, one after the other; what fails is tried again in its time. */
async function turn() {
    for (const [name, part] of Object.entries(parts)) {
        const now = Date.now() / 1000;

        if (!stale.has(name) && !(part.every > 0 && now >= (due.get(name) ?? 0))) continue;
        stale.delete(name);
        due.set(name, now + part.every);
        try {
            await part.load();
        } catch {
            // the sign for the connection says it
        }
    }
}

function tellNews() {
    if (news.count > 0 && !held)
        say(find("#verdicts-news"), `${plural(news.count, "new verdict", "new verdicts")}, `
            + `${number(news.tethered)} tethered`);
    news.count = news.tethered = 0;
}

function showState(stands) {
    const live = find("#live");

    live.classList.toggle("on", stands);
    live.classList.toggle("off", !stands);
    say(live, stands ? "live" : "no connection, trying again");
    if (stands) loadVerdicts().catch(() => {});
}

async function run() {
    for (;;) {
        if (!document.hidden) await turn();
        await new Promise((resolve) => { setTimeout(resolve, 1000); });
    }
}

setInterval(tellNews, 15000);
follow("/v1/events", onVerdict, showState);
run();

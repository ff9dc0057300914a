// The workshop: a text, and what hoptell says of it. What is being written is kept in this tab, so
// that a reload does not lose it.

import { ask } from "./ask.js";
import { find, make, plural, say } from "./page.js";

const KEY = "hoptell-tale";
const REST_MS = 200; // without a key pressed, before it is checked

const text = find("#text");
const lines = find("#lines");
let zones = [];
let asked = 0;
let timer = null;

// the text and its lines

function showLines(messages = []) {
    const kinds = new Map();
    const count = text.value.split("\n").length;

    for (const { line, kind } of messages)
        if (kinds.get(line) !== "error") kinds.set(line, kind);
    lines.replaceChildren(...Array.from({ length: count }, (_, at) =>
        make("li", { class: kinds.get(at + 1) }, String(at + 1))));
    lines.scrollTop = text.scrollTop;
}

/** Puts the cursor where a message points to; columns count characters, from 1. */
function goTo(line, column) {
    const all = text.value.split("\n");
    const row = Math.min(Math.max(line, 1), all.length) - 1;
    const before = [...all[row]].slice(0, Math.max(column, 1) - 1).join("");
    const start = all.slice(0, row).reduce((sum, each) => sum + each.length + 1, 0)
        + before.length;

    text.focus();
    text.setSelectionRange(start, start);
    text.scrollTop = Math.max(0, row * 24 - text.clientHeight / 2);
}

// what is said of it

function showMessages(answer) {
    const state = find("#state");

    say(state, answer.good ? `Good: ${plural(answer.hops, "hop", "hops")}`
        + (answer.warnings > 0 ? `, ${plural(answer.warnings, "warning", "warnings")}` : "")
        : plural(answer.errors, "error", "errors")
        + (answer.warnings > 0 ? `, ${plural(answer.warnings, "warning", "warnings")}` : ""));
    state.className = `verdict ${answer.good ? "good" : "bad"}`;
    find("#messages").replaceChildren(...answer.messages.map((message) =>
        make("li", { class: message.kind },
            message.line > 0 ? make("button", {
                type: "button", onclick: () => goTo(message.line, message.column),
                "aria-label": `${message.kind} in line ${message.line}, column ${message.column}: go there`,
            }, `${message.line}:${message.column} ${message.kind}`)
                : make("span", {}, message.kind),
            make("span", {}, message.text))));
    showLines(answer.messages);
}

const FAMILIES = { ipv4: "IPv4", ipv6: "IPv6" };

function showTraces(answer) {
    const traces = find("#traces");

    // what was good stays to be looked at, faint, until it is good again
    for (const each of traces.querySelectorAll(".shown")) each.classList.toggle("old", !answer.good);
    if (!answer.good) return;
    traces.replaceChildren(...answer.traces.map((trace) =>
        make("div", { class: "trace" }, make("h3", {}, FAMILIES[trace.family]),
            make("pre", {
                class: "shown", tabindex: "0", role: "region",
                "aria-label": `Traceroute by ${FAMILIES[trace.family]}`,
            }, trace.text))));
    say(find("#names"), zones.length > 0
        ? `Names come by reverse DNS: ${plural(zones.length, "zone", "zones")}, `
            + `${zones.map((zone) => zone.name).join(", ")}.` : "");
}

async function check() {
    const number = ++asked;
    let answer;

    sessionStorage.setItem(KEY, text.value);
    try {
        answer = await ask("/v1/tales/check", {
            method: "POST", headers: { "Content-Type": "application/yaml" }, body: text.value,
        });
    } catch (error) {
        say(find("#state"), `It could not be checked: ${error.message}`);
        find("#state").className = "verdict bad";
        return;
    }
    if (number !== asked) return; // a newer text is being checked
    zones = answer.good ? answer.zones : [];
    find("#save-zone").disabled = zones.length === 0;
    showMessages(answer);
    showTraces(answer);
}

function edited() {
    zones = []; // those of another text are not to be saved
    find("#save-zone").disabled = true;
    showLines();
    clearTimeout(timer);
    timer = setTimeout(check, REST_MS);
}

// files

function save(name, content) {
    const address = URL.createObjectURL(new Blob([content], { type: "text/plain" }));

    make("a", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const nameOf = () => /^name:\s*([\w-]+)\s*$/m.exec(text.value)?.[1] ?? "tale";

find("#save-tale").addEventListener("click", () => save(`${nameOf()}.yaml`, text.value));
find("#save-zone").addEventListener("click", () =>
    save(`${nameOf()}.zone`, zones.map((zone) => zone.text).join("\n")));

async function startFrom(name) {
    const answer = await fetch(`/web/example/${name}`);

    if (!answer.ok) return;
    text.value = await answer.text();
    text.scrollTop = 0;
    showLines();
    await check();
}

const example = find("#example");

example.addEventListener("change", () => example.value && startFrom(example.value));
text.addEventListener("input", () => {
    example.value = "";
    edited();
});
text.addEventListener("scroll", () => { lines.scrollTop = text.scrollTop; });

const before = sessionStorage.getItem(KEY);

if (before) {
    text.value = before;
    edited();
} else {
    example.value = "plain.yaml";
    startFrom(example.value);
}

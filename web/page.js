// What the operators' pages share: elements, numbers and times as text, and the words of verdicts.

/** An element with its attributes and children; a child is a node or a text. */
export function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);

    for (const [name, value] of Object.entries(attributes)) {
        if (value === false || value === null || value === undefined) continue;
        if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
        else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
}

/** The same for a picture. */
export function draw(tag, attributes = {}, ...children) {
    const element = document.createElementNS("http://www.w3.org/2000/svg", tag);

    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
}

export const find = (selector) => document.querySelector(selector);

/** Replaces what an element holds, unless it says the same already: a reader need not hear it. */
export function say(element, text) {
    if (element.textContent !== text) element.textContent = text;
}

const whole = new Intl.NumberFormat("en-GB");

export const number = (value) => whole.format(value);

export const plural = (count, one, many) => `${number(count)} ${count === 1 ? one : many}`;

/** A share of 0 to 1 as text: "94 %", "0.3 %". */
export function percent(share) {
    if (share > 0 && share < 0.001) return "<\u20090.1\u2009%";
    const value = share * 100;
    return `${value < 10 && value > 0 ? value.toFixed(1) : value.toFixed(0)}\u2009%`;
}

const clock = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const clockShort = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** Seconds since 1970 as the time of day, with the day where that is another one. */
export function timeOf(seconds, short = false) {
    const date = new Date(seconds * 1000);
    const text = (short ? clockShort : clock).format(date);

    return date.toDateString() === new Date().toDateString() ? text : `${day.format(date)}, ${text}`;
}

/** How long ago, in the largest unit that says it. */
export function ago(seconds, now = Date.now() / 1000) {
    const past = Math.max(0, now - seconds);

    if (past < 2) return "just now";
    if (past < 60) return `${Math.floor(past)} s ago`;
    if (past < 3600) return `${Math.floor(past / 60)} min ago`;
    if (past < 86400) return `${Math.floor(past / 3600)} h ago`;
    return `${Math.floor(past / 86400)} d ago`;
}

/** The probability of what the verdict says; of unknown, that it is tethered. */
export function certainty(verdict) {
    const share = verdict.verdict === "direct" ? 1 - verdict.probability : verdict.probability;

    if (share > 0.999) return ">\u200999.9\u2009%";
    if (share < 0.001) return "<\u20090.1\u2009%";
    return `${(share * 100).toFixed(1)}\u2009%`;
}

/** A verdict as a mark of its own shape and colour, and its word. */
export function badge(word) {
    return make("span", { class: `badge ${word}` }, word);
}

/** Minus is no hyphen. */
export const hopsOf = (verdict) => `${verdict.initial}\u2009\u2212\u2009${verdict.hops}`;

const names = {
    android: "Android", ios: "iOS", macos: "macOS", windows: "Windows", linux: "Linux",
    other: "other", unknown: "\u2013",
};

export const systemName = (family) => names[family] ?? family;

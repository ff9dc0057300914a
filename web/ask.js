// Asks the interface, and follows its events. Where hoptell wants a token it goes out in a header, never
// in an address.

import { askToken, token } from "./token.js";

async function send(path, options) {
    for (;;) {
        const used = token();
        const shown = used ? { Authorization: `Bearer ${used}` } : {};
        const answer = await fetch(path, { ...options, headers: { ...options.headers, ...shown } });

        if (answer.status !== 401) return answer;
        if (used === token()) await askToken();
    }
}

/** What an answer that is no success says, in a sentence. */
async function complaint(answer) {
    const problem = await answer.json().catch(() => null);

    return new Error(problem?.detail ?? `${answer.status} ${answer.statusText}`);
}

/** The JSON under `path`; null for what is not known (404). Throws what went wrong. */
export async function ask(path, options = {}) {
    const answer = await send(path, options);

    if (answer.status === 404) return null;
    if (!answer.ok) throw await complaint(answer);
    return answer.json();
}

/** The text under `path`, and whether it was a success. */
export async function askText(path) {
    const answer = await send(path, {});

    return { ok: answer.ok, text: answer.ok ? await answer.text() : (await complaint(answer)).message };
}

/** One event of a stream: its lines name the fields (WHATWG HTML, 9.2.6). */
function readEvent(block) {
    const event = { name: "message", data: "" };

    for (const line of block.split("\n")) {
        const colon = line.indexOf(":");
        const field = line.slice(0, colon);
        const value = line.slice(colon + 1).replace(/^ /, "");

        if (field === "event") event.name = value;
        else if (field === "data") event.data += value;
        else if (field === "id") event.id = value;
    }
    return event;
}

async function readEvents(body, each) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";

    for (;;) {
        const { done, value } = await reader.read();

        if (done) return;
        text += value;
        const blocks = text.split("\n\n");
        text = blocks.pop();
        for (const block of blocks) each(readEvent(block));
    }
}

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

/**
 * Calls `each` for every event under `path`, for as long as the page is open; `state` is told
 * whether the stream stands. After a break it goes on behind the last event that came. The
 * browser's own EventSource cannot send the token.
 */
export async function follow(path, each, state) {
    let last = null;

    for (;;) {
        try {
            const answer = await send(path, { headers: last ? { "Last-Event-ID": last } : {} });

            if (!answer.ok) throw await complaint(answer);
            state(true);
            await readEvents(answer.body, (event) => {
                last = event.id ?? last;
                if (event.name === "verdict") each(JSON.parse(event.data));
            });
        } catch {
            // said by what comes next
        }
        state(false);
        await pause(2000);
    }
}

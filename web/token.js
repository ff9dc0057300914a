// The operators' token. Where hoptell wants one it is asked for once, and kept for this tab alone.

import { make, say } from "./page.js";

const KEY = "hoptell-token";
let dialog = null;
let waiting = null;

export const token = () => sessionStorage.getItem(KEY);

function makeDialog() {
    const field = make("input", {
        id: "token-field", type: "password", autocomplete: "off", required: true,
    });
    const error = make("p", { id: "token-error", class: "error", role: "alert" });
    const form = make("form", { id: "token-form" },
        make("h2", { id: "token-title" }, "Operators' token"),
        make("p", {}, "hoptell listens here for others than its own machine, so it asks who you are. "
            + "The token is in the file that ", make("code", {}, "operators.token_file"),
        " names. It stays in this tab."),
        make("label", { for: "token-field" }, "Token"),
        field, error, make("button", {}, "Go on"));
    const element = make("dialog", {
        id: "token", "aria-labelledby": "token-title", oncancel: (event) => event.preventDefault(),
    }, form);

    document.body.append(element);
    return { element, form, field, error };
}

/** Asks for the token, one time for all who need it. */
export function askToken() {
    if (waiting) return waiting;
    dialog ??= makeDialog();
    say(dialog.error, token() ? "That token was not accepted." : "");
    sessionStorage.removeItem(KEY);
    dialog.field.value = "";
    waiting = new Promise((resolve) => {
        dialog.form.addEventListener("submit", (event) => {
            event.preventDefault();
            sessionStorage.setItem(KEY, dialog.field.value.trim());
            dialog.element.close();
            waiting = null;
            resolve();
        }, { once: true });
    });
    if (!dialog.element.open) dialog.element.showModal();
    dialog.field.focus();
    return waiting;
}

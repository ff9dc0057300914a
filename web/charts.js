// The charts, by Chart.js, in the colours of the page: they follow it from light to dark.

/* global Chart */

const all = new Set();
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** The colour with so much of it let through. */
const faint = (name, share) => {
    const hex = colour(name).slice(1);
    const part = (at) => parseInt(hex.slice(at, at + 2), 16);

    return `rgba(${part(0)}, ${part(2)}, ${part(4)}, ${share})`;
};

const SHAPES = { direct: "circle", tethered: "triangle", unknown: "rectRot" };

const axis = (more = {}) => ({
    border: { display: false },
    grid: { color: colour("--line"), drawBorder: false, tickLength: 6 },
    ticks: { color: colour("--soft"), font: { size: 12 }, maxRotation: 0, ...more.ticks },
    ...more.scale,
});

const common = () => ({
    responsive: true,
    maintainAspectRatio: false,
    animation: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    plugins: {
        legend: { display: false },
        tooltip: {
            backgroundColor: colour("--ink"),
            titleColor: colour("--paper"),
            bodyColor: colour("--paper"),
            padding: 10,
            cornerRadius: 6,
            displayColors: false,
        },
    },
});

/** A chart that `shape` makes anew when its data or the colours change. */
function chart(canvas, shape) {
    let data = null;
    let text = "";
    let made = null;

    const render = () => {
        made?.destroy();
        made = data === null ? null : new Chart(canvas, shape(data));
    };
    const self = {
        show(next, label) {
            const nextText = JSON.stringify(next, (_, value) =>
                (value instanceof Map ? [...value] : value));

            canvas.setAttribute("aria-label", label);
            if (nextText === text) return; // whoever points at it is not disturbed
            data = next;
            text = nextText;
            render();
        },
        render,
    };
    all.add(self);
    return self;
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    for (const each of all) each.render();
});

Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const clockFull = new Intl.DateTimeFormat("en-GB", {
    day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const clockExact = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit", minute: "2-digit", second: "2-digit",
});
const when = (seconds) => clock.format(new Date(seconds * 1000));
const whenExactly = (seconds) => clockExact.format(new Date(seconds * 1000));

/** The share of tethered over time, with all verdicts as bars behind it. */
export function sharesChart(canvas) {
    return chart(canvas, ({ step, cells, from, to }) => ({
        data: {
            datasets: [
                {
                    type: "line",
                    label: "tethered",
                    yAxisID: "share",
                    data: cells.filter((cell) => cell.direct + cell.tethered > 0).map((cell) => ({
                        x: cell.time + step / 2,
                        y: 100 * cell.tethered / (cell.direct + cell.tethered),
                        cell,
                    })),
                    borderColor: colour("--tethered"),
                    backgroundColor: colour("--tethered"),
                    borderWidth: 2,
                    pointRadius: cells.length < 40 ? 3 : 0,
                    pointHitRadius: 12,
                    cubicInterpolationMode: "monotone",
                },
                {
                    type: "bar",
                    label: "all",
                    yAxisID: "count",
                    data: cells.map((cell) => ({
                        x: cell.time + step / 2,
                        y: cell.direct + cell.tethered + cell.unknown,
                        cell,
                    })),
                    backgroundColor: faint("--unknown", 0.28),
                    barThickness: Math.max(2, Math.min(14,
                        0.7 * canvas.clientWidth * step / (to - from))),
                    borderRadius: 2,
                },
            ],
        },
        options: {
            ...common(),
            scales: {
                x: axis({
                    scale: { type: "linear", min: from, max: to, grid: { display: false, drawBorder: false } },
                    ticks: { maxTicksLimit: 7, stepSize: (to - from) / 6, callback: when },
                }),
                share: axis({
                    scale: { min: 0, suggestedMax: 10, max: undefined, position: "left" },
                    ticks: { maxTicksLimit: 5, callback: (value) => `${value}\u2009%` },
                }),
                count: {
                    ...axis({ ticks: { maxTicksLimit: 5, precision: 0 } }),
                    position: "right", min: 0, grid: { display: false, drawBorder: false },
                },
            },
            plugins: {
                ...common().plugins,
                tooltip: {
                    ...common().plugins.tooltip,
                    callbacks: {
                        title: ([item]) => clockFull.format(new Date(item.raw.cell.time * 1000)),
                        label: ({ raw: { cell } }) =>
                            `${cell.tethered} tethered, ${cell.direct} direct, ${cell.unknown} unknown`,
                    },
                    filter: (item, index) => index === 0,
                },
            },
        },
        type: "bar",
    }));
}

/** How often which hop limit arrived; those that are a mode stand out. */
export function histogramChart(canvas) {
    return chart(canvas, ({ bars, modes }) => ({
        type: "bar",
        data: {
            labels: bars.map((bar) => bar.hop_limit),
            datasets: [{
                data: bars.map((bar) => bar.count || null),
                backgroundColor: bars.map((bar) => {
                    const mode = modes.get(bar.hop_limit);

                    if (!mode) return faint("--unknown", 0.45);
                    return colour(mode.direct < 0.5 ? "--tethered" : "--direct");
                }),
                borderRadius: 3,
                maxBarThickness: 44,
                minBarLength: 3,
            }],
        },
        options: {
            ...common(),
            scales: {
                x: axis({
                    scale: {
                        grid: { display: false },
                        title: { display: true, text: "hop limit on arrival", color: colour("--soft") },
                    },
                }),
                y: axis({ ticks: { maxTicksLimit: 5, precision: 0 }, scale: { beginAtZero: true } }),
            },
            plugins: {
                ...common().plugins,
                tooltip: {
                    ...common().plugins.tooltip,
                    callbacks: {
                        title: ([item]) => `arrived with ${item.label}`,
                        label: (item) => {
                            const mode = modes.get(Number(item.label));

                            return mode ? [`seen ${item.raw} times`,
                                `${mode.hops} hops, ${(100 * mode.share).toFixed(0)}\u2009% of it`]
                                : `seen ${item.raw} times`;
                        },
                    },
                },
            },
        },
    }));
}

/** What one subscriber did: each connection at its time, with the hop limit that arrived. */
export function timelineChart(canvas) {
    return chart(canvas, ({ timeline, from, to }) => ({
        type: "scatter",
        data: {
            datasets: ["direct", "unknown", "tethered"].map((word) => ({
                label: word,
                data: timeline.filter((each) => each.verdict === word)
                    .map((each) => ({ x: each.time, y: each.hop_limit, each })),
                pointStyle: SHAPES[word],
                radius: word === "tethered" ? 6 : 5,
                hoverRadius: 8,
                backgroundColor: faint(`--${word}`, 0.75),
                borderColor: colour(`--${word}`),
            })),
        },
        options: {
            ...common(),
            interaction: { mode: "nearest", intersect: false },
            scales: {
                x: axis({
                    scale: { type: "linear", min: from, max: to, grid: { display: false } },
                    ticks: {
                        maxTicksLimit: 5, stepSize: (to - from) / 4,
                        callback: to - from < 600 ? whenExactly : when,
                    },
                }),
                y: axis({
                    scale: {
                        grace: 1,
                        title: { display: true, text: "hop limit", color: colour("--soft") },
                    },
                    ticks: { precision: 0, maxTicksLimit: 6 },
                }),
            },
            plugins: {
                ...common().plugins,
                tooltip: {
                    ...common().plugins.tooltip,
                    callbacks: {
                        title: ([item]) => clockFull.format(new Date(item.raw.x * 1000)),
                        label: ({ raw: { each } }) => [
                            `${each.verdict}, arrived with ${each.hop_limit}`,
                            `${each.stack.family}, port ${each.port}`,
                        ],
                    },
                },
            },
        },
    }));
}

"""What a run says: as text, as JSON, and as a picture."""
import html
import os
import pathlib
import platform
import statistics

from row import KINDS

BAR = 420  # width at which all of the budget is used
BEYOND = 1.5  # bars end here, however much more was used
LINE = 26
LEFT = 400
TOP = 64


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def machine():
    return {"name": platform.node(), "processor": processor(), "processors": os.cpu_count(),
            "kernel": platform.release(), "architecture": platform.machine()}


def number(value, unit):
    return f"{value:,.0f}" if unit.endswith("/s") else f"{value:,.1f}"


def machine_line(about):
    return (f"{about['name']}: {about['processor']}, {about['processors']} processors, Linux "
            f"{about['kernel']} ({about['architecture']})")


def text(row):
    value = f"{number(statistics.median(row.values), row.unit)} {row.unit}"
    lines = [f"{row.what}", f"    {value}"]
    if row.references:
        lines[-1] += (f"; {row.reference}: "
                      f"{number(statistics.median(row.references), row.unit)} {row.unit}")
    lines.append(f"    {figure(row)} in {len(row.figures())} rounds; budget {row.budget_text()}: "
                 f"{'kept' if row.is_kept() else 'MISSED'}")
    return "\n".join(lines)


def figure(row):
    """With where half of the rounds lie: "0.93x (0.92 to 0.95)"."""
    kind = KINDS[row.kind]
    low, high = row.spread()
    return (f"{row.figure():,.{kind.digits}f}{kind.unit or f' {row.unit}'} "
            f"({low:,.{kind.digits}f} to {high:,.{kind.digits}f})")


def markdown(rows):
    """A table, as docs/performance.md has it."""
    lines = ["| what | value | reference | figure (half of the rounds) | budget | |",
             "|---|---|---|---|---|---|"]
    for row in rows:
        value = f"{number(statistics.median(row.values), row.unit)} {row.unit}"
        reference = (f"{row.reference}: {number(statistics.median(row.references), row.unit)}"
                     if row.references else "")
        lines.append(f"| {row.what} | {value} | {reference} | {figure(row)} | {row.budget_text()} | "
                     f"{'kept' if row.is_kept() else 'missed'} |")
    return "\n".join(lines) + "\n"


def as_object(about, rows, left_out, quick):
    return {"machine": about, "quick": quick, "rows": [row.as_object() for row in rows],
            "left_out": left_out}


def bar(row, y):
    used = row.used()
    width = round(BAR * min(used, BEYOND), 1)
    colour = "#2f7d4f" if row.is_kept() else "#b3402e"
    label = html.escape(row.what)
    return (f'<text x="{LEFT - 10}" y="{y + 14}" text-anchor="end">{label}</text>\n'
            f'<rect x="{LEFT}" y="{y}" width="{width}" height="{LINE - 8}" fill="{colour}"/>\n'
            f'<text x="{LEFT + width + 6}" y="{y + 14}">{used:.0%}</text>')


def picture(about, rows):
    """A bar a row: how much of its budget is used. Beyond the line it is missed."""
    height = TOP + LINE * len(rows) + 16
    width = LEFT + round(BAR * BEYOND) + 70
    line = LEFT + BAR
    bars = "\n".join(bar(row, TOP + LINE * index) for index, row in enumerate(rows))
    return f"""<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12" fill="#222">
<title>hoptell: how much of each budget is used</title>
<rect width="{width}" height="{height}" fill="#fff"/>
<text x="16" y="22" font-size="15">How much of each budget is used (shorter is better)</text>
<text x="16" y="42" fill="#666">{html.escape(machine_line(about))}</text>
<line x1="{line}" y1="{TOP - 8}" x2="{line}" y2="{height - 12}" stroke="#222" \
stroke-dasharray="4 3"/>
{bars}
</svg>
"""

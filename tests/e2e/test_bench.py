"""`bench/run`: that it measures, and what its files look like. How fast things are is not asked here."""

import json
import os
import subprocess
import xml.etree.ElementTree as ElementTree

import pytest

from conftest import ROOT

ROWS = ["answer", "other"]  # light ones
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """(what it printed, its JSON, its picture, its table)"""
    folder = tmp_path_factory.mktemp("bench")
    words = [os.path.join(ROOT, "bench", "run"), "--quick", "--json", folder / "json",
             "--svg", folder / "svg", "--markdown", folder / "table"]
    for row in ROWS:
        words += ["--row", row]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, 1), done.stderr  # 1: a budget is missed
    return (done.stdout, json.loads((folder / "json").read_text()), (folder / "svg").read_text(),
            (folder / "table").read_text())


def test_the_machine_is_named(run):
    text, found, picture, _ = run
    machine = found["machine"]
    for key in ("name", "processor", "kernel", "architecture"):
        assert machine[key] in text.splitlines()[0]
        assert machine[key] in picture
    assert machine["processors"] == os.cpu_count()
    assert found["quick"] is True


def test_every_row_has_value_reference_spread_and_budget(run):
    _, found, _, _ = run
    assert found["left_out"] == []
    assert {row["row"].partition("-")[0] for row in found["rows"]} == {"answer", "read"}
    for row in found["rows"]:
        assert set(row) == {"row", "what", "unit", "value", "spread", "values", "reference",
                            "figure", "budget", "kept", "rounds"}
        for side in (row, row["reference"]):
            low, high = side["spread"]
            assert 0 < low <= side["value"] <= high
            assert len(side["values"]) == row["rounds"] == 3


def test_a_row_is_kept_when_its_figure_is_within_its_budget(run):
    text, found, _, _ = run
    for row in found["rows"]:
        figure = row["figure"]
        values = zip(row["values"], row["reference"]["values"])
        if figure["kind"] == "ratio":
            figures = sorted(value / reference for value, reference in values)
            kept = figure["value"] >= row["budget"]
        else:
            assert figure["kind"] == "above"
            figures = sorted(value - reference for value, reference in values)
            kept = figure["value"] <= row["budget"]
        assert figure["value"] == figures[1]
        assert row["kept"] == kept
    assert text.count(": kept") == sum(row["kept"] for row in found["rows"])
    assert text.count(": MISSED") == sum(not row["kept"] for row in found["rows"])


def test_the_picture_has_a_bar_for_each_row(run):
    _, found, picture, _ = run
    root = ElementTree.fromstring(picture)
    bars = [bar for bar in root.iter(f"{SVG}rect") if bar.get("fill") != "#fff"]
    assert len(bars) == len(found["rows"])
    assert all(float(bar.get("width")) > 0 for bar in bars)
    texts = [text.text for text in root.iter(f"{SVG}text")]
    assert all(row["what"] in texts for row in found["rows"])


def test_a_row_that_is_not_there_is_said():
    done = subprocess.run([os.path.join(ROOT, "bench", "run"), "--row", "nothing"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 2
    assert "nothing" in done.stderr and "lookup" in done.stderr


def test_the_table_has_a_line_for_each_row(run):
    _, found, _, table = run
    lines = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert [(line[0], line[-1]) for line in lines] == [
        (row["what"], "kept" if row["kept"] else "missed") for row in found["rows"]]

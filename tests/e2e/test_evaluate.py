"""hoptell evaluate: verdicts against the truth, on made-up carriers."""

import json
import os
import pathlib
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HOPTELL = os.environ.get("HOPTELL", str(ROOT / "build" / "hoptell"))

# scenario: least precision, least recall, most calibration error
AIMS = {
    "mobile-v6": (0.99, 0.85, 0.03),
    "mobile-v6-much": (0.99, 0.85, 0.03),
    "mobile-nat": (0.99, 0.85, 0.03),
    "mobile-nat-one": (0.99, 0.85, 0.05),
    "two-gateways": (0.99, 0.85, 0.03),
    "route-longer": (0.99, 0.85, 0.03),
    "route-longer-by-two": (0.99, 0.85, 0.03),
    "route-shorter": (0.99, 0.85, 0.03),
    "vpn": (0.99, 0.85, 0.03),
    "ecmp": (0.99, 0.20, 0.15),
    "adjacent-paths": (0.99, 0.25, 0.05),
    "clat": (0.99, 0.40, 0.10),
    "many-parts": (0.99, 0.55, 0.05),
}
NOBODY_IS_A_GUEST = ("fixed", "hosting")


def evaluate(*arguments):
    return subprocess.run([HOPTELL, "evaluate", *map(str, arguments)], capture_output=True,
                          check=False, timeout=60, text=True)


@pytest.fixture(scope="module")
def carriers(tmp_path_factory):
    """Another seed than the one that the weights were tried on."""
    directory = tmp_path_factory.mktemp("carriers")
    subprocess.run([ROOT / "lab" / "population.py", directory, *AIMS, *NOBODY_IS_A_GUEST, "--seed", "2"],
                   check=True, capture_output=True, timeout=120)
    return directory


def measure(carriers, scenario, *options):
    done = evaluate("--format", "json", "--labels", carriers / f"{scenario}.csv", *options,
                    carriers / f"{scenario}.pcap")
    assert done.stderr == ""
    assert done.returncode == 0
    return json.loads(done.stdout)


@pytest.mark.parametrize("scenario", AIMS)
def test_verdicts_hold_up(carriers, scenario):
    precision, recall, calibration_error = AIMS[scenario]
    result = measure(carriers, scenario)
    assert result["unlabelled"] == 0
    assert result["precision"] >= precision
    assert result["recall"] >= recall
    assert result["calibration_error"] <= calibration_error


@pytest.mark.parametrize("scenario", NOBODY_IS_A_GUEST)
def test_where_nobody_is_a_guest_nobody_is_called_one(carriers, scenario):
    result = measure(carriers, scenario)
    assert result["judged"]["direct"]["tethered"] == 0
    assert result["unknown"] < 0.05


def test_first_drop_fails_after_a_new_route(carriers):
    assert measure(carriers, "route-longer", "--rule", "first-drop")["precision"] < 0.5


def test_text_says_the_same(carriers):
    done = evaluate("--labels", carriers / "mobile-nat.csv", carriers / "mobile-nat.pcap")
    result = measure(carriers, "mobile-nat")
    assert done.stdout.startswith(f"{result['labelled']} connections with a label, 0 without\n")
    assert f"precision {result['precision']:.4f}, recall {result['recall']:.4f}" in done.stdout


@pytest.mark.parametrize("labels, error", [
    (None, "expected"),
    ("address,label\n", ":1:1: error: expected the header 'address,port,label', found 'address,label'"),
    ("address,port,label\n203.0.113.7,x,direct\n", ":2:13: error: expected a port from 0 to 65535, found 'x'"),
])
def test_wrong_labels_are_refused(tmp_path, labels, error):
    path = tmp_path / "labels.csv"
    if labels:
        path.write_text(labels)
    done = evaluate("--labels", path, "/dev/null")
    assert done.returncode == 3
    assert error in done.stderr
    assert done.stdout == ""


def test_labels_are_needed():
    done = evaluate("x.pcap")
    assert done.returncode == 2
    assert "expected --labels FILE" in done.stderr

"""hoptell evaluate: verdicts against the truth, on made-up carriers."""

import json
import pathlib
import subprocess

import pytest

from hoptell import PROGRAM

ROOT = pathlib.Path(__file__).resolve().parents[2]

# scenario: least precision, least recall, most calibration error. What cannot be seen has its row as
# well: what matters there is that nobody is called tethered without being so.
AIMS = {
    "mobile-v6": (0.99, 0.85, 0.03),
    "mobile-v6-new-clocks": (0.99, 0.85, 0.03),
    "mobile-nat": (0.99, 0.85, 0.03),
    "two-gateways": (0.99, 0.85, 0.03),
    "route-longer": (0.99, 0.85, 0.03),
    "route-part": (0.98, 0.75, 0.03),
    "route-gateways": (0.99, 0.85, 0.03),
    "route-longer-by-line": (0.98, 0.75, 0.03),
    "vpn": (0.99, 0.75, 0.03),
    "ecmp": (0.99, 0.20, 0.10),
    "clat": (0.95, 0.40, 0.10),
    "hidden-64": (0.95, 0.05, 0.15),
    "many-parts": (0.99, 0.50, 0.05),
}
NOBODY_IS_A_GUEST = ("fixed", "fixed-named", "hosting")


def evaluate(*arguments):
    return subprocess.run([PROGRAM, "evaluate", *map(str, arguments)], capture_output=True,
                          check=False, timeout=60, text=True)


@pytest.fixture(scope="module")
def carriers(tmp_path_factory):
    """Another seed than the one that the weights were tried on."""
    directory = tmp_path_factory.mktemp("carriers")
    subprocess.run([ROOT / "lab" / "population.py", directory, *AIMS, *NOBODY_IS_A_GUEST, "hidden-65",
                    "--seed", "2"],
                   check=True, capture_output=True, timeout=120)
    return directory


def measure(carriers, scenario, *options):
    networks = carriers / f"{scenario}.networks.csv"
    if networks.exists():
        options = ("--networks", networks, *options)
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
    assert result["unknown"] < (0.25 if scenario == "fixed-named" else 0.05)


def test_who_hides_costs_nobody_else(carriers):
    judged = measure(carriers, "hidden-65")["judged"]["direct"]
    assert judged["tethered"] < 0.005 * sum(judged.values())


def test_all_together_the_aims_are_met(carriers):
    """Precision, and error, over all that is judged here, whether it can be seen or not."""
    results = [measure(carriers, scenario) for scenario in (*AIMS, *NOBODY_IS_A_GUEST, "hidden-65")]
    right = sum(r["judged"]["tethered"]["tethered"] for r in results)
    wrong = sum(r["judged"]["direct"]["tethered"] for r in results)
    assert right / (right + wrong) >= 0.99
    count = sum(r["labelled"] for r in results)
    assert sum(r["calibration_error"] * r["labelled"] for r in results) / count <= 0.03
    seen = [measure(carriers, name) for name, aim in AIMS.items() if aim[1] >= 0.85]
    assert (sum(r["judged"]["tethered"]["tethered"] for r in seen)
            >= 0.95 * sum(sum(r["judged"]["tethered"].values()) for r in seen))


def test_the_same_capture_gives_the_same_figures(carriers):
    assert measure(carriers, "ecmp") == measure(carriers, "ecmp")


def test_without_its_file_of_networks_a_second_router_looks_like_a_phone(carriers):
    base = carriers / "fixed-named"
    done = evaluate("--format", "json", "--labels", f"{base}.csv", f"{base}.pcap")
    assert json.loads(done.stdout)["judged"]["direct"]["tethered"] > 0


def test_a_wrong_file_of_networks_is_refused_by_line(carriers, tmp_path):
    (tmp_path / "networks.csv").write_text("prefix,name,kind\n192.0.2.0/24,a,mobile\n", encoding="ascii")
    done = evaluate("--networks", tmp_path / "networks.csv", "--labels", carriers / "fixed.csv",
                    carriers / "fixed.pcap")
    assert done.returncode == 3
    assert "networks.csv:2:16: error: expected handset, fixed or hosting, found 'mobile'" in done.stderr


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

"""The metrics, what is written of them, and what is built on them: alert rules and a dashboard."""

import json
import os
import pathlib
import re
import subprocess

import pytest

import visits
from conftest import ROOT, public_directory
from hoptell import SETTINGS, Hoptell

ROOT = pathlib.Path(ROOT)
PROMETHEUS = ROOT / "examples" / "prometheus"
DASHBOARD = json.loads((ROOT / "examples" / "grafana" / "hoptell.json").read_text())
TALE = ROOT / "tests" / "e2e" / "tales" / "closed.yaml"
NAME = re.compile(r"\b(?:hoptell|process)_[a-z0-9_]+")
ROW = re.compile(r"^\| `(\w+)` \| (counter|gauge) \| (.*?) *\| (.+) \|$", re.M)


def documented():
    """{metric: (its kind, {its labels})} of docs/metrics.md."""
    return {name: (kind, set(re.findall(r"`(\w+)`", labels)))
            for name, kind, labels, _ in ROW.findall((ROOT / "docs" / "metrics.md").read_text())}


DOCUMENTED = documented()


def in_the_source():
    """Every metric that the program can have, also those of parts that need another machine."""
    return {name for source in (ROOT / "src").rglob("*.c")
            for name in re.findall(r'"((?:hoptell|process)_[a-z0-9_]+)"', source.read_text())}


@pytest.fixture(scope="module")
def metrics(lab):
    """The text, of a site with a store and a tale that was visited."""
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        store = f"store: sqlite:{directory}/store.db"
        hoptell = Hoptell(lab, directory,
                          SETTINGS.replace("store: none", store) + f"tales: [{TALE}]\n")
        try:
            hoptell.start()
            visits.visit(lab, "phone3", 4)
            yield hoptell.get("/metrics")[1]
        finally:
            hoptell.kill()


def promtool(*words, text=None):
    done = subprocess.run(["promtool", *map(str, words)], input=text, capture_output=True,
                          text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_metric_is_documented_and_no_other():
    assert set(DOCUMENTED) == in_the_source()


def test_kinds_and_labels_are_as_documented(metrics):
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", metrics, re.M))
    labels = {name: set() for name in kinds}
    for name, said in re.findall(r"^(\w+)(?:\{(.*)\})? \S+$", metrics, re.M):
        labels[name] |= set(re.findall(r'(\w+)="', said))
    assert {name: (kind, labels[name]) for name, kind in kinds.items()} == \
        {name: DOCUMENTED[name] for name in kinds}
    assert not [name for name in set(DOCUMENTED) - set(kinds) if "xdp" not in name]


def test_the_values_that_labels_have_are_documented(metrics):
    text = (ROOT / "docs" / "metrics.md").read_text()
    for value in set(re.findall(r'(?:reason|verdict|class|listener)="([^"]+)"', metrics)):
        assert f"`{value}`" in text, value


def test_no_label_holds_an_address(metrics):
    for value in re.findall(r'="([^"]*)"', metrics.replace(f'version="', "")):
        assert not re.search(r"\d+\.\d+\.\d+\.\d+|[0-9a-f]*::", value)


def test_the_version_and_the_start_are_told(metrics):
    assert re.search(r'^hoptell_build_info\{version="\d+\.\d+\.\d+"\} 1$', metrics, re.M)
    started = float(re.search(r"^process_start_time_seconds (\S+)$", metrics, re.M).group(1))
    assert abs(started - os.stat("/proc/self").st_mtime) < 600
    assert float(re.search(r"^process_cpu_seconds_total (\S+)$", metrics, re.M).group(1)) > 0


def test_alert_rules_are_good_and_fire_as_their_tests_say():
    promtool("check", "rules", PROMETHEUS / "hoptell.rules.yml")
    promtool("check", "config", PROMETHEUS / "prometheus.yml")
    promtool("test", "rules", PROMETHEUS / "hoptell.test.yml")


def test_every_alert_has_a_test_in_which_it_fires_and_a_severity():
    rules = (PROMETHEUS / "hoptell.rules.yml").read_text()
    tests = (PROMETHEUS / "hoptell.test.yml").read_text()
    alerts = re.findall(r"- alert: (\w+)", rules)
    fires = re.findall(r"alertname: (\w+)\n +exp_alerts:", tests)
    assert sorted(alerts) == sorted(fires)
    assert len(re.findall(r"labels: \{severity: (?:critical|warning|info)\}", rules)) == len(alerts)


def names_in(text):
    return set(NAME.findall(text))


def test_alert_rules_ask_for_metrics_that_are_there():
    rules = (PROMETHEUS / "hoptell.rules.yml").read_text()
    assert names_in(rules) - set(DOCUMENTED) == set()


def expressions():
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield target["expr"]
    for annotation in DASHBOARD["annotations"]["list"]:
        yield annotation["expr"]


def test_the_dashboard_asks_for_metrics_that_are_there():
    asked = names_in(" ".join(expressions())) | \
        names_in(json.dumps(DASHBOARD["templating"]))
    assert asked - set(DOCUMENTED) == set()


def test_the_dashboard_shows_every_metric_of_hoptell_or_the_reason_is_known():
    elsewhere = {
        "hoptell_build_info",  # what the instances are listed by
        "hoptell_xdp_in_use_total", "hoptell_xdp_handed_total", "hoptell_xdp_openings_again_total",
        "hoptell_xdp_hop_limits_total", "hoptell_store_spool_broken_total",
        "hoptell_http_connections_total",
        "process_start_time_seconds",  # an annotation
    }
    assert set(DOCUMENTED) - names_in(" ".join(expressions())) <= elsewhere


def test_what_the_dashboard_asks_is_good_promql(tmp_path):
    rules = [{"record": f"panel:{number}",
              "expr": expr.replace("$__rate_interval", "5m").replace("$instance", ".*")}
             for number, expr in enumerate(expressions())]
    file = tmp_path / "rules.yml"  # JSON is YAML as well
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", file)


def test_panels_have_titles_places_of_their_own_and_one_data_source():
    places = [(p["gridPos"]["x"], p["gridPos"]["y"]) for p in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({p["id"] for p in DASHBOARD["panels"]}) == len(places)
    for panel in DASHBOARD["panels"]:
        assert panel["title"] and panel["description"]
        assert panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24
        assert panel["datasource"]["uid"] == "${DS_PROMETHEUS}"

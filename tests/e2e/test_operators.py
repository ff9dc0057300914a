"""The operators' pages in Chromium: the dashboard and the workshop, on real connections and walks."""

import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import urllib.request

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

from browser import (NARROW, SCHEMES, WIDE, browser, contrast, luminance, requested, style, texts,
                     visit)
from conftest import ROOT, public_directory, wait_until
from hoptell import PROGRAM
from operators import TALE, WALKER, OperatorsSite, a_morning

EXAMPLES = pathlib.Path(ROOT, "examples")
PAGES = ("/", "/workshop")
TOKEN = "a-token-for-the-operators-of-this-test"


@pytest.fixture(scope="module")
def site(need_root):
    with public_directory() as folder:
        os.chmod(folder, 0o777)  # the socket is made there
        site = OperatorsSite(folder)
        try:
            yield site
        finally:
            site.down()


@pytest.fixture(scope="module")
def morning(site):
    """The same, after some have visited."""
    site.visit(*a_morning())
    return site


@pytest.fixture(autouse=True)
def forgotten(browser):
    """What a test left in the tab's memory."""
    yield
    browser.execute_script("sessionStorage.clear()")


def element(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def wait_for(browser, selector, contains, seconds=20):
    """Until a text is there; all texts of what `selector` finds."""
    def look():
        # rows are replaced while they are looked at
        found = browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map((each) => each.innerText)",
            selector)
        return found if any(contains in text for text in found) else None
    return wait_until(look, seconds, f"'{contains}' in {selector}")


def open_page(browser, site, path="/", **how):
    visit(browser, site.url + path, **how)
    if path == "/":
        wait_for(browser, "#live", "live")
        wait_for(browser, "#health dt", "Capture")
        wait_for(browser, "#tales", "lab")
    else:
        wait_for(browser, "#state", "Good")


# the dashboard

def test_on_a_first_day_it_says_what_to_do(site, browser):
    open_page(browser, site)
    wait_for(browser, "#verdicts-empty", "Nothing has been judged yet")
    wait_for(browser, "#networks-empty", "No network is known yet")
    wait_for(browser, "#subscribers-empty", "No subscriber yet")
    wait_for(browser, "#share-of", "nothing judged yet")
    wait_for(browser, ".tale", "traceroute 203.0.113.9")
    assert browser.get_log("browser") == []


def test_a_connection_shows_up_while_the_page_is_open(site, browser):
    open_page(browser, site)
    site.visit(("127.0.3.9", 50))
    wait_for(browser, "#verdicts tr", "127.0.3.9")
    assert "50 = 64 − 14" in element(browser, "#verdicts tr").text.replace("\u2009", " ")
    wait_for(browser, "#subscribers tr", "127.0.3.9")
    wait_for(browser, "#networks tr", "127.0.3.0/24")
    wait_for(browser, "#share-of", "1 unknown")
    assert not element(browser, "#verdicts-empty").is_displayed()


def test_it_shows_what_has_been_learnt(morning, browser):
    open_page(browser, morning)
    wait_for(browser, "#verdicts tr", "tethered")
    wait_for(browser, "#share-of", "known since hoptell started, ")
    assert re.match(r"\d+\.\d\u2009%$", element(browser, "#share-now").text)
    rows = wait_for(browser, "#networks tr", "127.0.1.0/24")
    assert any(re.search(r"127\.0\.1\.0/24\s+\d+\s+52 \(9\d\u2009%\)", row) for row in rows)
    choose(browser, "#networks", "127.0.1.0/24")
    assert element(browser, "#network-title").text == "127.0.1.0/24"
    assert "52 after 12 hops" in element(browser, "#network-text").text
    assert "Hop limits of 127.0.1.0/24" in element(browser, "#histogram").get_attribute("aria-label")


def choose(browser, table, text):
    """Presses the button of a row: in one step, since rows are replaced as news come."""
    browser.execute_script(
        "[...document.querySelectorAll(`${arguments[0]} button`)]"
        ".find((each) => each.textContent === arguments[1]).click()", table, text)


def test_a_subscriber_has_its_timeline(morning, browser):
    open_page(browser, morning)
    wait_for(browser, "#subscribers tr", "127.0.1.7")
    choose(browser, "#subscribers", "127.0.1.7")
    wait_for(browser, "#timeline-title", "127.0.1.7")
    label = element(browser, "#times").get_attribute("aria-label")
    assert label.startswith("Connections of 127.0.1.7: ") and "2 tethered" in label
    assert any("arrives with 52" in text for text in texts(browser, "#evidence li"))
    assert any(re.search(r"tethered .*\d connections?", text, re.S)
               for text in texts(browser, "#episodes li"))
    field = element(browser, "#address")
    field.send_keys("192.0.2.250", Keys.ENTER)
    wait_for(browser, "#timeline-title", "192.0.2.250 has not been seen")
    field.clear()
    field.send_keys("127.0.2.1", Keys.ENTER)
    wait_for(browser, "#timeline-title", "127.0.2.1")


def test_who_walks_a_tale_is_shown_with_how_far(morning, browser):
    open_page(browser, morning)
    morning.walk("traceroute", "-w5", "-n", "-q1", "-m4", "203.0.113.9")
    wait_for(browser, ".walkers li", f"traceroute by UDP from {WALKER}")
    wait_for(browser, ".walkers li", "hop 4 of 7, walking now")
    morning.walk("traceroute", "-w5", "-n", "-I", "-q1", "203.0.113.9")
    wait_for(browser, ".walkers li", "reached the end")


def test_health_is_what_the_metrics_say(morning, browser):
    open_page(browser, morning)
    metrics = urllib.request.urlopen(f"{morning.url}/metrics", timeout=5).read().decode()
    observed = re.search(r"^hoptell_observations_total (\d+)$", metrics, re.M).group(1)
    shown = dict(zip(texts(browser, "#health dt"), texts(browser, "#health dd.value")))
    assert shown["Opening packets"] == observed
    assert set(shown) == {"Capture", "Opening packets", "Probes answered", "Names"}
    assert int(shown["Probes answered"]) > 0
    assert element(browser, "#ready").text == ""


def test_what_came_during_a_break_is_told_after_it(morning, browser):
    open_page(browser, morning)
    morning.forward.close()
    wait_for(browser, "#live", "no connection, trying again")
    morning.visit(("127.0.4.1", 49))
    morning.forward.open()
    wait_for(browser, "#live", "live")
    wait_for(browser, "#verdicts tr", "127.0.4.1")


def test_it_can_be_held(morning, browser):
    open_page(browser, morning)
    hold = element(browser, "#hold")
    hold.send_keys(Keys.SPACE)
    assert hold.get_attribute("aria-pressed") == "true"
    morning.visit(("127.0.4.2", 49))
    wait_for(browser, "#hold", "Go on (1 new)")
    assert "127.0.4.2" not in element(browser, "#verdicts").text
    hold.send_keys(Keys.SPACE)
    wait_for(browser, "#verdicts tr", "127.0.4.2")


# the workshop

def write(browser, text):
    browser.execute_script(
        "const text = document.querySelector('#text'); text.value = arguments[0];"
        "text.dispatchEvent(new Event('input'))", text)


def program(*words, text):
    return subprocess.run([PROGRAM, "tale", *words, "-"], input=text, capture_output=True,
                          text=True, check=False)


def test_every_example_is_there_and_shown_as_the_program_does(site, browser):
    open_page(browser, site, "/workshop")
    select = Select(element(browser, "#example"))
    names = [option.get_attribute("value") for option in select.options if
             option.get_attribute("value")]
    assert sorted(names) == sorted(
        path.name for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".txt"))
    for name in names:
        select.select_by_value(name)
        text = (EXAMPLES / name).read_text()
        wait_until(lambda: element(browser, "#text").get_property("value") == text, what=name)
        said = program("show", text=text).stdout.rstrip("\n")
        wait_until(lambda: "\n\n".join(
            each.rstrip("\n") for each in texts_of(browser, "pre.shown")) == said, what=name)


def texts_of(browser, selector):
    return browser.execute_script(
        "return [...document.querySelectorAll(arguments[0])].map((each) => each.textContent)",
        selector)


def test_mistakes_are_marked_where_they_are(site, browser):
    open_page(browser, site, "/workshop")
    write(browser, "targets: [203.0.113.9]\naddresses: [198.51.100.16/28]\nhops:\n"
                   "  - für dich\n  - {say: ähem, dleay: 20ms}\n")
    wait_for(browser, "#state", "1 error")
    assert texts(browser, "#lines .error") == ["5"]
    message, = element(browser, "#messages").find_elements(By.TAG_NAME, "li")
    assert "dleay" in message.text and "5:" in message.text
    message.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.get_attribute("id") == "text"
    value, at = browser.execute_script("const t = document.activeElement;"
                                       "return [t.value, t.selectionStart]")
    assert value[at:].startswith("dleay")
    assert not element(browser, "#save-zone").is_enabled()


def test_what_is_being_written_survives_a_reload(site, browser):
    open_page(browser, site, "/workshop")
    mine = "targets: [203.0.113.9]\naddresses: [198.51.100.16/28]\nhops: [mine]\n"
    write(browser, mine)
    wait_for(browser, "pre.shown", "mine (198.51.100.17)")
    browser.refresh()
    wait_for(browser, "pre.shown", "mine (198.51.100.17)")
    assert element(browser, "#text").get_property("value") == mine


def without_serial(zones):
    return re.sub(r"\b\d{10}\b", "SERIAL", zones)


def test_tale_and_zones_can_be_saved(site, browser, tmp_path):
    browser.execute_cdp_cmd("Browser.setDownloadBehavior",
                            {"behavior": "allow", "downloadPath": str(tmp_path)})
    open_page(browser, site, "/workshop")
    text = pathlib.Path(TALE).read_text()
    write(browser, text)
    wait_until(lambda: element(browser, "#save-zone").is_enabled(), what="the zones")
    element(browser, "#save-tale").click()
    element(browser, "#save-zone").click()
    saved = {kind: tmp_path / f"lab.{kind}" for kind in ("yaml", "zone")}
    wait_until(lambda: all(path.exists() for path in saved.values()), what="both files")
    assert saved["yaml"].read_text() == text
    said = program("zone", text=text).stdout
    assert without_serial(saved["zone"].read_text()).split() == without_serial(said).split()


# both pages

@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", (NARROW, WIDE))
def test_they_fit_and_can_be_read(morning, browser, path, width, scheme):
    open_page(browser, morning, path, width=width, scheme=scheme)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    paper = style(browser, "body", "backgroundColor")
    assert (luminance(paper) < 0.2) == (scheme == "dark")
    sheet = style(browser, ".panel", "backgroundColor")
    if path == "/":
        wait_for(browser, "#verdicts tr", "tethered")
        words = ("h2", ".lead", "td.time", ".badge.direct", ".badge.tethered", ".sure", ".note",
                 "#health dt", ".tale .targets", ".key .bar")
    else:
        words = ("h2", ".lead", "#state", "#lines li", "dd")
    for selector in words:
        assert contrast(style(browser, selector, "color"), sheet) >= 4.5, selector
    assert contrast(style(browser, "footer", "color"), paper) >= 4.5


@pytest.mark.parametrize("path", PAGES)
def test_they_ask_nobody_else_and_complain_of_nothing(morning, browser, path):
    open_page(browser, morning, path)
    asked = {url for url in requested(browser) if not url.startswith("data:")}
    assert asked and all(url.startswith(f"{morning.url}/") for url in asked), asked
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("path", PAGES)
def test_their_policy_lets_nothing_else_run(morning, browser, path):
    request = urllib.request.Request(morning.url + path, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        policy = answer.headers["Content-Security-Policy"]
        body = answer.read().decode()
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert (rules["default-src"], rules["script-src"], rules["style-src"], rules["connect-src"]) \
        == ("'none'", "'self'", "'self'", "'self'")
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|https?://(?!www\.w3\.org)",
                         body)
    open_page(browser, morning, path)
    browser.execute_script("const bad = document.createElement('script');"
                           "try { bad.text = 'window.ran = true' } catch { return }"
                           "document.body.append(bad)")
    assert browser.execute_script("return window.ran") is None
    browser.get_log("browser")


@pytest.mark.parametrize("path", PAGES)
def test_a_screen_reader_is_told_what_is_what(morning, browser, path):
    open_page(browser, morning, path)
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    nodes = [(node["role"]["value"], node.get("name", {}).get("value", ""))
             for node in tree if not node.get("ignored")]
    roles = {role for role, _ in nodes}
    assert {"banner", "navigation", "main", "contentinfo"} <= roles
    for role, name in nodes:
        if role in ("button", "link", "textbox", "combobox", "image", "img", "radio", "region"):
            assert name, f"a {role} without a name"
    regions = {name for role, name in nodes if role == "region"}
    assert {"Verdicts", "Share tethered", "Networks", "Subscribers", "Tales"} <= regions \
        if path == "/" else {"Write", "What traceroute prints"} <= regions


@pytest.mark.parametrize("path", PAGES)
def test_the_keyboard_alone_is_enough(morning, browser, path):
    """Everything that can be pressed can be reached, and what has the focus is seen to have it."""
    open_page(browser, morning, path)
    if path == "/":
        wait_for(browser, "#networks tr", "127.0.1.0/24")
    wanted = {"/": {"hold", "address", "verdicts", "networks"},
              "/workshop": {"example", "text", "save-tale", "save-zone"}}[path]
    reached = set()
    for _ in range(150):
        ActionChains(browser).send_keys(Keys.TAB).perform()
        where = browser.execute_script(
            "const it = document.activeElement; const seen = getComputedStyle(it);"
            "const around = it.closest('.editor, .choice label');"
            "return {id: it.id || it.closest('tbody')?.id || '', tag: it.tagName,"
            " outline: [seen, around && getComputedStyle(around)].some((each) =>"
            "   each && each.outlineStyle !== 'none')}")
        if where["tag"] == "BODY":
            break
        assert where["outline"], where
        reached.add(where["id"])
        if wanted <= reached:
            break
    assert wanted <= reached


def test_nothing_moves_for_who_wants_no_motion(morning, browser):
    for motion, animation in (("no-preference", "arrive"), ("reduce", "none")):
        open_page(browser, morning, motion=motion)
        morning.visit(("127.0.4.3", 49))
        wait_for(browser, "#verdicts tr.new", "127.0.4.3")
        assert style(browser, "#verdicts tr.new td", "animationName") == animation


# elsewhere than on loopback

@pytest.fixture
def guarded(tmp_path):
    """hoptell whose operators' listener is there for others, too, and so wants a token."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = tmp_path / "token"
    token.write_text(TOKEN + "\n")
    token.chmod(0o600)
    settings = tmp_path / "hoptell.yaml"
    settings.write_text(f"""
user: nobody
store: none
tales: []
watch: {{interfaces: []}}
names: {{listen: []}}
visitors: {{listen: []}}
operators: {{listen: ["0.0.0.0:{port}"], token_file: {token}}}
""")
    with open(tmp_path / "log", "w", encoding="utf-8") as log:
        daemon = subprocess.Popen([PROGRAM, "run", "-c", str(settings)], stdout=log, stderr=log)
    try:
        wait_until(lambda: is_open(port), what="the listener")
        yield f"http://127.0.0.1:{port}"
    finally:
        daemon.terminate()
        daemon.wait(10)


def is_open(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def test_elsewhere_the_page_asks_for_the_token_once(guarded, browser):
    visit(browser, f"{guarded}/")
    wait_until(lambda: element(browser, "#token").is_displayed(), what="the question")
    field = element(browser, "#token-field")
    assert browser.switch_to.active_element == field
    field.send_keys("not-the-token-that-it-is", Keys.ENTER)
    wait_for(browser, "#token-error", "That token was not accepted.")
    field.send_keys(TOKEN, Keys.ENTER)
    wait_for(browser, "#live", "live")
    wait_for(browser, "#tales-empty", "No tale runs.")
    assert not element(browser, "#token").is_displayed()
    assert TOKEN not in json.dumps(sorted(requested(browser)))
    visit(browser, f"{guarded}/workshop")
    wait_for(browser, "#state", "Good")

"""The visitor page in Chromium: what it says, how it looks narrow and wide, dark and light."""

import contextlib
import json
import socket
import subprocess
import urllib.request

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from browser import (NARROW, SCHEMES, WIDE, browser, contrast, luminance, requested, style, texts,
                     visit)
from conftest import wait_until
from hoptell import PROGRAM

SETTINGS = """
user: nobody
store: none
tales: []
watch: {{interfaces: []}}
names: {{listen: []}}
visitors: {{listen: ["127.0.0.1:{visitors}"]}}
operators: {{listen: ["127.0.0.1:{operators}"]}}
"""


def free_ports(count):
    """Ports that were free a moment ago."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A hoptell that serves pages alone; gives the address of its visitors' listener."""
    folder = tmp_path_factory.mktemp("pages")
    visitors, operators = free_ports(2)
    settings = folder / "hoptell.yaml"
    settings.write_text(SETTINGS.format(visitors=visitors, operators=operators))
    with open(folder / "log", "w+", encoding="utf-8") as log:
        daemon = subprocess.Popen([PROGRAM, "run", "-c", str(settings)], stdout=log, stderr=log)
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{visitors}/healthz", daemon, log.name),
                       what="the listener")
            yield f"http://127.0.0.1:{visitors}"
        finally:
            daemon.terminate()
            daemon.wait(10)


def answers(url, daemon, log):
    if daemon.poll() is not None:
        with open(log, encoding="utf-8") as said:
            pytest.fail(f"expected a daemon, found that it ended: {said.read()}")
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def test_it_says_verdict_numbers_and_packet(site, browser):
    visit(browser, site)
    assert texts(browser, "h1")[0].startswith("Unknown so far")
    assert texts(browser, ".numbers dd") == ["64", "0", "64"]
    assert texts(browser, "h2") == ["The way of your packet", "Why", "The opening packet", "Try it"]
    rows = dict(zip(texts(browser, ".packet dt"), texts(browser, ".packet dd")))
    assert rows["Protocol"] == "IPv4, TCP"
    assert rows["From"].startswith("127.0.0.1 port ")
    assert rows["TCP options, in order"].startswith("mss, sack permitted, timestamps")


def test_it_speaks_german(site, browser):
    visit(browser, site, language="de-AT,de;q=0.9,en;q=0.5")
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "de"
    assert texts(browser, "h1")[0].startswith("Noch unbekannt")
    assert texts(browser, "h2") == ["Der Weg des Pakets", "Warum", "Das erste Paket",
                                    "Zum Ausprobieren"]
    assert texts(browser, ".evidence .sentence")
    for sentence in texts(browser, ".evidence .sentence"):
        assert "network" not in sentence


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", (NARROW, WIDE))
@pytest.mark.parametrize("language", ("en", "de"))
def test_it_fits_and_can_be_read(site, browser, width, scheme, language):
    visit(browser, site, width, scheme, language)
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    shown = {each.get_attribute("class"): each.is_displayed()
             for each in browser.find_elements(By.CSS_SELECTOR, "svg.way")}
    assert shown == {"way wide": width == WIDE, "way narrow": width == NARROW}
    paper = style(browser, "body", "backgroundColor")
    assert (luminance(paper) < 0.2) == (scheme == "dark")
    for selector in ("h1", ".more", "figcaption", ".side", ".packet dt", "footer", "footer a"):
        assert contrast(style(browser, selector, "color"), paper) >= 4.5, selector
    for selector in (".way text", ".way .number"):
        assert contrast(style(browser, selector, "fill"), paper) >= 4.5, selector


def test_it_asks_for_nothing_else_and_complains_of_nothing(site, browser):
    visit(browser, site)
    assert {url for url in requested(browser) if not url.startswith("data:")} == {f"{site}/"}
    assert browser.get_log("browser") == []


def test_it_needs_no_scripts(site, browser):
    visit(browser, site)
    assert browser.find_elements(By.TAG_NAME, "script") == []


def test_the_keyboard_alone_is_enough(site, browser):
    visit(browser, site)
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    first = browser.switch_to.active_element
    assert first.text == "Skip to the answer"
    assert first.rect["x"] >= 0, "expected the link to be seen once it has the focus"
    first.send_keys(Keys.ENTER)
    assert browser.switch_to.active_element.tag_name == "main"
    browser.switch_to.active_element.send_keys(Keys.TAB)
    last = browser.switch_to.active_element
    assert last.get_attribute("href") == f"{site}/v1/me"
    assert style(browser, "a[href='/v1/me']", "outlineStyle") == "solid"


def test_a_screen_reader_is_told_of_the_picture(site, browser):
    visit(browser, site)
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    names = {(node["role"]["value"], node.get("name", {}).get("value"))
             for node in tree if not node.get("ignored")}
    roles = {role for role, _ in names}
    assert ("img", "The packet arrived as it was sent, with 64: there was no router on its way") \
        in {("img" if role in ("img", "image", "graphics-document") else role, name)
            for role, name in names}
    assert {"banner", "main", "contentinfo"} <= roles
    assert ("region", "Why") in names
    assert ("heading", "The opening packet") in names


def test_the_same_for_programs_and_for_the_terminal(site):
    with urllib.request.urlopen(f"{site}/v1/me", timeout=5) as answer:
        me = json.load(answer)
        assert answer.headers["Content-Type"] == "application/json"
    assert (me["address"], me["hop_limit"], me["verdict"]) == ("127.0.0.1", 64, "unknown")
    request = urllib.request.Request(f"{site}/", headers={"User-Agent": "curl/7.88.1"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        text = answer.read().decode()
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert text.startswith("Unknown so far")
    assert "   64 hop limit on arrival\n" in text

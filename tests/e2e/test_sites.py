"""The examples for web servers and programs, on the lab's site, under real visits."""

import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest
import yaml

import mariadb
import visits
import webservers
from conftest import ROOT, public_directory, wait_until
from hoptell import SETTINGS, Hoptell

PROXIES = ("nginx", "haproxy", "caddy")
FAMILIES = (4, 6)
PHONE = {"verdict": "direct", "hop-limit": "60", "initial": "64", "hops": "4"}
LAPTOP = {"verdict": "tethered", "hop-limit": "59", "initial": "64", "hops": "5"}
DESCRIPTION = pathlib.Path(ROOT) / "web" / "openapi.yaml"
NAMES = {name.lower().removeprefix("x-hoptell-") for name in yaml.safe_load(
    DESCRIPTION.read_text(encoding="utf-8"))["paths"]["/v1/auth"]["get"]["responses"]["204"]["headers"]}
SPOOFED = ("X-Hoptell-Verdict: spoofed", "X-Hoptell-Hops: spoofed", "X_Hoptell_Verdict: spoofed",
           "X-Hoptell_Stack: spoofed", "x_hoptell-probability: spoofed")

# One connection, on which a page is asked for at every line that comes. It ends with a reset, so
# that its port is free at once.
ASKER = """
import http.client, socket, struct, sys
site = http.client.HTTPConnection(sys.argv[1], int(sys.argv[2]),
                                  source_address=("", int(sys.argv[3])))
site.connect()
site.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
for _ in sys.stdin:
    site.request("GET", "/", headers={"Host": "site"})
    answer = site.getresponse()
    print(answer.status, answer.read().decode().replace("\\n", " "), flush=True)
"""


# In hoptell's place: has too much to do, as hoptell says it.
BUSY = """
import http.server
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_error(503)
    def log_message(self, *_):
        pass
http.server.ThreadingHTTPServer(("127.0.0.1", 8081), Handler).serve_forever()
"""


@pytest.fixture(scope="module")
def database(need_root):
    """The shared store, made as examples/lamp says."""
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        made = mariadb.Server(directory)
        word = mariadb.PASSWORD.replace("'", "''")
        try:
            made.start()
            made.ask(webservers.adapted("lamp/database.sql", {
                "'a password'": f"'{word}'", "'www-data'": f"'{mariadb.USER}'"}), "mysql")
            yield made
        finally:
            made.kill()


@pytest.fixture(scope="module")
def hoptell(lab, database):
    """hoptell on the site, after the carrier's phones have visited."""
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        password = webservers.write(directory, "password", mariadb.PASSWORD + "\n")
        shutil.chown(password, mariadb.USER)
        os.chmod(password, 0o400)
        store = (f"store: mariadb://hoptell@localhost/hoptell?socket={database.socket}\n"
                 f"store_password_file: {password}\nspool: {{path: {directory}/spool}}")
        made = Hoptell(lab, directory, SETTINGS.replace("store: none", store))
        try:
            made.start()
            visits.all_phones_visit(lab)
            yield made
        finally:
            made.kill()


@pytest.fixture(scope="module")
def servers(lab, hoptell, database):
    """All servers, side by side, before one application."""
    with contextlib.ExitStack() as stack:
        def run(port, make, *more):
            directory = stack.enter_context(public_directory())
            words = make(directory, *more)
            stack.enter_context(webservers.running(lab, directory, port, words))

        run(webservers.BACKEND_PORT, lambda _: ["/usr/bin/python3", "-c", webservers.BACKEND])
        for name in PROXIES:
            run(webservers.PORTS[name], getattr(webservers, name))
        run(webservers.PORTS["apache"], webservers.apache, database)
        yield


def fetch(lab, host, server, path, *options, family=4):
    """What curl on `host` gets of a page, which has to be there."""
    return lab.run(host, "curl", f"-{family}", "-sSfm", "10", *options,
                   f"http://site:{webservers.PORTS[server]}{path}")


def asked(lab, host, server, *options, family=4):
    """What the application behind a server was asked by `host`."""
    return json.loads(fetch(lab, host, server, "/application/page", *options, family=family))


def said_of(request):
    """The X-Hoptell-* headers of a request, the ends of their names in small letters."""
    found = [(re.sub("^x[-_]hoptell[-_]", "", name.lower()), value)
             for name, value in request["headers"] if re.match("x[-_]hoptell[-_]", name, re.I)]
    assert len(dict(found)) == len(found), found
    return dict(found)


def told(lab, host, server, *options, family=4):
    """The request that the application gets, with all that hoptell knows: a slow machine may take
    longer than a server waits, and then it is served without."""
    def complete():
        request = asked(lab, host, server, *options, family=family)
        assert "spoofed" not in said_of(request).values()
        return request if set(said_of(request)) == NAMES else None

    return wait_until(complete, what=f"{server} to know of {host}")


def check(found, expected):
    assert {name: found[name] for name in expected} == expected, found
    assert (float(found["probability"]) >= 0.95) == (found["verdict"] == "tethered")


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("server", PROXIES)
def test_the_application_is_told_in_headers(lab, servers, server, family):
    check(said_of(told(lab, "phone3", server, family=family)), PHONE)
    check(said_of(told(lab, "laptop", server, family=family)), LAPTOP)


@pytest.mark.parametrize("server", PROXIES)
def test_what_a_client_says_of_itself_is_removed(lab, servers, server):
    spoofed = [word for line in SPOOFED for word in ("-H", line)]
    check(said_of(told(lab, "laptop", server, *spoofed)), LAPTOP)


@pytest.mark.parametrize("server", ("haproxy", "caddy"))
def test_tethered_visitors_come_to_the_lighter_backend(lab, servers, server):
    assert told(lab, "phone3", server)["path"] == "/application/page"
    assert told(lab, "laptop", server)["path"] == "/light/application/page"


@pytest.mark.parametrize("family", FAMILIES)
def test_nginx_has_a_lighter_page_for_tethered_visitors(lab, servers, family):
    def page(host):
        return fetch(lab, host, "nginx", "/page.html", family=family)

    wait_until(lambda: page("laptop") == "the light page", what="the light page")
    assert page("phone3") == "the full page"


def known_page(lab, host, family):
    page = fetch(lab, host, "apache", "/", "-H", SPOOFED[0], family=family)
    return None if "<strong>unknown</strong>" in page else page


@pytest.mark.parametrize("family", FAMILIES)
def test_the_page_in_php_says_what_the_store_knows(lab, servers, family):
    for host, heading, verdict, edition, hop_limit in (
            ("phone5", "itself on the line", "direct", "full", 60),
            ("laptop", "behind another one", "tethered", "lighter", 59)):
        page = wait_until(lambda host=host: known_page(lab, host, family), what="a verdict")
        assert f"<strong>{verdict}</strong>" in page and heading in page, page
        assert f"shown the {edition} page" in page
        assert f"You come from {visits.seen_address(host, family)}, port " in page
        assert f"with a hop limit of {hop_limit}. It set out with\n64" in page


def test_who_reads_the_store_cannot_write(database, hoptell):
    words = ["mariadb", "--no-defaults", f"--socket={database.socket}", "hoptell", "-e"]
    for statement, status in (("SELECT count(*) FROM observation", 0),
                              ("DELETE FROM observation", 1), ("DROP TABLE observation", 1)):
        done = subprocess.run([*words, statement], user=mariadb.USER, extra_groups=[], cwd="/",
                              capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == status, done.stderr
        assert ("denied" in done.stderr) == (status != 0)


@contextlib.contextmanager
def asking(lab, host, family, port):
    """Pages of Apache's on one connection from `port`, one at each call."""
    process = lab.start(host, "/usr/bin/python3", "-c", ASKER, lab.address("site", family),
                        str(webservers.PORTS["apache"]), str(port), stdin=subprocess.PIPE,
                        stdout=subprocess.PIPE, text=True)

    def ask():
        process.stdin.write("\n")
        process.stdin.flush()
        return process.stdout.readline()

    try:
        yield ask
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


def test_what_is_not_yet_in_the_store_is_unknown_and_told_later(lab, servers, hoptell):
    with asking(lab, "phone6", 6, 0) as ask:
        hoptell.process.send_signal(signal.SIGSTOP)
        try:
            page = ask()
        finally:
            hoptell.process.send_signal(signal.SIGCONT)
        assert page.startswith("200 ") and "<strong>unknown</strong>" in page
        assert "shown the full page" in page
        assert "<strong>direct</strong>" in wait_until(
            lambda: (page := ask()) and "unknown" not in page and page)


def test_a_port_that_is_used_again_is_another_connection(lab, servers, database):
    """The first connection from it was long ago, and tethered; so is one to another of our ports."""
    port, address = 39999, visits.seen_address("phone7", 6)
    def visit():
        with asking(lab, "phone7", 6, port) as ask:
            return wait_until(lambda: (page := ask()) and "unknown" not in page and page)

    assert "<strong>direct</strong>" in visit()
    of_it = f"FROM observation WHERE address = '{address}' AND port = {port}"
    database.ask(f"UPDATE {of_it[5:]}".replace(
        " WHERE", " SET verdict = 'tethered', seen_at = seen_at - 300000000 WHERE"))
    assert database.ask(f"SELECT verdict {of_it}") == [("tethered",)]
    other = ("server_address, hop_limit, initial, hops, stack_family, stack_probability, verdict,"
             " probability, evidence")
    database.ask(f"INSERT INTO observation (address, port, seen_at, server_port, {other})"
                 f" SELECT address, port, seen_at + 301000000, 443, {other} {of_it}")

    assert "<strong>direct</strong>" in visit()
    assert len(database.ask(f"SELECT id {of_it}")) == 3


@pytest.fixture(scope="module")
def c_client():
    with public_directory() as directory:
        program = os.path.join(directory, "lookup")
        subprocess.run(["cc", "-Wall", "-Wextra", "-Werror", "-o", program,
                        webservers.EXAMPLES / "clients" / "lookup.c", "-lcurl"],
                       check=True, timeout=60)
        yield program


@pytest.fixture(params=["python", "c"])
def client(request, c_client):
    return str(webservers.EXAMPLES / "clients" / "lookup.py") if request.param == "python" else c_client


def known_of(lab, client, address, port, *more):
    said = lab.run("site", client, address, str(port), *more).splitlines()
    return said if said[0] != "unknown" else None


@pytest.mark.parametrize("family", FAMILIES)
def test_a_program_asks_about_its_client(lab, hoptell, client, family):
    with visits.listening(lab):
        for host, verdict in (("phone8", "direct"), ("laptop", "tethered")):
            address, port = visits.call(lab, host, family)
            said = wait_until(lambda a=address, p=port: known_of(lab, client, a, p), what=verdict)
            assert said[0] == verdict
            assert len(said) == 1 or any("arrived with" in line for line in said[1:])
            assert known_of(lab, client, address, port, str(visits.OTHER_PORT))[0] == verdict
            assert known_of(lab, client, address, port, "1") is None
    assert lab.run("site", client, "192.0.2.250", "1") == "unknown\n"


@contextlib.contextmanager
def stuck(_lab, hoptell):
    """It takes connections and does not answer."""
    hoptell.process.send_signal(signal.SIGSTOP)
    yield
    hoptell.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def away(_lab, hoptell):
    assert hoptell.stop() == 0
    yield
    hoptell.start()


@contextlib.contextmanager
def busy(lab, hoptell):
    with away(lab, hoptell), public_directory() as directory:
        with webservers.running(lab, directory, 8081, ["/usr/bin/python3", "-c", BUSY]):
            yield


@pytest.fixture(params=[stuck, away, busy])
def without_hoptell(request, lab, hoptell):
    with request.param(lab, hoptell):
        yield


def test_every_site_works_without_hoptell(lab, servers, without_hoptell, c_client):
    spoofed = [word for line in SPOOFED for word in ("-H", line)]
    for server in PROXIES:
        request = asked(lab, "laptop", server, *spoofed, "-d", "a body")
        assert (request["method"], request["body"]) == ("POST", "a body")
        assert request["path"] == "/application/page"
        assert said_of(request) in ({}, {"verdict": "unknown"}), server
    assert fetch(lab, "laptop", "nginx", "/page.html") == "the full page"
    assert "<strong>unknown</strong>" in fetch(lab, "laptop", "apache", "/")
    for client in (webservers.EXAMPLES / "clients" / "lookup.py", c_client):
        assert lab.run("site", client, "192.0.2.1", "1") == "unknown\n"


def test_the_page_in_php_works_without_the_database(lab, servers, database):
    database.kill()
    try:
        page = fetch(lab, "laptop", "apache", "/")
        assert "<strong>unknown</strong>" in page and "shown the full page" in page
        assert "mysql" not in page and database.socket not in page
    finally:
        database.start()

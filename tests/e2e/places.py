"""Sites for tests: a store of either kind and the settings that name it, with a daemon or without."""

import contextlib
import itertools
import json
import os
import shutil
import sqlite3
import subprocess
import urllib.request

import mariadb
from conftest import public_directory, wait_until
from hoptell import PROGRAM


class Site:
    """A store and the settings that name it; no daemon."""

    def __init__(self, directory, name, store, tell=None, password=None):
        self.tell = tell  # says a statement to the store; its rows
        self.server = None  # of MariaDB
        self.settings = os.path.join(directory, f"{name}.yaml")
        with open(self.settings, "w", encoding="utf-8") as file:
            file.write(f'store: "{store}"\n')
            if password:
                file.write(f"store_password_file: {password}\n")

    def set(self, line):
        with open(self.settings, "a", encoding="utf-8") as file:
            file.write(line + "\n")

    def run(self, *words, text=None):
        return subprocess.run([PROGRAM, *words, "-c", self.settings], input=text, text=True,
                              capture_output=True, check=False, timeout=60)

    def export(self, *options):
        done = self.run("export", *options)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def take(self, text):
        done = self.run("import", "-", text=text)
        assert (done.returncode, done.stderr) == (0, "")
        return [line.partition(": ")[2] for line in done.stdout.splitlines()]

    @contextlib.contextmanager
    def daemon(self):
        """A daemon on loopback, which sees the connections to its own pages only; ended after."""
        made = Daemon(self.settings)
        try:
            made.start()
            yield made
        finally:
            made.process.terminate()
            assert made.process.wait(20) == 0, made.said()


class Daemon:
    """It becomes nobody: the directory of the settings is to be his, too."""

    def __init__(self, settings):
        self.settings = settings
        self.visitors, self.operators = mariadb.free_port(), mariadb.free_port()
        self.process = None

    def start(self):
        run = f"{self.settings}.run"
        shutil.copy(self.settings, run)
        with open(run, "a", encoding="utf-8") as file:
            file.write("user: nobody\nwatch: {interfaces: []}\n"
                       f"spool: {{path: {self.settings}.spool}}\n"
                       f'visitors: {{listen: ["127.0.0.1:{self.visitors}"]}}\n'
                       f'operators: {{listen: ["127.0.0.1:{self.operators}"]}}\n')
        with open(f"{self.settings}.log", "w", encoding="utf-8") as log:
            self.process = subprocess.Popen([PROGRAM, "run", "-c", run], stdout=log, stderr=log)
        wait_until(self.serves, what="hoptell to serve")

    def said(self):
        with open(f"{self.settings}.log", encoding="utf-8") as file:
            return file.read()

    def hoptell(self, *words):
        return subprocess.run([PROGRAM, *words, "-c", f"{self.settings}.run"], text=True,
                              capture_output=True, check=False, timeout=60)

    def serves(self):
        assert self.process.poll() is None, f"hoptell ended:\n{self.said()}"
        with contextlib.suppress(OSError):
            return self.get(self.visitors, "/v1/me")
        return None

    @staticmethod
    def get(port, path):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return json.load(answer)


def embedded(directory, name):
    def tell(statement):
        with contextlib.closing(sqlite3.connect(os.path.join(directory, f"{name}.db"))) as db, db:
            return db.execute(statement).fetchall()
    return Site(directory, name, empty_file(directory, name), tell)


def empty_file(directory, name):
    path = os.path.join(directory, f"{name}.db")
    open(path, "x", encoding="ascii").close()  # as if a hoptell had run: there has to be a file
    os.chmod(path, 0o666)  # a daemon that has become nobody writes to it as well
    return f"sqlite:{path}"


def shared(server, directory, name):
    password = os.path.join(directory, "password")
    with open(password, "w", encoding="utf-8") as file:
        file.write(mariadb.PASSWORD + "\n")
    shutil.chown(password, mariadb.USER)
    server.ask(f"CREATE DATABASE {name}; GRANT ALL ON {name}.* TO hoptell@'%'", "mysql")
    site = Site(directory, name, f"mariadb://hoptell@localhost/{name}?socket={server.socket}",
                lambda statement: server.ask(statement, name), password)
    site.server = server
    return site


@contextlib.contextmanager
def places(kind):
    """Makes sites, each with an empty store of its own."""
    names = (f"site{i}" for i in itertools.count())
    with public_directory() as directory:
        os.chmod(directory, 0o777)
        if kind == "sqlite":
            yield lambda: embedded(directory, next(names))
            return
        server = mariadb.Server(directory)
        try:
            server.start()
            server.make_anew()
            yield lambda: shared(server, directory, next(names))
        finally:
            server.kill()

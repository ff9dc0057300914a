"""What is in the tree speaks of the project: it names neither the place where it was built, nor a
task by its number, nor a host that is not meant for documentation."""
import ipaddress
import os
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_OUT = {".git", ".pytest_cache", "build", "seeds", "__pycache__", "captures"}
HOSTS = {
    "datatracker.ietf.org", "www.rfc-editor.org", "www.iana.org", "www.w3.org", "json-schema.org",
    "spec.openapis.org", "www.apache.org", "opensource.org", "www.debian.org", "localhost",
}
HOST_ENDINGS = ("example", "example.com", "example.net", "example.org", "test", "localhost")


def files(root):
    for folder, folders, names in os.walk(root):
        folders[:] = [f for f in folders if f not in LEFT_OUT and not f.startswith("build-")]
        for name in names:
            yield pathlib.Path(folder) / name


def texts(root):
    for path in files(root):
        try:
            yield str(path.relative_to(root)), path.read_text()
        except UnicodeDecodeError:
            continue  # no text


def places_of(root):
    """The tree's own path and the folder above it, where they are long enough to mean something."""
    return {place for place in (str(root), str(root.parent)) if len(place) > 5}


def named_places(root, places):
    for name, text in texts(root):
        for place in places:
            if place in text:
                yield f"{name}: names {place}"


def named_tasks(root):
    for name, text in texts(root):
        for found in re.findall(r"\b(?:issue|ticket|task)s? ?#?\d+\b", text, re.I):
            yield f"{name}: {found}"


def is_for_documentation(host):
    host = host.partition(":")[0] if not host.startswith("[") else host[1:].partition("]")[0]
    try:
        ipaddress.ip_address(host)
        return True
    except ValueError:
        return host in HOSTS or host.endswith(HOST_ENDINGS) or not re.search(r"[a-z]\.[a-z]", host)


def named_hosts(root):
    for name, text in texts(root):
        for host in re.findall(r"https?://(\[[0-9a-fA-F:.]+\]|[\w.:-]+)", text):
            if not is_for_documentation(host.lower()):
                yield f"{name}: {host}"


def test_no_file_names_the_place_where_it_was_built():
    assert list(named_places(ROOT, places_of(ROOT))) == []


def test_no_file_names_a_task_by_its_number():
    assert list(named_tasks(ROOT)) == []


def test_no_file_names_a_host_that_is_not_for_documentation():
    assert list(named_hosts(ROOT)) == []


@pytest.mark.parametrize("text, rule", [
    ("built in /srv/somewhere/tree\n", lambda root: named_places(root, {"/srv/somewhere"})),
    ("see issue" + " #12\n", named_tasks),
    ("https://" + "registry.invalid.io/simple\n", named_hosts),
])
def test_a_breach_is_seen(text, rule, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "note.md").write_text(text)
    assert len(list(rule(tmp_path))) == 1


@pytest.mark.parametrize("host", [
    "127.0.0.1:8081", "[::1]:8080", "example.net", "tale.example.net", "localhost:8080", "ADDRESS",
])
def test_hosts_for_documentation_are_fine(host, tmp_path):
    (tmp_path / "note.md").write_text(f"http://{host}/v1/me\n")
    assert list(named_hosts(tmp_path)) == []

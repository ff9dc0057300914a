"""The HTTP interface against its own description: every path, by real requests."""

import json
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

import visits
from conftest import ROOT, public_directory
from hoptell import OPERATORS, SETTINGS, Hoptell

with open(os.path.join(ROOT, "web", "openapi.yaml"), encoding="utf-8") as source:
    TEXT = source.read()
DESCRIPTION = yaml.safe_load(TEXT)
TALE = os.path.join(ROOT, "tests", "e2e", "tales", "closed.yaml")


def operations():
    return {(method.upper(), path): operation
            for path, item in DESCRIPTION["paths"].items()
            for method, operation in item.items() if method != "parameters"}


def followed(node):
    """What a $ref stands for, or the node itself."""
    if "$ref" in node:
        found = DESCRIPTION
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        return found
    return node


SPECIFICATION = "/usr/share/openapi-specification/versions/3.1.0.md"  # of the Debian package
FIELD = re.compile(r'^<a name="(\w+)"></a> *([^\s|]+) *\| *([^|]*(?:\\\|[^|]*)*) \| *(.*)$', re.M)


def specified():
    """{object: {field: (its type, whether it is required)}}, by the tables of the specification. A
    field whose name is a pattern stands under None."""
    with open(SPECIFICATION, encoding="utf-8") as file:
        parts = re.split(r'^#### <a name="(\w+)"></a>.* Object$', file.read(), flags=re.M)
    objects = {}
    for name, text in zip(parts[1::2], parts[2::2]):
        fixed, _, patterned = text.partition("##### Patterned Fields")
        fields = {field: (kind, said.startswith("**REQUIRED**"))
                  for _, field, kind, said in FIELD.findall(fixed)}
        for _, _, kind, _ in re.findall(r'^<a name="(\w+)"></a>(.+?) \| *(.*?) \| *(\S.*)$',
                                        patterned, re.M):
            fields[None] = (kind, False)
        objects[name] = fields
    # "The Header Object follows the structure of the Parameter Object", but for these two
    objects["headerObject"] = {field: rule for field, rule in objects["parameterObject"].items()
                               if field not in ("name", "in")}
    return objects


OBJECTS = specified()


def breaches(node, kind, where):
    """What of `node` is not as a type of the specification has it, such as
    'Map[`string`, [Header Object](#headerObject) \\| [Reference Object](#referenceObject)]'."""
    names = re.findall(r"\(#(\w+Object)\)", kind)
    if kind.startswith("Map["):
        if not isinstance(node, dict):
            yield f"{where}: expected a map"
            return
        for key, value in node.items():
            yield from breaches(value, kind[4:-1].partition(",")[2].strip(), f"{where}/{key}")
    elif kind.startswith("[["):
        if not isinstance(node, list):
            yield f"{where}: expected a list"
            return
        for number, value in enumerate(node):
            yield from breaches(value, kind[1:-1], f"{where}/{number}")
    elif names and "schemaObject" not in names:  # schemas have a test of their own
        if isinstance(node, dict) and "$ref" in node and "referenceObject" in names:
            names = ["referenceObject"]
        yield from breaches_of_object(node, names[0], where)
    elif "`string`" in kind and not kind.startswith("[") and not isinstance(node, str):
        yield f"{where}: expected a string"
    elif kind == "`boolean`" and not isinstance(node, bool):
        yield f"{where}: expected true or false"


def breaches_of_object(node, name, where):
    fields = OBJECTS[name]
    if not isinstance(node, dict):
        yield f"{where}: expected a {name}"
        return
    for field, (_, required) in fields.items():
        if required and field not in node:
            yield f"{where}: expected {field}, which a {name} must have"
    for key, value in node.items():
        kind, _ = fields.get(str(key), fields.get(None, (None, False)))
        if kind is None and not str(key).startswith("x-"):
            yield f"{where}: a {name} has no {key}"
        elif kind is not None:
            yield from breaches(value, kind, f"{where}/{key}")


def test_it_is_what_the_specification_of_openapi_has():
    assert list(breaches_of_object(DESCRIPTION, "oasObject", "")) == []


@pytest.mark.parametrize("path, value, breach", [
    (("info", "titel"), "x", "/info: a infoObject has no titel"),
    (("info", "version"), 1, "/info/version: expected a string"),
    (("paths", "/", "get", "responses", "200"), {}, "expected description, which a responseObject"),
    (("paths", "/", "get", "deprecated"), "no", "expected true or false"),
    (("servers",), {}, "/servers: expected a list"),
])
def test_what_the_specification_does_not_have_is_found(path, value, breach):
    broken = json.loads(json.dumps(DESCRIPTION))
    node = broken
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert any(breach in found for found in breaches_of_object(broken, "oasObject", ""))


def walk(node):
    yield node
    for child in (node.values() if isinstance(node, dict) else node):
        if isinstance(child, (dict, list)):
            yield from walk(child)


def valid(value, schema):
    resolver = jsonschema.RefResolver.from_schema(DESCRIPTION)
    jsonschema.Draft202012Validator(schema, resolver=resolver).validate(value)


@pytest.fixture(scope="module")
def site(lab):
    """hoptell with a store, after the phones have visited, and with one connection's address."""
    with public_directory() as directory:
        os.chmod(directory, 0o777)  # the daemon makes its store there when it is nobody
        store = f"store: sqlite:{directory}/store.db"
        settings = SETTINGS.replace("store: none", store) + f"tales: [{TALE}]\n"
        hoptell = Hoptell(lab, directory, settings)
        try:
            hoptell.start()
            visits.all_phones_visit(lab)
            hoptell.known = visits.visit(lab, "phone3", 4)[0]
            yield hoptell
        finally:
            hoptell.kill()


def request(lab, method, path, *more):
    """(status, headers in small letters, body)"""
    words = ["curl", "-sS", "-i", "-m", "20", "-X", method, *more, OPERATORS + path]
    done = subprocess.run(lab.words("site", *words), capture_output=True, text=True, check=False,
                          timeout=30)
    assert done.returncode in (0, 28), done.stderr  # 28: the events do not end
    head, _, body = done.stdout.partition("\r\n\r\n") if "\r\n\r\n" in done.stdout else \
        done.stdout.partition("\n\n")
    lines = head.splitlines()
    headers = {name.lower(): value.strip()
               for name, _, value in (line.partition(":") for line in lines[1:])}
    return int(lines[0].split()[1]), headers, body


JSON = ("-H", "Content-Type: application/json", "-d")
YAML = ("-H", "Content-Type: application/yaml", "--data-binary")

# operation, path with its query, more of curl's words, status; {address} and {port} are of the
# connection that is known
REQUESTS = [
    ("index", "/", (), 200),
    ("index", "/", ("-H", "Accept: text/html"), 200),
    ("workshop", "/workshop", (), 200),
    ("file", "/web/dashboard.js", (), 200),
    ("file", "/web/operators.css", (), 200),
    ("file", "/web/example/plain.yaml", (), 200),
    ("file", "/web/nothing", (), 404),
    ("lookup", "/v1/lookup?address={address}&port={port}", (), 200),
    ("lookup", "/v1/lookup?address={address}", (), 200),
    ("lookup", "/v1/lookup?address={address}&port={port}&server_port=1", (), 404),
    ("lookup", "/v1/lookup?address=192.0.2.250&port=1&wait=1", (), 404),
    ("lookup", "/v1/lookup?address=x", (), 400),
    ("auth", "/v1/auth?address={address}&port={port}", (), 204),
    ("auth", "/v1/auth?address=192.0.2.250&port=1", (), 204),
    ("auth", "/v1/auth", ("-H", "X-Real-IP: 192.0.2.250", "-H", "X-Real-Port: 1",
                          "-H", "X-Server-Port: 443"), 204),
    ("auth", "/v1/auth", (), 400),
    ("networks", "/v1/networks", (), 200),
    ("networks", "/v1/networks?address={address}", (), 200),
    ("networks", "/v1/networks?prefix=::/0&limit=1", (), 200),
    ("networks", "/v1/networks?limit=1001", (), 400),
    ("subscribers", "/v1/subscribers", (), 200),
    ("subscribers", "/v1/subscribers?limit=x", (), 400),
    ("subscriber", "/v1/subscribers/{address}?limit=1000", (), 200),
    ("subscriber", "/v1/subscribers/192.0.2.250", (), 404),
    ("subscriber", "/v1/subscribers/x", (), 400),
    ("tales", "/v1/tales", (), 200),
    ("tales", "/v1/tales?x=1", (), 400),
    ("verdicts", "/v1/verdicts?limit=3", (), 200),
    ("verdicts", "/v1/verdicts?limit=0", (), 400),
    ("shares", "/v1/shares", (), 200),
    ("shares", "/v1/shares?x=1", (), 400),
    ("check", "/v1/tales/check", (*YAML, f"@{TALE}"), 200),
    ("check", "/v1/tales/check", (*YAML, "hops: [{sya: nothing}]"), 200),
    ("check", "/v1/tales/check?x=1", (*YAML, "x"), 400),
    ("check", "/v1/tales/check", ("-H", "Expect:", *YAML, "#" * 70000), 413),
    ("check", "/v1/tales/check", ("--data-binary", "x"), 415),
    ("label", "/v1/labels", (*JSON, '{"address": "192.0.2.1", "label": "direct"}'), 204),
    ("label", "/v1/labels", (*JSON, "{}"), 400),
    ("label", "/v1/labels", ("-d", "{}"), 415),
    ("label", "/v1/labels", ("-H", "Expect:", *JSON, " " * 9000), 413),
    ("events", "/v1/events", ("-m", "3"), 200),
    ("events", "/v1/events?x=1", (), 400),
    ("metrics", "/metrics", (), 200),
    ("health", "/healthz", (), 200),
    ("ready", "/readyz", (), 200),
    ("description", "/openapi.yaml", (), 200),
    ("forget", "/v1/subscribers/192.0.2.250", (), 204),
    ("forget", "/v1/subscribers/x", (), 400),
]


def body_is(described, headers, body):
    """The body is what the description says of its type, or there is none."""
    if "content" not in described:
        assert body == ""
        return
    kind = headers["content-type"].split(";")[0]
    content = described["content"][kind]
    valid(json.loads(body) if kind.endswith("json") else body, content["schema"])


@pytest.mark.parametrize("name, path, more, status", REQUESTS)
def test_an_answer_is_as_it_is_described(lab, site, name, path, more, status):
    (method, where), operation = next((key, found) for key, found in operations().items()
                                      if found["operationId"] == name)
    asked = path.format(**site.known)
    assert re.fullmatch(re.sub(r"\{\w+\}", "[^?]+", where), asked.split("?")[0])
    got, headers, body = request(lab, method, asked, *more)
    assert got == status, body
    described = followed(operation["responses"][str(status)])
    body_is(described, headers, body)
    for header, rule in described.get("headers", {}).items():
        if rule.get("required") or header.lower() in headers:
            valid(headers[header.lower()], rule["schema"])


def test_a_tale_that_runs_is_told(lab, site):
    tale, = json.loads(request(lab, "GET", "/v1/tales")[2])["tales"]
    assert (tale["name"], tale["hops"] > 0, len(tale["targets"]) > 0) == ("closed", True, True)


def test_every_operation_says_what_it_is_without_the_token():
    """What needs none says so by a security of its own."""
    assert DESCRIPTION["security"] == [{}, {"token": []}]
    for operation in operations().values():
        assert ("401" in operation["responses"]) == (operation.get("security") != [{}])


def test_every_operation_has_been_requested():
    assert {name for name, *_ in REQUESTS} == \
        {operation["operationId"] for operation in operations().values()}


def test_the_description_has_every_route_and_no_other(lab, site):
    """The list of routes that the program gives is made of its own table."""
    listed = re.findall(r"^([A-Z]+) (\S+)$", request(lab, "GET", "/")[2], re.M)
    routes = {(method, re.sub("ADDRESS|FILE", lambda word: f"{{{word[0].lower()}}}",
                              re.split(r"[?\[]", path)[0])) for method, path in listed}
    assert routes == set(operations())


def test_every_reference_leads_somewhere_and_every_schema_is_one():
    for node in walk(DESCRIPTION):
        if isinstance(node, dict) and "$ref" in node:
            assert followed(node)
        if isinstance(node, dict) and "schema" in node:
            jsonschema.Draft202012Validator.check_schema(node["schema"])
    for schema in DESCRIPTION["components"]["schemas"].values():
        jsonschema.Draft202012Validator.check_schema(schema)


def test_every_parameter_of_the_program_is_described(lab, site):
    """What a query may hold is said when it holds something else."""
    for (method, path), operation in operations().items():
        if method != "GET" or not path.startswith("/v1/"):
            continue
        where = path.replace("{address}", "::1")
        status, _, body = request(lab, "GET", f"{where}?nothing=1")
        assert status == 400
        said = re.match(r"expected (.*?)(?: alone)?, found 'nothing'",
                        json.loads(body)["detail"]).group(1)
        wanted = set(re.split(", | and ", said)) - {"no parameters"}
        item = DESCRIPTION["paths"][path].get("parameters", []) + operation.get("parameters", [])
        assert wanted == {p["name"] for p in map(followed, item) if p["in"] == "query"}


def test_what_is_served_is_this_file(lab, site):
    assert request(lab, "GET", "/openapi.yaml")[2] == TEXT


def test_the_metrics_are_as_prometheus_wants_them(lab, site):
    text = request(lab, "GET", "/metrics")[2]
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True,
                          text=True, check=False, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")

"""
Clients of tales and how to read what they print: each reader makes of a client's output a list of
(position, address, name), one for each answer, in the order in which they are printed. A line of
stars is (position, None, None); a client that prints no names gives None for each.
"""

import json
import re

LINE = re.compile(r"^ *(\d+)[: ?] +(.*)$")
NAMED = re.compile(r"(\S+) \(([0-9a-fA-F:.]+)\)")
BARE = re.compile(r"^([0-9a-fA-F:.]+)(?: |$)")


def answer(position, text):
    named = NAMED.match(text)
    if named:
        name, address = named.groups()
        return position, address, name
    bare = BARE.match(text)
    return (position, bare.group(1), None) if bare else (position, None, None)


def lines(output):
    """NAME (ADDRESS), or ADDRESS, behind the number of the hop: most clients."""
    return [answer(int(line.group(1)), line.group(2))
            for line in map(LINE.match, output.splitlines()) if line]


def mtr(output):
    found = [re.match(r"^ *(\d+)\.\|-- (.*?) +(\d+\.\d)% ", line) for line in output.splitlines()]
    assert all(line.group(3) == "0.0" for line in found if line), f"lost packets:\n{output}"
    return [answer(int(line.group(1)), line.group(2)) for line in found if line]


def tracepath(output):
    """Its first line speaks of the host itself, and the first hop is asked twice."""
    found = lines("\n".join(line for line in output.splitlines() if "[LOCALHOST]" not in line))
    return [hop for index, hop in enumerate(found) if index == 0 or hop != found[index - 1]]


def inetutils(output):
    """ADDRESS (NAME)"""
    found = [re.match(r"^ *(\d+) +([0-9.]+)(?: \((\S+)\))? ", line)
             for line in output.splitlines()]
    return [(int(line.group(1)), line.group(2), line.group(3)) for line in found if line]


def nmap(output):
    found = [re.match(r"^(\d+) +\S+ ms +(.*)$", line) for line in output.splitlines()]
    return [answer(int(line.group(1)), line.group(2)) for line in found if line]


def hping(output):
    """It overwrites "get hostname..." with the name; the end answers in its own words."""
    output = output.replace("\b", "")
    found = [(int(position), address, name) for position, address, name in re.findall(
        r"^hop=(\d+) TTL 0 during transit from ip=(\S+) get hostname\.\.\. +name=(\S+)",
        output, re.M)]
    end = re.search(r"^(?:len=\d+|ICMP Port Unreachable from) ip=(\S+)", output, re.M)
    name = re.search(r"^ICMP Port Unreachable .* +name=(\S+)", output, re.M)
    if end:
        found.append((len(found) + 1, end.group(1), name and name.group(1)))
    return found


def scamper_objects(output):
    return [json.loads(line) for line in output.splitlines()]


def scamper(output):
    trace = next(found for found in scamper_objects(output) if found["type"] == "trace")
    assert trace["stop_reason"] == "COMPLETED", trace["stop_reason"]
    return [(hop["probe_ttl"], hop["addr"], None) for hop in trace["hops"]]


def scamper_links(output):
    """Of `tracelb`: every (address, next address)."""
    trace = next(found for found in scamper_objects(output) if found["type"] == "tracelb")
    found = set()
    for node in trace["nodes"]:
        for way in node.get("links", []):
            found |= {(node["addr"], hop["addr"]) for hop in way}
    return found


def dublin(output):
    """Of trace.json: {flow: [(position, address, name)]}, up to the end."""
    flows = {}
    for flow, hops in json.loads(output)["flows"].items():
        flows[flow] = []
        for hop in hops:
            received = hop.get("received")
            flows[flow].append((hop["sent"]["ip"]["ttl"], received and received["ip"]["src"],
                                hop["name"] or None))
            if hop["is_last"]:
                break
    return flows

#!/usr/bin/python3
"""Asks hoptell about a connection, with the standard library alone.

    lookup.py ADDRESS PORT [SERVER-PORT]
"""
import json
import sys
import urllib.parse
import urllib.request

OPERATORS = "http://127.0.0.1:8081"
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # whatever http_proxy says


def judgement(address, port, server_port=None, wait_ms=100, timeout=0.5):
    """What hoptell knows, as `hoptell read --format json` has it; None when that is nothing, or when
    it does not answer. It waits so long for an opening packet that is on its way. A NAT may lend one
    port to two clients at once as long as they go to different ports of the server's."""
    asked = {"address": address, "port": port, "wait": wait_ms}
    if server_port is not None:
        asked["server_port"] = server_port
    query = urllib.parse.urlencode(asked)
    try:
        with DIRECTLY.open(f"{OPERATORS}/v1/lookup?{query}", timeout=timeout) as answer:
            return json.load(answer)
    except (OSError, ValueError):  # nobody there, too late, 404, not JSON
        return None


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit("usage: lookup.py ADDRESS PORT [SERVER-PORT]")
    found = judgement(*sys.argv[1:])
    print(found["verdict"] if found else "unknown")
    for reason in found["evidence"] if found else []:
        print(" ", reason["text"])

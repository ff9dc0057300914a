"""A subscriber's timeline: from the store, over restarts, as episodes."""

import os
import subprocess
import time

from hoptell import PROGRAM

EVIDENCE = '[{"signal": "below_network", "weight": 2.9, "text": "one below the usual"}]'
HOUR = 3600


def put(site, address, minute, verdict, family, start):
    """A row as a hoptell of yesterday has left it."""
    tethered = verdict == "tethered"
    site.tell("INSERT INTO observation (address, port, seen_at, server_address, server_port, hop_limit,"
              " initial, hops, stack_family, stack_probability, verdict, probability, evidence)"
              f" VALUES ('{address}', {2000 + minute + 100 * tethered}, {(start + minute * 60) * 1000000},"
              f" '198.51.100.1', 443, 51, 64, 13, '{family}', 0.9, '{verdict}',"
              f" {0.98 if tethered else 0.02}, '{EVIDENCE if tethered else '[]'}')")


def iso(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def hotspot(site, addresses, start):
    """A phone from minute 0 to 60, and a laptop behind it from 20 to 40."""
    for minute in range(0, 61, 5):
        put(site, addresses[minute % len(addresses)], minute, "direct", "android", start)
    for minute in range(22, 41, 6):
        put(site, addresses[-1], minute, "tethered", "windows", start)


def test_what_was_before_the_start_is_told_from_the_store(places, need_root):
    site = places()
    site.export()  # makes the tables
    start = (int(time.time()) - 26 * HOUR) // 60 * 60
    hotspot(site, ["127.0.0.1"], start)
    hotspot(site, ["2001:db8:1:2::7", "2001:db8:1:2:ffff::9"], start)
    put(site, "2001:db8:1:3::1", 30, "tethered", "linux", start)
    with site.daemon() as daemon:
        answer = daemon.get(daemon.operators, "/v1/subscribers/127.0.0.1")
        assert answer["stored"] is True
        now, after, shared, before = answer["episodes"]
        assert now["connections"] >= 1  # our own, to its page
        assert (after["verdict"], after["from"], after["to"]) == (
            "direct", iso(start + 45 * 60), iso(start + 60 * 60))
        assert shared == {
            "from": iso(start + 22 * 60), "to": iso(start + 40 * 60), "verdict": "tethered",
            "probability": 0.98, "connections": 4, "beside": 4, "host": "android",
            "stacks": [{"family": "windows", "count": 4}],
            "evidence": [{"signal": "below_network", "text": "one below the usual"}]}
        assert (before["verdict"], before["from"], before["connections"]) == (
            "direct", iso(start), 5)
        # of all addresses of a /64, and of no other; nothing of it was seen in this run
        answer = daemon.get(daemon.operators, "/v1/subscribers/2001:db8:1:2::99?limit=2")
        assert (answer["subscriber"], answer["baseline"], answer["timeline"]) == (
            "2001:db8:1:2::/64", None, [])
        assert [episode["verdict"] for episode in answer["episodes"]] == ["direct", "tethered"]
        assert answer["episodes"][1]["stacks"] == [{"family": "windows", "count": 4}]
        # for people, in their own time zone
        done = subprocess.run(
            [PROGRAM, "subscribers", "-c", f"{site.settings}.run", "2001:db8:1:2::99"],
            env={**os.environ, "TZ": "XYZ-2:30"}, capture_output=True, text=True, check=False,
            timeout=30)
        local = time.strftime("%Y-%m-%d %H:%M", time.gmtime(start + 22 * 60 + 9000))
        until = time.strftime("%H:%M", time.gmtime(start + 40 * 60 + 9000))
        assert "episodes (XYZ):\n" in done.stdout
        assert (f"  {local} to {until}  tethered  98.0 %  4 connections, windows behind android\n"
                f"{'':28} one below the usual\n") in done.stdout
        assert (done.returncode, done.stderr) == (0, "")

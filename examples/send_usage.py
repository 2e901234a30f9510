"""Send usage events to Taproom with nothing but Python's standard library.

    python send_usage.py https://taproom.example tap_... < events.jsonl

Each line of the input is one event without its key. Keys are UUIDs of version 7, given once and
kept through all repetitions: whatever went wrong on the way, sending the same events again is safe.
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid

BATCH = 1000
TRIES = 8


def new_key():
    """Return a UUID of version 7: in the order of time, which the database writes fastest."""
    bits = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    bits = bits & ~(0xF << 76) | 7 << 76
    return str(uuid.UUID(int=bits & ~(0b11 << 62) | 0b10 << 62))


def send(address, api_key, events):
    """Send up to 1,000 events and return a verdict for each; repeats until there is an answer."""
    request = urllib.request.Request(
        f"{address.rstrip('/')}/api/usage-events/",
        data=json.dumps(events, allow_nan=False).encode(),
        headers={"Authorization": f"Api-Key {api_key}", "Content-Type": "application/json"},
    )
    for attempt in range(TRIES):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)["results"]
        except urllib.error.HTTPError as error:
            if error.code != 429 and error.code < 500:
                raise SystemExit(f"{error.code}: {error.read().decode()}") from error
            wait = float(error.headers.get("Retry-After") or 2**attempt)
        except OSError:
            wait = 2**attempt
        time.sleep(min(wait, 60) * (0.5 + random.random() / 2))
    raise SystemExit("No answer. Nothing is lost: send the same events, with their keys, later.")


def main(address, api_key):
    """Send standard input; print what was not taken."""
    events = [json.loads(line, parse_float=str) for line in sys.stdin if line.strip()]
    for event in events:
        event.setdefault("idempotency_key", new_key())
    counts = {}
    for start in range(0, len(events), BATCH):
        for found in send(address, api_key, events[start : start + BATCH]):
            counts[found["verdict"]] = counts.get(found["verdict"], 0) + 1
            if found["verdict"] in ("rejected", "conflict"):
                print(f"event {start + found['index'] + 1}: {found['reason']}", file=sys.stderr)
    print(json.dumps(counts))
    return 0 if set(counts) <= {"accepted", "duplicate"} else 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))

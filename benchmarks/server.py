"""What the server bears: many clients at once, on two cores, against one client alone in the same run.

    python benchmarks/server.py LIBRARY [--clients 50] [--seconds 60] [--report benchmarks/reports/server.md]

A copy of LIBRARY, an ingested one, is served by the real `kinodex serve`, its worker included, in a process of its own
that is bound to two cores. First one client searches alone. Then all clients work at the same time: two fifths search,
one search after the other without a pause; two fifths read ranges of media as players do, four megabits a second; the
others order jobs and ask questions, follow their events until the end, and pause for two seconds. With ``--no-pauses``
nobody pauses: then media, jobs and questions take what they get, and no share of two cores is left to be fair. No
search has been asked before, and every answer is checked. Meanwhile the memory of the server is read every half second.
At the end the server is told to stop, and must do so without complaint.

Two cores cannot answer twenty searches as fast as one. A client's fair share of them is the time of one alone, times
the searches at the same time, divided by the cores; the 95th percentile may be three times that.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

ROOT = Path(__file__).resolve().parents[1]
API = "/api/v1"
CORES = 2
TIMES_FAIR = 3.0
"""How far p95 of a search may be above its fair share."""

GROWTH = 1.10
"""How far the memory in the last third of the run may be above that in the middle third."""

RANGE = 512 * 1024
"""Bytes of one range of media: about what a browser's player asks for."""

ORDINARY = re.compile(r" kinodex\.jobs verify job_\w+, attempt 1$")
"""What the worker says of every job."""

WHO = (
    "a dog",
    "a red car",
    "two children",
    "a cook",
    "somebody in a suit",
    "a white boat",
    "a guitar",
    "一只猫",
    "一个孩子",
)
WHAT = (
    "in the snow",
    "at night",
    "talking",
    "next to water",
    "and a cup",
    "running",
    "from above",
    "在厨房里",
    "在街上",
)
WHERE = ("in Paris", "indoors", "on a hill", "at a market", "before a window", "in the rain", "among trees", "in black")
WHICH = (
    "",
    "old ",
    "small ",
    "shining ",
    "first ",
    "last ",
    "quiet ",
    "other ",
    "green ",
    "broken ",
    "busy ",
    "round ",
)
QUESTIONS = ("Where is the dog?", "What is said about the price?", "How many videos are there?", "Who is talking?")


@dataclass
class Seen:
    """What all clients saw: seconds of each kind of request, and what went wrong."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        """Times one request; an exception is an error, and the client goes on."""
        begun = time.perf_counter()
        try:
            yield
        except (AssertionError, OSError, http.client.HTTPException, ValueError, KeyError) as error:
            with self.lock:
                self.errors[f"{kind}: {type(error).__name__}: {str(error)[:200]}"] += 1
            return
        with self.lock:
            self.seconds[kind].append(time.perf_counter() - begun)


class Client:
    """One client with one connection, as a browser keeps it."""

    def __init__(self, address: str, seed: int) -> None:
        self.random = random.Random(seed)
        self._port = urlsplit(address).port
        self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=120)

    def send(self, method: str, path: str, body: object = None, **headers: str) -> http.client.HTTPResponse:
        """An answer, of which only the head has been read."""
        sent = None if body is None else json.dumps(body).encode()
        if sent is not None:
            headers["Content-Type"] = "application/json"
        try:
            self._connection.request(method, path, sent, headers)
            return self._connection.getresponse()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next request opens another one
            raise

    def json(self, method: str, path: str, status: int, body: object = None) -> Any:
        """The document that is answered with that status."""
        answer = self.send(method, path, body)
        text = answer.read()
        assert answer.status == status, f"{answer.status} {text[:150]!r}"
        return json.loads(text)

    def events(self, path: str, last: str) -> Any:
        """Reads events until the one called ``last``, checks that their numbers rise, and returns its data."""
        answer = self.send("GET", path, Accept="text/event-stream")
        assert answer.status == 200, f"{answer.status} {answer.read()[:150]!r}"
        number, now = 0, {}
        found = None
        for line in answer:  # to its end: the connection is used again
            name, _, value = line.decode().rstrip("\n").partition(": ")
            if name:
                now[name] = value
                continue
            if "id" in now:
                assert int(now["id"]) > number, f"event {now['id']} after {number}"
                number = int(now["id"])
            if now.get("event") == last:
                found = json.loads(now["data"])
            now = {}
        assert found is not None, f"a stream ended without {last}"
        return found


class Load:
    """What the clients of one run do, and what they saw."""

    def __init__(self, address: str, pauses: bool = True) -> None:
        self.seen = Seen()
        self._pauses = {self.media: 1.0, self.question: 2.0, self.job: 2.0} if pauses else {}
        self.address = address
        first = Client(address, 0)
        cards = first.json("GET", f"{API}/videos?limit=200", 200)["videos"]
        self.sizes = {}
        for card in cards:
            place = f"{API}/videos/{card['video_id']}/media"
            answer = first.send("HEAD", place)
            answer.read()
            if answer.status == 200:
                self.sizes[place] = int(answer.headers["Content-Length"])
        if not self.sizes:
            raise SystemExit("The library has no video whose file is there: its media cannot be read.")
        order = random.Random(1)
        texts = [
            f"{which}{who} {what} {where}" for which, who, what, where in itertools.product(WHICH, WHO, WHAT, WHERE)
        ]
        order.shuffle(texts)
        self._texts = itertools.cycle(texts)

    def search(self, client: Client, kind: str = "search") -> None:
        """Something that was not asked before."""
        with self.seen.lock:
            text = next(self._texts)
        with self.seen.timed(kind):
            found = client.json("GET", f"{API}/search?k=10&q={quote(text)}", 200)
            assert found["verdict"] in ("match", "no_match"), found["verdict"]
            assert found["verdict"] == "no_match" or found["results"], "a match without results"

    def media(self, client: Client) -> None:
        """A range somewhere in a file."""
        place, size = client.random.choice(list(self.sizes.items()))
        start = client.random.randrange(size)
        end = min(size, start + RANGE) - 1
        with self.seen.timed("range of media"):
            answer = client.send("GET", place, Range=f"bytes={start}-{end}")
            body = answer.read()
            assert answer.status == 206, f"{answer.status} {body[:150]!r}"
            assert answer.headers["Content-Range"] == f"bytes {start}-{end}/{size}", answer.headers["Content-Range"]
            assert len(body) == end - start + 1, f"{len(body)} bytes instead of {end - start + 1}"
            with self.seen.lock:
                self.seen.bytes += len(body)

    def question(self, client: Client) -> None:
        """A conversation of one question, followed until it is answered."""
        with self.seen.timed("question, until it is answered"):
            thread = client.json("POST", f"{API}/threads", 201, {})
            asked = client.json(
                "POST", f"{API}/threads/{thread['thread_id']}/turns", 202, {"question": client.random.choice(QUESTIONS)}
            )
            turn = client.events(asked["events"], "turn")
            assert turn["status"] == "done", f"the turn is {turn['status']}"

    def job(self, client: Client) -> None:
        """A job, followed until it has ended."""
        with self.seen.timed("job, until it has ended"):
            job = client.json("POST", f"{API}/jobs", 202, {"kind": "verify", "quick": True})
            ended = client.events(f"{API}/jobs/{job['job_id']}/events", "ended")
            assert ended.get("state", "done") == "done", f"the job is {ended['state']}"

    def run(self, works: Sequence[Callable[[Client], None]], seconds: float) -> float:
        """Each work in a client of its own, again and again; how long it took until all had ended."""
        begun = time.perf_counter()

        def go_on(work: Callable[[Client], None], seed: int) -> None:
            client = Client(self.address, seed)
            while (started := time.perf_counter()) - begun < seconds:
                work(client)
                pause = self._pauses.get(work, 0.0)
                if work == self.media:
                    pause -= time.perf_counter() - started  # a player's clock goes on while it waits
                time.sleep(max(0.0, pause))

        threads = [threading.Thread(target=go_on, args=(work, seed)) for seed, work in enumerate(works, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return time.perf_counter() - begun


class Memory(threading.Thread):
    """Reads the resident memory of a process every half second until it is stopped."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._over = threading.Event()
        self.readings: list[float] = []

    def run(self) -> None:
        """Until `stop`."""
        while not self._over.wait(0.5):
            lines = dict(line.split(":", 1) for line in self._status.read_text().splitlines() if ":" in line)
            self.readings.append(int(lines["VmRSS"].split()[0]) / 1024)

    def stop(self) -> list[float]:
        """Megabytes, in order."""
        self._over.set()
        self.join()
        return self.readings


@contextmanager
def served(library: Path, complaints: Path) -> Iterator[tuple[str, int]]:
    """The address of `kinodex serve`, bound to two cores, and its process id; afterwards it must end by SIGTERM."""
    allowed = os.sched_getaffinity(0)
    command = [sys.executable, "-m", "kinodex", "serve", "--library", library, "--port", "0", "--json"]
    paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    os.sched_setaffinity(0, sorted(allowed)[:CORES])
    try:
        with complaints.open("wb") as errors:
            process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=errors, env={**os.environ, "PYTHONPATH": paths}
            )
    finally:
        os.sched_setaffinity(0, allowed)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"The server did not start: {complaints.read_text()[-2000:]}")
        yield json.loads(line)["url"], process.pid
        process.send_signal(signal.SIGTERM)
        if code := process.wait(60):
            raise SystemExit(f"The server ended with exit code {code}: {complaints.read_text()[-2000:]}")
    finally:
        process.kill()
        process.wait()


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest of ``values`` that at least ``share`` of them do not exceed; NaN for none."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * int(100 * share) // 100) - 1)] if ordered else float("nan")


def works_of(load: Load, clients: int) -> list[Callable[[Client], None]]:
    """What each client does: of ten, four search, four read media, one asks questions, one orders jobs."""
    kinds = (load.search, load.media, load.question, load.search, load.media, load.search, load.media, load.job)
    tenth = (*kinds, load.search, load.media)
    return [tenth[at % len(tenth)] for at in range(clients)]


def measure(library: Path, clients: int, seconds: float, alone: float, pauses: bool) -> tuple[list[str], bool]:
    """Lines of the report, and whether every bar was kept."""
    load_before = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(shutil.copytree(library, Path(directory) / "library"))
        complaints = Path(directory) / "complaints"
        with served(copy, complaints) as (address, pid):
            load = Load(address, pauses)
            for text in ("warm", "warm again"):  # the models are being loaded
                Client(address, 0).json("GET", f"{API}/search?q={quote(text)}", 200)
            load.run([lambda client: load.search(client, "alone")], alone)
            memory = Memory(pid)
            memory.start()
            works = works_of(load, clients)
            wall = load.run(works, seconds)
            readings = memory.stop()
        said = complaints.read_text(encoding="utf-8").splitlines()
    complained = "; ".join(line for line in said if not ORDINARY.search(line))
    searching = sum(work == load.search for work in works)
    return judged(load.seen, searching, wall, readings, complained, (clients, load_before))


def judged(
    seen: Seen, searching: int, wall: float, readings: Sequence[float], complained: str, about: tuple[int, float]
) -> tuple[list[str], bool]:
    """Lines of the report, and whether every bar was kept."""
    clients, load_before = about
    one = percentile(seen.seconds["alone"], 0.95)
    # All clients share the cores, whatever they ask; beside it, as if the others took nothing.
    share, stricter = one * max(1.0, clients / CORES), one * max(1.0, searching / CORES)
    many = percentile(seen.seconds["search"], 0.95)
    third = max(1, len(readings) // 3)
    middle, last = max(readings[third : 2 * third], default=0.0), max(readings[-third:], default=0.0)
    errors = sum(seen.errors.values())
    bars = [
        ("no errors", f"{errors} of {errors + sum(map(len, seen.seconds.values()))} requests", not errors),
        ("the server complains of nothing", complained[:200] or "nothing", not complained),
        (
            f"p95 of search ≤ {TIMES_FAIR:g} × that of one client per core-share ({TIMES_FAIR * share:.2f} s)",
            f"{many:.2f} s, {many / share:.2f} × its share of {clients} clients' ({many / stricter:.2f} × that of the "
            f"{searching} that search)",
            many <= TIMES_FAIR * share,
        ),
        (
            f"memory in the last third ≤ {GROWTH:.2f} × that in the middle third",
            f"{last:.0f} MB, {last / middle if middle else 0:.2f} ×",
            0 < last <= GROWTH * middle,
        ),
    ]
    lines = [
        f"Machine: {platform.processor() or platform.machine()}, {os.cpu_count()} cores, of which the server has "
        f"{CORES}; Python {platform.python_version()}; load {load_before:.1f} before, {os.getloadavg()[0]:.1f} after. "
        f"{clients} clients for {wall:.0f} s, which share the machine with the server; {searching} of them search.",
        "",
        "| | number | a second | p50, s | p95, s | longest, s |",
        "|---|---|---|---|---|---|",
    ]
    for kind, taken in sorted(seen.seconds.items(), key=lambda one: (one[0] != "alone", one[0])):
        name, each = ("search, one client alone", "") if kind == "alone" else (kind, f"{len(taken) / wall:.1f}")
        found = f"{percentile(taken, 0.5):.3f} | {percentile(taken, 0.95):.3f} | {max(taken):.3f}"
        lines.append(f"| {name} | {len(taken)} | {each} | {found} |")
    shown = [readings[at * (len(readings) - 1) // 6] for at in range(7)] if readings else []
    lines += [
        "",
        f"Media: {seen.bytes / wall / 1e6:.0f} MB a second. Memory of the server over the run, MB: "
        f"{', '.join(f'{one:.0f}' for one in shown)}.",
        "",
        "| bar | measured | kept |",
        "|---|---|---|",
        *(f"| {bar} | {measured} | {'yes' if kept else '**no**'} |" for bar, measured, kept in bars),
    ]
    if seen.errors:
        lines += ["", "Errors:", "", *(f"- {count} × {error}" for error, count in seen.errors.most_common(20))]
    return lines, all(kept for _, _, kept in bars)


KILLED = """
## Killed in mid-job

That `kill -9` of the server or of its worker in the middle of a job loses nothing and does nothing twice is no matter
of speed; tests with real processes show it: `tests/unit/jobs/test_worker.py` (a killed worker is replaced and goes on
where it was; a killed server's worker puts the job back, and the next server's finishes it; no stage is begun twice and
`verify` finds nothing) and `tests/unit/agents/test_turns_killed.py` (questions). A client that orders a job twice with
one Idempotency-Key orders it once: `tests/unit/server/test_repeats.py`.
"""


def main() -> int:
    """Serve, load, report; 1 if a bar is missed and ``--strict`` is given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("library", type=Path, help="an ingested library; it is copied")
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long they all work (default 60)")
    parser.add_argument("--alone", type=float, default=15.0, help="how long one client searches alone (default 15)")
    parser.add_argument("--no-pauses", action="store_true", help="nobody pauses")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a bar is missed")
    given = parser.parse_args()
    lines, kept = measure(given.library, given.clients, given.seconds, given.alone, not given.no_pauses)
    text = "\n".join(lines)
    print(text)
    if given.report:
        given.report.parent.mkdir(parents=True, exist_ok=True)
        made = f"Made by `python benchmarks/server.py LIBRARY --clients {given.clients} --seconds {given.seconds:g}`."
        given.report.write_text(f"# Server\n\n{made}\n\n{text}\n{KILLED}", encoding="utf-8")
    return int(given.strict and not kept)


if __name__ == "__main__":
    sys.exit(main())

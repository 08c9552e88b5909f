"""Injects failures into every process of a run: Python imports this file by itself when it starts.

Its folder is put on PYTHONPATH, so that Ray's actors and decoding children import it, too. Without
``KINODEX_CHAOS_PLAN`` (a JSON file: a list of `tests.chaos.harness.Strike`) it does nothing. A strike waits until
its module is imported and then wraps one of its functions.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

_PLAN = os.environ.get("KINODEX_CHAOS_PLAN", "")
_HOARD_PIECE = 1 << 26


class _Finder:
    """Lets the other finders find a module, and wraps its functions once it has been executed."""

    def __init__(self, strikes):
        self._strikes = {}
        for strike in strikes:
            self._strikes.setdefault(strike["where"].split(":")[0], []).append(strike)

    def find_spec(self, name, path=None, target=None):
        strikes = self._strikes.get(name)
        if strikes is None:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None and spec.loader is not None:
                execute = spec.loader.exec_module

                def exec_module(module, execute=execute):
                    execute(module)
                    for strike in strikes:
                        _wrap(module, strike)

                spec.loader.exec_module = exec_module
                return spec
        return None


def _wrap(module, strike):
    *owners, last = strike["where"].split(":")[1].split(".")
    owner = functools.reduce(getattr, owners, module)
    if strike["do"] == "pass_on":
        # The decoding child gets a minimal environment; here it needs the plan, too.
        module._PASSED_ON |= {name for name in os.environ if name.startswith("KINODEX_CHAOS")}
        return
    original = getattr(owner, last)
    if strike["do"] == "limits":
        # The defaults of a dataclass are those of its __init__.
        fields = inspect.signature(original).parameters
        original.__init__.__defaults__ = tuple(strike["values"].get(name, fields[name].default) for name in fields)
        return
    count = _Count(strike)
    when = strike["when"]

    if when == "item":

        @functools.wraps(original)
        def wrapped(*args, **kwargs):
            fits = _fits(strike, args, kwargs)
            for item in original(*args, **kwargs):
                if fits and count.reached():
                    _strike(strike, args)
                yield item

    else:

        @functools.wraps(original)
        def wrapped(*args, **kwargs):
            now = _fits(strike, args, kwargs) and count.reached()
            if now and when == "before":
                _strike(strike, args)
            result = original(*args, **kwargs)
            if now and when == "after":
                _strike(strike, args, result)
            return result

    setattr(owner, last, wrapped)


class _Count:
    """True at the n-th call in this process; at every call from then on where a strike is repeated."""

    def __init__(self, strike):
        self._left = strike["nth"]
        self._repeated = strike["repeated"]
        self._lock = threading.Lock()

    def reached(self):
        with self._lock:
            self._left -= 1
            return self._left == 0 or (self._left < 0 and self._repeated)


def _fits(strike, args, kwargs):
    """Whether a call matches the strike's stage and file."""
    values = [*args, *kwargs.values()]
    named = {value for value in values if isinstance(value, str)}
    for value in [each for item in values for each in (item if isinstance(item, list) else [item])]:
        for holder in (value, getattr(value, "key", None)):
            named.add(getattr(holder, "stage", None))
    if strike["stage"] and strike["stage"] not in named:
        return False
    paths = [Path(os.fspath(value)).name for value in values if isinstance(value, (str, os.PathLike))]
    return not strike["file"] or any(strike["file"] in path for path in paths)


def _strike(strike, args, result=None):
    if not strike["repeated"] and not _first(strike):
        return
    do = strike["do"]
    if do == "record":
        _record(strike, result)
    elif do == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)
    elif do == "kill-driver":
        _kill_and_wait(int(_place("driver.pid").read_text()))
    elif do == "kill-worker":
        _kill_and_wait(int(_worker(args).rsplit("-", 1)[1]), ours=True)
    elif do == "crash":
        ctypes.string_at(0)
    elif do == "loop":
        while True:
            time.sleep(0.05)
    elif do == "hoard":
        hoard = []
        while True:
            hoard.append(bytes(_HOARD_PIECE))  # address space alone: the pages are never touched
    elif do == "pause":
        until = time.monotonic() + strike["seconds"]
        while time.monotonic() < until and not _place(strike["name"] + ".resume").exists():
            time.sleep(0.02)


def _record(strike, begun):
    """One line for each attempt that was begun."""
    lines = [
        json.dumps([attempt.key.video_id, attempt.key.stage, attempt.number, time.time(), os.getpid()]) + "\n"
        for attempt in begun
        if hasattr(attempt, "number")
    ]
    handle = os.open(_place(strike["name"]), os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    os.write(handle, "".join(lines).encode())
    os.close(handle)


def _worker(args):
    """The worker that holds the attempt which a call is about."""
    for one in args:
        if hasattr(one, "worker"):
            return one.worker
    key = next(one for one in args if hasattr(one, "fingerprint"))
    with closing(_database()) as database:
        statement = "select worker from stage_runs where video_id = ? and stage = ? and status = 'running'"
        return database.execute(statement, (key.video_id, key.stage)).fetchone()[0]


def _database():
    library = os.environ.get("KINODEX_CHAOS_LIBRARY", "")
    return sqlite3.connect(f"file:{library}/kinodex.sqlite3?mode=ro", uri=True)


def _first(strike):
    """Create the file of a strike, which prevents a second one; it holds what was done by then."""
    try:
        handle = os.open(_place(strike["name"]), os.O_CREAT | os.O_EXCL | os.O_WRONLY)
    except FileExistsError:
        return False
    done = []
    with suppress(sqlite3.Error), closing(_database()) as database:
        done = database.execute("select video_id, stage, attempts from stage_runs where status = 'done'").fetchall()
    os.write(handle, json.dumps({"pid": os.getpid(), "done": done}).encode())
    os.close(handle)
    return True


def _kill_and_wait(process, ours=False):
    """SIGKILL a process of this run, and wait until it is gone."""
    if ours and os.getpid() not in _ancestors(process):
        raise RuntimeError(f"process {process} was not started by this run")
    os.kill(process, signal.SIGKILL)
    while True:
        try:
            if Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX":
                return
        except OSError:
            return
        time.sleep(0.01)


def _ancestors(process):
    found = []
    while process > 1:
        process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        found.append(process)
    return found


def _place(name):
    return Path(_PLAN).parent / name


if _PLAN:
    passed_on = {"where": "pipeline.decode.decoder:Decoder", "do": "pass_on"}
    sys.meta_path.insert(0, _Finder([*json.loads(Path(_PLAN).read_text()), passed_on]))

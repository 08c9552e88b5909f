"""Budgets: what a job may cost, and the meter that decides whether one more piece of work still fits."""

from __future__ import annotations

import re
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Protocol

from stores.core.errors import UsageError

RESERVE = 512 << 20
"""Bytes of the library's disk that jobs leave free. Source: our choice: room for the database's log and for other
programs. On a small disk it is `RESERVE_SHARE` of its size.
"""
RESERVE_SHARE = 0.05

_SECONDS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_BYTES = {
    **{"b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12},
    **{"kib": 1024.0, "mib": 1024.0**2, "gib": 1024.0**3, "tib": 1024.0**4},
}
_THOUSANDS = {"": 1.0, "k": 1e3, "m": 1e6}
_NUMBER = r"(\d+(?:\.\d+)?|\.\d+)"
_DURATION = re.compile(rf"(?:{_NUMBER}\s*(?:s|min|m|h|d)\s*)+", re.IGNORECASE)
_DURATION_PART = re.compile(rf"{_NUMBER}\s*(s|min|m|h|d)", re.IGNORECASE)
_SIZE = re.compile(rf"{_NUMBER}\s*([kmgt]i?b|b)", re.IGNORECASE)
_TOKENS = re.compile(rf"{_NUMBER}\s*([km]?)\s*tokens?", re.IGNORECASE)
_MONEY = re.compile(rf"(?:\$\s*{_NUMBER}|{_NUMBER}\s*(?:usd|\$))", re.IGNORECASE)
_FORMS = "Write e.g. 90m, 2h, 5GB, 500MB, 1M tokens or 2.50USD; several with commas between them."
_DISK = "the library's disk is nearly full"
_AS_EXPECTED = 60.0
"""Seconds of work assumed to have gone as expected, so that one outlier or the loading of models does not look like a
slow machine. Source: our choice.
"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """The expected cost of one piece of work, or what a whole job has cost so far.

    Attributes:
        seconds: of one worker's time; as `Spent`, of wall clock since the job or its first unit began.
        bytes: on the library's disk.
        tokens: read and written by a language model.
        money: in the currency of the prices.
    """

    seconds: float = 0.0
    bytes: float = 0.0
    tokens: float = 0.0
    money: float = 0.0

    def __add__(self, other: Estimate) -> Estimate:
        return Estimate(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


Spent = Estimate
NOTHING = Estimate()


class Unit(Protocol):
    """A piece of work, as the meter sees it (`workflows.units.WorkUnit`)."""

    @property
    def name(self) -> tuple[str, int | None, str]:
        """Identifies it within the job."""
        ...

    @property
    def stages(self) -> Mapping[str, str]:
        """Fingerprint by stage."""
        ...

    @property
    def seconds(self) -> float:
        """Of video in it."""
        ...


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper limits on what one run may cost; None for no limit. Units as in `Estimate`; ``seconds`` of wall clock."""

    seconds: float | None = None
    bytes: float | None = None
    tokens: float | None = None
    money: float | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Parse a budget as users write it: ``90m``, ``1h30m``, ``5GB``, ``1M tokens``, ``2.50USD``, ``2h,5GB``.

        GB is a power of 1000, GiB of 1024.

        Raises:
            UsageError: USAGE, naming the part that is not understood, is zero or appears twice.
        """
        limits: dict[str, float] = {}
        for part in (part.strip() for part in text.split(",")):
            kind, value = _parsed(part)
            if not kind:
                raise UsageError("USAGE", f"{part!r} is not a budget.", _FORMS)
            if kind in limits:
                raise UsageError("USAGE", f"the budget {text!r} sets {kind} twice.", _FORMS)
            if value <= 0:
                raise UsageError("USAGE", f"the budget {part!r} allows nothing.", _FORMS)
            limits[kind] = value
        return cls(**limits)

    def allows(self, spent: Spent, next: Estimate) -> str:
        """Which limit ``spent`` and ``next`` together would exceed, as a message; "" if none."""
        for name, limit in self.limits().items():
            would = getattr(spent, name) + getattr(next, name)
            if would > limit:
                return f"the budget of {shown(name, limit)} would be exceeded: {shown(name, would)}"
        return ""

    def limits(self) -> dict[str, float]:
        """The limits that are set, by name."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


class Meter:
    """Decides for each unit whether it may begin, and counts what was spent. Thread-safe.

    Running units count with their estimates, so that the limits hold once they have ended. If the machine proves
    slower than expected, later units are expected to take longer in proportion. After a refusal, a shorter unit may
    still fit.

    Args:
        folder: on the library's disk, of which at least `RESERVE` bytes are kept free.
        estimate: the expected cost of a unit.
        workers: units at the same time.
        budget: if not given, only the disk sets a limit.
        clock: seconds; free: bytes that are free on the disk of a folder.
    """

    def __init__(
        self,
        folder: Path,
        estimate: Callable[[Unit], Estimate],
        workers: int,
        budget: Budget | None = None,
        clock: Callable[[], float] = time.monotonic,
        free: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
    ) -> None:
        self.budget = budget or Budget()
        self._folder = folder
        self._estimate = estimate
        self._workers = max(1, workers)
        self._clock = clock
        self._free = free
        self._reserve = min(RESERVE, int(RESERVE_SHARE * shutil.disk_usage(folder).total))
        self._lock = threading.Lock()
        self._first: float | None = None
        self._running: dict[object, tuple[Estimate, float]] = {}
        self._ended = NOTHING
        self._expected_seconds = _AS_EXPECTED
        self._worked_seconds = _AS_EXPECTED
        self._refused: dict[object, str] = {}

    def start(self) -> None:
        """Count time from now on rather than from the first unit: finding and hashing files takes time, too."""
        with self._lock:
            self._first = self._clock() if self._first is None else self._first

    def may_begin(self, unit: Unit) -> bool:
        """Whether ``unit`` still fits; if so, it counts as running from now on."""
        with self._lock:
            now = self._clock()
            expected = self._estimate(unit)
            why = self._why_not(expected, now)
            if why:
                self._refused[unit.name] = why
                return False
            self._first = now if self._first is None else self._first
            self._refused.pop(unit.name, None)
            self._running[unit.name] = expected, now
            return True

    def leave_out(self, name: object) -> None:
        """Count something that was not even tried, because the budget is used up, as left out."""
        with self._lock:
            self._refused[name] = self._why_over()

    def ended(self, unit: Unit, actual: Spent | None = None) -> None:
        """``unit`` is no longer running.

        Args:
            actual: its bytes, tokens and money; None to count the estimate. Time is measured.
        """
        with self._lock:
            now = self._clock()
            expected, begun = self._running.pop(unit.name, (NOTHING, now))
            if expected.seconds:
                self._expected_seconds += expected.seconds
                self._worked_seconds += now - begun
            self._ended += expected if actual is None else actual

    @property
    def spent(self) -> Spent:
        """The cost of ended units, and the seconds of wall clock since the start."""
        with self._lock:
            return self._spent(self._clock())

    @property
    def stopped(self) -> str:
        """Why something was left out, as a message; "" if nothing was."""
        with self._lock:
            return next(iter(self._refused.values()), "")

    @property
    def disk_full(self) -> bool:
        """Whether something was left out because the disk is nearly full."""
        with self._lock:
            return any(why.startswith(_DISK) for why in self._refused.values())

    @property
    def left_out(self) -> int:
        """How many units or files were left out."""
        with self._lock:
            return len(self._refused)

    def over(self) -> str:
        """Which limit is exceeded by now, as a message; "" if none. Happens where work took longer than estimated."""
        with self._lock:
            return self._why_over()

    def _why_over(self) -> str:
        return self.budget.allows(self._spent(self._clock()), NOTHING)

    def _spent(self, now: float) -> Spent:
        seconds = 0.0 if self._first is None else now - self._first
        return Spent(seconds, self._ended.bytes, self._ended.tokens, self._ended.money)

    def _why_not(self, expected: Estimate, now: float) -> str:
        running = sum((estimate for estimate, _ in self._running.values()), NOTHING)
        spent = self._spent(now)
        # Workers share the time; other costs add up.
        slow = self._slowness(spent.seconds)
        rest = sum(max(0.0, slow * estimate.seconds - (now - begun)) for estimate, begun in self._running.values())
        mine = slow * expected.seconds
        to_come = Estimate(
            max(mine, (rest + mine) / self._workers),
            running.bytes + expected.bytes,
            running.tokens + expected.tokens,
            running.money + expected.money,
        )
        if why := self.budget.allows(spent, to_come):
            return why
        left = self._free(self._folder) - to_come.bytes
        if left < self._reserve:
            return (
                f"{_DISK}: {shown('bytes', max(0.0, left))} would be left, "
                f"{shown('bytes', self._reserve)} are kept free"
            )
        return ""

    def _slowness(self, elapsed: float) -> float:
        """The ratio of actual to estimated seconds of work so far, at least 1."""
        # Units may have waited for a worker; the workers cannot have worked longer than the time that passed.
        worked = min(self._worked_seconds, elapsed * self._workers + _AS_EXPECTED)
        return max(1.0, worked / self._expected_seconds)


def shown(name: str, value: float) -> str:
    """An amount of a field of `Estimate`, formatted for people."""
    if name == "seconds":
        minutes, seconds = divmod(round(value), 60)
        hours, minutes = divmod(minutes, 60)
        parts = (f"{hours} h" * bool(hours), f"{minutes} min" * bool(minutes), f"{seconds} s" * bool(seconds))
        return " ".join(filter(None, parts)) or "0 s"
    if name == "bytes":
        for unit, size in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if value >= size:
                return f"{value / size:.1f} {unit}"
        return f"{value:.0f} B"
    return f"{value:,.0f} tokens" if name == "tokens" else f"{value:.2f} USD"


def _parsed(part: str) -> tuple[str, float]:
    """The field of `Budget` that ``part`` sets, and its value; ("", 0) if it is not understood."""
    if found := _TOKENS.fullmatch(part):
        return "tokens", float(found[1]) * _THOUSANDS[found[2].lower()]
    if found := _MONEY.fullmatch(part):
        return "money", float(found[1] or found[2])
    if found := _SIZE.fullmatch(part):
        return "bytes", float(found[1]) * _BYTES[found[2].lower()]
    if _DURATION.fullmatch(part):
        return "seconds", sum(float(count) * _SECONDS[unit.lower()] for count, unit in _DURATION_PART.findall(part))
    return "", 0.0

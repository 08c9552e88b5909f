"""Retrying while a server is unreachable, and for no other error."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from stores.core.errors import KinodexError, StoreError
from stores.core.patience import UNREACHABLE, patiently


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("stores.core.patience.time.monotonic", lambda: clock.now)
    monkeypatch.setattr("stores.core.patience.time.sleep", clock.sleep)
    return clock


def failing(*codes: str) -> Callable[[], str]:
    left: Iterator[str] = iter(codes)

    def do() -> str:
        code = next(left, "")
        if code:
            raise StoreError(code, "away")
        return "done"

    return do


def test_it_waits_until_the_server_is_back(clock: Clock) -> None:
    on_pause: list[str] = []

    def note(error: KinodexError, pause: float) -> None:
        on_pause.append(error.code.name)
        assert pause > 0

    assert patiently(failing(*sorted(UNREACHABLE)), on_pause=note) == "done"
    assert on_pause == sorted(UNREACHABLE)
    assert len(clock.slept) == 3


def test_pauses_grow_up_to_the_time_limit(clock: Clock) -> None:
    with pytest.raises(StoreError, match="DATABASE_UNREACHABLE"):
        patiently(failing(*["DATABASE_UNREACHABLE"] * 1000), seconds=60)
    assert clock.now == pytest.approx(60)
    assert clock.slept[0] <= 0.2
    assert max(clock.slept) > 2.4
    assert max(clock.slept) <= 5


@pytest.mark.parametrize("code", ["LIBRARY_LOCKED", "DISK_FULL", "STALE_ATTEMPT", "VECTOR_STORE_FAILED"])
def test_other_errors_are_raised_at_once(clock: Clock, code: str) -> None:
    with pytest.raises(StoreError, match=code):
        patiently(failing(code))
    assert clock.slept == []

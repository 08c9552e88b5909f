"""How much is tested: all of it with ``KINODEX_CHAOS=full``, else a part of what takes long or is rare to break."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TypeVar

import pytest

_Case = TypeVar("_Case")

FULL = os.environ.get("KINODEX_CHAOS") == "full"

full_only = pytest.mark.skipif(not FULL, reason="KINODEX_CHAOS=full")


def shared_out(cases: Sequence[_Case], turn: int, turns: int) -> Sequence[_Case]:
    """All cases where all is tested; else every ``turns``-th from number ``turn`` on, so that tests that go through the
    same cases in different ways meet each of them once."""
    return cases if FULL else cases[turn::turns]

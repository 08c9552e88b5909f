from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.playback.player import Player


@pytest.fixture(scope="module")
def player() -> Iterator[Player]:
    with Player() as started:
        yield started

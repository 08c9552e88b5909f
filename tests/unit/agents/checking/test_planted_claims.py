"""How many planted claims are judged rightly: at least 97 in 100 false ones are stopped, and as many true ones pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents.answering.checker import CitationChecker
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.checking.planted import Planted, claim_of, plant, read

SETS = ("planted_one.toml", "planted_two.toml", "planted_three.toml", "planted_four.toml", "planted_five.toml")
SHARE = 0.97


@pytest.fixture(scope="module", params=SETS)
def judged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, encoders: Encoders
) -> Iterator[list[tuple[Planted, bool, str]]]:
    """Every claim of a set with whether it was kept, and why not."""
    root = tmp_path_factory.mktemp("planted")
    with LibraryStore.open(root / "library", create=True) as store:
        videos = plant(request.param, store, encoders, root)
        checker = CitationChecker(store, encoders)
        outcome = []
        for planted in read(request.param):
            allowed = [videos[name] for name in planted.videos] or None
            (verdict,) = checker.judge([claim_of(planted, store)], planted.question, allowed).verdicts
            outcome.append((planted, verdict.kept, verdict.message))
        yield outcome


def test_false_claims_are_stopped(judged: list[tuple[Planted, bool, str]]) -> None:
    false = [(planted, kept) for planted, kept, _ in judged if planted.wrong]
    passed = [planted for planted, kept in false if kept]
    assert len(false) >= 15
    assert len(passed) <= (1 - SHARE) * len(false), passed


def test_true_claims_pass(judged: list[tuple[Planted, bool, str]]) -> None:
    true = [(planted, kept, why) for planted, kept, why in judged if not planted.wrong]
    lost = [(planted, why) for planted, kept, why in true if not kept]
    assert len(true) >= 15
    assert len(lost) <= (1 - SHARE) * len(true), lost

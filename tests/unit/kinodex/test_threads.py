"""One `Library` in many threads, while an ingest commits: no error, no wrong answer, no lost write, and no waiting."""

from __future__ import annotations

import gc
import os
import random
import threading
import weakref
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from encoders.types import Pixels
from kinodex.library import Library
from kinodex.settings import ENVIRONMENT
from kinodex.usecases.overview import one_video
from stores.core.errors import StoreError
from stores.core.records import Decision
from stores.maintenance.sweeping import sweep
from tests.unit.pipeline.media import BLUE, GREEN, RED, flat, make_video
from workflows.telemetry.progress import Event, StageStarted

THREADS = 8
CALLS, FILMS = (200, 40) if os.environ.get("KINODEX_CHAOS") == "full" else (8, 3)
QUERIES = ("a red wall", "green grass", "一面墙")
QUESTION = "Which colour is the wall?"
TAGS = "id,name,facet\nred,red,colour\ngreen,green,colour\nsubmarine,submarine,object\n"


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


def film(path: Path, colour: tuple[int, int, int], seed: int) -> Path:
    noise = np.random.default_rng(seed).integers(0, 60, (96, 160, 3), dtype=np.uint8)
    make_video(path, [flat(colour) // 2 + noise] * 50)
    return path


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    """Two films and three tags, and nothing loaded or remembered yet."""
    films = [film(tmp_path / f"{name}.mp4", colour, 1) for name, colour in (("red", RED), ("green", GREEN))]
    (tmp_path / "tags.csv").write_text(TAGS)
    with Library.open(tmp_path / "lib") as made:
        assert made.ingest(*films).totals.done == 2
        made.import_tags(tmp_path / "tags.csv")
    with Library.open(tmp_path / "lib") as opened:
        yield opened


class Held:
    """Stops the ingest's or describer's thread in the middle of its work."""

    def __init__(self) -> None:
        self.there, self.go = threading.Event(), threading.Event()

    def here(self) -> None:
        self.there.set()
        assert self.go.wait(120)

    def progress(self, event: Event) -> None:
        if isinstance(event, StageStarted) and event.stage == "pictures":
            self.here()


class SlowPotter:
    """A video model that thinks for as long as it is held."""

    name = "slow"

    def __init__(self, held: Held) -> None:
        self._held = held

    def describe(self, frames: Pixels, seconds: Sequence[float], question: str) -> str:
        self._held.here()
        return "A potter glazes a vase."


def review(library: Library, video_id: str, tag_id: str) -> None:
    with library.store.writer():
        library.store.tags.save_decisions(video_id, [Decision(video_id, tag_id, "accepted", 1.0, (), ())], "person")


@pytest.mark.parametrize("job", ["ingest", "describe"])
def test_others_write_while_a_model_thinks(library: Library, tmp_path: Path, job: str) -> None:
    held = Held()
    new = film(tmp_path / "new.mp4", BLUE, 2)
    work: Callable[[], Any] = lambda: library.ingest(new, progress=held.progress)  # noqa: E731
    if job == "describe":
        work = lambda: library.describe("red.mp4", by=SlowPotter(held))  # noqa: E731
    red = library.resolve("red.mp4")
    with ThreadPoolExecutor(1) as pool, Library.open(tmp_path / "lib") as other:
        working = pool.submit(work)
        try:
            assert held.there.wait(120)
            for opened in (library, other):
                assert opened.import_tags(tmp_path / "tags.csv").unchanged == 3
                assert len(opened.tag("red.mp4")) == 1
                review(opened, red, f"by-{id(opened)}")
                assert opened.search(QUERIES[0]).moments
                sweeping = partial(sweep, opened.store)
                for refused in (partial(opened.ingest, new), sweeping, opened.rebuild_index, opened.verify):
                    with pytest.raises(StoreError, match="LIBRARY_LOCKED"):
                        refused()
        finally:
            held.go.set()
        assert working.result(120).totals.done == 1
        kept = {made.tag_id for made in library.store.tags.decisions(red)}
        assert {f"by-{id(library)}", f"by-{id(other)}"} <= kept
        assert library.verify().problems == ()


def test_many_threads_on_one_library_during_an_ingest(library: Library, tmp_path: Path) -> None:
    old = {library.resolve("red.mp4"), library.resolve("green.mp4")}
    # What a library of its own answers, so that the tested one loads its models in many threads at once.
    with Library.open(tmp_path / "lib") as other:
        before = Answers(other, old)
    new = [film(tmp_path / f"new {n}.mp4", BLUE, n) for n in range(FILMS)]
    start = threading.Barrier(THREADS + 1)
    said: list[tuple[str, Any]] = []

    def caller(number: int) -> None:
        chance = random.Random(number)
        start.wait(60)
        for call in range(CALLS):
            name = f"{number}-{call}"
            kinds = ("search", "search", "ask", "tag", "show", "import", "review")
            kind = kinds[call % len(kinds)] if call < len(kinds) else chance.choice(kinds)
            said.append((kind, made(kind, name)))

    def made(kind: str, name: str) -> Any:
        if kind == "search":
            query = QUERIES[len(said) % len(QUERIES)]
            return query, moments(library, query, old)
        if kind == "ask":
            return answer(library, old)
        if kind == "tag":
            return decided(library)
        if kind == "show":
            return one_video(library.store, "red.mp4").video_id, {entry.video_id for entry in library.videos()} >= old
        if kind == "import":
            path = tmp_path / f"{name}.csv"
            path.write_text(f"id,name,status\ni{name},imported {name},retired\n")
            return library.import_tags(path).added
        review(library, library.resolve("green.mp4"), f"r{name}")
        return name

    with ThreadPoolExecutor(THREADS + 1) as pool:
        callers: list[Future[None]] = [pool.submit(caller, number) for number in range(THREADS)]
        start.wait(60)
        # One after the other, so that commits come as long as calls do.
        ended = [library.ingest(path).totals.done for path in new]
        for future in callers:
            future.result()
    assert ended == [1] * FILMS
    after = Answers(library, old)
    kinds = Counter(kind for kind, _ in said)
    assert sum(kinds.values()) == THREADS * CALLS
    for kind, what in said:
        if kind == "search":
            assert what[1] in (before.moments[what[0]], after.moments[what[0]])
        elif kind == "ask":
            assert what in (before.answer, after.answer)
        elif kind == "tag":
            assert what in (before.decided, after.decided)
        elif kind == "show":
            assert what == (library.resolve("red.mp4"), True)
        elif kind == "import":
            assert what == 1
    assert sum(tag.tag_id.startswith("i") for tag in library.store.tags.tags()) == kinds["import"]
    kept = {made.tag_id for made in library.store.tags.decisions(library.resolve("green.mp4"))}
    assert {f"r{what}" for kind, what in said if kind == "review"} <= kept
    assert library.verify().problems == ()


def moments(library: Library, query: str, old: set[str]) -> set[tuple[str, float, float]]:
    """The moments of old videos that a search finds; those of videos that come in meanwhile may be there or not."""
    found = library.search(query, k=50, duplicates=True).moments
    return {(one.video_id, *one.span.seconds) for one in found if one.video_id in old}


def answer(library: Library, old: set[str]) -> tuple[bool, frozenset[str]]:
    said = library.ask(QUESTION, ["red.mp4", "green.mp4"])
    return bool(said.claims), frozenset(c.video_id for claim in said.claims for c in claim.citations)


def decided(library: Library) -> dict[str, str]:
    (decisions,) = library.tag("red.mp4").values()
    return {made.tag_id: made.decision for made in decisions}


class Answers:
    """What a library answers while nobody writes."""

    def __init__(self, library: Library, old: set[str]) -> None:
        self.moments = {query: moments(library, query, old) for query in QUERIES}
        self.answer = answer(library, old)
        self.decided = decided(library)


def test_a_library_that_is_closed_keeps_no_memory(library: Library) -> None:
    class Ring:
        def __init__(self) -> None:
            self.itself = self

    gc.disable()
    try:
        ring = weakref.ref(Ring())
        assert library.search("a red wall").moments
        assert gc.get_freeze_count() > 0
        library.close()
        assert gc.get_freeze_count() == 0
        gc.collect()
        assert ring() is None
    finally:
        gc.enable()

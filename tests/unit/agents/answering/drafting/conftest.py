"""A small library whose truth is known: what is seen in it is written by hand, with real concepts and encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from agents.answering.claims import Answer
from agents.chat.answerer import Answerer
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import (
    Clip,
    Decision,
    Label,
    Record,
    ScreenText,
    Span,
    StageOutput,
    Tracklet,
    Utterance,
    VectorItem,
    Video,
)
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import MS, commit

Ask = Callable[[str], Answer]


@dataclass(frozen=True)
class Seen:
    """An object: its concept, the seconds in which it is seen, colour, motion, and the left edge of its box."""

    concept: str
    start: int
    end: int
    colour: str = ""
    motion: str = "still"
    x: float = 0.1


@dataclass(frozen=True)
class Film:
    """A video in words: labels as (concept, start, end), lines as (start, end, text)."""

    seconds: int
    seen: tuple[Seen, ...] = ()
    labels: tuple[tuple[str, int, int], ...] = ()
    said: tuple[tuple[int, int, str], ...] = ()
    written: tuple[tuple[int, int, str], ...] = ()
    tags: tuple[str, ...] = ()
    size: tuple[int, int] = (640, 360)
    sound: bool = True


FILMS = {
    "street": Film(
        24,
        seen=(
            Seen("car", 0, 8, "green", "left"),
            Seen("car", 2, 8, "green", "left", 0.6),
            Seen("car", 8, 14, "blue", "right"),
            Seen("motorcycle", 16, 22, "black", "right"),
        ),
        tags=("t1",),
        size=(360, 640),
        sound=False,
    ),
    "yard": Film(
        40,
        seen=(
            Seen("dog", 4, 10, "brown"),
            Seen("dog", 20, 26, "brown"),
            Seen("cat", 12, 16, "white"),
            Seen("person", 28, 40),
            Seen("umbrella", 28, 40, "red", x=0.12),
        ),
        labels=(("imagenet:515", 28, 40),),
        said=((0, 3, "The garden opens at nine."), (30, 34, "The garden belongs to my aunt.")),
        written=((0, 6, "Garden Tour"),),
        tags=("t1", "t2"),
    ),
    "cooking": Film(
        30,
        written=(
            (1, 6, "Step 1: Peel the potatoes"),
            (8, 14, "Step 2: Boil the potatoes"),
            (16, 24, "Step 3: Add the butter"),
        ),
        said=(
            (2, 5, "First we peel the potatoes."),
            (9, 12, "Boil the potatoes for ten minutes."),
            (17, 20, "Then add some butter."),
        ),
    ),
    "baozi": Film(
        20,
        written=((1, 5, "第一步：和面"), (6, 10, "第二步：调馅"), (12, 18, "第三步：上锅蒸")),
        said=((1, 4, "今天我们来包包子。"),),
    ),
    "match": Film(18, written=((4, 12, "Lions 3 : 1 Foxes"),), said=((1, 3, "Welcome to the stadium."),)),
    "shop": Film(22, written=((2, 8, "Lamp: $45"), (10, 16, "Kettle: $80"), (17, 21, "Order: 555-0199"))),
}


def add(store: LibraryStore, encoders: Encoders, root: Path, name: str, film: Film) -> str:
    path = root / f"{name}.mp4"
    path.write_text(name)
    sha = name.encode().hex().ljust(64, "0")
    video_id = store.catalog.register(path, sha, path.stat().st_size, path.stat().st_mtime_ns)
    millis = 1000 * film.seconds
    codec = "aac" if film.sound else ""
    video = Video(video_id, sha, 2_500_000, millis, MS, 0, *film.size, 0, Fraction(25), False, "h264", codec, "mp4")
    commit(store, video_id, "probe", StageOutput(video=video))
    clips = tuple(
        Clip(f"clp_{name}_{start}", Span(1000 * start, min(millis, 1000 * start + 8000), MS), 1000 * start + 500)
        for start in range(0, film.seconds, 8)
    )
    commit(store, video_id, "clips", StageOutput(records=clips))
    commit(store, video_id, "labels", StageOutput(records=tuple(_labels(encoders, name, film))))
    commit(store, video_id, "tracklets", StageOutput(records=tuple(_tracklets(encoders, name, film, video_id))))
    said = [
        Utterance(f"utt_{name}_{start}", Span(1000 * start, 1000 * end, MS), text, "en", 0.9)
        for start, end, text in film.said
    ]
    commit(store, video_id, "speech", StageOutput(records=tuple(said)))
    written = [
        ScreenText(f"scr_{name}_{start}", Span(1000 * start, 1000 * end, MS), text, 0.95, (0.1, 0.1, 0.9, 0.2))
        for start, end, text in film.written
    ]
    commit(store, video_id, "screen_text", StageOutput(records=tuple(written)))
    items = [
        VectorItem(collections(encoders).picture, f"fp:{clip.clip_id}:0", vector, clip.span, "picture", clip.clip_id)
        for clip in clips
        if (vector := _picture(encoders, film, clip)) is not None
    ]
    commit(store, video_id, "vectors", StageOutput(vectors=tuple(items)))
    for tag in film.tags:
        witness = next((line.evidence_id for line in store.catalog.evidence_of(video_id)), "")
        decision = Decision(video_id, tag, "accepted", 0.9, (), (witness,), ())
        store.tags.save_decisions(video_id, [*store.tags.decisions(video_id), decision])
    return video_id


def _concept(encoders: Encoders, name: str) -> str:
    return next(one.concept_id for one in encoders.concepts.concepts if name in (one.name, one.concept_id))


def _labels(encoders: Encoders, name: str, film: Film) -> Iterator[Record]:
    for concept, start, end in film.labels:
        known = encoders.concepts.get(concept)
        span = Span(1000 * start, 1000 * end, MS)
        ident = f"lbl_{name}_{start}"
        yield Label(ident, span, f"clp_{name}_0", concept, known.name, ";".join(known.zh), known.broader, 0.7, 0.8)


def _tracklets(encoders: Encoders, name: str, film: Film, video_id: str) -> Iterator[Record]:
    for number, one in enumerate(film.seen):
        concept = _concept(encoders, one.concept)
        known = encoders.concepts.get(concept)
        path = tuple((1000 * at, one.x, 0.3, one.x + 0.2, 0.6) for at in range(one.start, one.end))
        yield Tracklet(
            f"trk_{name}_{number}",
            Span(1000 * one.start, 1000 * one.end, MS),
            concept,
            one.concept,
            ";".join(known.zh),
            known.broader,
            one.colour,
            one.motion,
            path,
            "silence",
            0.85,
        )


def _picture(encoders: Encoders, film: Film, clip: Clip) -> np.ndarray | None:
    """What the picture encoder would make of the first thing that a clip shows."""
    for one in film.seen:
        if 1000 * one.start < clip.span.end and 1000 * one.end > clip.span.start:
            return np.asarray(
                encoders.concepts.prototypes[encoders.concepts.index(_concept(encoders, one.concept))], np.float32
            )
    return None


@pytest.fixture(scope="package")
def planted_encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded") as bundle:
        yield bundle


@pytest.fixture(scope="package")
def planted(tmp_path_factory: pytest.TempPathFactory, planted_encoders: Encoders) -> Iterator[LibraryStore]:
    root = tmp_path_factory.mktemp("planted")
    tags = root / "tags.csv"
    tags.write_text("id,name,facet,aliases\nt1,outdoors,where,户外\nt2,dog,object,狗\n", encoding="utf-8")
    with LibraryStore.open(root / "library", create=True) as store:
        store.tags.import_csv(tags)
        for name, film in FILMS.items():
            add(store, planted_encoders, root, name, film)
        yield store


@pytest.fixture(scope="package")
def ask(planted: LibraryStore, planted_encoders: Encoders) -> Ask:
    return Answerer(planted, planted_encoders).ask

"""Videos that are read together are given the tags that each is given by itself, for fewer requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from agents.tagging import nearest
from agents.tagging.graph import Tagger
from agents.tagging.recall import AFTERWARDS, SOURCES, Case, Recalled
from encoders.bundle import Encoders
from encoders.spaces import collections
from stores.core.records import Channel, Clip, Decision, Label, VectorItem
from stores.library_store import LibraryStore
from stores.vectors import prepared
from tests.unit.stores.builders import add_video, put, span

VIDEOS, CLIPS, SECOND = 20, 3, 12_800
CONCEPTS = ("imagenet:914", "imagenet:963", "imagenet:468", "imagenet:541")


def filled(store: LibraryStore, encoders: Encoders, number: int) -> str:
    """A video that shows one of four things, looks like every seventh other, and says what those of its kind say."""
    video, draw = add_video(store, f"{number}.mp4"), np.random.default_rng(number)
    concept = encoders.concepts.get(CONCEPTS[number % 4])
    places = [span(at * SECOND, (at + 1) * SECOND) for at in range(CLIPS)]
    clips = [Clip(f"clp_{number}_{at}", place, place.start + 1) for at, place in enumerate(places)]
    put(store, video, "clips", *clips)
    named = concept.concept_id, concept.name, ";".join(concept.zh), concept.broader
    put(store, video, "labels", Label(f"lbl_{number}", places[0], clips[0].clip_id, *named, 0.8, 0.9))
    names, meant = collections(encoders), encoders.concepts.prototypes[encoders.concepts.index(concept.concept_id)]
    shot = np.abs(np.random.default_rng(100 + number % 7).standard_normal(96))
    around = ((names.picture, meant, 0.3), (names.text, meant, 0.2), (names.likeness, shot, 0.1))
    channels: dict[str, Channel] = {names.picture: "picture", names.text: "speech", names.likeness: "picture"}
    items = [
        VectorItem(name, f"{name}:{number}:{at}", vector.astype(np.float32), place, channels[name], clips[at].clip_id)
        for name, middle, noise in around
        for at, place in enumerate(places)
        for vector in [middle + noise * np.linalg.norm(middle) / len(middle) ** 0.5 * draw.standard_normal(len(middle))]
    ]
    put(store, video, "vectors", vectors=items)
    return video


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    (tmp_path / "tags.csv").write_text(
        "id,name,facet,aliases\nboat,sailboat,,帆船\npizza,pizza,,披萨\ntaxi,taxi,,出租车\ndrum,drum,,鼓\nsea,sea,,海\n"
        + "".join(f"t{number},name {number},,\n" for number in range(7))
    )
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        opened.tags.import_csv(tmp_path / "tags.csv")
        yield opened


@pytest.fixture
def videos(store: LibraryStore, encoders: Encoders) -> list[str]:
    return [filled(store, encoders, number) for number in range(VIDEOS)]


def decide(store: LibraryStore, videos: Sequence[str]) -> None:
    """One tag for each of those that look alike, and "sea" for every boat."""
    for number, video in enumerate(videos):
        shown = ["boat", "sea"] if number % 4 == 0 else []
        tags = [f"t{number % 7}", *shown]
        store.tags.save_decisions(
            video, [Decision(video, one, "accepted", 0.9, ("picture",), (), (("picture", 0.9),)) for one in tags]
        )


def recalled(case: Case) -> dict[tuple[str, str], tuple[Any, ...]]:
    """By source and tag, how likely, and by which evidence."""
    words: list[Recalled] = [word for source in SOURCES.values() for word in source(case)]
    for later in AFTERWARDS.values():
        words += later(case, tuple(words))
    return {(word.source, word.tag_id): (round(word.probability, 9), word.evidence_ids) for word in words}


def together(tagger: Tagger, videos: Sequence[str]) -> list[dict[tuple[str, str], tuple[Any, ...]]]:
    """Each of some videos that are read together."""
    tagger.read_ahead(videos)
    return [recalled(tagger.next_case(one)) for one in videos]


@pytest.mark.parametrize("form", ["whole", "short list"])
def test_videos_read_together_are_recalled_as_each_by_itself(
    store: LibraryStore, encoders: Encoders, videos: list[str], form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if form == "short list":
        for name, value in (("WHOLE", 10), ("SHORT_LIST", 30), ("DIMENSIONS", 32), ("WHOLE_NUMBERS", 0)):
            monkeypatch.setattr(prepared, name, value)
        monkeypatch.setattr(nearest, "WHOLE", 10)
        monkeypatch.setattr(nearest, "SHORT_LIST", 11)
    for tagged in ([], videos[:1], videos[:9], videos):
        decide(store, tagged)
        tagger = Tagger(store, encoders)  # of another job
        alone = [recalled(tagger.case(one)) for one in videos]
        assert together(tagger, videos) == alone
        sources = {source for some in alone for source, _ in some}
        assert {"picture", "objects", "text"} <= sources
        assert (not tagged) == sources.isdisjoint({"similar", "related"})
    assert "cooccurrence" in sources


def test_what_is_decided_after_some_were_read_counts_for_those_read_later(
    store: LibraryStore, encoders: Encoders, videos: list[str]
) -> None:
    decide(store, videos)
    tagger = Tagger(store, encoders)
    before = together(tagger, videos[:4])
    other = videos[7]  # which looks like the first, and is about the same as the fourth
    store.tags.save_decisions(other, [])
    store.tags.save_decisions(other, [Decision(other, "taxi", "accepted", 1.0, (), ())], "person")
    after = together(tagger, videos[:4])
    assert after == [recalled(tagger.case(one)) for one in videos[:4]]
    assert ("similar", "taxi") in after[0].keys() - before[0].keys()
    assert ("related", "taxi") in after[3].keys() - before[3].keys()


def test_a_video_that_was_read_with_others_asks_for_nothing_by_itself(
    store: LibraryStore, encoders: Encoders, videos: list[str]
) -> None:
    decide(store, videos)
    tagger = Tagger(store, encoders)
    together(tagger, videos)  # what serves all, and the company of each tag
    tagger.read_ahead(videos)
    asked: list[str] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    for video in videos:
        recalled(tagger.next_case(video))
    assert asked == []

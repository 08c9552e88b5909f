"""One tag in a video, alone: what is said of it is what is said of it among all others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.tagging.recall import OF_OTHERS, SOURCES, Case, Recalled
from agents.tagging.reverse import videos_for
from agents.tagging.single import one_tag, recall_alone
from agents.tagging.vocabulary import TagVectors
from encoders.bundle import Encoders
from stores.core.records import FaceTrack, Fact, SoundEvent, Span, StageOutput, Tag, Tracklet
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import MS, Library, add_video, commit

NAMES = {
    "sailboat": "object",
    "boat": "object",
    "taxi": "object",
    "pizza": "object",
    "baking at home": "how",
    "kitchen": "where",
    "harbour": "where",
    "an oven": "object",
    "robot": "object",
    "cooking": "how",
    "singing": "how",
    "lady": "who",
    "crowd": "who",
}


@pytest.fixture(scope="module")
def tags(encoders: Encoders) -> TagVectors:
    return TagVectors([Tag(name, name, facet) for name, facet in NAMES.items()], encoders)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def video(store: LibraryStore, encoders: Encoders, tmp_path: Path) -> str:
    return add_video(store, encoders, tmp_path / "boats.mp4", "imagenet:914", ())


@pytest.mark.parametrize("name", NAMES)
def test_a_tag_alone_is_the_tag_among_others(library: Library, encoders: Encoders, tags: TagVectors, name: str) -> None:
    store, videos = library
    one = one_tag(tags, name, encoders)
    for video_id in videos.values():
        case = Case(video_id, store, encoders, tags)
        among = {
            word.source: word
            for source in SOURCES
            if source not in OF_OTHERS
            for word in SOURCES[source](case)
            if word.tag_id == name
        }
        alone = {word.source: word for word in recall_alone(Case(video_id, store, encoders, tags), one)}
        assert alone.keys() == among.keys()
        for source, word in alone.items():
            other = among[source]
            expected = Recalled(name, source, pytest.approx(other.probability, abs=1e-5), other.evidence_ids)
            assert word == expected


def test_what_is_heard_and_who_is_seen_leads_to_videos(
    store: LibraryStore, encoders: Encoders, tags: TagVectors, video: str
) -> None:
    span = Span(0, 8000, MS)
    commit(store, video, "sound", StageOutput(records=(SoundEvent("snd", span, "singing", "", 0.97),)))
    face = FaceTrack("fac", span, "woman", "女人", ((0, 0.1, 0.1, 0.2, 0.2),), 0.9, 0.9)
    commit(store, video, "faces", StageOutput(records=(face,)))
    assert videos_for(store, encoders, tags, "singing") == [video]
    assert videos_for(store, encoders, tags, "lady") == [video]
    assert video not in videos_for(store, encoders, tags, "robot")


def test_how_pictures_are_made_leads_to_videos(
    store: LibraryStore, encoders: Encoders, tmp_path: Path, video: str
) -> None:
    slides = add_video(store, encoders, tmp_path / "slides.mp4", "imagenet:963", ())
    for one, text in ((video, "2d animation 二维动画"), (slides, "screen or text 屏幕或文字")):
        commit(store, one, "styles", StageOutput(records=(Fact(f"fct_{one}", Span(0, 8000, MS), text, 0.9),)))
    names = ("animation", "动画片", "cartoon", "二维动画", "CGI", "screencast", "text")
    tags = TagVectors([Tag(name, name) for name in names], encoders)
    found = {name: set(videos_for(store, encoders, tags, name)) for name in names}
    assert [name for name in names if video in found[name]] == ["animation", "动画片", "cartoon", "二维动画"]
    assert [name for name in names if slides in found[name]] == ["screencast"]


def test_people_without_faces_lead_to_videos_of_women_and_crowds(
    store: LibraryStore, encoders: Encoders, tags: TagVectors, video: str
) -> None:
    boxes = tuple((tick, 0.1, 0.1, 0.2, 0.4) for tick in (0, 4000))
    seen = Tracklet("trk", Span(0, 8000, MS), "coco:1", "person", "人", (), "", "still", boxes, "silence", 0.9)
    commit(store, video, "objects", StageOutput(records=(seen,)))
    assert videos_for(store, encoders, tags, "crowd") == [video]
    assert videos_for(store, encoders, tags, "lady") == [video]
    assert video not in videos_for(store, encoders, tags, "robot")

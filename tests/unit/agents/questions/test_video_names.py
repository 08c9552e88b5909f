"""Names of videos are taken out of a question, in both languages, with and without an ending."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from agents.questions.video_names import VideoNames
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import add_video


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VideoNames]:
    root = tmp_path_factory.mktemp("named")
    with Encoders.open("embedded") as encoders, LibraryStore.open(root / "library", create=True) as store:
        for name in ("harbour.mp4", "summer fair.mp4", "港口.mp4"):
            add_video(store, encoders, root / name, "imagenet:914", ())
        yield VideoNames(store)


@pytest.mark.parametrize(
    ("question", "text", "count"),
    [
        ("How long is harbour.mp4?", "How long is the video ?", 1),
        ("Is there a boat in the video harbour.mp4?", "Is there a boat ?", 1),
        ("Is there a boat in the video “harbour”?", "Is there a boat ?", 1),
        ("Who speaks in 'harbour'?", "Who speaks in 'harbour'?", 0),
        ("What happens in “summer fair”?", "What happens ?", 1),
        ('What happens in the clip called "summer fair.mp4"?', None, 1),
        ("Which is longer, harbour.mp4 or “summer fair.mp4”?", None, 2),
        ("Who says “harbour”?", "Who says “harbour”?", 0),
        ("harbour.mp4里有船吗？", "有船吗？", 1),
        ("在视频harbour.mp4中有船吗？", "有船吗？", 1),
        ("视频“harbour”里有船吗？", "有船吗？", 1),
        ("《港口》讲了什么？", "讲了什么？", 1),
        ("港口.mp4有多长？", "有多长？", 1),
        ("谁说了“港口”？", "谁说了“港口”？", 0),
        ("harbour.mp4中文字幕写了什么？", "中文字幕写了什么？", 1),
    ],
)
def test_names_are_taken_out(names: VideoNames, question: str, text: str | None, count: int) -> None:
    named = names.taken_out(question)
    assert len(named.video_ids) == count
    assert not named.unknown
    if text is not None:
        assert named.text == text


def test_a_name_that_no_video_has_is_told_only_if_it_looks_like_a_file(names: VideoNames) -> None:
    assert names.taken_out("Is there a boat in pier.mp4?").unknown == "pier.mp4"
    assert not names.taken_out("Is there a boat in the video “pier”?").unknown


@pytest.mark.parametrize("question", ["How long is harbour.mp4?", "Is there a boat in the video “harbour”?"])
def test_a_video_that_is_not_for_the_one_who_asks_is_read_as_one_that_is_not_there(
    names: VideoNames, question: str
) -> None:
    others = [names._resolved("summer fair.mp4", None) or ""]
    assert names.taken_out(question).video_ids
    hidden = names.taken_out(question, others)
    absent = names.taken_out(question.replace("harbour", "pier-xy"), others)
    assert not hidden.video_ids
    assert hidden.text.replace("harbour", "") == absent.text.replace("pier-xy", "")
    assert bool(hidden.unknown) == bool(absent.unknown)

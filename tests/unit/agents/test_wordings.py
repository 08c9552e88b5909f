"""What names nothing finds nothing; questions are understood however they are worded."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.chat.answerer import Answerer
from agents.search.finder import LEAST_SHOWN, RECALL, Finder
from encoders.bundle import Encoders
from stores.core.records import Fact, Span, StageOutput, Tracklet
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import CLIP, Library, add_video, commit


@pytest.mark.parametrize("query", ["xqzzv", "xqzzv blorf", "zzzz"])
def test_random_keystrokes_match_nothing_unless_they_are_said(
    library: Library, tmp_path: Path, encoders: Encoders, query: str
) -> None:
    found = Finder(library[0], encoders).search(query)
    assert (found.verdict, found.moments) == ("no_match", ())
    assert Answerer(library[0], encoders).ask(f"What is {query}?").text.startswith("There is nothing to look for")
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        add_video(store, encoders, tmp_path / "talk.mp4", "imagenet:963", (f"The {query} is new.",))
        assert Finder(store, encoders).search(query).verdict == "match"
        assert not Answerer(store, encoders).ask(f"What is the {query}?").abstained


def test_beside_a_match_nothing_unlikely_is_shown(library: Library, encoders: Encoders) -> None:
    found = Finder(library[0], encoders).search("pizza", explained=True)
    assert found.verdict == "match"
    assert all(moment.score >= LEAST_SHOWN for moment in found.moments)
    assert len(found.moments) < 3
    assert found.explanation
    reasons = {one.outcome: one.reason for one in found.explanation.moments}
    assert reasons["left_out"] == "is unlikely beside a match"


def test_the_background_of_a_video_is_not_evidence(tmp_path: Path, encoders: Encoders) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video_id = add_video(store, encoders, tmp_path / "pizza.mp4", "imagenet:963", ("The music in the background.",))
        scenery = Tracklet("trk_1", CLIP, "background", "background", "背景", (), "black", "still", (), "silence", 1.0)
        commit(store, video_id, "tracklets", StageOutput(records=(scenery,)))
        assert [line.text for line in store.catalog.evidence_of(video_id, "object")] == ["background"], (
            "it stays stored"
        )
        (moment,) = Finder(store, encoders).search("background").moments
        assert moment.text == "The music in the background."
        assert "object" not in moment.channels
        assert Finder(store, encoders).search("黑色背景").moments[0].text != "background"
        answer = Answerer(store, encoders).ask("Is there a background?")
        assert {citation.channel for claim in answer.claims for citation in claim.citations} <= {"speech"}


def test_how_pictures_are_made_crowds_out_nothing_that_is_said(tmp_path: Path, encoders: Encoders) -> None:
    said = "We shall finish the animation of the flying elephant."
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        made = add_video(store, encoders, tmp_path / "film.mp4", "imagenet:963", ())
        spans = (Span(10 * number, 10 * number + 10, CLIP.time_base) for number in range(RECALL + 10))
        facts = (Fact(f"fct_{span.start}", span, "animation 动画", 0.6) for span in spans)
        commit(store, made, "styles", StageOutput(records=tuple(facts)))
        video_id = add_video(store, encoders, tmp_path / "talk.mp4", "imagenet:914", (said,))
        best = Finder(store, encoders).search("animation").moments[0]
        assert (best.video_id, best.text) == (video_id, said)
        answer = Answerer(store, encoders).ask("Which videos mention animation?")
        assert "talk.mp4" in answer.text


def test_how_stretches_are_made_says_nothing_of_the_file(tmp_path: Path, encoders: Encoders) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video_id = add_video(store, encoders, tmp_path / "slides.mp4", "imagenet:963", ("We begin.",))
        slides = Fact("fct_1", Span(0, 8000, CLIP.time_base), "screen or text 屏幕或文字", 0.6)
        commit(store, video_id, "styles", StageOutput(records=(slides,)))
        answer = Answerer(store, encoders).ask("How long is slides.mp4?")
        cited = [citation.evidence_id for claim in answer.claims for citation in claim.citations]
        assert cited
        assert "fct_1" not in cited


@pytest.mark.parametrize(
    "question", ["有出租车吗？", "有出租车吧", "视频里有出租车吗", "有没有出租车？", "有一辆出租车么"]
)
def test_a_question_is_understood_however_it_is_worded(library: Library, encoders: Encoders, question: str) -> None:
    answer = Answerer(library[0], encoders).ask(question)
    assert [claim.text for claim in answer.claims] in (["是的，有出租车"], ["taxi.mp4: 出租车"])


@pytest.mark.parametrize("question", ["有狗吗？", "视频里有狗吗", "有没有狗？", "有一只狗吧", "Is there a dog?"])
def test_words_of_one_character_are_found_in_questions(tmp_path: Path, encoders: Encoders, question: str) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        video_id = add_video(store, encoders, tmp_path / "yard.mp4", "imagenet:963", ())
        dog = Tracklet("trk_1", CLIP, "coco:18", "dog", "狗", ("animal",), "black", "left", (), "silence", 0.8)
        commit(store, video_id, "tracklets", StageOutput(records=(dog,)))
        answer = Answerer(store, encoders).ask(question)
        assert [claim.text for claim in answer.claims] in (["是的，有狗"], ["yard.mp4: 狗"], ["Yes, there is a dog"])


@pytest.mark.parametrize("question", ["Does anyone mention an oven?", "Does anybody talk about the oven?"])
def test_what_somebody_mentions_is_found(library: Library, encoders: Encoders, question: str) -> None:
    answer = Answerer(library[0], encoders).ask(question)
    assert "The oven must be at 250 degrees." in answer.text


@pytest.mark.parametrize(
    "question",
    ["Is there a taxi in taxi.mp4?", "Is there a taxi in the video “taxi.mp4”?", "taxi.mp4里有出租车吗？"],
)
def test_a_file_name_in_a_question_means_that_video(library: Library, encoders: Encoders, question: str) -> None:
    store, videos = library
    answerer = Answerer(store, encoders)
    (claim,) = answerer.ask(question).claims
    assert claim.citations[0].video_id == videos["taxi"]
    assert answerer.ask(question.replace("taxi.mp4", "boats.mp4")).abstained
    unknown = answerer.ask(question.replace("taxi.mp4", "unknown.mp4"))
    assert unknown.abstained
    assert "unknown.mp4" in unknown.text


def test_a_named_video_can_be_asked_what_there_is(library: Library, encoders: Encoders) -> None:
    assert Answerer(library[0], encoders).ask("What is shown in taxi.mp4?").claims[0].text == "Seen: taxi"

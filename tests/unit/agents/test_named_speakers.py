"""Who says something, by name: a voice that goes with the face of a person who has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.answering.drafting.recognised import speaking
from agents.chat.answerer import Answerer
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.core.records import Clip, Utterance
from stores.library_store import LibraryStore
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.editing import forget_person, name_person
from tests.unit.stores.builders import add_video, put, span
from tests.unit.stores.people.faces import SECOND, put_faces
from tests.unit.stores.people.voices import interview

SAID = ("The harbour was rebuilt after the storm.", "Did the lighthouse stay as it was?")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    """Two people talk; the first one is called Anna, or 安娜."""
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        video_id = add_video(opened, "talk.mp4")
        lines = [
            Utterance(f"utt_{n}", span(round(n * 1.2 * SECOND), round((n * 1.2 + 1) * SECOND)), text, "en", 0.9)
            for n, text in enumerate(SAID)
        ]
        put(opened, video_id, "speech", *lines)
        put(opened, video_id, "clips", Clip("clp_talk", span(0, 10 * SECOND), SECOND))
        put(opened, video_id, "vectors")
        interview(opened, video_id, 1, 2)
        assign_people(opened)
        anna = opened.people.of_video(video_id)[0][0]
        name_person(opened, anna.person_id, "Anna", "owner", also=["安娜"])
        yield opened


def asked(store: LibraryStore, encoders: Encoders, question: str) -> tuple[str, list[str]]:
    answer = Answerer(store, encoders, finder=Finder(store, encoders)).ask(
        question, video_ids=[store.catalog.resolve("talk.mp4")]
    )
    lines = store.catalog.evidence([one.evidence_id for claim in answer.claims for one in claim.citations])
    return answer.text, [line.channel for line in lines.values()]


@pytest.mark.parametrize(
    "question",
    ["Who says “the harbour was rebuilt”?", "What does Anna say?", "What does 安娜 say?", "安娜说了什么？"],
)
def test_a_named_speaker_is_told_by_name_and_the_name_is_cited(
    store: LibraryStore, encoders: Encoders, question: str
) -> None:
    text, channels = asked(store, encoders, question)
    assert text in (f"Anna: “{SAID[0]}”", f"Anna：“{SAID[0]}”")
    assert sorted(channels) == ["face", "speaker", "speech"]


def test_who_has_no_name_any_more_is_a_number(store: LibraryStore, encoders: Encoders) -> None:
    assert asked(store, encoders, "Who says “did the lighthouse stay”?")[0] == f"Speaker 2: “{SAID[1]}”"
    forget_person(store, "Anna", "owner")
    assert asked(store, encoders, "Who says “the harbour was rebuilt”?")[0] == f"Speaker 1: “{SAID[0]}”"


MORE = {
    "walk.mp4": ("We walk along the river every morning.", "Is it far to the bridge?"),
    "boat.mp4": ("The boat needs new sails.", "How much will they cost?"),
    "tea.mp4": ("I drink green tea with lemon.", "And no sugar at all?"),
}


def with_more(store: LibraryStore, most: int) -> None:
    """Anna in further videos, each with somebody else."""
    for number, (name, said) in enumerate(list(MORE.items())[:most]):
        video_id = add_video(store, name)
        lines = [
            Utterance(f"utt_{name}_{n}", span(round(n * 1.2 * SECOND), round((n * 1.2 + 1) * SECOND)), text, "en", 0.9)
            for n, text in enumerate(said)
        ]
        put(store, video_id, "speech", *lines)
        put(store, video_id, "clips", Clip(f"clp_{name}", span(0, 10 * SECOND), SECOND))
        put(store, video_id, "vectors")
        interview(store, video_id, 1, 3 + number)
    assign_people(store)


def told(store: LibraryStore, encoders: Encoders, question: str, within: list[str] | None = None) -> list[str]:
    answer = Answerer(store, encoders, finder=Finder(store, encoders)).ask(question, video_ids=within)
    assert answer.abstained is (not answer.claims)
    return [claim.text for claim in answer.claims]


@pytest.mark.parametrize("question", ["What does Anna say?", "安娜说了什么？"])
def test_what_somebody_says_is_told_of_all_videos(store: LibraryStore, encoders: Encoders, question: str) -> None:
    with_more(store, 1)
    walk, talk = (f"walk.mp4: Anna: “{MORE['walk.mp4'][0]}”", f"talk.mp4: Anna: “{SAID[0]}”")
    assert [one.replace("Anna：", "Anna: ") for one in told(store, encoders, question)] == [walk, talk]


def test_of_many_videos_it_is_said_how_many_and_the_newest_are_told(store: LibraryStore, encoders: Encoders) -> None:
    with_more(store, 3)
    count, *lines = told(store, encoders, "What does Anna say?")
    assert count == "4 videos: tea.mp4, boat.mp4, walk.mp4, talk.mp4"
    assert lines == [f"{name}: Anna: “{MORE[name][0]}”" for name in ("tea.mp4", "boat.mp4", "walk.mp4")]
    some = [store.catalog.resolve(name) for name in ("talk.mp4", "boat.mp4")]
    assert told(store, encoders, "What does Anna say?", some) == [
        f"boat.mp4: Anna: “{MORE['boat.mp4'][0]}”",
        f"talk.mp4: Anna: “{SAID[0]}”",
    ], "only what may be seen is counted"


@pytest.mark.parametrize("question", ["What does Anna say?", "安娜说了什么？"])
def test_numbers_in_names_of_files_are_not_taken_for_the_count(
    store: LibraryStore, encoders: Encoders, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = {f"take_{n}.mp4": said for n, said in zip((1, 2, 4), MORE.values(), strict=True)}
    monkeypatch.setattr("tests.unit.agents.test_named_speakers.MORE", named)
    with_more(store, 3)
    count, *lines = told(store, encoders, question)
    assert count in (
        "4 videos: take_4.mp4, take_2.mp4, take_1.mp4, talk.mp4",
        "4个视频：take_4.mp4, take_2.mp4, take_1.mp4, talk.mp4",
    )
    assert len(lines) == 3


@pytest.mark.parametrize("question", ["What does Anna say?", "安娜说了什么？"])
def test_where_not_all_videos_were_looked_at_no_number_of_all_is_claimed(
    store: LibraryStore, encoders: Encoders, question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_more(store, 3)
    monkeypatch.setattr(speaking, "MOST_LOOKED", 2)
    count, *lines = told(store, encoders, question)
    assert count in ("At least 2 videos: tea.mp4, boat.mp4", "至少2个视频：tea.mp4, boat.mp4")
    assert len(lines) == 2


@pytest.mark.parametrize("question", ["What does the woman say?", "那个女人说了什么？"])
def test_what_a_woman_says_is_told_of_all_videos(store: LibraryStore, encoders: Encoders, question: str) -> None:
    with_more(store, 1)
    found = [one.replace("：“", ": “") for one in told(store, encoders, question)]
    assert found == [
        f"walk.mp4: Anna: “{MORE['walk.mp4'][0]}”",
        f"walk.mp4: Speaker 2: “{MORE['walk.mp4'][1]}”",
        f"talk.mp4: Anna: “{SAID[0]}”",
        f"talk.mp4: Speaker 2: “{SAID[1]}”",
    ]
    assert told(store, encoders, "What does the man say?") == []


def test_a_name_that_may_not_be_seen_is_as_unknown_as_any(store: LibraryStore, encoders: Encoders) -> None:
    with_more(store, 1)
    elsewhere = add_video(store, "sea.mp4")
    put(store, elsewhere, "clips", Clip("clp_sea", span(0, 10 * SECOND), SECOND))
    put(store, elsewhere, "vectors")
    answerer = Answerer(store, encoders, finder=Finder(store, encoders))
    known, unknown = (answerer.ask(f"{who}说了什么？", video_ids=[elsewhere]) for who in ("安娜", "贝拉"))
    assert known.abstained
    assert known.text == unknown.text


@pytest.mark.parametrize(
    ("question", "says"),
    [
        ("What does José Díaz say?", "José Díaz is seen, but it is not known which voice is theirs."),
        ("What does jose diaz say?", "jose diaz is seen, but it is not known which voice is theirs."),
        ("何塞说了什么？", "视频里能看到何塞，但不知道哪个声音属于何塞，所以无法回答。"),
    ],
)
def test_who_is_seen_but_whose_voice_is_not_known_is_told_apart(
    store: LibraryStore, encoders: Encoders, question: str, says: str
) -> None:
    video_id = add_video(store, "walk.mp4")
    put(store, video_id, "clips", Clip("clp_walk", span(0, 10 * SECOND), SECOND))
    put(store, video_id, "vectors")
    put_faces(store, video_id, [(9, 0, 5, 0.2)])
    assign_people(store)
    name_person(store, store.people.of_video(video_id)[0][0].person_id, "José Díaz", "owner", also=["何塞"])
    answer = Answerer(store, encoders, finder=Finder(store, encoders)).ask(question)
    assert (answer.text, answer.claims) == (says, ())
    there = store.catalog.resolve("talk.mp4")
    elsewhere = Answerer(store, encoders, finder=Finder(store, encoders)).ask(question, video_ids=[there])
    assert elsewhere.text != says, "who may not be seen is as unknown as any"


@pytest.mark.parametrize("name", ["O'Brien", "D’Angelo", "Dr. Meier", "Jean-Luc"])
def test_names_with_marks_in_them_are_answered_with(store: LibraryStore, encoders: Encoders, name: str) -> None:
    name_person(store, "Anna", name, "owner")
    assert told(store, encoders, f"What does {name} say?") == [f"{name}: “{SAID[0]}”"]

"""Who says something, by name: a voice that goes with the face of a person who has one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.chat.answerer import Answerer
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.core.records import Clip, Utterance
from stores.library_store import LibraryStore
from stores.maintenance.people.assigning import assign_people
from stores.maintenance.people.editing import forget_person, name_person
from tests.unit.stores.builders import add_video, put, span
from tests.unit.stores.people.faces import SECOND
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

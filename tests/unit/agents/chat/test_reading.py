"""Follow-ups over a real library: what the history leaves to be referred to, and what is looked at in which order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.chat.graph import RECURSION_LIMIT, ChatGraph
from agents.chat.reading.memory import Memory
from agents.chat.reading.reader import Reader
from agents.chat.reading.readings import all_different, next_reading, reading
from agents.chat.state import ChatState
from agents.search.finder import Finder
from agents.tools.toolbox import Toolbox
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import Library, add_video


@pytest.fixture(scope="module")
def talk(tmp_path_factory: pytest.TempPathFactory, encoders: Encoders) -> Iterator[Library]:
    root = tmp_path_factory.mktemp("talk")
    with LibraryStore.open(root / "library", create=True) as store:
        videos = {
            "ferry": add_video(
                store,
                encoders,
                root / "ferry.mp4",
                "imagenet:914",
                ("The ferry costs 12 euros.", "It leaves at 9:30.", "The captain is Odile Barnes."),
            ),
            "walk": add_video(
                store,
                encoders,
                root / "walk.mp4",
                "imagenet:468",
                (
                    "Stop 1: the windmill, built in 1790.",
                    "Stop 2: the tannery.",
                    "Stop 3: the ropery, closed on Fridays.",
                ),
            ),
            "museum": add_video(
                store,
                encoders,
                root / "museum.mp4",
                "imagenet:963",
                ("The museum costs 7 euros.", "It opens at 10:00."),
            ),
        }
        yield store, videos


def told(question: str, answer: str, *cited: str, abstained: bool = False) -> dict[str, Any]:
    """A turn as `agents.chat.history` tells it."""
    return {
        "question": question,
        "stand_alone": question,
        "answer": answer,
        "abstained": abstained,
        "status": "done",
        "cited": [{"evidence_id": one} for one in cited],
        "claims": [{"text": answer, "evidence_id": one} for one in cited[:1]],
    }


def after(*turns: dict[str, Any]) -> dict[str, Any]:
    return {"turns": list(turns), "earlier": {"count": 0, "questions": [], "videos": []}}


FARE = told("How much is the ferry?", "12 euros (“The ferry costs 12 euros.”)", "utt_ferry_0")
CAPTAIN = told("Who is the captain?", "Odile Barnes (“The captain is Odile Barnes.”)", "utt_ferry_2")
STOP = told("What is the first stop of the walk?", "“Stop 1: the windmill, built in 1790.”", "utt_walk_0")


@pytest.fixture
def reader(talk: Library, encoders: Encoders) -> Reader:
    store, _ = talk
    return Reader(store, encoders, Toolbox(store, encoders, Finder(store, encoders)).found)


def read(reader: Reader, asked: str, *turns: dict[str, Any]) -> list[dict[str, Any]]:
    """All readings of a follow-up, the likeliest first."""
    alone = reader.alone(asked, after(*turns), None)
    return [{key: alone[key] for key in ("stand_alone", "named", "moment")}, *alone["readings"]]


def answer(talk: Library, encoders: Encoders, asked: str, *turns: dict[str, Any]) -> dict[str, Any]:
    store, _ = talk
    graph = ChatGraph(store, encoders, Finder(store, encoders)).build().compile()
    begun = ChatState(question=asked, history=after(*turns), video_ids=None)
    return dict(graph.invoke(begun, {"recursion_limit": RECURSION_LIMIT})["answer"])


def test_a_question_that_says_little_is_about_what_was_just_shown(talk: Library, reader: Reader) -> None:
    first, second = read(reader, "How many people?", FARE)[:2]
    assert first["named"] == second["named"] == [talk[1]["ferry"]]
    assert first["moment"]["end"] == pytest.approx(1.9)
    assert second["moment"] is None
    assert all(one["named"] for one in read(reader, "How many people?", FARE))


def test_a_question_with_its_own_topic_may_leave_the_video(talk: Library, reader: Reader) -> None:
    readings = read(reader, "What does the museum cost?", FARE)
    assert [one["named"] for one in readings] == [[], [talk[1]["ferry"]]]
    readings = read(reader, "When does the ferry leave?", FARE)
    assert [one["named"] for one in readings] == [[talk[1]["ferry"]], []]


@pytest.mark.parametrize(
    "text", ["Which videos show a taxi?", "How many videos are there?", "Hello!", "哪些视频里有船？"]
)
def test_a_question_to_the_library_is_not_held_to_a_video(reader: Reader, text: str) -> None:
    assert [one["named"] for one in read(reader, text, FARE)] == [[]]


@pytest.mark.parametrize("text", ["Which video is the longest?", "What is the shortest clip?", "哪个视频最长？"])
def test_a_video_is_not_the_longest_of_itself(talk: Library, reader: Reader, text: str) -> None:
    assert read(reader, "How long is it?", FARE)[0]["named"] == [talk[1]["ferry"]]
    assert [one["named"] for one in read(reader, text, FARE)] == [[]]


def test_after_a_list_no_video_is_meant(talk: Library, reader: Reader) -> None:
    several = told("Which videos are there?", "…", "utt_ferry_0", "utt_walk_0", "utt_museum_0")
    assert read(reader, "Until when?", several)[0]["named"] in ([], [talk[1]["ferry"]])
    assert Memory(talk[0]).focus(Memory(talk[0]).turns(after(several))) == ()


def test_names_in_an_answer_are_referred_to(talk: Library, reader: Reader) -> None:
    first = read(reader, "Where does she live?", CAPTAIN)[0]
    assert first["stand_alone"] == "Where does Odile Barnes live?"
    assert first["named"] == [talk[1]["ferry"]]


def test_numbered_things_are_remembered_with_their_places(talk: Library, reader: Reader) -> None:
    (turn,) = Memory(talk[0]).turns(after(STOP))
    assert [item.span.seconds[0] for item in turn.items] == [0.0, 2.0, 4.0]
    readings = read(reader, "When is the third closed?", STOP)
    assert readings[0]["moment"] == {"video_id": talk[1]["walk"], "start": 4.0, "end": 5.9}


def test_the_place_of_the_third_stop_answers(talk: Library, encoders: Encoders) -> None:
    found = answer(talk, encoders, "When is the third closed?", STOP)
    assert "Friday" in found["text"]
    assert {one for claim in found["claims"] for one in claim["evidence_ids"]} == {"utt_walk_2"}


def test_what_the_last_video_does_not_tell_is_looked_for_in_the_others(talk: Library, encoders: Encoders) -> None:
    found = answer(talk, encoders, "How much is the museum?", FARE)
    assert "7" in found["text"]
    assert not found["abstained"]


def test_a_bare_question_word_is_answered_from_the_same_video(talk: Library, encoders: Encoders) -> None:
    assert "9:30" in answer(talk, encoders, "And when does it leave?", FARE)["text"]


@pytest.mark.parametrize("text", ["Who painted it?", "How long has she been married?", "它有保修吗？"])
def test_what_nothing_tells_stays_declined(talk: Library, encoders: Encoders, text: str) -> None:
    assert answer(talk, encoders, text, FARE, CAPTAIN)["abstained"]


def test_the_video_named_last_corrects_the_one_before(talk: Library, reader: Reader) -> None:
    readings = read(reader, "How long is walk.mp4, I mean ferry.mp4?")
    assert [one["named"] for one in readings] == [[talk[1]["ferry"]]]
    again = read(reader, "No, sorry, in museum.mp4", FARE)
    assert [(one["stand_alone"], one["named"]) for one in again] == [(FARE["question"], [talk[1]["museum"]])]
    assert len(read(reader, "Which is longer, walk.mp4 or ferry.mp4?")[0]["named"]) == 2


def test_cancelled_turns_hold_nothing(talk: Library) -> None:
    gone = {**FARE, "status": "cancelled"}
    assert Memory(talk[0]).turns(after(gone)) == []


def test_readings_are_tried_once_each_and_then_no_more() -> None:
    one, other = reading("a?", ["v"]), reading("a?", [])
    assert all_different([one, one, other]) == [one, other]
    begun = {"stand_alone": "a?", "readings": [other], "named": ["v"]}
    changed = next_reading(begun)
    assert (changed["named"], changed["readings"], changed["again"]) == ([], [], True)
    assert next_reading({**begun, **changed}) == {"again": False}


def test_what_is_no_question_to_the_library_is_one_once_a_video_answers_it(tmp_path: Path, encoders: Encoders) -> None:
    """What was understood is not remembered beyond a change of the library, nor from videos out of the conversation."""
    asked = "What is the capital of France?"
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        pizza = add_video(store, encoders, tmp_path / "pizza.mp4", "imagenet:963", ("The pizza is hot.",))
        reader = Reader(store, encoders, Toolbox(store, encoders, Finder(store, encoders)).found)
        assert reader.question(asked).idle == "world_knowledge"
        paris = add_video(store, encoders, tmp_path / "paris.mp4", "imagenet:914", ("The capital of France is Paris.",))
        assert not reader.question(asked).idle
        assert not reader.question(asked, [pizza, paris]).idle
        assert reader.question(asked, [pizza]).idle == "world_knowledge"

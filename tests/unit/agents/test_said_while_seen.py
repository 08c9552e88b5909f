"""What is said while a woman or a man is alone in the picture, where nobody's voice is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from agents.chat.answerer import Answerer
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.core.records import Clip, Utterance
from stores.library_store import LibraryStore
from stores.maintenance.people.assigning import assign_people
from tests.unit.stores.builders import add_video, put, span
from tests.unit.stores.people.faces import SECOND, put_faces, track
from tests.unit.stores.people.voices import put_voices

SAID = ("Now the powder goes on with a soft brush.", "I carried the ladder upstairs.", "Nobody is on screen here.")
_Face = tuple[str, float, float, float]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


def add(store: LibraryStore, name: str, faces: Sequence[_Face]) -> None:
    """Three lines of two seconds each, with (name, start, end, x) of the faces that are seen."""
    video_id = add_video(store, name)
    lines = [
        Utterance(f"utt_{name}_{n}", span(2 * n * SECOND, (2 * n + 2) * SECOND), text, "en", 0.9)
        for n, text in enumerate(SAID)
    ]
    put(store, video_id, "speech", *lines)
    put(store, video_id, "clips", Clip(f"clp_{name}", span(0, 10 * SECOND), SECOND))
    put(store, video_id, "vectors")
    if faces:
        put(store, video_id, "faces", *(track(video_id, start, end, x, called) for called, start, end, x in faces))


def told(store: LibraryStore, encoders: Encoders, question: str) -> list[tuple[str, list[str]]]:
    answer = Answerer(store, encoders, finder=Finder(store, encoders)).ask(question)
    return [(claim.text, [one.channel for one in claim.citations]) for claim in answer.claims]


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("What does the woman say?", f"While a woman alone is in the picture: “{SAID[0]}”"),
        ("What is the man saying?", f"While a man alone is in the picture: “{SAID[1]}”"),
        ("那个女人说了什么？", f"画面中只有一位女性时：“{SAID[0]}”"),
        ("男人说了什么？", f"画面中只有一位男性时：“{SAID[1]}”"),
    ],
)
def test_what_is_said_while_one_is_alone_in_the_picture(
    store: LibraryStore, encoders: Encoders, question: str, text: str
) -> None:
    add(store, "talk.mp4", [("woman", 0.0, 2.0, 0.2), ("man", 2.0, 4.0, 0.2)])
    assert told(store, encoders, question) == [(text, ["speech", "face"])]


@pytest.mark.parametrize(
    "faces",
    [
        [("woman", 0.0, 2.0, 0.2), ("man", 0.5, 2.0, 0.6)],
        [("woman", 0.0, 2.0, 0.2), ("face", 0.5, 2.0, 0.6)],
        [("woman", 0.0, 0.7, 0.2)],
        [("man", 0.0, 2.0, 0.2)],
        [("woman", 7.0, 9.0, 0.2)],
    ],
    ids=["a man is seen, too", "somebody is seen, too", "seen for a moment", "a man is seen", "seen in silence"],
)
def test_nothing_is_told_of_her_where_it_may_be_somebody_else(
    store: LibraryStore, encoders: Encoders, faces: list[_Face]
) -> None:
    add(store, "talk.mp4", faces)
    assert told(store, encoders, "What does the woman say?") == []


def test_a_voice_that_goes_with_a_man_is_not_hers(store: LibraryStore, encoders: Encoders) -> None:
    """The man speaks whenever he is seen, and once while only she is."""
    add(store, "talk.mp4", [])
    video_id = store.catalog.resolve("talk.mp4")
    his = [(2, start, start + 0.5, 0.2) for start in (2.5, 4.0, 5.5, 7.0, 8.5)]
    put_faces(store, video_id, [(1, 0.0, 2.0, 0.2), *his], men=[2])
    assign_people(store)
    assert told(store, encoders, "What does the woman say?"), "nobody's voice is known yet"
    put_voices(store, video_id, [(2, 0.0, 2.0), *((2, start, end) for _, start, end, _ in his)])
    assert told(store, encoders, "What does the woman say?") == []


def test_of_two_videos_each_is_named(store: LibraryStore, encoders: Encoders) -> None:
    for name in ("one.mp4", "two.mp4"):
        add(store, name, [("woman", 0.0, 2.0, 0.2)])
    found = [text for text, _ in told(store, encoders, "What does the woman say?")]
    assert sorted(found) == [
        f"{name}: While a woman alone is in the picture: “{SAID[0]}”" for name in ("one.mp4", "two.mp4")
    ]


@pytest.mark.parametrize(("question", "between"), [("What does the woman say?", " "), ("那个女人说了什么？", "")])
def test_lines_of_one_video_stand_together(
    store: LibraryStore, encoders: Encoders, question: str, between: str
) -> None:
    add(store, "talk.mp4", [("woman", 0.0, 4.0, 0.2)])
    ((text, channels),) = told(store, encoders, question)
    assert text.endswith(f"“{SAID[0]}”{between}“{SAID[1]}”")
    assert channels == ["speech", "speech", "face"]

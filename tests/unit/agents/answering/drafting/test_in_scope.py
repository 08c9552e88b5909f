"""Questions about some videos of a library only: those of a thread, or of `--video`."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.answering.claims import Answer
from agents.chat import rules
from agents.chat.answerer import Answerer
from agents.questions.understanding import understand
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.library_store import LibraryStore
from tests.unit.agents.answering.drafting.conftest import FILMS, add


class Scoped:
    """Asks about videos by their names."""

    def __init__(self, store: LibraryStore, encoders: Encoders) -> None:
        self._store = store
        self._answerer = Answerer(store, encoders)

    def ask(self, question: str, *names: str) -> Answer:
        return self._answerer.ask(question, [self._store.catalog.resolve(f"{name}.mp4") for name in names])

    def cited(self, answer: Answer) -> set[str]:
        uris = {self._store.catalog.display_uri(one.video_id) for claim in answer.claims for one in claim.citations}
        return {uri.rsplit("/", 1)[-1] for uri in uris}


@pytest.fixture(scope="module")
def scoped(planted: LibraryStore, planted_encoders: Encoders) -> Scoped:
    return Scoped(planted, planted_encoders)


def test_what_is_counted_is_counted_again_in_the_same_videos(scoped: Scoped) -> None:
    """The checker runs the query of a claim once more: over the whole library it would give another number."""
    answer = scoped.ask("How many videos are there?", "cooking", "yard", "street")
    assert "3 videos" in answer.text
    assert scoped.cited(answer) <= {"cooking.mp4", "yard.mp4", "street.mp4"}
    assert "2" in scoped.ask("How many videos have sound?", "cooking", "yard", "street").text


def test_the_order_of_the_videos_does_not_decide_where_is_looked(scoped: Scoped) -> None:
    names = ("baozi", "match", "cooking", "shop", "yard")
    for some in (names, names[::-1]):
        assert scoped.cited(scoped.ask("When does the dog appear?", *some)) == {"yard.mp4"}
        assert scoped.cited(scoped.ask("What colour is the umbrella?", *some)) == {"yard.mp4"}
        assert "1" in scoped.ask("How many dogs are visible at the same time?", *some).text


def test_one_video_is_meant_by_every_question(scoped: Scoped) -> None:
    assert "24" in scoped.ask("How long is it?", "street").text


def test_nothing_is_told_of_videos_that_were_left_out(scoped: Scoped) -> None:
    assert scoped.ask("How many dogs are visible at the same time?", "match", "shop").abstained
    assert scoped.ask("How many dogs are visible at the same time?").abstained
    assert scoped.ask("How many videos are there?").abstained


def test_tags_and_lengths_are_of_these_videos(scoped: Scoped) -> None:
    assert scoped.cited(scoped.ask("Which videos have the tag outdoors?", "yard", "match")) == {"yard.mp4"}
    assert "cooking.mp4 is the longest" in scoped.ask("Which video is the longest?", "cooking", "street", "match").text


def test_a_search_is_not_cut_to_the_first_of_many_videos() -> None:
    many = [f"vid_{number}" for number in range(60)]
    (search,) = rules.plan(understand("Is there a dog?"), many)
    assert search.name == "search_moments"
    assert "videos" not in search.arguments
    (few,) = rules.plan(understand("Is there a dog?"), many[:3])
    assert few.arguments["videos"] == many[:3]


def test_one_video_that_is_not_indexed_leaves_the_others_to_be_asked(
    tmp_path: Path, planted_encoders: Encoders
) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        add(store, planted_encoders, tmp_path, "yard", FILMS["yard"])
        (tmp_path / "later.mp4").write_text("later")
        store.catalog.register(tmp_path / "later.mp4", "1" * 64, 5, 0)
        scoped = Scoped(store, planted_encoders)
        assert scoped.cited(scoped.ask("When does the dog appear?", "yard", "later")) == {"yard.mp4"}
        for question, names in (
            ("When does the dog appear?", ["later"]),
            ("How long is later.mp4?", ["yard", "later"]),
        ):
            with pytest.raises(UsageError) as error:
                scoped.ask(question, *names)
            assert error.value.code.name == "UNKNOWN_VIDEO"

"""What an answer cites: the lines that it repeats and what stands beside them, and of several kinds of one form the one
that is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.answering.drafting.listing import MOST_LISTED
from agents.chat.answerer import Answerer
from agents.chat.graph import ChatGraph
from agents.chat.turns import TurnRunner
from agents.search.finder import Finder
from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.answering.drafting.conftest import Ask, Film, Seen, add

FILMS = {
    "kettle": Film(
        24,
        said=(
            (1, 4, "Hello, this is the Orion kettle."),
            (8, 11, "It costs $59."),
            (12, 15, "First, fill it with water."),
            (16, 19, "Next, close the lid."),
            (20, 23, "Finally, press the button."),
        ),
        written=((20, 24, "Order: 555-0177"),),
    ),
    "council": Film(12, said=((1, 5, "The council says the new bridge will cost three million dollars."),)),
    "villas": Film(12, written=((1, 8, "Villa for sale: 2 million dollars"),)),
    "jiudian": Film(20, written=((1, 8, "客服电话：400-555-8888"), (10, 18, "房价：388元"))),
    "farm": Film(
        30,
        seen=(Seen("dog", 0, 8), Seen("car", 9, 16), Seen("cat", 17, 24)),
        said=((9, 12, "And this is my dog Rex."), (18, 21, "He likes carrots.")),
    ),
}


@pytest.fixture(scope="module")
def ask_there(tmp_path_factory: pytest.TempPathFactory, planted_encoders: Encoders) -> Iterator[Ask]:
    root = tmp_path_factory.mktemp("cited")
    with LibraryStore.open(root / "library", create=True) as store:
        for name, film in FILMS.items():
            add(store, planted_encoders, root, name, film)
        yield Answerer(store, planted_encoders).ask


def quotes(ask_there: Ask, question: str) -> list[str]:
    answer = ask_there(question)
    assert not answer.abstained, (question, answer.text)
    return sorted(one.quote for claim in answer.claims for one in claim.citations)


@pytest.mark.parametrize(
    ("question", "quote"),
    [
        ("How much does the Orion kettle cost?", "It costs $59."),
        ("What comes right before pressing the button?", "Next, close the lid."),
        ("What comes after filling it with water?", "Next, close the lid."),
    ],
)
def test_the_line_that_names_the_subject_or_the_step_asked_from_is_not_cited(
    ask_there: Ask, question: str, quote: str
) -> None:
    assert quotes(ask_there, question) == [quote]


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("Which videos mention a price?", ["It costs $59.", "Villa for sale: 2 million dollars", "房价：388元"]),
        ("哪些视频提到了价格？", ["It costs $59.", "Villa for sale: 2 million dollars", "房价：388元"]),
        ("找一下介绍客服电话的画面", ["客服电话：400-555-8888"]),
        ("Which videos mention a phone number?", ["Order: 555-0177", "客服电话：400-555-8888"]),
        ("Which videos mention the price of the kettle?", ["It costs $59."]),
    ],
)
def test_of_what_is_told_in_the_same_form_only_the_kind_that_is_asked_for_is_listed(
    ask_there: Ask, question: str, wanted: list[str]
) -> None:
    assert quotes(ask_there, question) == sorted(wanted)


def test_what_is_to_cost_so_much_is_listed_where_costs_are_asked_for(ask_there: Ask) -> None:
    assert any("bridge" in quote for quote in quotes(ask_there, "Which videos mention a cost?"))


@pytest.mark.parametrize("question", ["Which animal follows the dog in farm.mp4?", "What animal comes after the dog?"])
def test_only_a_thing_of_the_kind_comes_after_another_and_not_that_itself(ask_there: Ask, question: str) -> None:
    assert quotes(ask_there, question) == ["cat"]


def test_more_goes_on_where_a_long_list_was_cut(tmp_path: Path, planted_encoders: Encoders) -> None:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        for number in range(MOST_LISTED + 4):
            add(
                store,
                planted_encoders,
                tmp_path,
                f"fair{number:02d}",
                Film(9, said=((1, 4, f"This costs ${number + 20}."),)),
            )
        graph = ChatGraph(store, planted_encoders, Finder(store, planted_encoders)).build().compile()
        asking = TurnRunner(store, graph)
        thread = store.threads.create().thread_id
        listed = [asking.ask(thread, text) for text in ("Which videos mention a price?", "more", "more")]
    cited = [{one.video_id for claim in turn.claims for one in claim.citations} for turn in listed]
    assert [len(videos) for videos in cited] == [MOST_LISTED, 4, 0]
    assert cited[0].isdisjoint(cited[1])
    assert listed[2].answer.startswith("There is nothing more")

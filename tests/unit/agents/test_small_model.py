"""What a small model is asked: summaries sentence by sentence, follow-ups that the rules left open."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from agents.answering.by_model import summary_by_model
from agents.llm import LLM, EndpointSettings
from agents.llm.completion import Completion, Request
from agents.questions.conversation.rewriter import Rewriter
from agents.questions.conversation.rewriting import leans
from agents.questions.conversation.turns import Shown, Standalone, Turn
from encoders.bundle import Encoders
from stores.core.errors import EndpointError
from stores.core.records import Evidence, Span
from tests.unit.agents.small_library import Library
from tests.unit.agents.turns_of_a_model import Turns, ask

SECOND = Fraction(1, 1)


class Scripted:
    """Says one thing, whatever it is asked; an error is raised."""

    def __init__(self, said: object) -> None:
        self._said = said
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        if isinstance(self._said, Exception):
            raise self._said
        return Completion(json.dumps(self._said, ensure_ascii=False))

    def close(self) -> None:
        pass


def small(said: object) -> tuple[LLM, Scripted]:
    backend = Scripted(said)
    return LLM(EndpointSettings("", "local", short_prompts=True), backend), backend


def line(number: int, text: str) -> Evidence:
    return Evidence(f"utt_{number}", "vid", Span(number, number + 1, SECOND), "speech", text, text, 0.9)


LINES = [
    line(0, "The boat leaves the harbour at noon."),
    line(1, "Three fishermen are on board."),
    line(2, "They return in the evening with sardines."),
]


def summary(*sentences: tuple[list[int], str]) -> list[tuple[str, list[str]]]:
    llm, _ = small({"sentences": [{"notes": notes, "text": text} for notes, text in sentences]})
    made, _ = summary_by_model(llm, "What is it about?", LINES)
    return [(claim.text, [one.evidence_id for one in claim.citations]) for claim in made]


def test_each_sentence_cites_the_lines_that_have_its_words() -> None:
    assert summary(([1], "A boat leaves at noon."), ([2, 3], "The fishermen return with sardines.")) == [
        ("A boat leaves at noon.", ["utt_0"]),
        ("The fishermen return with sardines.", ["utt_1", "utt_2"]),
    ]


def test_lines_that_a_small_model_forgot_are_cited_and_those_without_a_word_are_not() -> None:
    assert summary(([2], "A boat brings sardines.")) == [("A boat brings sardines.", ["utt_0", "utt_2"])]


def test_several_sentences_in_one_are_judged_one_by_one_and_a_cut_one_is_left_out() -> None:
    long = "Three fishermen are on board. They return in the evening. "
    cut = long + "The boat leaves the harbour at noon, and " * 3
    texts = [text for text, _ in summary(([1, 2, 3], cut[:160]))]
    assert texts == ["Three fishermen are on board.", "They return in the evening."]


def test_what_rests_on_no_line_is_no_claim() -> None:
    assert summary(([9], "Dragons fly."), ([1], "…")) == []


def test_lines_that_it_named_are_told_even_where_its_sentence_says_nothing() -> None:
    llm, _ = small({"sentences": [{"notes": [2, 2, 9], "text": "…"}, {"notes": [1], "text": "A boat."}]})
    _, named = summary_by_model(llm, "What is it about?", LINES)
    assert named == [LINES[1], LINES[0]]


SHOWN = Shown("vid", "boat.mp4", Span(0, 2, SECOND), "Three fishermen are on board")
TURN = Turn("Who is on the boat?", "Who is on the boat?", "Three fishermen are on board.", (SHOWN,), ("boat",))


def completed(said: object, text: str, alone: Standalone | None = None) -> tuple[Standalone, int]:
    llm, backend = small(said)
    made = Rewriter(llm).completed(text, alone or Standalone(text), [TURN])
    return made, len(backend.requests)


def test_a_follow_up_that_the_rules_left_open_is_completed_in_words_of_the_conversation() -> None:
    made, calls = completed({"question": "When do the fishermen on the boat leave?"}, "and when do they leave?")
    assert calls == 1
    assert made.text == "When do the fishermen on the boat leave?"
    assert made.video_ids == ("vid",)
    assert made.changed


@pytest.mark.parametrize(
    "said",
    [
        {"question": "When do the pirates leave the island?"},
        {"question": "When do they leave? And who pays?"},
        {"question": ""},
        EndpointError("ENDPOINT_BAD_OUTPUT", "no"),
    ],
)
def test_what_a_model_invents_is_not_asked(said: object) -> None:
    made, _ = completed(said, "and when do they leave?")
    assert made.text == "and when do they leave?"
    assert not made.changed


def test_what_stands_alone_or_was_completed_by_rules_costs_no_call() -> None:
    assert completed({"question": "x"}, "Which price stands on the poster?")[1] == 0
    by_rules = Standalone("When do the fishermen leave?", ("vid",), None, True, "by rules")
    assert completed({"question": "x"}, "When do they leave?", by_rules) == (by_rules, 0)


@pytest.mark.parametrize("text", ["And her?", "What colour is it", "还有别的吗", "他是谁", "那猫呢？"])
def test_words_that_point_back(text: str) -> None:
    assert leans(text)


@pytest.mark.parametrize("text", ["What does the poster say?", "谁是老师？", "How long is boat.mp4?"])
def test_words_that_do_not(text: str) -> None:
    assert not leans(text)


def test_what_the_rules_answer_costs_no_call(library: Library, encoders: Encoders) -> None:
    backend = Turns()
    answer = ask(library, encoders, backend, "How hot is the oven?")
    assert backend.asked == []
    assert (answer.mode, answer.abstained) == ("extractive", False)
    assert "250" in answer.text


def test_a_summary_is_the_models_sentences_before_what_they_are_made_from(library: Library, encoders: Encoders) -> None:
    backend = Turns({"sentences": [{"notes": [1], "text": "We bake a pizza today."}]})
    answer = ask(library, encoders, backend, "What is this video about?")
    assert backend.asked == ["_Summary", "judge"]
    assert answer.mode == "llm"
    assert answer.claims[0].text == "We bake a pizza today."
    assert answer.claims[0].citations
    assert any("Said" in claim.text for claim in answer.claims[1:])


@pytest.mark.parametrize(
    ("sentence", "yes"), [("We bake a pizza today.", 0.6), ("An astronaut repairs a submarine.", 0.99)]
)
def test_what_it_doubts_or_the_checker_refuses_leaves_the_rules_answer(
    library: Library, encoders: Encoders, sentence: str, yes: float
) -> None:
    backend = Turns({"sentences": [{"notes": [1], "text": sentence}]}, yes=yes)
    answer = ask(library, encoders, backend, "What is this video about?")
    assert not answer.abstained
    assert answer.mode == "extractive"
    assert sentence not in answer.text

"""Questions and idle talk that are no examples: how many are understood, with the encoder and by grammar alone."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.questions.examples import examples
from agents.questions.understanding import understand
from encoders.bundle import Encoders

HERE = Path(__file__).parent
LISTS = ("held_out.toml", "held_out_again.toml", "held_out_third.toml", "held_out_fourth.toml")


@pytest.fixture(scope="module")
def encoders() -> Iterator[Encoders]:
    with Encoders.open("embedded") as bundle:
        yield bundle


def listed(name: str) -> dict[str, Any]:
    return tomllib.loads((HERE / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", LISTS)
def test_held_out_lists_share_no_sentence_with_the_examples(name: str) -> None:
    known = {example.text.casefold() for example in examples()}
    lists = listed(name)
    questions = [q for group in (*lists["intents"].values(), *lists["nothing"].values()) for q in group]
    assert len(questions) > 130
    assert not [question for question in questions if question.casefold() in known and len(question) > 8]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("with_encoder", [True, False])
def test_most_questions_are_understood(name: str, with_encoder: bool, encoders: Encoders) -> None:
    models = encoders if with_encoder else None
    wrong = []
    intents = listed(name)["intents"]
    for intent, questions in intents.items():
        for question in questions:
            understood = understand(question, encoders.concepts.vocabulary, models)
            if understood.otherwise != intent:
                wrong.append((question, intent, understood.otherwise))
    assert len(wrong) <= 0.1 * sum(map(len, intents.values())), wrong


@pytest.mark.parametrize("name", LISTS)
def test_idle_talk_is_stopped_and_questions_to_the_library_are_not(name: str, encoders: Encoders) -> None:
    nothing = listed(name)["nothing"]

    def stopped(text: str) -> bool:
        return understand(text, encoders.concepts.vocabulary, encoders).intent == "nothing"

    through = [text for text in nothing["idle"] if not stopped(text)]
    assert len(through) <= len(nothing["idle"]) * 2 / 30, through
    lost = [text for text in nothing["library"] if stopped(text)]
    assert len(lost) <= 1, lost

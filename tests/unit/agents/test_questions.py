from __future__ import annotations

import pytest

from agents.questions import understand


@pytest.mark.parametrize(
    ("question", "source", "wants"),
    [
        ("What is the chef cutting?", "picture", "anything"),
        ("What does the guide say about the castle?", "speech", "anything"),
        ("How much does the ticket cost?", "words", "number"),
        ("Who is the director?", "words", "name"),
        ("Why did they leave the house?", "words", "anything"),
        ("What is written on the sign?", "screen", "anything"),
        ("讲解员说了什么？", "speech", "anything"),
        ("门票多少钱？", "words", "number"),
        ("招牌上写着什么？", "screen", "anything"),
        ("厨师在切什么？", "picture", "anything"),
    ],
)
def test_where_an_answer_must_lie(question: str, source: str, wants: str) -> None:
    understood = understand(question)
    assert (understood.source, understood.wants) == (source, wants)
    assert understood.chinese == ("？" in question)

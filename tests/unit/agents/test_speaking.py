"""Which questions are about speakers, and about which."""

from __future__ import annotations

import pytest

from agents.questions.speaking import AsksWhat, AsksWho, asks_about_speakers


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("what does speaker 2 say?", AsksWhat(number=2)),
        ("What does the second speaker say?", AsksWhat(number=2)),
        ("what did Speaker two talk about", AsksWhat(number=2)),
        ("what is the woman saying?", AsksWhat(sex="woman")),
        ("What does the old man say?", AsksWhat(sex="man")),
        ("what does Anna Meier say?", AsksWhat(name="Anna Meier")),
        ("What does Dr. A. Meier say?", AsksWhat(name="Dr. A. Meier")),
        ("What is it about. What does Anna say?", AsksWhat(name="Anna")),
        ("说话人2说了什么?", AsksWhat(number=2)),
        ("那个女人说了什么", AsksWhat(sex="woman")),
        ("男士讲了什么?", AsksWhat(sex="man")),
        ("who says “the harbour was quiet”?", AsksWho("the harbour was quiet")),
        ("Who said they rebuilt it?", AsksWho("they rebuilt it")),
        ("谁说的“你好”？", AsksWho("你好")),
        ("“你好”是谁说的？", AsksWho("你好")),
    ],
)
def test_questions_about_speakers(text: str, asked: AsksWhat | AsksWho) -> None:
    assert asks_about_speakers(text) == asked


@pytest.mark.parametrize(
    "text",
    [
        "what does the sign say about dogs",
        "when does somebody speak?",
        "who sings?",
        "who is the tallest?",
        "what is shown in the video?",
        "what does the woman wear?",
        "is there music?",
        "who says",
        "",
    ],
)
def test_other_questions(text: str) -> None:
    assert asks_about_speakers(text) is None

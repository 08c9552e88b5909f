from __future__ import annotations

from fractions import Fraction

from agents.answering.claims import quote_lines
from agents.questions.understanding import understand
from stores.core.records import Channel, Evidence, Span

MS = Fraction(1, 1000)


def line(text: str, start: int, channel: Channel = "speech", video: str = "vid_a") -> Evidence:
    return Evidence(f"utt_{video}_{start}", video, Span(start, start + 2000, MS), channel, text, text, 0.9)


def test_the_answer_is_quoted_with_the_lines_that_follow() -> None:
    lines = [
        line("Nice weather today.", 0),
        line("What is this pocket for?", 60_000),
        line("It is for the key.", 62_500),
    ]
    (claim,) = quote_lines(understand("What does he say the pocket is for?"), lines)
    assert "pocket for" in claim.text
    assert "the key" in claim.text
    assert [c.span.start for c in claim.citations] == [60_000, 62_500]


def test_nothing_is_quoted_that_does_not_hold_the_question() -> None:
    assert not quote_lines(understand("What does she say about elephants?"), [line("We talk about the kitchen.", 0)])


def test_a_price_needs_a_number() -> None:
    question = understand("What price does he ask for the car?")
    assert not quote_lines(question, [line("The price of this car is good.", 0)])
    assert quote_lines(question, [line("The price of this car is 900 euros.", 0)])


def test_a_name_needs_a_name() -> None:
    question = understand("Who is the teacher?")
    assert not quote_lines(question, [line("The teacher is very kind.", 0)])
    assert quote_lines(question, [line("The teacher is Alma Weber.", 0)])


def test_chinese_questions_are_answered_in_chinese() -> None:
    (claim,) = quote_lines(understand("他说门票在哪里买？"), [line("门票在东门买", 0)])
    assert claim.text.startswith("听到")


def test_quotes_begin_where_the_question_is_met() -> None:
    said = ("Good morning everybody.", "It is sunny today.", "The engine overheated on the bridge.", "The pump broke.")
    lines = [line(text, i * 2500) for i, text in enumerate(said)]
    (claim,) = quote_lines(understand("Why did the engine overheat on the bridge?"), lines)
    assert "sunny" not in claim.text
    assert "The pump broke." in claim.text


def test_i_am_is_no_name() -> None:
    assert not quote_lines(understand("Who is the teacher?"), [line("The teacher says that I'm late.", 0)])

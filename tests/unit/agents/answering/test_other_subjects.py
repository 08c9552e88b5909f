"""What a sentence says of one thing is no answer about another one."""

from __future__ import annotations

import pytest

from agents.answering.text.asked import asked_of
from agents.answering.text.matching import Rarity
from agents.answering.text.readers import read
from agents.answering.text.subjects import of_another, subject_of
from agents.answering.text.support import wanted_of
from agents.questions.understanding import understand
from encoders.bundle import Encoders
from tests.unit.agents.answering.spoken_and_read import answers, said, together, written

GREENHOUSE = together(
    written("Our Greenhouse", "Seed tray $4", video="greenhouse"),
    said(
        "We heat our greenhouse with an old stove.",
        "The stove cost us eighty euros.",
        "My cousin Petra brought the shelves.",
        "The oldest cactus is thirty years old.",
        "The shelves are two metres long.",
        video="greenhouse",
    ),
)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("How much did the stove cost?", "eighty"),
        ("How old is the oldest cactus?", "thirty"),
        ("How long are the shelves?", "two metres"),
        ("Who brought the shelves?", "Petra"),
    ],
)
def test_what_is_said_of_the_thing_asked_about_is_answered(encoders: Encoders, question: str, wanted: str) -> None:
    claims = answers(question, GREENHOUSE, encoders)
    assert claims
    assert wanted in claims[0].text


@pytest.mark.parametrize(
    "question",
    [
        "How much did the shelves cost?",
        "How much is the cactus?",
        "How old is Petra?",
        "How wide are the shelves?",
        "Why is the museum heated?",
        "What is the name of the stove?",
    ],
)
def test_what_is_said_of_another_thing_is_not(encoders: Encoders, question: str) -> None:
    claims = answers(question, GREENHOUSE, encoders)
    assert not claims, claims[0].text


@pytest.mark.parametrize(
    ("question", "sentence", "another"),
    [
        ("How much does the canoe cost?", "The paddle costs thirty dollars.", True),
        ("How much does the canoe cost?", "It costs thirty dollars.", False),
        ("How much does the canoe cost?", "This model costs thirty dollars.", False),
        ("How much does the canoe cost?", "The canoe costs thirty dollars.", False),
        ("How much does the canoe cost?", "Locker fee: 3 EUR", True),
        ("How much does the canoe cost?", "Special price: 300 EUR", False),
        ("When was the mill built?", "The barn was built in 1870.", True),
        ("When was the mill built?", "Built in 1870.", False),
        ("风车是哪一年建的？", "这座谷仓建于1870年。", True),
        ("风车是哪一年建的？", "这座风车建于1870年。", False),
    ],
)
def test_a_subject_of_its_own(question: str, sentence: str, another: bool) -> None:
    asked = asked_of(understand(question))
    reading = max(read(asked, sentence), key=lambda one: one.strength)
    assert of_another(asked, wanted_of(asked, Rarity([sentence])), sentence, reading) is another


def test_the_kind_asked_for_is_no_subject() -> None:
    assert subject_of("The price of ", asked_of(understand("How much is the canoe?"))) == ()
    assert subject_of("Our wooden paddle costs ", asked_of(understand("How much is the canoe?"))) == (
        "wooden",
        "paddle",
    )


OPENING = together(
    written("Hill Farm Cheese Shop", "Opening hours: 9:00-18:00 / Closed on Wednesdays", video="shop"),
    written("奶酪店", "营业时间：9:00-18:00 / 星期三休息", video="dian"),
)


def test_the_hours_of_a_day_that_it_is_closed_are_none(encoders: Encoders) -> None:
    assert "9:00" in answers("When does the cheese shop open?", OPENING, encoders)[0].text
    assert not answers("At what time does the cheese shop open on Wednesday?", OPENING, encoders)
    assert "9:00" in answers("奶酪店几点开门？", OPENING, encoders)[0].text
    assert not answers("奶酪店星期三几点开门？", OPENING, encoders)


def test_until_when_is_not_since_when(encoders: Encoders) -> None:
    lines = said("The ferry is out of service from Tuesday.") + written("Ferry back on October 2", video="vid_a")
    assert "October 2" in answers("Until when is the ferry out of service?", lines, encoders)[0].text


def test_who_teaches_what_in_a_list_of_teachers(encoders: Encoders) -> None:
    lines = together(written("希望中学", "孙老师化学 / 何教练游泳", video="xx"))
    assert "孙" in answers("化学老师姓什么？", lines, encoders)[0].text
    assert "游泳" in answers("何教练教什么？", lines, encoders)[0].text
    assert not answers("历史老师姓什么？", lines, encoders)


def test_an_amount_is_no_temperature(encoders: Encoders) -> None:
    lines = said("Use half a kilo of chickpeas.", "Roast the chickpeas at 190 degrees.")
    assert "half a kilo" in answers("How much chickpeas do I need?", lines, encoders)[0].text
    assert not answers("How much salt do the chickpeas need?", lines, encoders)


def test_people_who_visit_are_visitors(encoders: Encoders) -> None:
    lines = said("The boat show was in Kiel.", "Nine thousand people visited the show.")
    assert "Nine thousand" in answers("How many visitors came to the show?", lines, encoders)[0].text

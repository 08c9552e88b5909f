"""Questions in one language about videos in the other one."""

from __future__ import annotations

import pytest

from agents.answering.text.bilingual import chinese_for, english_in
from encoders.bundle import Encoders
from tests.unit.agents.answering.spoken_and_read import answers, said, together, written

MIXED = together(
    written("Hotel Seeblick", "Rooms from $75", video="hotel"),
    said("Welcome to our hotel by the lake.", "The kitchen is closed because of a fire.", video="hotel"),
    said("The wooden bridge was built in 1911.", "Our dog is afraid of trains.", video="walk"),
    written("城市动物园", "门票：45元", video="zoo"),
    said("这座钟楼建于1820年。", "动物园里有三百个游客。", video="zoo"),
)


@pytest.mark.parametrize(
    ("question", "wanted"),
    [
        ("厨房为什么关闭了？", "fire"),
        ("桥是哪一年建的？", "1911"),
        ("狗害怕什么？", "trains"),
        ("When was the clock tower built?", "1820"),
        ("How many visitors are in the zoo?", "三百"),
    ],
)
def test_the_answer_stands_as_it_was_said(encoders: Encoders, question: str, wanted: str) -> None:
    claims = answers(question, MIXED, encoders)
    assert claims
    assert wanted in claims[0].text


@pytest.mark.parametrize(
    "question",
    [
        "医院为什么关闭了？",
        "城堡是哪一年建的？",
        "猫害怕什么？",
        "When was the harbour built?",
        "How many tigers are in the zoo?",
    ],
)
def test_another_thing_is_declined_in_either_language(encoders: Encoders, question: str) -> None:
    claims = answers(question, MIXED, encoders)
    assert not claims, claims[0].text


def test_names_of_the_table_and_of_the_list(encoders: Encoders) -> None:
    assert "门票" in chinese_for("ticket")
    assert {start for start, *_ in english_in("咖啡机价格")} == {0, 3}
    assert not chinese_for("moon", None) & chinese_for("tower", None)
    assert "勺子" not in chinese_for("ladle", encoders.concepts)

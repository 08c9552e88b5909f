"""Spellings of the same word have the same key."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stores.core.text_keys import key_words, search_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("戰爭與歷史圖書館", "战争与历史图书馆"),
        ("烏龜觀賞魚專賣店", "乌龟观赏鱼专卖店"),
        ("Straße", "STRASSE"),
        (unicodedata.normalize("NFD", "Café"), "cafe"),
        ("ＧｏＰｒｏ", "gopro"),
        ("Łódź, København", "lodz, kobenhavn"),
        ("İstanbul", "istanbul"),
        ("ｽｹｰﾄ", "スケート"),
    ],
)
def test_ways_of_writing_a_word_have_one_key(one: str, other: str) -> None:
    assert search_key(one) == search_key(other)


@pytest.mark.parametrize(("one", "other"), [("ガ", "カ"), ("书", "画"), ("boat", "goat"), ("й", "и\u0308a")])
def test_other_words_have_other_keys(one: str, other: str) -> None:
    assert search_key(one) != search_key(other)


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=20), st.data())
def test_the_key_of_a_part_is_a_part_of_the_key(whole: str, data: st.DataObject) -> None:
    first = data.draw(st.integers(0, len(whole)))
    last = data.draw(st.integers(first, len(whole)))
    assert search_key(whole[first:last]) == search_key(whole)[first:last]


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(text: str) -> None:
    key = search_key(text)
    assert key_words(key) == key_words(text)


def test_cjk_characters_are_words_of_their_own() -> None:
    assert key_words("GoPro12玩滑板, OK") == ["gopro12", "玩", "滑", "板", "ok"]

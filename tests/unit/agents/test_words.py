from __future__ import annotations

import pytest

from agents.words import MOST_TERMS, Term, contains_phrase, content_terms, coverage, nothing_to_look_for
from encoders.plurals import singular


@pytest.mark.parametrize(
    ("plural", "folded"),
    [
        ("boxes", "box"),
        ("berries", "berry"),
        ("cars", "car"),
        ("glass", "glass"),
        ("bus", "bus"),
        ("dog's", "dog"),
        ("horses", "horse"),
        ("pies", "pie"),
        ("taxis", "taxi"),
        ("men", "man"),
        ("tennis", "tennis"),
    ],
)
def test_plurals_fold(plural: str, folded: str) -> None:
    assert singular(plural) == folded


def test_function_and_scaffold_words_carry_no_topic() -> None:
    assert content_terms("What is shown in the video of the red cars?") == (Term("red", False), Term("car", False))


def test_known_chinese_words_are_cut_out_whole_and_the_rest_in_pairs() -> None:
    assert [term.text for term in content_terms("这个视频里的自行车停在哪里", {"自行车"})] == ["自行车", "停"]
    assert [term.text for term in content_terms("异国营救")] == ["异国", "国营", "营救"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("有狗吗？", ["狗"]),
        ("有狗吧", ["狗"]),
        ("视频里有狗吗", ["狗"]),
        ("有没有狗？", ["狗"]),
        ("视频里有一只狗吗", ["狗"]),
        ("有自行车么", ["自行车"]),
        ("有人提到狗吗", ["狗"]),
        ("酒吧", ["酒吧"]),
        ("有毒", ["有毒"]),
    ],
)
def test_chinese_particles_and_numerals_do_not_stick_to_words(text: str, words: list[str]) -> None:
    assert [term.text for term in content_terms(text, {"自行车", "狗", "酒吧", "有毒"})] == words


def test_coverage_counts_words_not_substrings() -> None:
    terms = content_terms("cat on a rotating table")
    assert coverage(terms, "a category of tables") == pytest.approx(1 / 3)
    assert coverage(terms, "the cat rotates on tables") == 1.0
    assert coverage((), "anything") == 0.0


def test_phrases_are_consecutive_whole_words() -> None:
    assert contains_phrase("baseball bat", "he swings Baseball bats")
    assert not contains_phrase("bat", "a battle")
    assert not contains_phrase("baseball bat", "a baseball, and a bat")
    assert contains_phrase("打鼓", "他在打鼓呢")
    assert not contains_phrase("…", "anything")


@pytest.mark.parametrize(
    ("phrase", "text", "there"),
    [
        ("news", "I bought a new car and a new house", False),
        ("bus", "two buses wait", True),
        ("cookie", "she bakes cookies", True),
        ("potato", "potatoes and salt", True),
        ("собака", "Большая собака бежит", True),
    ],
)
def test_plurals_do_not_make_other_words(phrase: str, text: str, there: bool) -> None:
    assert contains_phrase(phrase, text) is there


def test_contractions_and_quotes_leave_no_terms_behind() -> None:
    assert [term.text for term in content_terms("What's the dog doing?")] == ["dog"]
    assert [term.text for term in content_terms("Why don't they say 'hello'?")] == ["hello"]


def test_characters_that_also_begin_words_do_not_cut_them() -> None:
    assert {"中国", "首都"} <= {term.text for term in content_terms("中国的首都是什么")}
    assert "上海" in {term.text for term in content_terms("去过上海吗")}


def test_a_query_of_scaffold_words_alone_is_about_them() -> None:
    assert [term.text for term in content_terms("people")] == ["people"]


def test_words_are_the_same_however_they_are_written() -> None:
    assert contains_phrase("图书馆", "戰爭與歷史圖書館")
    assert contains_phrase("烏龜觀賞魚", "乌龟观赏鱼专卖店")
    assert contains_phrase("Strasse", "Die Straße")
    assert contains_phrase("café", "a cafe\u0301 in town")
    assert coverage(content_terms("歷史圖書館", {"图书馆"}), "战争与历史图书馆") == 1.0
    assert [term.text for term in content_terms("圖書館在哪裡", {"图书馆"})] == ["图书馆"]


def test_japanese_and_korean_words_are_found_inside_others() -> None:
    assert contains_phrase("ボード", "スケートボードに乗る")
    assert coverage(content_terms("スケートボード"), "彼はスケートボードに乗る") == 1.0


@pytest.mark.parametrize(
    "text",
    [
        "!!!",
        "-",
        "...",
        "???",
        "的的的",
        "asdfghjkl",
        "qwerty",
        "aaaaaa",
        "Hello",
        "hello there!",
        "你好",
        "what is the",
        "",
        "hahahaha",
        "lalalala pqpqpqp",
    ],
)
def test_there_is_nothing_to_look_for(text: str) -> None:
    assert nothing_to_look_for(text)


@pytest.mark.parametrize(
    "text",
    [
        "dog",
        "狗",
        "什么狗",
        "hello kitty",
        "bonbon",
        "yoyo",
        "banana",
        "people",
        "video",
        "HTTPS",
        "123",
        "🐕",
        "さくら",
        "собака",
        "rhythm",
        "中国",
        "上海",
    ],
)
def test_there_is_something_to_look_for(text: str) -> None:
    assert not nothing_to_look_for(text)


def test_of_a_very_long_text_the_beginning_counts() -> None:
    terms = content_terms(" ".join(f"word{n}" for n in range(5000)))
    assert len(terms) == MOST_TERMS
    assert terms[0] == Term("word0", False)

from __future__ import annotations

import pytest

from agents.words import Term, contains_phrase, content_terms, coverage, singular


@pytest.mark.parametrize(
    ("plural", "folded"),
    [("boxes", "box"), ("berries", "berry"), ("cars", "car"), ("glass", "glass"), ("bus", "bus"), ("dog's", "dog")],
)
def test_plurals_fold(plural: str, folded: str) -> None:
    assert singular(plural) == folded


def test_function_and_scaffold_words_carry_no_topic() -> None:
    assert content_terms("What is shown in the video of the red cars?") == (Term("red", False), Term("car", False))


def test_known_chinese_words_are_cut_out_whole_and_the_rest_in_pairs() -> None:
    assert [term.text for term in content_terms("这个视频里的自行车停在哪里", {"自行车"})] == ["自行车", "停"]
    assert [term.text for term in content_terms("异国营救")] == ["异国", "国营", "营救"]


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

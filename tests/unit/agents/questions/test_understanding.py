from __future__ import annotations

import pytest

from agents.questions.understanding import understand


@pytest.mark.parametrize(
    ("question", "source", "wants"),
    [
        ("What is the chef cutting?", "picture", "object"),
        ("What does the guide say about the castle?", "speech", "anything"),
        ("How much does the ticket cost?", "words", "price"),
        ("Who is the director?", "words", "name"),
        ("Why did they leave the house?", "words", "reason"),
        ("What is written on the sign?", "screen", "text"),
        ("讲解员说了什么？", "speech", "anything"),
        ("门票多少钱？", "words", "price"),
        ("招牌上写着什么？", "screen", "text"),
        ("厨师在切什么？", "picture", "object"),
    ],
)
def test_where_an_answer_must_lie(question: str, source: str, wants: str) -> None:
    understood = understand(question)
    assert (understood.source, understood.wants) == (source, wants)
    assert understood.chinese == ("？" in question)


def test_polite_wording_does_not_make_it_a_question_about_speech() -> None:
    assert understand("Could you tell me what vehicles are in the street?").source == "picture"
    assert understand("请告诉我街上有什么车").source == "picture"


def test_a_stop_sign_is_a_thing_and_a_sign_is_text() -> None:
    assert understand("Is there a stop sign at the corner?").source == "picture"
    assert understand("What is on the sign?").source == "screen"


def test_words_for_speaking_are_no_topic_of_what_is_said() -> None:
    for text in ("Does anyone mention an iPod?", "Does anybody talk about the iPod?", "有人提到iPod吗？"):
        understood = understand(text)
        assert (understood.source, [term.text for term in understood.terms]) == ("speech", ["ipod"])


def test_how_many_is_asked_with_any_measure_word() -> None:
    assert understand("视频里有几只猫？").wants == "number"


def test_yes_or_no_questions_are_known() -> None:
    assert understand("Is there a bicycle?").yes_or_no
    assert understand("视频里有自行车吗？").yes_or_no
    assert not understand("What is on the table?").yes_or_no


@pytest.mark.parametrize(
    ("question", "overview", "source"),
    [
        ("What is there?", True, "picture"),
        ("What can be seen in this clip?", True, "picture"),
        ("Please describe the video.", True, "picture"),
        ("视频里有什么？", True, "picture"),
        ("What is being said?", True, "speech"),
        ("What is written there?", True, "screen"),
        ("What is the teacher writing?", True, "screen"),
        ("老师在说什么？", True, "speech"),
        ("What is the dog eating?", False, "picture"),
        ("What does the guide say about the castle?", False, "speech"),
        ("Who is there?", False, "words"),
        ("Is there anything?", False, "picture"),
        ("Hello", False, "picture"),
    ],
)
def test_questions_without_a_topic_are_known(question: str, overview: bool, source: str) -> None:
    understood = understand(question)
    assert (understood.overview, understood.source) == (overview, source)

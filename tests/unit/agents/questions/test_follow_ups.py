"""Follow-ups, in both languages: what they take from the conversation, and what takes nothing from it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.questions.conversation.turns import Shown, Turn
from agents.questions.follow_ups import standing_alone
from stores.core.records import Span

MS = Fraction(1, 1000)


def shown(video: str, text: str = "", start: int = 0) -> Shown:
    return Shown(f"vid_{video}", f"{video}.mp4", Span(start, start + 1000, MS), text)


SWANS = Turn(
    "How many swans are there on the pond?",
    "How many swans are there on the pond?",
    "Three swans.",
    (shown("a", "swan", 5000), shown("b", "swan", 9000), shown("c", "swan", 2000)),
    ("swans",),
)
FISHERMAN = Turn(
    "What does the fisherman hold?",
    "What does the fisherman hold?",
    "A net.",
    (shown("a", "net", 5000),),
    ("fisherman", "net"),
)
RENT = Turn(
    "What does she say about the rent?",
    "What does she say about the rent?",
    "Someone says: “The rent is 900 euros.”",
    (shown("a", "The rent is 900 euros.", 5000), shown("b", "The rent went up.", 1000)),
    ("rent",),
)
IN_B = Turn("What happens in b.mp4?", "What happens?", "", (shown("b", "a parade", 0),), (), ("vid_b",))
TWO_MOMENTS = Turn(
    "When does the fox appear?",
    "When does the fox appear?",
    "At 0:05 and 0:40.",
    (shown("a", "fox", 5000), shown("a", "fox", 40_000)),
    ("fox",),
)
TIANE = Turn(
    "哪些视频里有天鹅？",
    "哪些视频里有天鹅？",
    "a.mp4、b.mp4",
    (shown("a", "天鹅", 5000), shown("b", "天鹅", 9000)),
    ("天鹅",),
)
YUFU = Turn("渔夫手里拿着什么？", "渔夫手里拿着什么？", "渔网", (shown("a", "渔网", 5000),), ("渔夫", "渔网"))
FANGZU = Turn("她对房租说了什么？", "她对房租说了什么？", "", (shown("a", "房租是九百块", 5000),), ("房租",))

CASES = [
    (SWANS, "and the second one?", SWANS.question, ("vid_b",)),
    (SWANS, "What about the last one?", SWANS.question, ("vid_c",)),
    (SWANS, "and in the third video?", SWANS.question, ("vid_c",)),
    (SWANS, "What colour is the boat in the first one?", "What colour is the boat?", ("vid_a",)),
    (SWANS, "how long is the second video?", "how long is the video?", ("vid_b",)),
    (SWANS, "what about ducks?", "How many ducks are there on the pond?", None),
    (SWANS, "And geese?", "How many geese are there on the pond?", None),
    (SWANS, "how about black swans?", "How many black swans are there on the pond?", None),
    (SWANS, "no, I meant the black ones", "How many black swans are there on the pond?", None),
    (SWANS, "I meant ducks", "How many ducks are there on the pond?", None),
    (SWANS, "the same for the second video", SWANS.question, ("vid_b",)),
    (SWANS, "Are they swimming?", "Are the swans swimming?", ("vid_a",)),
    (SWANS, "and the other ones?", SWANS.question, ("vid_b", "vid_c")),
    (SWANS, "and wasps?", "How many wasps are there on the pond?", None),
    (SWANS, "Compare the first and the second", "Compare the first and the second", ("vid_a", "vid_b")),
    (SWANS, "What does the first one say about bread?", "What does the video say about bread?", ("vid_a",)),
    (SWANS, "in Chinese?", SWANS.question, None),
    (SWANS, "show me more", SWANS.question, None),
    (SWANS, "what else is in that video?", "what is there?", ("vid_a",)),
    (FISHERMAN, "What is he wearing?", "What is the fisherman wearing?", ("vid_a",)),
    (FISHERMAN, "What colour is it?", "What colour is the net?", ("vid_a",)),
    (FISHERMAN, "Where is it?", "Where is the net?", ("vid_a",)),
    (FISHERMAN, "what about the sailor?", "What does the sailor hold?", None),
    (FISHERMAN, "What are his shoes like?", "What are the fisherman's shoes like?", ("vid_a",)),
    (FISHERMAN, "What happens after that?", "What happens after “net”?", ("vid_a",)),
    (FISHERMAN, "what tags does it have?", "what tags does it have?", ("vid_a",)),
    (FISHERMAN, "What happens there?", "What happens there?", ("vid_a",)),
    (FISHERMAN, "How long is this video?", "How long is?", ("vid_a",)),
    (RENT, "Who says that?", "Who says “The rent is 900 euros”?", ("vid_a",)),
    (RENT, "when was that?", "When: The rent is 900 euros?", ("vid_a",)),
    (RENT, "Why?", "Why: What does she say about the rent?", ("vid_a",)),
    (RENT, "and about the deposit?", "What does she say about the deposit?", None),
    (RENT, "what about heating?", "What does she say about the heating?", None),
    (RENT, "anything else?", RENT.question, None),
    (IN_B, "and how many dancers are there?", "how many dancers are there?", ("vid_b",)),
    (TWO_MOMENTS, "what happens in the second one?", "what happens?", ("vid_a",)),
    (TIANE, "那鸭子呢？", "哪些视频里有鸭子?", None),
    (TIANE, "第二个视频呢？", TIANE.question, ("vid_b",)),
    (TIANE, "第二个视频多长？", "多长?", ("vid_b",)),
    (TIANE, "第一个里面的天鹅是什么颜色？", "天鹅是什么颜色?", ("vid_a",)),
    (TIANE, "另一个呢？", TIANE.question, ("vid_b",)),
    (TIANE, "还有吗？", TIANE.question, None),
    (TIANE, "用英文回答", TIANE.question, None),
    (TIANE, "不是，我是说黑色的", "哪些视频里有黑色的天鹅?", None),
    (TIANE, "在那里还有什么？", "有什么?", ("vid_a",)),
    (YUFU, "他穿着什么？", "渔夫穿着什么?", ("vid_a",)),
    (YUFU, "它是什么颜色的？", "渔网是什么颜色的?", ("vid_a",)),
    (YUFU, "那个水手呢？", "水手手里拿着什么?", None),
    (YUFU, "之后他做了什么？", "“渔网”之后渔夫做了什么?", ("vid_a",)),
    (YUFU, "這個視頻多長？", "多长?", ("vid_a",)),
    (FANGZU, "这是谁说的？", "谁说的“房租是九百块”？", ("vid_a",)),
    (FANGZU, "什么时候？", "什么时候：房租是九百块？", ("vid_a",)),
    (FANGZU, "为什么？", "为什么：她对房租说了什么？", ("vid_a",)),
    (FANGZU, "那押金呢？", "她对押金说了什么?", None),
]
NEW_TOPICS = [
    "Is there a tractor?",
    "Which videos show a lighthouse?",
    "Who is the conductor?",
    "What does the teacher say about her pupils?",
    "Is it raining?",
    "What time is it on the clock?",
    "Does he say that he is tired?",
    "How many people say that they like it?",
    "red car at night",
    "有拖拉机吗？",
    "哪些视频里有灯塔？",
    "指挥是谁？",
    "老师说她喜欢什么？",
]


@pytest.mark.parametrize(("turn", "text", "question", "video_ids"), CASES)
def test_follow_ups_are_completed(turn: Turn, text: str, question: str, video_ids: tuple[str, ...] | None) -> None:
    alone = standing_alone(text, [SWANS, turn])
    assert (alone.text, alone.video_ids, alone.changed) == (question, video_ids, True)
    assert alone.why


@pytest.mark.parametrize("text", NEW_TOPICS)
@pytest.mark.parametrize("turn", [SWANS, RENT, TIANE], ids=["swans", "rent", "tiane"])
def test_a_new_topic_takes_nothing_over(text: str, turn: Turn) -> None:
    if text.startswith("Does he"):
        pytest.skip("a pronoun without anybody before it may point back")
    alone = standing_alone(text, [turn])
    assert (alone.text, alone.video_ids, alone.changed) == (text, None, False)


def test_what_is_asked_for_beside_a_question_is_kept() -> None:
    assert standing_alone("in Chinese please", [SWANS]).language == "zh"
    assert standing_alone("用英文", [TIANE]).language == "en"
    assert standing_alone("more", [SWANS]).more
    assert standing_alone("还有别的吗？", [TIANE]).more


def test_a_moment_that_was_shown_is_meant_exactly() -> None:
    second = standing_alone("What happens in the second one?", [TWO_MOMENTS]).moment
    assert second is not None
    assert second.span.start == 40_000
    said = standing_alone("Who says that?", [RENT]).moment
    assert said is not None
    assert said.text == "The rent is 900 euros."


@pytest.mark.parametrize("text", ["and in ?", "the same question for ?", "What about ?", " 呢？", "同样的问题，"])
def test_the_last_question_is_asked_of_a_video_that_is_named(text: str) -> None:
    alone = standing_alone(text, [SWANS], named=["vid_d"])
    assert (alone.text, alone.video_ids) == (SWANS.question, ("vid_d",))


def test_a_question_that_names_a_video_keeps_it() -> None:
    alone = standing_alone("Is there a tractor in ?", [SWANS], named=["vid_d"])
    assert (alone.text, alone.video_ids) == ("Is there a tractor in ?", ("vid_d",))


def test_a_list_that_is_too_short_is_not_guessed_from() -> None:
    assert standing_alone("How long is the fifth video?", [SWANS]).video_ids is None


def test_without_a_conversation_everything_stands_alone() -> None:
    assert standing_alone("and the second one?", []).text == "and the second one?"


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_text_is_taken(text: str) -> None:
    for turn in (SWANS, YUFU, Turn("", "")):
        assert isinstance(standing_alone(text, [turn]).text, str)


@pytest.mark.parametrize("text", [case[1] for case in CASES])
def test_what_stands_alone_stays_as_it_is(text: str) -> None:
    for turn in (SWANS, YUFU):
        once = standing_alone(text, [turn]).text
        assert standing_alone(once, [turn]).text == once


@pytest.mark.parametrize("unit", ["and ", "the second one ", "它", "那", "what about ", "第二个", "no, ", "that "])
def test_a_page_costs_no_more_than_a_sentence(unit: str) -> None:
    assert standing_alone(unit * (10_000 // len(unit)), [SWANS]).text

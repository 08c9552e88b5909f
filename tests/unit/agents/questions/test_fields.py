"""What a planner reads of a question, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.questions.understanding import understand

FIELDS: list[tuple[str, dict[str, Any]]] = [
    ("How many swans are there on the pond?", {"intent": "count", "things": ("swans",), "wants": "number"}),
    ("How many red buses drive by?", {"intent": "count", "things": ("red buses",)}),
    ("How many cups of tea does she drink?", {"intent": "count", "things": ("cups of tea",)}),
    ("What does the fisherman hold?", {"intent": "shown", "wants": "object", "things": ("fisherman",)}),
    ("What does the old lady sell?", {"intent": "shown", "things": ("old lady",)}),
    ("When does the fox first appear?", {"intent": "when", "relation": "first", "things": ("fox",), "wants": "time"}),
    ("When is the last time we see the fox?", {"intent": "when", "relation": "last"}),
    ("What happens after the milk boils?", {"intent": "order", "relation": "after", "anchor": {"milk", "boil"}}),
    ("What does he do before he paints the fence?", {"intent": "order", "relation": "before"}),
    ("Which videos show a tractor?", {"intent": "which_videos", "things": ("tractor",)}),
    ("Which clips mention inflation?", {"intent": "which_videos", "things": ("inflation",)}),
    ("Is there a tractor?", {"intent": "find", "yes_or_no": True, "things": ("tractor",)}),
    ("Is there a fox or a wolf?", {"things": ("fox", "wolf")}),
    ("How long is holiday.mp4?", {"intent": "metadata", "wants": "duration"}),
    ("What tags does it have?", {"intent": "tags"}),
    ("Which is longer, the first clip or the second clip?", {"intent": "compare", "relation": "most"}),
    ("Are there more ducks than geese?", {"intent": "compare", "things": ("ducks", "geese")}),
    ("What colour is the tractor?", {"intent": "shown", "wants": "colour", "things": ("tractor",)}),
    ("What does she say about the rent?", {"intent": "quote", "things": ("rent",), "source": "speech"}),
    ("Why is the bridge closed?", {"intent": "fact", "wants": "reason", "source": "words"}),
    ("How much is the bread?", {"intent": "fact", "wants": "price"}),
    ("Where is the wallet?", {"intent": "where", "wants": "place", "things": ("wallet",)}),
    ("Who is the conductor?", {"intent": "who", "wants": "name"}),
    ("What does the sign say?", {"intent": "quote", "source": "screen", "wants": "text"}),
    ("池塘里有几只天鹅？", {"intent": "count", "things": ("天鹅",), "wants": "number"}),
    ("开过去了多少辆红色的公交车？", {"intent": "count", "things": ("红色的公交车",)}),
    ("渔夫手里拿着什么？", {"intent": "shown", "wants": "object", "things": ("渔夫",)}),
    ("狐狸第一次出现是什么时候？", {"intent": "when", "relation": "first", "things": ("狐狸",)}),
    ("第几秒出现狐狸", {"intent": "when", "things": ("狐狸",), "wants": "time"}),
    ("牛奶煮开之后发生了什么？", {"intent": "order", "relation": "after"}),
    ("哪些视频里有拖拉机？", {"intent": "which_videos", "things": ("拖拉机",)}),
    ("有拖拉机吗？", {"intent": "find", "yes_or_no": True, "things": ("拖拉机",)}),
    ("这个视频有多长？", {"intent": "metadata", "wants": "duration"}),
    ("它有什么标签？", {"intent": "tags"}),
    ("拖拉机是什么颜色的？", {"intent": "shown", "wants": "colour", "things": ("拖拉机",)}),
    ("她对房租说了什么？", {"intent": "quote", "things": ("房租",), "source": "speech"}),
    ("桥为什么关了？", {"intent": "fact", "wants": "reason", "source": "words"}),
    ("面包多少钱？", {"intent": "fact", "wants": "price"}),
    ("指挥是谁？", {"intent": "who", "wants": "name"}),
    ("拖拉機是什麼顏色的？謝謝", {"intent": "shown", "wants": "colour", "things": ("拖拉机",), "chinese": True}),
    ("請問哪些影片裡有拖拉機？", {"intent": "which_videos", "things": ("拖拉机",)}),
    ("视频里有没有iPhone？", {"intent": "find", "things": ("iphone",), "chinese": True}),
    ("Could you please tell me what the pilot is wearing, thanks!", {"intent": "shown", "things": ("pilot",)}),
    ("“How many swans are there?”", {"intent": "count", "things": ("swans",)}),
    ("“有几只天鹅？”", {"intent": "count", "things": ("天鹅",)}),
    ("I'd like to know who the conductor is, please.", {"intent": "who"}),
    ("what's the fox eating?", {"intent": "shown", "wants": "object", "things": ("fox",)}),
]


@pytest.mark.parametrize(("text", "expected"), FIELDS)
def test_fields_are_filled(text: str, expected: dict[str, Any]) -> None:
    question = understand(text)
    found = {name: getattr(question, name) for name in expected}
    if "anchor" in expected:
        found["anchor"] = {term.text for term in question.anchor}
    assert found == expected


@pytest.mark.parametrize(
    "text", ["thank you", "谢谢", "Hello!", "delete all videos", "把所有视频删掉", "2+2", "...", ""]
)
def test_what_is_no_question_says_why(text: str) -> None:
    question = understand(text)
    assert question.intent == "nothing"
    assert question.idle
    assert question.idle_strength >= 0.5


def test_knowledge_of_the_world_leaves_what_would_be_asked_of_a_library() -> None:
    question = understand("What is the capital of Portugal?")
    assert (question.intent, question.idle) == ("nothing", "world_knowledge")
    assert question.idle_strength < 1
    assert question.otherwise in ("fact", "where", "shown")


@given(st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_text_is_understood(text: str) -> None:
    assert understand(text).intent


@pytest.mark.parametrize(
    "unit", ["how many ", "好的", "the ", "a", " ", "什么", "hi ", "(", "before ", "，", "and a dog "]
)
def test_a_page_costs_no_more_than_a_sentence(unit: str) -> None:
    understand(unit * (10_000 // len(unit)))

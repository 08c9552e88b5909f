"""What a conversation names, and follow-ups that point at it: persons, things, steps, choices, bare question words."""

from __future__ import annotations

from fractions import Fraction

import pytest

from agents.questions.conversation.mentions import introduced, mentioned
from agents.questions.conversation.turns import Shown, Turn
from agents.questions.follow_ups import standing_alone
from stores.core.records import Span

MS = Fraction(1, 1000)


def shown(video: str, text: str = "", start: int = 0) -> Shown:
    return Shown(f"vid_{video}", f"{video}.mp4", Span(start, start + 1000, MS), text)


def turn(
    question: str, answer: str = "", *places: Shown, items: tuple[Shown, ...] = (), abstained: bool = False
) -> Turn:
    said = tuple(zip(answer.split("; "), places, strict=False))
    things = mentioned(question)
    return Turn(question, question, answer, places, things, (), introduced(answer), said, items, abstained)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How much does the red tractor cost?", ("red tractor",)),
        ("What's the colour of the parrot?", ("parrot",)),
        ("Who is Edda Marlowe?", ("Edda Marlowe",)),
        ("Who is the Chief of Police?", ("Chief of Police",)),
        ("Which is heavier, the anvil or the piano?", ("anvil", "piano")),
        ("What number do I have to call?", ()),
        ("Until when?", ()),
        ("How old is she?", ()),
        ("这款智能音箱多少钱？", ("智能音箱",)),
        ("相机的屏幕多大？", ("相机",)),
        ("帐篷和睡袋哪个轻？", ("帐篷", "睡袋")),
        ("陶艺讲座是谁讲的？", ("陶艺讲座",)),
        ("什么时候开门？", ()),
        ("它有什么缺点？", ()),
    ],
)
def test_things_and_persons_are_mentioned(question: str, names: tuple[str, ...]) -> None:
    assert mentioned(question) == names


@pytest.mark.parametrize(
    ("answer", "names"),
    [
        ("Edda Marlowe (“Edda Marlowe, Head Gardener”)", ("Edda Marlowe",)),
        ("Seen: wheelbarrow", ("wheelbarrow",)),
        ("The ladder moves left", ("ladder",)),
        ("anvil: 80 kg (“The anvil weighs 80 kg.”); piano: 300 kg", ("anvil", "piano")),
        ("twelve days", ()),
        ("$49 (“Only $49.”)", ()),
        ("farm.mp4: goat", ("goat",)),
        ("陈丽（“陈丽 园艺师”）", ("陈丽",)),
        ("星期五", ()),
    ],
)
def test_answers_introduce_who_and_what_they_name(answer: str, names: tuple[str, ...]) -> None:
    assert introduced(answer) == names


GARDENER = turn(
    "Who waters the roses?", "Edda Marlowe (“Edda Marlowe, Head Gardener”)", shown("a", "Edda Marlowe, Head Gardener")
)
TRACTOR = turn("How much does the red tractor cost?", "$9000", shown("b", "It costs $9000.", 4000))
PRICES = turn("Which costs more, the kettle or the blender?", "kettle: $20; blender: $75", shown("k"), shown("m"))
STEPS = turn(
    "What is the second step of the bread recipe?",
    "“Step 2: Knead the dough”",
    shown("d", "Step 2: Knead the dough", 2000),
)
STOPS = turn(
    "What stops does the bus tour make?",
    "Museum; Harbour; Zoo",
    shown("t", "Stop 1: Museum"),
    items=(shown("t", "Stop 1: Museum"), shown("t", "Stop 2: Harbour", 5000), shown("t", "Stop 3: Zoo", 9000)),
)
VANS = turn("How many white vans are there?", "van: 4", shown("v", "van"))
LABEL = turn("Is there a heron?", "Seen: heron", shown("h", "heron", 7000))
DIRECTOR = turn("导演是谁？", "陈丽（“陈丽 导演”）", shown("z", "陈丽 导演"))
CAMERA = turn("这款相机有什么缺点？", "太重", shown("c", "缺点：太重"))
CHEESE = turn("第二步是什么？", "“第二步：加热牛奶”", shown("n", "第二步：加热牛奶"))
TENT = turn("帐篷和睡袋哪个贵？", "帐篷: 800元; 睡袋: 300元", shown("p"), shown("q"))

CASES = [
    (GARDENER, "What is her job?", "What is Edda Marlowe's job?", ("vid_a",)),
    (GARDENER, "Where does she live?", "Where does Edda Marlowe live?", ("vid_a",)),
    (TRACTOR, "How old is it?", "How old is the red tractor?", ("vid_b",)),
    (TRACTOR, "What colour?", "What colour is the red tractor?", ("vid_b",)),
    (TRACTOR, "And the price of the plough?", "What is the price of the plough?", None),
    (TRACTOR, "What about the green one?", "How much does the green tractor cost?", None),
    (TRACTOR, "Until when?", "Until when does the red tractor cost?", ("vid_b",)),
    (TRACTOR, "Which room is it in?", "Which room is it in?", ("vid_b",)),
    (GARDENER, "And her age?", "What is Edda Marlowe's age?", None),
    (GARDENER, "What's the name of her dog?", "What is the name of Edda Marlowe's dog?", ("vid_a",)),
    (GARDENER, "Can you repeat that?", "Who waters the roses?", None),
    (VANS, "Which way are they going?", "Which way are the white vans going?", ("vid_v",)),
    (STEPS, "At what temperature?", "At what temperature is the second step of the bread recipe?", ("vid_d",)),
    (CAMERA, "那手机呢？", "手机有什么缺点？", None),
    (DIRECTOR, "再说一遍", "导演是谁？", None),
    (PRICES, "How heavy is the cheaper one?", "How heavy is the kettle?", ("vid_k",)),
    (PRICES, "Who makes the more expensive one?", "Who makes the blender?", ("vid_m",)),
    (STEPS, "What comes next?", "What is step 3?", ("vid_d",)),
    (STEPS, "and the next step?", "What is step 3?", ("vid_d",)),
    (STEPS, "And the step before that?", "What is step 1?", ("vid_d",)),
    (STEPS, "And the last one?", "What is the last step of the bread recipe?", ("vid_d",)),
    (STEPS, "And the fourth?", "What is the fourth step of the bread recipe?", ("vid_d",)),
    (STOPS, "When is the third closed?", "When is Zoo closed?", ("vid_t",)),
    (STOPS, "How old is the first one?", "How old is Museum?", ("vid_t",)),
    (VANS, "And how many black ones are there?", "how many black vans are there?", None),
    (VANS, "What about grey?", "How many grey vans are there?", None),
    (LABEL, "When does it appear?", "When does the heron appear?", ("vid_h",)),
    (LABEL, "When was that?", "When does the heron appear?", ("vid_h",)),
    (DIRECTOR, "她的职位是什么？", "陈丽的职位是什么?", ("vid_z",)),
    (DIRECTOR, "那编剧呢？", "编剧是谁?", None),
    (CAMERA, "优点呢？", "这款相机有什么优点?", None),
    (CAMERA, "它多少钱？", "相机多少钱?", ("vid_c",)),
    (CAMERA, "是什么颜色的？", "相机是什么颜色的?", ("vid_c",)),
    (CHEESE, "然后呢？", "第三步是什么？", ("vid_n",)),
    (CHEESE, "上一步呢？", "第一步是什么？", ("vid_n",)),
    (CHEESE, "最后一步呢？", "最后一步是什么？", ("vid_n",)),
    (TENT, "便宜的那个多重？", "睡袋多重？", ("vid_q",)),
]


@pytest.mark.parametrize(("before", "text", "question", "videos"), CASES)
def test_follow_ups_take_what_was_named(before: Turn, text: str, question: str, videos: tuple[str, ...] | None) -> None:
    alone = standing_alone(text, [turn("Is there a lantern?"), before])
    assert (alone.text.replace("？", "?"), alone.video_ids) == (question.replace("？", "?"), videos)
    assert alone.changed


@pytest.mark.parametrize(
    "text",
    [
        "What is said about that lighthouse in winter?",
        "Who says that the ferry is late?",
        "Which of the boats is faster?",
        "What does the teacher do first?",
        "Where can I buy one?",
        "Are there other men in the boat?",
        "是哪家公司的？",
        "第一次出现企鹅是什么时候？",
        "哪个更大？",
    ],
)
def test_what_only_looks_like_a_follow_up_is_left_alone(text: str) -> None:
    alone = standing_alone(text, [TRACTOR])
    assert alone.text == text


def test_the_other_of_two_is_the_one_not_just_asked_about() -> None:
    cheaper = turn("How much is the kettle?", "$20", shown("k"))
    alone = standing_alone("And the other one?", [PRICES, cheaper])
    assert (alone.text, alone.video_ids) == ("How much is the blender?", ("vid_m",))


def test_a_pronoun_reaches_back_over_a_turn_that_named_nobody() -> None:
    silence = turn("Until when?", "", shown("a"))
    assert standing_alone("Where does she live?", [GARDENER, silence]).text == "Where does Edda Marlowe live?"


def test_what_was_not_found_holds_nobody_to_a_video() -> None:
    absent = turn("How much does the barge cost?", "", abstained=True)
    alone = standing_alone("Is it fast?", [TRACTOR, absent])
    assert (alone.text, alone.video_ids) == ("Is the barge fast?", None)


def test_a_step_below_the_first_is_not_made_up() -> None:
    first = turn("What is step 1?", "“Step 1: Sift the flour”", shown("d", "Step 1: Sift the flour"))
    assert standing_alone("And the step before that?", [first]).text != "What is step 0?"


def test_a_bare_question_word_is_first_asked_of_the_place_that_was_shown() -> None:
    alone = standing_alone("Until when?", [TRACTOR])
    assert alone.exact
    assert alone.plain == "Until when?"
    assert alone.moment is not None
    assert alone.moment.span.start == 4000

"""What one text denies and the other affirms."""

from __future__ import annotations

import pytest

from agents.answering.polarity import polarity_agrees


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The oven must not be at 250 degrees.", "The oven must be at 250 degrees."),
        ("It is safe to touch the stove.", "It isn't safe to touch the stove."),
        ("People were hurt.", "Nobody was hurt."),
        ("It contains sugar.", "It doesn't have any sugar."),
        ("The light is on.", "The light is not on."),
        ("It must be heated to 250 degrees.", "It must under no circumstances be heated to 250 degrees."),
        ("烤箱要开到250度", "烤箱不要开到250度"),
        ("这里有糖", "这里没有糖"),
        ("打开门", "別打開門"),
        ("他会游泳", "他不会游泳"),
        ("The water is safe to drink.", "The water is hardly safe to drink."),
        ("The water is safe to drink.", "The water isnt safe to drink."),
        ("Smoking is allowed here.", "Smoking is forbidden here."),
        ("可以吸烟", "禁止吸烟"),
    ],
)
def test_a_denial_and_its_opposite_support_each_other_neither_way(one: str, other: str) -> None:
    assert not polarity_agrees(one, [other])
    assert not polarity_agrees(other, [one])


def test_the_number_that_is_denied_is_not_the_one_that_is_affirmed() -> None:
    line = "The oven must be at 250, not at 200 degrees."
    assert polarity_agrees("The oven must be at 250 degrees.", [line])
    assert not polarity_agrees("The oven must be at 200 degrees.", [line])


@pytest.mark.parametrize(
    ("claim", "line"),
    [
        ("The oven mustn't be at 250 degrees.", "The oven must never be at 250 degrees."),
        ("Someone says: “Don't touch it, it is hot.”", "Don't touch it, it is hot."),
        ("It can't be done without salt.", "It cannot be done without salt."),
        ("The door must stay closed.", "Do not open the door."),
        ("It is hot.", "It is not only hot but dry."),
        ("烤箱不能开到250度", "烤箱不要开到250度"),
        ("听到：“別怕”", "别怕"),
        ("这是特别好的糖", "这是特别好的糖"),
        ("看到：无人机", "无人机"),
        ("Smoking is forbidden.", "Smoking is forbidden here."),
        ("不可以吸烟", "禁止吸烟"),
        ("画面文字：“禁止吸烟”", "禁止吸烟"),
    ],
)
def test_what_both_deny_or_affirm_is_supported(claim: str, line: str) -> None:
    assert polarity_agrees(claim, [line])

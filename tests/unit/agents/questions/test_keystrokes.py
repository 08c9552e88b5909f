"""Random keystrokes match nothing; rare words and names do not count as such."""

from __future__ import annotations

import pytest

from agents.questions.keystrokes import only_keystrokes
from encoders.bundle import Encoders


@pytest.mark.parametrize(
    "query",
    ["xqzzv", "xqzzv blorf", "zzzz", "Sdfsdf", "fjdksl jkjkjk", "hjkl", "What is xqzzv?", "is there a xqzzv in it"],
)
def test_letters_in_no_order_are_keystrokes(encoders: Encoders, query: str) -> None:
    assert only_keystrokes(query, encoders)


@pytest.mark.parametrize(
    "query",
    [
        "iPod",
        "ipod",
        "HTML",
        "jpeg",
        "NVIDIA",
        "GTX1080",
        "dachshund",
        "xylophone",
        "skydiving",
        "photosynthesis",
        "widths",
        "strengths",
        "Schnauzer",
        "Szczecin",
        "Łódź",
        "собака",
        "さくら",
        "狗",
        "鐵達尼號",
        "bycicle",
        "motorcylce",
        "xqzzv dog",
        "xqzzv skydiving",
        "xqzzv 狗",
        "🐕",
        "123",
        "",
    ],
)
def test_words_names_and_slips_are_not(encoders: Encoders, query: str) -> None:
    assert not only_keystrokes(query, encoders)

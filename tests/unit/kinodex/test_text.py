import json
import os
import subprocess

import pytest

from kinodex.text import clean, clock, shell_word, size, to_json


def test_what_a_video_says_cannot_steer_the_terminal():
    assert clean("\x1b]0;owned\x07a\x1b[31mred\x1b[0m\x9b2J\rb\nc\u202e\x00") == "ared b c"


def test_words_of_all_languages_stay():
    assert clean("打鼓的人 é 😀 [red]") == "打鼓的人 é 😀 [red]"


@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_carries_any_name(ascii_only: bool):
    text = to_json({"a": "caf\udce9 打 😀 \x9b31m \\udce9"}, ascii_only=ascii_only)
    text.encode("ascii" if ascii_only else "utf-8")
    assert "\x9b" not in text
    assert json.loads(text) == {"a": "caf\\xe9 打 😀 \x9b31m \\udce9"}


@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_escapes_marks_that_change_the_reading_direction(ascii_only: bool):
    text = to_json({"a": "pay\u202etxt.exe\u2066 \u200f\u2028家"}, ascii_only=ascii_only)
    assert not any(mark in text for mark in "\u202e\u2066\u200f\u2028")
    assert json.loads(text) == {"a": "pay\u202etxt.exe\u2066 \u200f\u2028家"}, "what is stored stays"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00.0"), (59.96, "1:00.0"), (83.44, "1:23.4"), (3671.2, "1:01:11.2")]
)
def test_clock(seconds: float, shown: str):
    assert clock(seconds) == shown


def test_size():
    assert [size(n) for n in (12, 2048, 5 << 30)] == ["12 B", "2.0 KiB", "5.0 GiB"]


@pytest.mark.parametrize("name", [b"plain.mp4", b"it's a film.mp4", "打鼓.mp4".encode(), b"caf\xe9 \x1b[31m '\\.mp4"])
def test_a_shell_reads_the_same_bytes(name: bytes):
    word = shell_word(os.fsdecode(name))
    assert word.isprintable()
    said = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True).stdout
    assert said == name

"""Audio description: in the pauses of speech, as long as they are, as a file that players take."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.describe.audio_description import (
    BETWEEN_SECONDS,
    GUARD_SECONDS,
    Cue,
    audio_description,
    pauses,
    shorter,
    speaking_seconds,
    webvtt,
)
from stores.core.records import Caption, Span

MS = Fraction(1, 1000)


def span(start: float, end: float) -> Span:
    return Span(round(start * 1000), round(end * 1000), MS)


def caption(start: float, end: float, text: str) -> Caption:
    return Caption(f"cap_{start}", span(start, end), text, "clp", "eyes@endpoint", (0,))


def test_a_description_is_placed_in_the_pause_at_its_clip() -> None:
    cues = audio_description([caption(0, 8, "A man opens a red door.")], [span(0, 3)], 20)
    (cue,) = cues
    assert cue.start == pytest.approx(3 + GUARD_SECONDS)
    assert cue.end - cue.start == pytest.approx(6 / 2.5)
    assert audio_description([caption(0, 8, "A man opens a red door.")], [span(0, 19)], 20) == []


def test_a_text_is_shortened_to_the_pause_by_whole_sentences_and_clauses() -> None:
    text = "The video shows a man singing while a crowd of many people cheers loudly. Then the lights go out."
    forms = list(shorter(text))
    assert forms == [
        "A man singing while a crowd of many people cheers loudly. Then the lights go out.",
        "A man singing while a crowd of many people cheers loudly.",
        "A man singing.",
    ]
    (cue,) = audio_description([caption(0, 8, text)], [span(0, 2), span(4.5, 30)], 30)
    assert cue.text == "A man singing."
    assert list(shorter("In this clip, a red, round ball and a cat roll.")) == ["A red, round ball and a cat roll."]
    assert list(shorter("一个男人在唱歌。人们在鼓掌。"))[-1] == "一个男人在唱歌。"
    assert list(shorter("")) == []


def test_descriptions_do_not_repeat_or_crowd_each_other() -> None:
    same = [caption(8 * number, 8 * number + 8, "A man opens a red door.") for number in range(3)]
    assert len(audio_description(same, [], 24)) == 1
    two = [caption(0, 8, "A man opens a red door."), caption(0, 8, "Rain falls on a field of corn.")]
    first, second = audio_description(two, [], 24)
    assert second.start >= first.end + BETWEEN_SECONDS


def test_how_long_a_text_takes_depends_on_its_script() -> None:
    assert speaking_seconds("one two three four five") == 2.0
    assert speaking_seconds("一个男人在唱歌。") == 7 / 4
    assert speaking_seconds("") == 0


SPANS = st.tuples(st.integers(0, 60_000), st.integers(1, 20_000)).map(lambda one: Span(one[0], one[0] + one[1], MS))
WORDS = st.lists(st.sampled_from("a man. walks, while & <b> --> sings; 张三 在 唱歌。 runs".split()), max_size=40).map(
    " ".join
)


@given(st.lists(SPANS, max_size=12), st.lists(st.tuples(SPANS, WORDS), max_size=12))
def test_whatever_is_said_and_captioned_a_description_never_talks_over_anybody(
    speech: list[Span], captioned: list[tuple[Span, str]]
) -> None:
    captions = [Caption(f"cap_{n}", one, text, "clp", "m@1", (0,)) for n, (one, text) in enumerate(captioned)]
    cues = audio_description(captions, speech, 60.0)
    for cue in cues:
        assert 0 <= cue.start < cue.end <= 60
        assert cue.end - cue.start >= speaking_seconds(cue.text) - 1e-9
        assert all(cue.end <= one.seconds[0] or cue.start >= one.seconds[1] for one in speech)
    assert all(one.end <= other.start for one, other in pairwise(cues))
    checked(webvtt(cues, ["m@1"]), len(cues))


def test_pauses_are_what_speech_leaves() -> None:
    assert pauses([], 10) == [(0.0, 10)]
    found = pauses([span(2, 3), span(1, 4), span(9.5, 12)], 10)
    assert found == [pytest.approx((4.2, 9.3))]
    assert pauses([span(0, 10)], 10) == []


def checked(text: str, cues: int) -> list[tuple[int, int, str]]:
    """The cues of a WebVTT file, as its grammar has them: https://www.w3.org/TR/webvtt1/#syntax."""
    blocks = text.split("\n\n")
    assert blocks[0] == "WEBVTT"
    found = []
    for block in (one.strip("\n") for one in blocks[1:]):
        if not block:
            continue
        if block.startswith("NOTE"):
            assert "-->" not in block
            continue
        _, times, *payload = block.split("\n")
        hit = re.fullmatch(r"(\d\d+):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d)\.(\d{3})", times)
        assert hit
        start, end = (
            ((int(h) * 60 + int(m)) * 60 + int(s)) * 1000 + int(ms)
            for h, m, s, ms in (hit.groups()[:4], hit.groups()[4:])
        )
        assert start < end
        assert len(payload) == 1
        assert not re.search(r"<|>|&(?!amp;|lt;|gt;)", payload[0])
        found.append((start, end, payload[0]))
    assert len(found) == cues
    assert [one[0] for one in found] == sorted(one[0] for one in found)
    return found


def test_a_file_says_that_a_machine_made_it_and_escapes_what_it_holds() -> None:
    text = webvtt([Cue(3661.0004, 3663.9996, "A <b>man</b> & an arrow --> here.")], ["eyes --> @endpoint"])
    assert "eyes --&gt; @endpoint" in text
    assert "Nobody has checked it" in text
    ((start, end, said),) = checked(text, 1)
    assert (start, end) == (3661001, 3663999)
    assert said == "A &lt;b&gt;man&lt;/b&gt; &amp; an arrow --&gt; here."
    checked(webvtt([], []), 0)

"""Visual styles: what is said of stretches, and that real features tell what is drawn from what is filmed."""

from __future__ import annotations

import io
from fractions import Fraction
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from encoders.bundle import Encoders
from encoders.styles.head import STYLES, VisualStyles, shipped_styles
from pipeline.derive.styles import derive_styles
from stores.core.records import Clip, Fact, Span

BASE = Fraction(1, 1000)
VIDEO = cast(Any, SimpleNamespace(video_id="vid", time_base=BASE))


class Remembered:
    """A video of clips of two seconds, with a frame a second."""

    def __init__(self, features: NDArray[np.float32], clips: int) -> None:
        file = io.BytesIO()
        np.savez(
            file,
            ticks=np.arange(len(features)) * 1000,
            vectors=np.zeros((len(features), 4), np.float16),
            features=features.astype(np.float16),
            top_ids=np.zeros((len(features), 0), np.int32),
            top_probabilities=np.zeros((len(features), 0), np.float16),
        )
        self._file, self._clips = file.getvalue(), clips

    def records(self, _stage: str) -> list[Clip]:
        return [Clip(f"c{n}", Span(2000 * n, 2000 * n + 2000, BASE), 2000 * n) for n in range(self._clips)]

    def blob(self, _stage: str, _name: str) -> bytes:
        return self._file


def facts_of(shown: list[str], sure: float = 0.7) -> list[tuple[str, int, int, float]]:
    """Of a video whose frames, one for each pair of seconds, are so surely of these styles."""
    rest = (1 - sure) / (len(STYLES) - 1)
    scores = np.log(np.full((len(STYLES), len(STYLES)), rest) + np.eye(len(STYLES)) * (sure - rest))
    head = VisualStyles(scores.astype(np.float32), np.zeros(len(STYLES), np.float32), "any")
    each = np.eye(len(STYLES), dtype=np.float32)
    features = np.repeat([sum(each[STYLES.index(one)] for one in some.split("+")) for some in shown], 2, axis=0)
    records = derive_styles(VIDEO, cast(Any, Remembered(features, len(shown))), head).records
    facts = [cast(Fact, one) for one in records]
    return [(one.text, one.span.start, one.span.end, round(one.confidence, 2)) for one in facts]


def test_stretches_that_are_drawn_rendered_or_text_have_a_line_each() -> None:
    shown = ["drawing", "drawing", "photograph", "rendering", "screen"]
    assert facts_of(shown) == [
        ("2d animation 二维动画", 0, 4000, 0.76),
        ("3d animation 三维动画", 6000, 8000, 0.76),
        ("screen or text 屏幕或文字", 8000, 10000, 0.84),
    ]


def test_what_may_be_animated_in_either_way_is_animation() -> None:
    ((text, start, end, sure),) = facts_of(["drawing+rendering", "drawing+rendering"])
    assert (text, start, end) == ("animation 动画", 0, 4000)
    assert sure > 0.5


def test_where_one_kind_surely_follows_another_each_has_a_line() -> None:
    assert facts_of(["drawing", "drawing+rendering", "rendering"]) == [
        ("animation 动画", 0, 4000, 0.73),
        ("3d animation 三维动画", 4000, 6000, 0.76),
    ]


def test_what_is_filmed_or_not_sure_has_no_line() -> None:
    assert facts_of(["photograph", "photograph"]) == []
    assert facts_of(["screen", "screen"], sure=0.4) == []


def test_a_video_without_frames_has_no_line() -> None:
    head = VisualStyles(np.zeros((4, 4), np.float32), np.zeros(4, np.float32), "any")
    assert derive_styles(VIDEO, cast(Any, Remembered(np.zeros((0, 4), np.float32), 1)), head).records == ()


def cartoon(turn: int) -> NDArray[np.uint8]:
    """A cat in front of a house, outlined and in plain colours, as in a picture book."""
    picture = Image.new("RGB", (1280, 720), (120, 200, 250))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 520, 1280, 720), fill=(110, 190, 80), outline=(20, 20, 20), width=6)
    draw.rectangle((760, 260, 1100, 560), fill=(240, 210, 120), outline=(20, 20, 20), width=8)
    draw.polygon(((720, 270), (930, 100), (1140, 270)), fill=(210, 70, 60), outline=(20, 20, 20), width=8)
    draw.rectangle((880, 420, 970, 560), fill=(130, 80, 40), outline=(20, 20, 20), width=6)
    x = 200 + 60 * turn
    draw.ellipse((x, 380, x + 260, 640), fill=(250, 160, 60), outline=(20, 20, 20), width=8)
    draw.ellipse((x + 20, 220, x + 240, 430), fill=(250, 160, 60), outline=(20, 20, 20), width=8)
    for ear in (x + 30, x + 170):
        draw.polygon(((ear, 260), (ear + 20, 160), (ear + 70, 240)), fill=(250, 160, 60), outline=(20, 20, 20), width=6)
    for eye in (x + 70, x + 150):
        draw.ellipse((eye, 280, eye + 50, 350), fill="white", outline=(20, 20, 20), width=5)
        draw.ellipse((eye + 15, 305, eye + 38, 340), fill=(20, 20, 20))
    draw.arc((x + 90, 340, x + 170, 400), 10, 170, fill=(20, 20, 20), width=6)
    return np.asarray(picture)


def slide(turn: int) -> NDArray[np.uint8]:
    """A title and points below."""
    picture = Image.new("RGB", (1280, 720), "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 1280, 110), fill=(30, 60, 120))
    draw.text((60, 30), f"Chapter {turn}: results", fill="white", font=ImageFont.load_default(50))
    for row in range(5):
        draw.text(
            (90, 170 + 90 * row), f"• Point {row + turn} of the plan", fill="black", font=ImageFont.load_default(36)
        )
    return np.asarray(picture)


@pytest.fixture(scope="module")
def seen() -> dict[str, NDArray[np.float32]]:
    """Mean probabilities of drawn frames, slides and photographs, encoded as frames of videos are."""
    from tests.planted.photos import picture  # photos that the head was not trained on

    photos = [picture(name) for name in ("cat", "coffee", "dog", "cottage", "tents", "officer")]
    with Encoders.open() as encoders:
        features = {
            "drawing": encoders.image.encode_sequence(np.stack([cartoon(turn) for turn in range(4)])).features,
            "screen": encoders.image.encode_sequence(np.stack([slide(turn) for turn in range(4)])).features,
            "photograph": np.concatenate([encoders.image.encode(one[None]).features for one in photos]),
        }
    return {style: shipped_styles().probabilities(one) for style, one in features.items()}


@pytest.mark.parametrize("style", ["drawing", "screen", "photograph"])
def test_drawings_slides_and_photographs_are_told_apart(seen: dict[str, NDArray[np.float32]], style: str) -> None:
    assert STYLES[int(seen[style].argmax())] == style
    assert seen[style].max() > 0.6

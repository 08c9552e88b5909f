"""What a draft reads of a video."""

from __future__ import annotations

import pytest

from agents.answering.drafting import material
from agents.questions.understanding import understand
from encoders.bundle import Encoders
from stores.library_store import LibraryStore


def test_a_moment_late_in_a_long_video_is_read(
    planted: LibraryStore, planted_encoders: Encoders, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit counts the lines that are read, not those that lie before them."""
    monkeypatch.setattr(material, "MOST_LINES_READ", 2)
    yard = planted.catalog.resolve("yard.mp4")
    question = understand("What is said here?")

    def read(moment: tuple[str, float, float]) -> set[str]:
        there = material.Material(question, None, None, (yard,), planted, planted_encoders, moment)
        return {line.text for line in there.lines(yard, ("speech", "screen"))}

    assert read((yard, 30.0, 34.0)) == {"The garden belongs to my aunt."}
    assert read((yard, 0.0, 3.0)) == {"The garden opens at nine.", "Garden Tour"}
    assert read((planted.catalog.resolve("shop.mp4"), 0.0, 3.0)) == set()

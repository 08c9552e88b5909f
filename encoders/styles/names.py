"""What visual styles are called: the names by which tags mean what `pipeline.derive.styles` says of a stretch."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources

_TABLE = "data/style-names.tsv"


def style_of(fact: str) -> Mapping[str, float] | None:
    """The names of the style that a line says in English and then in Chinese ("2d animation 二维动画"); None if it
    says another property of a video."""
    return style_names().get(fact)


@cache
def style_names() -> Mapping[str, Mapping[str, float]]:
    """By the line that a stretch of a style has: case-folded names in both languages, and the share of videos of the
    style that each fits; 1 for those that mean the very style."""
    text = resources.files("encoders").joinpath(_TABLE).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return {style: _shares([f"1 {same}", *more]) for style, same, *more in rows}


def _shares(columns: list[str]) -> dict[str, float]:
    shares = (one.split(" ", 1) for one in columns)
    return {name.casefold(): float(share) for share, names in shares for name in names.split(";")}

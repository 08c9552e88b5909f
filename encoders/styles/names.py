"""What visual styles are called: the names by which tags mean what `pipeline.derive.styles` says of a stretch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

_TABLE = "data/style-names.tsv"


@dataclass(frozen=True, slots=True)
class StyleNames:
    """Names in both languages.

    Attributes:
        same: that mean the very style.
        more: name to the share of videos of the style that it fits: what is more than the style.
    """

    same: tuple[str, ...]
    more: Mapping[str, float]


def style_of(fact: str) -> StyleNames | None:
    """The style that a line says, in English and then in Chinese ("2d animation 二维动画"); None if it says another
    property of a video."""
    return style_names().get(fact)


@cache
def style_names() -> Mapping[str, StyleNames]:
    """By the line that a stretch of the style has."""
    text = resources.files("encoders").joinpath(_TABLE).read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if line and not line.startswith("#"))
    found = {}
    for style, same, *more in rows:
        shares = (one.split(" ", 1) for one in more)
        found[style] = StyleNames(
            tuple(same.split(";")), {name: float(share) for share, names in shares for name in names.split(";")}
        )
    return found

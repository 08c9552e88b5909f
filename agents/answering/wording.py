"""Sentences of answers that are put together without a language model, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath


def clock(seconds: float) -> str:
    """A time as a player shows it: ``0:04``, ``1:02:03``; whole seconds, rounded down."""
    whole = int(seconds)
    hours, rest = divmod(whole, 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def length(seconds: float, chinese: bool) -> str:
    """How long something takes: ``10 s``, ``2 min 5 s``."""
    whole = round(seconds, 1) if seconds < 10 else round(seconds)
    if whole < 60:
        return f"{whole:g}秒" if chinese else f"{whole:g} s"
    minutes, rest = divmod(round(seconds), 60)
    if chinese:
        return f"{minutes}分{rest}秒" if rest else f"{minutes}分钟"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def listed(names: Iterable[str], chinese: bool) -> str:
    """Names one after the other: ``car, bus and bicycle``."""
    every = list(dict.fromkeys(names))
    if chinese:
        return "、".join(every)
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""


def file_name(uri: str) -> str:
    """The last part of a place."""
    return PurePosixPath(uri).name or uri


_CHINESE_COLOURS = {
    "red": "红色",
    "orange": "橙色",
    "yellow": "黄色",
    "green": "绿色",
    "blue": "蓝色",
    "purple": "紫色",
    "pink": "粉色",
    "brown": "棕色",
    "black": "黑色",
    "white": "白色",
    "grey": "灰色",
}


def colour(name: str, chinese: bool) -> str:
    """A colour's name in the answer's language."""
    return _CHINESE_COLOURS.get(name, name) if chinese else name

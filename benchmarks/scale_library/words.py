"""Words for synthetic videos: spoken lines in English and Chinese, and vocabularies of tags of any size.

The nouns are those of the concept table, the rest of a long vocabulary is made of syllables: what counts for a
full-text index is that few words are common and many rare (Zipf), not what they mean.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from itertools import islice, product
from pathlib import Path

import numpy as np

from encoders.concepts import Concept, read_concepts

LINES = 20_000
"""Different spoken lines; a library says each of them many times."""

_VOCABULARY = 12_000
_CHINESE_SHARE = 0.2
_COMMON = (
    "the a and to of in that is it for on with as we you they this at by from or but not so if then when there what "
    "how one can will would could about into over after just like really very more some any also"
).split()
_TALK = (
    "time people way day work price system change place house water food music game road city market garden team story "
    "question answer idea problem morning evening summer winter colour sound light voice family friend child teacher "
    "doctor show make take find look start move build open turn play learn write buy sell drive walk speak cook"
).split()
_CHINESE_TALK = (
    "我们 今天 可以 看到 这个 就是 大家 一起 时候 非常 喜欢 因为 所以 如果 现在 觉得 需要 应该 开始 东西".split()
)
_SYLLABLES = [first + then for first, then in product("bdfgklmnprstvz", ("a", "e", "i", "o", "u", "an", "er", "in"))]
_QUALITIES = (
    ("", ""),
    ("red", "红色"),
    ("blue", "蓝色"),
    ("green", "绿色"),
    ("white", "白色"),
    ("black", "黑色"),
    ("old", "旧"),
    ("new", "新"),
    ("small", "小"),
    ("big", "大"),
    ("wooden", "木"),
    ("metal", "金属"),
    ("plastic", "塑料"),
    ("toy", "玩具"),
    ("wild", "野生"),
    ("young", "年轻"),
    ("wet", "湿"),
    ("dirty", "脏"),
    ("broken", "坏"),
    ("painted", "彩绘"),
)
_PLACES = (
    ("", ""),
    ("indoors", "室内"),
    ("outdoors", "室外"),
    ("at night", "夜晚"),
    ("in the rain", "雨中"),
    ("in the snow", "雪中"),
    ("by the sea", "海边"),
    ("in the city", "城市"),
    ("on a farm", "农场"),
    ("in a park", "公园"),
)
_FACETS = ("what", "where", "who", "how")


def spoken_lines(count: int = LINES) -> list[tuple[str, str]]:
    """(text, language) of ``count`` lines, the same at every call; one in five is Chinese."""
    rng = np.random.default_rng(9)
    concepts = read_concepts()
    english, chinese = _english_words(concepts), [*_CHINESE_TALK, *(name for each in concepts for name in each.zh)]
    picks = {
        "en": _zipf_picks(rng, len(english), (count, 14)),
        "zh": _zipf_picks(rng, len(chinese), (count, 6)),
        "common": rng.integers(0, len(_COMMON), size=(count, 14)),
    }
    is_common, lengths = rng.random((count, 14)) < 0.5, rng.integers(7, 15, size=count)
    is_chinese = rng.random(count) < _CHINESE_SHARE
    lines = []
    for number in range(count):
        if is_chinese[number]:
            lines.append(("".join(chinese[pick] for pick in picks["zh"][number]) + "。", "zh"))
            continue
        words = [
            _COMMON[picks["common"][number, at]] if is_common[number, at] else english[picks["en"][number, at]]
            for at in range(lengths[number])
        ]
        lines.append((" ".join(words).capitalize() + ".", "en"))
    return lines


def write_tags(path: Path, count: int) -> None:
    """A tag library of ``count`` tags as a CSV file; a smaller one is the beginning of a larger one.

    Raises:
        ValueError: if there are not so many names.
    """
    concepts = read_concepts()
    combined = (
        (" ".join(filter(None, (quality, each.name, place))), f"{place_zh}{quality_zh}{each.zh[0] if each.zh else ''}")
        for (place, place_zh), (quality, quality_zh) in product(_PLACES, _QUALITIES)
        for each in concepts
    )
    named = list(islice(dict(combined).items(), count))
    if len(named) < count:
        raise ValueError(f"there are names for {len(named)} tags, not for {count}")
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "name", "facet", "aliases"])
        for number, (name, chinese) in enumerate(named):
            rows.writerow([f"t{number:06d}", name, _FACETS[number % len(_FACETS)], chinese])


def _english_words(concepts: Sequence[Concept]) -> list[str]:
    nouns = [word for each in concepts for name in (each.name, *each.broader) for word in name.lower().split()]
    made = ("".join(parts) for parts in product(_SYLLABLES, _SYLLABLES, ("", "ly", "ness")))
    known = dict.fromkeys((*_TALK, *(word for word in nouns if word.isalpha() and len(word) > 2)))
    return list(islice(dict.fromkeys((*known, *made)), _VOCABULARY))


def _zipf_picks(rng: np.random.Generator, words: int, shape: tuple[int, int]) -> np.ndarray:
    shares = 1 / np.arange(3, words + 3) ** 0.9
    return rng.choice(words, size=shape, p=shares / shares.sum())

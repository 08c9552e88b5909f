"""Kinds of things that are told in many ways: a price, a phone number, an address. Lines tell one without naming it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agents.answering.drafting.material import Material
from agents.answering.text.readers.amounts import prices
from agents.answering.text.readers.contacts import emails, links, phones
from agents.answering.text.readers.reading import Reading
from stores.core.records import Evidence

MOST_READ = 300
"""Lines with the signs of a kind that are read. Ours."""


@dataclass(frozen=True, slots=True)
class ToldKind:
    """One kind. ``signs``: parts of words of which each line that tells one has at least one."""

    asked: re.Pattern[str]
    signs: tuple[str, ...]
    read: Callable[[str], Iterator[Reading]]

    def told_by(self, line: Evidence) -> bool:
        """Whether a line tells one, and not just a number that may be one."""
        return any(one.strength >= 1.0 for one in self.read(line.text))


_KINDS = (
    ToldKind(
        re.compile(r"\bprices?\b|\bcosts?\b|价格|价钱|售价", re.I),
        ("$", "€", "£", "¥", "￥", "元", "块", "dollar", "euro", "pound"),
        prices,
    ),
    ToldKind(
        re.compile(r"\b(?:tele)?phone numbers?\b|电话号码|客服电话|联系电话|电话", re.I),
        ("-", "电话", "phone", "call", "order", "tel"),
        phones,
    ),
    ToldKind(re.compile(r"\be-?mail(?: address(?:es)?)?\b|邮箱|电子邮件", re.I), ("@",), emails),
    ToldKind(re.compile(r"\b(?:web ?sites?|web ?address(?:es)?|urls?|links?)\b|网址|网站", re.I), (".", "www"), links),
)


def told_kind(text: str) -> ToldKind | None:
    """The kind that a text names; None if it names none."""
    return next((kind for kind in _KINDS if kind.asked.search(text)), None)


def lines_telling(material: Material, kind: ToldKind) -> list[Evidence]:
    """Lines of the videos in question that tell something of a kind, by video and time."""
    where = " OR ".join(f"text LIKE '%{sign}%'" for sign in kind.signs)
    scope = material.within
    ids: list[str] = []
    for table in ("screen_text", "transcript"):
        sql = f"SELECT evidence_id FROM {table} WHERE {where} ORDER BY evidence_id"
        ids += [str(row[0]) for row in material.store.query.run(sql, scope, max_rows=MOST_READ).rows]
    lines = [line for line in material.store.catalog.evidence(ids).values() if kind.told_by(line)]
    return sorted(lines, key=lambda line: (line.video_id, line.span.start))

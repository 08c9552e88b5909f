"""Kinds of things that are told in many ways: a price, a phone number, an address. Lines tell one without naming it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agents.answering.drafting.material import Material
from agents.answering.drafting.things import thing_of
from agents.answering.text.readers.amounts import prices
from agents.answering.text.readers.contacts import emails, links, phones
from agents.answering.text.readers.reading import Reading
from agents.words import FUNCTION_CHARACTERS, FUNCTION_WORDS, SCAFFOLD_WORDS
from stores.core.records import Evidence
from stores.core.text_keys import HAN

MOST_READ = 300
"""Lines with the signs of a kind that are read. Ours."""


@dataclass(frozen=True, slots=True)
class ToldKind:
    """One kind.

    Attributes:
        signs: parts of words of which each line that tells one has at least one.
        other: what lines say that tell another kind of the same form, unless they say ``surely``, too.
    """

    asked: re.Pattern[str]
    signs: tuple[str, ...]
    read: Callable[[str], Iterator[Reading]]
    other: re.Pattern[str] | None = None
    surely: re.Pattern[str] | None = None

    def told_by(self, line: Evidence) -> bool:
        """Whether a line tells one, and not just a number that may be one."""
        if self.other and self.other.search(line.text) and not (self.surely and self.surely.search(line.text)):
            return False
        return any(one.strength >= 1.0 for one in self.read(line.text))


_MONEY = ("$", "€", "£", "¥", "￥", "元", "块", "dollar", "euro", "pound")
_OTHER_SUMS = re.compile(
    r"\b(?:budgets?|invest\w*|fund(?:s|ed|ing)?|donat\w*|rais(?:e|es|ed|ing)|salar(?:y|ies)|wages?|incomes?|"
    r"revenues?|turnover|profits?|debts?|loans?|fine[ds]?|tax(?:es|payers?)?|grants?|damages?|prize money|"
    r"(?:will|would|could|may|might|is (?:expected|estimated) to) cost|million|billion|trillion)\b|"
    "预算|投资|拨款|资金|工资|薪|收入|营收|利润|罚款|捐|募|贷款|奖金|损失|债|百万|千万|亿",
    re.I,
)
"""Sums that are no prices: budgets, wages, fines, and what something is going to cost somebody."""
_FOR_SALE = re.compile(
    r"\b(?:pric\w+|costs|sells?|selling|sold|sale|buy|buying|bought|offers?|tickets?|fees?|fares?|rent)\b|"
    "[售卖买价]|门票|票",
    re.I,
)

_KINDS = (
    ToldKind(re.compile(r"\bprices?\b|价格|价钱|售价", re.I), _MONEY, prices, _OTHER_SUMS, _FOR_SALE),
    ToldKind(re.compile(r"\bcosts?\b", re.I), _MONEY, prices),
    ToldKind(
        re.compile(r"\b(?:tele)?phone numbers?\b|电话号码|电话", re.I),
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
    lines.sort(key=lambda line: (line.video_id, line.span.start))
    narrower = _narrower(material.question.text, kind)
    saying = _saying(material, narrower, {line.video_id for line in lines}) if narrower else set()
    return [line for line in lines if line.video_id in saying] or lines


_BEFORE = re.compile(r"(?P<words>(?:[\w'’-]+ ){1,3})$")
_BEFORE_IN_CHINESE = re.compile(f"(?P<words>[{HAN}]{{2}})的?$")
_BEHIND = re.compile(r"^\s+(?:of|for) (?:the |an? |this |that |our )?(?P<words>[\w'’-]+(?: [\w'’-]+)?)")
_VERBS = frozenset("give gives given mention mentions mentioned tell tells told say says show shows shown".split())
_NO_NARROWER = frozenset("提到 说到 讲到 介绍 联系 显示 出现 告诉 看到 给出 包含 含有 写着 哪里 什么".split())


def _narrower(text: str, kind: ToldKind) -> str:
    """What narrows a kind in a question: "customer service" of its phone number, 客服 of 客服电话; "" for nothing."""
    named = kind.asked.search(text)
    if named is None:
        return ""
    before, behind = text[: named.start()], text[named.end() :]
    if chinese := _BEFORE_IN_CHINESE.search(before):
        words = chinese["words"]
        return "" if words in _NO_NARROWER or not FUNCTION_CHARACTERS.isdisjoint(words) else words
    found = _BEHIND.match(behind) or _BEFORE.search(before)
    kept: list[str] = []
    for word in reversed(found["words"].split()) if found else ():
        if word.casefold() in FUNCTION_WORDS | SCAFFOLD_WORDS | _VERBS:
            break
        kept.insert(0, word)
    return " ".join(kept)


def _saying(material: Material, words: str, videos: set[str]) -> set[str]:
    """Those of some videos that say words anywhere."""
    thing = thing_of(words, material.encoders.concepts)
    asked = " ".join([words, *sorted(thing.translations)])
    hits = material.store.fulltext.search(asked, MOST_READ, sorted(videos), ("screen", "speech"))
    lines = material.store.catalog.evidence([hit.evidence_id for hit in hits])
    return {line.video_id for line in lines.values() if thing.said_by(line.text)}

"""Words of which one excludes the other: colours, days, before and after, more and less, all and some, must and may.

A claim may use such a word only where its evidence does: no likeness of meaning replaces it, because "Monday" and
"Sunday", or "more" and "less", are near each other in any space of meanings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from agents.answering.checking.verdict import Reason
from agents.words import FUNCTION_WORDS

_COLOURS = {
    "red": r"\b(?:red|crimson|scarlet)\b|红色|[是变]红的?$|(?<!小)红的",
    "orange": r"\borange\b|橙色|橘色|橘黄",
    "yellow": r"\byellow\b|(?<!橘)黄色|黄的",
    "green": r"\bgreen\b|绿色|绿的",
    "blue": r"\bblue\b|蓝色|蓝的",
    "purple": r"\b(?:purple|violet)\b|紫色|紫的",
    "pink": r"\bpink\b|粉红?色",
    "brown": r"\bbrown\b|棕色|褐色|咖啡色",
    "black": r"\bblack\b|黑色|黑的",
    "white": r"\bwhite\b|白色|白的",
    "grey": r"\bgr[ea]y\b|灰色|灰的",
    "silver": r"\bsilver\b|银色",
    "golden": r"\bgold(?:en)? (?!retriever|medal|bridge)|\bgold(?:en)?$|金色",
    "beige": r"\bbeige\b|米色",
}
_DAYS = "monday tuesday wednesday thursday friday saturday sunday".split()
_DAYS_IN_CHINESE = (*"一二三四五六", "日天")
_MONTHS = "january february march april may june july august september october november december".split()
_MONTHS_IN_CHINESE = "一月 二月 三月 四月 五月 六月 七月 八月 九月 十月 十一月 十二月".split()


def _month(number: int, name: str) -> str:
    english = rf"\b(?:{name}|{name[:3]}\.?)\b"
    if name in ("may", "march"):  # also other words
        english = (
            rf"\b(?:in|of|on|since|until|by|from|to|last|next|this|early|late|\d+(?:st|nd|rd|th)) {name}\b|"
            rf"\b{name} \d"
        )
    return rf"{english}|(?<![十\d]){_MONTHS_IN_CHINESE[number - 1]}(?!亮)|(?<!\d)0?{number}月"


_A_NUMBER = r"(?=\d|the age|[a-z]+teen|[a-z]+ty\b|ten\b|twelve|a hundred|one hundred)"

_TABLES: tuple[tuple[str, Reason, dict[str, str]], ...] = (
    ("colour", "COLOUR", _COLOURS),
    (
        "weekday",
        "DATE",
        {
            day: rf"\b(?:{day}|{day[:3]}\.)s?(?!\w)|(?:星期|礼拜|周)[{chinese}]"
            for day, chinese in zip(_DAYS, _DAYS_IN_CHINESE, strict=True)
        },
    ),
    ("month", "DATE", {name: _month(number, name) for number, name in enumerate(_MONTHS, 1)}),
    (
        "part of the day",
        "DATE",
        {
            "morning": r"\bmornings?\b|早上|早晨|上午",
            "noon": r"\b(?:noon|midday)\b|中午",
            "afternoon": r"\bafternoons?\b|下午",
            "evening": r"\b(?:evenings?|tonight)\b|晚上|傍晚|今晚",
            "night": r"\b(?:nights?|midnight|overnight)\b|夜里|半夜|午夜|深夜",
        },
    ),
    (
        "day",
        "DATE",
        {
            "today": r"\b(?:today|tonight)\b|今天|今晚",
            "tomorrow": r"\btomorrow\b|明天",
            "yesterday": r"\byesterday\b|昨天",
            "next week": r"\bnext week\b|下个?(?:周|星期|礼拜)",
            "last week": r"\blast week\b|上个?(?:周|星期|礼拜)",
            "next year": r"\bnext year\b|明年",
            "last year": r"\blast year\b|去年",
            "this year": r"\bthis year\b|今年",
        },
    ),
    (
        "season",
        "DATE",
        {
            "spring": r"\b(?:in|this|last|next|every|early|late) (?:the )?spring\b|春天|春季",
            "summer": r"\bsummer\b|夏天|夏季",
            "autumn": r"\b(?:autumn|in (?:the )?fall)\b|秋天|秋季",
            "winter": r"\bwinter\b|冬天|冬季",
        },
    ),
    (
        "direction",
        "COMPARISON",
        {
            "left": r"\b(?:on|to|from|towards?|at|the|its|your|my|his|her|turns?|moves?|goes|go|moving|going) left\b|"
            r"\bleft(?:wards?|-hand| side| hand)\b|; left$|左",
            "right": r"\b(?:on|to|from|towards?|at) (?:the|its|your|my|his|her|our) right\b|"
            r"\b(?:turns?|moves?|goes|go|moving|going) right\b|\bright(?:wards?|-hand| side| hand)\b|; right$|右",
            "north": r"\bnorth(?:ern)?\b|北[方边面部]",
            "south": r"\bsouth(?:ern)?\b|南[方边面部]",
            "east": r"\beast(?:ern)?\b|东[方边面部]",
            "west": r"\bwest(?:ern)?\b|西[方边面部]",
        },
    ),
    (
        "order",
        "COMPARISON",
        {
            "first": r"\b(?:first(?:ly)?|to begin with)\b|首先|先(?!生|进)|第一|最初|一开始",
            "last": r"\b(?:last(?! (?:year|week|month|night|summer|time|spring|winter|autumn|fall)\b)(?:ly)?|"
            r"finally)\b|"
            r"最后|最终",
        },
    ),
    (
        "before or after",
        "COMPARISON",
        {
            "before": r"\b(?:before|prior to)\b|[之以]前|(?<=[\u4e00-\u9fff])前(?![面进往辈])",
            "after": r"\b(?:after|afterwards)\b|[之以]后|(?<=[\u4e00-\u9fff])(?<!最)(?<!然)后(?![面悔来备果台])",
        },
    ),
    (
        "more or less",
        "COMPARISON",
        {
            "more": r"\b(?:more|greater|higher|longer|larger|bigger|taller|faster|heavier|wider|deeper|"
            r"exceed\w*|above)\b|"
            rf"\bover {_A_NUMBER}|"
            r"更[多大高长快重宽深]|[多大高长快重]于|超过|以上",
            "less": r"\b(?:less|fewer|lower|shorter|smaller|slower|lighter|narrower|below)\b|"
            rf"\bunder {_A_NUMBER}|"
            r"更[少小低短慢轻窄浅]|[少小低短慢轻]于|不到|以下",
        },
    ),
    (
        "bound",
        "COMPARISON",
        {
            "least": r"\b(?:at least|no less than|no fewer than|minimum)\b|至少|最少|起码",
            "most": r"\b(?:at most|no more than|up to (?=\d|[a-z]+ty|twelve|ten|a hundred)|maximum)\b|至多|最多|顶多",
        },
    ),
    (
        "now or then",
        "DATE",
        {
            "now": r"\b(?:now|nowadays|currently)\b|现在|目前|如今",
            "once": r"\b(?:used to|formerly|originally|back then)\b|曾经|从前",
        },
    ),
    (
        "extreme",
        "COMPARISON",
        {
            "most": r"\b(?:biggest|largest|highest|tallest|longest|fastest|heaviest|oldest|best|greatest)\b|"
            r"最[大高长快重老好多贵]",
            "least": r"\b(?:smallest|lowest|shortest|slowest|lightest|youngest|worst|least|fewest)\b|"
            r"最[小低短慢轻坏差少便]",
        },
    ),
    (
        "quantifier",
        "QUANTIFIER",
        {
            "all": r"\b(?:all(?! (?:right|over|of a sudden))|every|each|everyone|everybody|everything|always|both)\b|"
            r"全部|所有|每[个位人一天次年]?|人人|总是",
            "most": r"\b(?:most(?= (?:of|people|[a-z]+s)\b)|mostly|mainly|majority|usually)\b|"
            r"大部分|大多数?|多数|主要|通常",
            "some": r"\b(?:some|a few|sometimes|several)\b|有些|有的|一些|有时|几个|部分(?<!大部分)",
            "few": r"\b(?:(?<!a )few|rarely|seldom)\b|很少|极少|少数",
            "none": r"\b(?:none|nobody|no one|nothing|never)\b",
            "only": r"\b(?:only|solely|exclusively|nothing but)\b|只(?=[有要能会卖是在用去花])|仅",
            "half": r"\bhalf (?:of|the)\b|一半",
        },
    ),
)

_PATTERNS = [
    (kind, reason, value, re.compile(pattern)) for kind, reason, table in _TABLES for value, pattern in table.items()
]
_DOU = re.compile(r"都(?!市)")


@dataclass(frozen=True, slots=True)
class Trait:
    """One such word: its kind ("weekday"), which one it is ("monday"), and where it stands."""

    kind: str
    value: str
    reason: Reason
    start: int
    end: int


@lru_cache(maxsize=4096)
def traits(text: str) -> tuple[Trait, ...]:
    """The words of a text of which one excludes the other, in their order."""
    low = text.lower()
    found = [
        Trait(kind, value, reason, *hit.span())
        for kind, reason, value, pattern in _PATTERNS
        for hit in pattern.finditer(low)
    ]
    if not any(one.kind == "quantifier" for one in found):
        # 都 says "all" by itself; behind 大部分 and the like it only sums up.
        found += [Trait("quantifier", "all", "QUANTIFIER", *hit.span()) for hit in _DOU.finditer(low)]
    return tuple(sorted(found, key=lambda one: one.start))


_FORBIDDEN = (
    r"\b(?:must|may|can|should|shall)(?:n['’]?t| not| never)\b|\bcannot\b|\b(?:never|don['’]?t|do not)\b|"
    r"\b(?:not|n['’]t) (?:be )?(?:allowed|permitted|supposed)\b|\b(?:forbidden|prohibited|banned)\b|"
    r"不要|别|不能|不可以?|不许|不得|不准|禁止|严禁|勿|千万不"
)
_OPTIONAL = (
    r"\b(?:(?:do|does|did|will|would)(?:n['’]?t| not) (?:have|need)(?: to)?|need(?:n['’]?t| not)|no need|not "
    r"necessary|"
    r"not required)\b|\bnot? (?:have|need) to\b|不用|不必|不需要|无需|用不着|没必要"
)
_MODALS = {
    "must": r"\b(?:must|have to|has to|had to|needs? to|required|mandatory|obligatory)\b|必须|一定要|务必|得要",
    "should": r"\b(?:should|ought|recommend(?:s|ed)?|advis(?:e|es|ed)|had better|supposed to)\b|应该|应当|最好|建议",
    "may": r"\b(?:may|might|can|could|allowed|permitted|possible|possibly|perhaps|maybe|able)\b|"
    r"可以|可能|也许|或许|能够?",
}
_IMPERATIVES = frozenset(
    "take let put add use mix stir open close turn press click keep make bring cut place pour go come give set "
    "leave wait "
    "start begin stop remember plant water wash clean bake boil cook heat cover remove pull push hold check "
    "call write "
    "read try buy choose select drink eat avoid drive walk run stay be do have look listen watch wear store "
    "serve fold "
    "please always just first then now next and finally".split()
)


def modality(text: str) -> frozenset[str]:
    """What a clause demands or allows: "must", "should", "may", "forbidden", "optional"; an instruction in the
    imperative is "order". Empty for a plain statement."""
    low = " ".join(text.lower().split())
    rest, found = low, set()
    for name, pattern in (("optional", _OPTIONAL), ("forbidden", _FORBIDDEN)):
        rest, count = re.subn(pattern, " ", rest)
        found |= {name} if count else set()
    found |= {name for name, pattern in _MODALS.items() if re.search(pattern, rest)}
    first = re.match(r"[^a-z]*([a-z']+)(?:\s+([a-z']+))?", low)
    if not found and (not first or first[1] in _IMPERATIVES or _commands(first[1], first[2] or "")):
        found.add("order")
    return frozenset(found)


def _commands(first: str, second: str) -> bool:
    """Whether a clause begins as an order does: a verb with its object behind it ("Charge it every evening")."""
    return first not in FUNCTION_WORDS and second in _OBJECTS


_OBJECTS = frozenset("it them the a an your this that these those him her me us one every each all some".split())
_MAY_BE_SAID = {
    "must": {"must", "order", "forbidden"},
    "should": {"should", "order"},
    "may": {"may", "optional", "order", ""},
    "forbidden": {"forbidden", "must", "order"},
    "optional": {"optional"},
}


def modality_agrees(claim: str, evidence: str) -> bool:
    """Whether a claim demands, allows or forbids no more than its evidence does. What is denied is left to polarity."""
    theirs = modality(evidence) or {""}
    ours = modality(claim) - {"order"}
    if ours == {"forbidden"} and "optional" in theirs and "forbidden" not in theirs:
        return False
    if ours == {"forbidden"}:
        return True
    return all(_MAY_BE_SAID[one] & theirs for one in ours)

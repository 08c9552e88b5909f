"""Steps, stops and chapters: the n-th, the next, the one before, of what is numbered in a video."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.questions.conversation.turns import Shown, Standalone, Turn

NOUNS = "step|stop|stage|rule|tip|point|item|chapter|part|phase|lesson|day|task|station|section|episode|question|reason"
_ORDER = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_DIGITS = "一二三四五六七八九十"
_MEASURES = "步站章课节条点项天集关"
_ORDINAL = f"{'|'.join(_ORDER)}|last|final|next"

NUMBERED = re.compile(
    rf"\b(?P<noun>{NOUNS})\s*(?:no\.?\s*)?(?P<digits>\d{{1,2}})\b|第(?P<zh>[{_DIGITS}]|"
    rf"\d{{1,2}})(?P<what>[{_MEASURES}])",
    re.I,
)
"""A numbered thing on screen or in a question: "Step 2", 第三步."""

_IN_WORDS = re.compile(rf"\b(?P<order>{'|'.join(_ORDER)})\s+(?P<noun>{NOUNS})\b", re.I)
_OF_QUESTION = re.compile(rf"\b(?:{_ORDINAL})\b(?=\s+\w)", re.I)
_OF_QUESTION_IN_CHINESE = re.compile(f"(?:第[{_DIGITS}\\d]+|最后一?|下一|上一)(?P<measure>[{_MEASURES}个])")
_BARE = re.compile(
    rf"^(?:(?:and|so|ok|then|now|what|how|about|is|was|which)\s+)*(?:the\s+)?(?P<order>{_ORDINAL})"
    rf"(?:\s+(?P<noun>ones?|{NOUNS}))?\W*$",
    re.I,
)
_BARE_IN_CHINESE = re.compile(
    f"^(?:那么?|然后|还有|以及|而)?[，,]?(?P<order>第[{_DIGITS}\\d]+|最后一?)(?P<measure>[{_MEASURES}个])?(?:呢|"
    f"是什么|是啥)?[？?。]*$"
)
_NEXT = re.compile(
    rf"^(?:and |so |ok |then |now )*(?:(?:what|which (?:one|{NOUNS})) (?:comes?|is|follows|happens|do (?:i|you|we) do)"
    rf"(?: (?:the )?(?:{NOUNS}))?(?: (?:after (?:that|this|it)|next|then|afterwards))|what is the next(?: (?:one|"
    rf"{NOUNS}))?|"
    rf"(?:and )?(?:the )?next(?: (?:one|{NOUNS}))?|(?:the )?(?:one|{NOUNS}) after (?:that|this|it)|(?:what|"
    rf"and) then|then what|"
    rf"(?:what|how) about the next(?: (?:one|{NOUNS}))?|and after (?:that|this)|what is next|what next)\W*$",
    re.I,
)
_NEXT_IN_CHINESE = re.compile(
    f"^(?:那么?|再)?[，,]?(?:然后|接下来|接着|之后|随后|下一?[{_MEASURES}个]|再下一?[{_MEASURES}个]|往下)(?:要|该|"
    f"是|做|去)*(?:呢|什么|干什么|做什么|哪里|啥|哪儿)*[？?。]*$"
)
_BEFORE = re.compile(
    rf"^(?:and |so )*(?:what (?:comes?|came|is|was)(?: the (?:{NOUNS}))? before (?:that|this|it)|(?:what (?:is|"
    rf"was) )?the (?:previous|one before|(?:{NOUNS}) before)"
    rf"(?: (?:one|that|this|it|{NOUNS}))*)\W*$|^(?:那)?(?:上一[{_MEASURES}个]|前一[{_MEASURES}个]|之前|"
    rf"在那之前)(?:呢|是什么|做什么|什么)*[？?。]*$",
    re.I,
)


def another_number(plain: str, turn: Turn, chinese: bool) -> str:
    """The last question with the number that a follow-up names: "And the second?" after "… the first stage …"."""
    found = (_BARE_IN_CHINESE if chinese else _BARE).match(plain)
    if not found:
        return ""
    last, noun = turn.question, "" if chinese else (found["noun"] or "").lower()
    if chinese:
        old = _OF_QUESTION_IN_CHINESE.search(last)
        if old and (not found["measure"] or found["measure"] in ("个", old["measure"])):
            return f"{last[: old.start()]}{found['order']}{old['measure']}{last[old.end() :]}"
        return f"{found['order']}{found['measure']}是什么？" if found["measure"] not in (None, "个") else ""
    old = _OF_QUESTION.search(last)
    if old and (noun in ("", "one") or re.match(rf"\s+{noun}s?\b", last[old.end() :], re.I)):
        return f"{last[: old.start()]}{found['order'].lower()}{last[old.end() :]}"
    return f"What is the {found['order'].lower()} {noun}?" if noun not in ("", "one", "ones") else ""


def neighbour(plain: str, turn: Turn, chinese: bool) -> Standalone | None:
    """The step after or before the one that was shown or asked for; None if that was none."""
    ahead = bool((_NEXT_IN_CHINESE if chinese else _NEXT).match(plain))
    if not ahead and not _BEFORE.match(plain):
        return None
    at = _where(turn)
    if at is None:
        return None
    noun, number = at
    number += 1 if ahead else -1
    if not 1 <= number <= 10 * len(_ORDER):
        return None
    text = f"第{_in_chinese(number)}{noun}是什么？" if not noun.isascii() else f"What is {noun} {number}?"
    videos = (turn.shown[0].video_id,) if turn.shown else (turn.video_ids or None)
    return Standalone(text, videos, None, True, "the next one" if ahead else "the one before")


def _where(turn: Turn) -> tuple[str, int] | None:
    """The noun and number of the step that the last turn was about: of the question, else of what was quoted."""
    texts = [turn.question, *(one.text for one in turn.shown[:1])]
    for text in texts:
        if found := NUMBERED.search(text):
            return (found["noun"] or found["what"]).lower(), _number(found["digits"] or found["zh"])
        if found := _IN_WORDS.search(text):
            return found["noun"].lower(), _ORDER.index(found["order"].lower()) + 1
    if not turn.shown:
        return None
    shared = [_shared(item, turn.shown[0]) for item in turn.items]
    found = NUMBERED.search(turn.items[shared.index(max(shared))].text) if shared and max(shared) > 0 else None
    return ((found["noun"] or found["what"]).lower(), _number(found["digits"] or found["zh"])) if found else None


def _shared(one: Shown, other: Shown) -> float:
    """Seconds that two places of a video have in common."""
    (start, end), (since, until) = one.span.seconds, other.span.seconds
    return min(end, until) - max(start, since) if one.video_id == other.video_id else 0.0


def numbered_noun(texts: Sequence[str]) -> str:
    """The noun by which what was shown is numbered ("step", 站); "" if it is not."""
    for text in texts:
        if found := NUMBERED.search(text):
            return (found["noun"] or found["what"]).lower()
    return ""


def in_order(lines: Sequence[Shown], noun: str) -> tuple[Shown, ...]:
    """Of some lines those that are numbered by a noun, one for each number from 1 on."""
    by_number: dict[int, Shown] = {}
    for line in lines:
        for found in NUMBERED.finditer(line.text):
            if (found["noun"] or found["what"]).lower() == noun:
                by_number.setdefault(_number(found["digits"] or found["zh"]), line)
    kept: list[Shown] = []
    while len(kept) + 1 in by_number:
        kept.append(by_number[len(kept) + 1])
    return tuple(kept)


def without_number(text: str) -> str:
    """What a numbered line says: "Stop 2: Forest camp" says "Forest camp"."""
    found = NUMBERED.match(text.strip())
    return text.strip()[found.end() :].strip(" :：.-–,，、") if found else text.strip()


def _number(word: str) -> int:
    return int(word) if word.isdigit() else _DIGITS.index(word) + 1


def _in_chinese(number: int) -> str:
    return _DIGITS[number - 1] if number <= len(_DIGITS) else str(number)

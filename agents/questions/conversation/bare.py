"""Follow-ups of a question word alone: "Until when?", "What colour?", 什么颜色？ of what was shown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.questions.conversation.referents import NAME, thing_meant
from agents.questions.conversation.turns import Standalone, Turn

MANY = re.compile(r"[^s]s$|^(?:people|men|women|children|geese|sheep)$", re.I)
"""Nouns in the plural."""


def bare_question(plain: str, turns: Sequence[Turn], chinese: bool) -> Standalone | None:
    """ "Until when?", "What colour?", 什么颜色？: the last question with another question word, or of its thing."""
    turn, thing = turns[-1], thing_meant(turns)
    shown = next((one.shown for one in reversed(turns[-2:]) if one.shown), ())
    if not shown or (turn.abstained and turn.things):
        return None
    videos, moment = (shown[0].video_id,), shown[0]
    if chinese:
        subject = thing if _WITHOUT_SUBJECT.match(plain) else ""
        text = subject + re.sub("^[那]|的?呢(?=[？?]?$)", "", plain)
        return Standalone(text, videos, None, True, "what was last spoken of", plain=plain) if subject else None
    found = _QUESTION_WORDS.match(plain)
    if not found:
        return None
    words = found["words"][0].upper() + found["words"][1:]
    if _OF_A_THING.match(words) and thing:
        text = f"{words} {'are' if MANY.search(thing) else 'is'} {thing if NAME.match(thing) else f'the {thing}'}?"
        return Standalone(text, videos, moment, True, "what was last spoken of", plain=plain)
    last = _ASKED_WITH.match(turn.question)
    text = f"{words} {turn.question[last.end() :]}" if last else plain
    return Standalone(text, videos, moment, True, "the last question", plain=plain if last else "", exact=True)


_WITHOUT_SUBJECT = re.compile(
    "^那?(?:是?什么颜色|往哪|朝哪|向哪|出现了?多|出现了?几|几岁|多大(?:年纪|岁数)?|多高|多重|长什么样|叫什么|"
    "是什么牌子|穿|戴|拿)"
)
_QUESTION_WORDS = re.compile(
    r"^(?:and |so |but )*(?P<words>(?:until|since|from|for|by|at|to|with|in) (?:when|where|whom?|(?:what|"
    r"which)(?: \w+)?|how long)|"
    r"how (?:fast|old|tall|big|large|heavy|deep|wide|high|expensive|often|far|many|much)|what (?:colou?r|size|shape|"
    r"breed|brand))\W*$",
    re.I,
)
_OF_A_THING = re.compile(
    r"(?:How (?:old|tall|big|large|heavy|wide|high|expensive)|What (?:colou?r|size|shape|breed|"
    r"brand))$",
    re.I,
)
_ASKED_WITH = re.compile(
    r"^(?:what|who|when|where|why|which|how)(?: (?!(?:do|does|did|is|are|was|were|will|can|has|have)\b)[\w-]+){0,3} "
    r"(?=(?:do|does|did|is|are|was|were|will|can|has|have)\b)",
    re.I,
)

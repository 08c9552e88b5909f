"""How an answer from text is worded: short, the answer itself visible, with the words that it stands in."""

from __future__ import annotations

import re

from agents.answering.text.asked import Asked
from agents.answering.text.kinds import Kind
from agents.answering.text.readers.reading import Reading
from agents.answering.text.units import Unit
from agents.questions.question import Question
from stores.core.text_keys import CJK

LONGEST_QUOTE = 160
"""Characters of a quotation; of Chinese half as many. Ours."""

_CHINESE = re.compile(f"[{CJK}]")
_BREAK = re.compile(r"[,，;；、/。.!?！？]\s|[，；。！？、]|\s/\s")


def sentence(question: Question, asked: Asked, unit: Unit, reading: Reading | None) -> str:
    """The answer in the question's language.

    Args:
        reading: the answer itself in the unit's text; None if the text as a whole answers.
    """
    written = unit.channel == "screen"
    if reading is None:
        return quoted(question, unit)
    quote = trimmed(unit.text, reading)
    same = quote.strip(" .。…") == reading.text.strip(" .。")
    if question.chinese:
        return f"{reading.text}（“{quote}”）" if not same else f"{'画面文字' if written else '听到'}：“{quote}”"
    text = _opening(asked.kind, reading.text)
    return text if same else f"{text} (“{quote}”)"


def quoted(question: Question, unit: Unit) -> str:
    """A sentence that repeats what was said or written."""
    quote = trimmed(unit.text, None)
    if question.chinese:
        return f"{'画面文字' if unit.channel == 'screen' else '听到'}：“{quote}”"
    return f"{'On screen' if unit.channel == 'screen' else 'Someone says'}: “{quote}”"


def trimmed(text: str, reading: Reading | None) -> str:
    """A text of bearable length, whole clauses of it, with the answer in it."""
    most = LONGEST_QUOTE // 2 if _CHINESE.search(text) else LONGEST_QUOTE
    if len(text) <= most:
        return text.strip()
    start, end = (reading.start, reading.end) if reading else (0, 0)
    cuts = [0, *(found.end() for found in _BREAK.finditer(text)), len(text)]
    first = max(cut for cut in cuts if cut <= start)
    last = min((cut for cut in cuts if cut >= end and cut > first), default=len(text))
    while True:
        wider_last = min((cut for cut in cuts if cut > last), default=last)
        wider_first = max((cut for cut in cuts if cut < first), default=first)
        if wider_first < first and last - wider_first <= most:
            first = wider_first
        elif wider_last > last and wider_last - first <= most:
            last = wider_last
        else:
            break
    if last - first > most:
        room = max(0, most - (end - start)) // 2
        first, last = max(first, start - room), min(last, max(end, start) + room + 1)
    piece = text[first:last].strip(" ,，;；/、")
    return f"{'…' if first > 0 else ''}{piece}{'…' if last < len(text) else ''}"


def _opening(kind: Kind, text: str) -> str:
    if kind == "reason" and not re.match(r"(?:to|so that|in order|so as|otherwise|as|since|for fear)\b", text, re.I):
        return (
            f"Because {text[:1].lower() + text[1:] if not text[:2].isupper() and not text.startswith('I ') else text}"
        )
    return text

"""Values beside their labels, as screens show them: "Price: $49", 总部：杭州."""

from __future__ import annotations

import re
from collections.abc import Callable

from agents.answering.text.asked import Asked
from agents.answering.text.kinds import GENERAL, Kind
from agents.answering.text.readers.reading import Reading
from agents.words import content_terms
from stores.core.text_keys import HAN

_LABELLED = re.compile(
    r"(?:^|[/|\n,，;；]|(?<=[.。]))\s*(?P<label>[^:：/|\n,，.。;；]{1,32}?)\s*[:：](?!//)\s*(?P<value>[^/|"
    r"\n;；]{1,80}?)\s*(?=$|\s/\s|[|\n;；])"
)
_CLOCK = re.compile(r"\d$")

_KIND_LABELS: dict[Kind, re.Pattern[str]] = {
    "price": re.compile(r"price|cost|fee|fare|admission|ticket|entry|from|now|only|价|费|门票|票", re.I),
    "phone": re.compile(r"tel|phone|call|order|contact|hotline|mobile|电话|热线|手机|联系", re.I),
    "email": re.compile(r"mail|contact|邮", re.I),
    "link": re.compile(r"web|site|url|link|visit|网", re.I),
    "clock": re.compile(
        r"time|hours|open|close|start|begin|end|doors|departure|arrival|时间|开放|营业|开始|结束", re.I
    ),
    "date": re.compile(r"date|day|when|deadline|until|launch|release|日期|时间|上市|截止|日", re.I),
    "place": re.compile(
        r"address|location|venue|place|where|based|headquarters|room|地址|地点|位置|总部|会场|产地", re.I
    ),
    "duration": re.compile(r"duration|length|time|时长|时间|续航", re.I),
    "measure": re.compile(
        r"weight|height|length|width|depth|speed|temperature|size|screen|distance|capacity|重|高|长|宽|深|"
        r"速|温|屏幕|尺寸|距离|容量",
        re.I,
    ),
    "number": re.compile(r"attendance|number|total|count|people|members|staff|人数|数量|总数|共|员工", re.I),
    "code": re.compile(r"code|password|pin|wi-?fi|密码|码|口令", re.I),
    "title": re.compile(r"title|标题|题目", re.I),
    "colour": re.compile(r"colou?rs?|颜色", re.I),
    "age": re.compile(r"age|年龄", re.I),
    "percent": re.compile(r"discount|off|rate|share|折", re.I),
}
_PEOPLE = re.compile(
    r"\b(?:people|visitors|guests|fans|spectators|employees|members|workers)\b|员工|人|观众|游客", re.I
)


def _only(label: str, question: str, says: Callable[[str], float]) -> bool:
    """Whether a label has no noun of its own: "Puppy class" is no label of the puppy."""
    characters = re.findall(f"[{HAN}]", label)
    if characters:
        return 2 * sum(one in question for one in characters) >= len(characters)
    return all(says(term.text) or term.text in GENERAL for term in content_terms(label))


def labelled(asked: Asked, text: str, says: Callable[[str], float]) -> list[Reading]:
    """The values in a text whose label is of the kind asked for, or says what the question is about.

    Args:
        says: how surely a text says one of the question's words.
    """
    found = []
    for pair in _LABELLED.finditer(text):
        label, value = pair["label"], pair["value"].rstrip(" .。")
        if not value or (_CLOCK.search(label) and value[:1].isdigit()):
            continue  # "8:20" is no label
        kind = _KIND_LABELS.get(asked.kind)
        of_kind = bool(kind and kind.search(label))
        about = says(label) if of_kind or _only(label, asked.text, says) else 0.0
        if asked.kind == "number" and asked.unit and not _PEOPLE.search(" ".join(t.text for t in asked.unit)):
            of_kind = False
        if of_kind or about:
            found.append(
                Reading(value, pair.start("value"), pair.start("value") + len(value), 0.9 if of_kind and about else 0.8)
            )
    return found

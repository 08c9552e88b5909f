"""Questions about who says something, and about what one of several speakers says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

_NUMBERS = {
    **{word: n for n, word in enumerate("one two three four five six seven eight nine".split(), 1)},
    **{word: n for n, word in enumerate("first second third fourth fifth".split(), 1)},
    **{word: n for n, word in enumerate("一二三四五六七八九", 1)},
}
_WOMEN = "woman|lady|girl|female|女人|女士|女生|女孩|女的|女子"
_MEN = "man|guy|gentleman|boy|male|男人|男士|男生|男孩|男的|男子"
_NUMBER = r"\d{1,3}|" + "|".join(_NUMBERS)
_ABBREVIATED = r"(?<=\b[a-z])\.|(?<=\b[djms]r)\.|(?<=\b(?:ms|st))\.|(?<=\bmrs)\.|(?<=\bprof)\."
"""Full stops within names."""
_SAYS = re.compile(
    rf"\bwhat (?:else )?(?:does|did|do|has|is|was) (?:the )?(?P<who>(?:[^?,.;“”\"]|{_ABBREVIATED}){{1,40}}?)"
    r"(?: speaker| voice| person)? (?:says?|saying|said|tells?|telling|talks? about|talking about)\b(?! about)|"
    r"(?P<zh>[^，。？?“”\s]{1,12}?)(?:都|在|还)?(?:说|讲)了?(?:什么|啥|些什么|哪些)",
    re.I,
)
_WHO = re.compile(
    r"^\W*who (?:says?|said|is saying|was saying|speaks|spoke|utters)\b(?P<what>.*)|"
    r"^\W*(?:是)?谁(?:在)?(?:说|讲)(?:的|过|了|到)?(?P<zh>.*)|(?P<back>.+?)(?:这句话|这话)?是?谁(?:说|讲)的",
    re.I,
)
_SPEAKER = re.compile(rf"(?:speaker|voice|说话人|讲话人|第)\s*(?:number )?(?P<n>{_NUMBER})|(?P<m>{_NUMBER})$", re.I)
_QUOTES = re.compile(r"^[\s“”\"'‘’「」『』:：,，]+|[\s“”\"'‘’「」『』?？。.!！]+$")


@dataclass(frozen=True, slots=True)
class AsksWho:
    """Who says ``what``."""

    what: str


@dataclass(frozen=True, slots=True)
class AsksWhat:
    """What somebody says: the speaker of a number, or of a sex as the face tells it, or of a name; one of the three."""

    number: int | None = None
    sex: Literal["man", "woman", ""] = ""
    name: str = ""


def asks_about_speakers(text: str) -> AsksWho | AsksWhat | None:
    """What a question asks about speakers; None if it asks something else."""
    if (found := _WHO.search(text)) is not None:
        what = _QUOTES.sub("", next((part for part in found.groups() if part), ""))
        return AsksWho(what) if what else None
    found = _SAYS.search(text)
    if found is None:
        return None
    who = (found["who"] or found["zh"] or "").strip()
    # "the second speaker": what follows the number was taken off.
    if (number := _SPEAKER.search(who)) is not None:
        said = (number["n"] or number["m"]).lower()
        return AsksWhat(number=int(said) if said.isdigit() else _NUMBERS[said])
    if re.fullmatch(rf".*?(?:\b|^|[这那个])(?:{_WOMEN})", who, re.I):
        return AsksWhat(sex="woman")
    if re.fullmatch(rf".*?(?:\b|^|[这那个])(?:{_MEN})", who, re.I):
        return AsksWhat(sex="man")
    return AsksWhat(name=who) if who else None

"""One of several that were compared: "the cheaper one", "the other", 便宜的那个, 另一个."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agents.questions.conversation.referents import alternatives
from agents.questions.conversation.turns import Shown, Turn

_LESS = (
    "cheaper|cheapest|smaller|smallest|shorter|shortest|lighter|lightest|slower|younger|youngest|newer|fewer|"
    "lower|lowest|less expensive"
)
_MORE = (
    "more expensive|most expensive|pricier|dearer|larger|largest|bigger|biggest|longer|longest|heavier|heaviest|"
    "faster|fastest|older|oldest|higher|highest|taller"
)
_ONE = re.compile(
    rf"\bthe (?:(?P<less>{_LESS})|(?P<more>{_MORE})|(?P<other>other)|(?P<first>former)|(?P<last>latter))(?: (?:one|"
    rf"two))?\b"
    r"(?! (?:man|woman|person|people|guy|lady|girl|boy|speaker|guest|\w+s)\b)",
    re.I,
)
_ONE_IN_CHINESE = re.compile(
    "(?:那个|比较|更|最)?(?:(?P<less>便宜|小|短|轻|慢|年轻|低|少)|(?P<more>贵|大|长|重|快|年长|高|"
    "多))一?[点些]?的(?:那|这)?一?[个款只辆位种条]"
    "|(?P<other>(?:另|别的那)(?:外)?(?:那)?一?[个款只辆位种条])|(?P<first>前者)|(?P<last>后者)"
)
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_BARE = re.compile(r"^(?:and|or|what|how|about|is|so|then|but)*\W*$", re.I)


def chosen(plain: str, turns: Sequence[Turn], chinese: bool) -> tuple[str, tuple[str, ...]] | None:
    """The question with the one that is meant in place of "the cheaper one", and its video; None if none is meant."""
    found = (_ONE_IN_CHINESE if chinese else _ONE).search(plain)
    names = alternatives(turns) if found else ()
    if not found or len(names) != 2:
        return None
    name = _which(found, names, turns)
    if not name:
        return None
    rest = plain[: found.start()], plain[found.end() :]
    bare = _BARE.match(" ".join(rest)) if not chinese else not re.sub("[那么呢的和]|\\W", "", "".join(rest))
    if bare:
        last = turns[-1].question
        other = next((one for one in names if one != name and one.lower() in last.lower()), "")
        if not other or name.lower() in last.lower():
            return None
        text = re.sub(re.escape(other), name, last, flags=re.I)
    else:
        text = f"{rest[0]}{name if chinese else f'the {name}'}{rest[1]}"
    return text, _video_of(name, turns)


def _which(found: re.Match[str], names: tuple[str, ...], turns: Sequence[Turn]) -> str:
    if found["first"] or found["last"]:
        return names[0 if found["first"] else 1]
    if found["other"]:
        spoken = turns[-1].question.lower()
        rest = [name for name in names if name.lower() not in spoken]
        return rest[0] if len(rest) == 1 else ""
    values = [_value_of(name, turns) for name in names]
    known = [value for value in values if value is not None]
    if len(known) < 2 or known[0] == known[1]:
        return ""
    wanted = min(known) if found["less"] else max(known)
    return names[values.index(wanted)]


def _value_of(name: str, turns: Sequence[Turn]) -> float | None:
    """The number that an answer gave for a thing: "drum: $200"."""
    claim = _claim_of(name, turns)
    number = _NUMBER.search(claim[0].lower().partition(name.lower())[2]) if claim else None
    return float(number.group().replace(",", "")) if number else None


def _claim_of(name: str, turns: Sequence[Turn]) -> tuple[str, Shown] | None:
    for turn in reversed(turns):
        for claim in turn.claims:
            if name.lower() in re.split("[“(（]", claim[0].lower())[0]:
                return claim
    return None


def _video_of(name: str, turns: Sequence[Turn]) -> tuple[str, ...]:
    claim = _claim_of(name, turns)
    return (claim[1].video_id,) if claim else ()

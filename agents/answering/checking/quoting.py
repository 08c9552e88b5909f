"""Quotations: what stands between quotation marks must have been said or written just so."""

from __future__ import annotations

import re
from collections.abc import Sequence

from stores.core.records import Evidence
from stores.core.text_keys import search_key

_QUOTED = re.compile(r"“([^”]+)”|\"([^\"]+)\"|「([^」]+)」|『([^』]+)』")


def quotations(text: str) -> list[str]:
    """What stands between quotation marks."""
    return [next(part for part in hit.groups() if part) for hit in _QUOTED.finditer(text)]


def without_quotations(text: str) -> str:
    """The frame of quotations."""
    return _QUOTED.sub(" ", text)


def is_quoted(quotation: str, lines: Sequence[Evidence]) -> bool:
    """Whether lines say it: it is part of one, or all of it is lines, whole, one after the other."""
    wanted = _letters(quotation)
    known = [_letters(line.text) for line in sorted(lines, key=lambda line: (line.video_id, line.span.seconds))]
    if not wanted or any(wanted in one for one in known):
        return bool(wanted)
    for video in dict.fromkeys(line.video_id for line in lines):
        ordered = sorted((line for line in lines if line.video_id == video), key=lambda line: line.span.seconds)
        if wanted in "".join(_letters(line.text) for line in ordered):
            return True
    rest = wanted
    for one in sorted(filter(None, known), key=len, reverse=True):
        rest = rest.replace(one, "", 1)
    return not rest


def is_whole(quotation: str, line: Evidence) -> bool:
    """Whether a quotation has a line as it stands, but for some words at its ends."""
    quoted, said = _letters(quotation), _letters(line.text)
    return bool(said) and (said in quoted or (quoted in said and len(quoted) >= 0.8 * len(said)))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", search_key(text))

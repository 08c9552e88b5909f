"""Answers as Markdown in which each citation is a link, and such answers read back.

Chat programs keep nothing of an answer but its text. What a follow-up refers to is found again in its links: the
fragment of each is the id of its evidence, which the page that plays it does not need.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from kinodex.schemas.answer import CitationDocument, ClaimDocument
from kinodex.schemas.conversations.numbering import cited_lines, numbered
from kinodex.text import clean, clock

_SPECIAL = re.compile(r"([\\`*_\[\]<>#|&~!])")
"""Characters that begin markup. Source: CommonMark 0.31.2, section 2.4, those that act within a line."""

_ESCAPED = re.compile(r"\\([\\`*_\[\]<>#|&~!])")
_NUMBER = re.compile(r"(?<!\\)\[(\d+)(?:–(\d+))?\]")
"""A number of `cited_lines` in an escaped text, whose own brackets have a backslash before them."""

_LINK = re.compile(r"\s?(?<!\\)\[\[\d+\]\]\([^()\s#]*#([^()\s]*)\)")
_SOURCE = re.compile(r"^\d+\. \[.*\]\([^()\s]*\)$")
_UNDERSTOOD = re.compile(r"^\*Understood as: (.*)\*$")


@dataclass(frozen=True, slots=True)
class Recalled:
    """An answer that was read back.

    Attributes:
        stand_alone: the question as it was understood; "" if that was not said.
        text: without links.
        claims: sentences with the ids of the evidence that they cite.
    """

    stand_alone: str
    text: str
    claims: tuple[tuple[str, tuple[str, ...]], ...]


def escaped(text: str) -> str:
    """A line in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", clean(text))


def linked(
    answer: str, claims: Sequence[ClaimDocument], names: Mapping[str, str], base: str, stand_alone: str = ""
) -> list[str]:
    """The lines of an answer, numbers of citations as links, and below them what is cited.

    Args:
        names: of the cited videos, by id.
        base: before the path of each link, without a slash at its end.
        stand_alone: the question as it was understood, where it was asked in other words.
    """
    safe = [claim.model_copy(update={"text": escaped(claim.text)}) for claim in claims]
    cited = numbered(claims).citations
    links = [_url(one, base) for one in cited]

    def link(found: re.Match[str]) -> str:
        first, last = int(found[1]), int(found[2] or found[1])
        return "".join(f"[[{number}]]({links[number - 1]})" for number in range(first, last + 1))

    text = "\n".join(map(escaped, answer.splitlines()))
    lines = [f"*Understood as: {escaped(stand_alone)}*", ""] if stand_alone else []
    lines += [_NUMBER.sub(link, line) for line in cited_lines(text, safe)]
    if cited:
        lines.append("")
    for number, (one, url) in enumerate(zip(cited, links, strict=True), 1):
        at = f"{clock(one.start)}–{clock(one.end)}"
        lines.append(f"{number}. [{escaped(names[one.video_id])} {at}]({url})")
    return lines


def recalled(text: str) -> Recalled:
    """An answer of `linked`, or of anybody, read back."""
    alone, kept, claims = "", [], []
    for line in text.splitlines():
        if not kept and (found := _UNDERSTOOD.match(line)):
            alone = _plain(found[1])
        elif line.strip() and not _SOURCE.match(line):
            kept.append(_plain(_LINK.sub("", line)))
            if cited := tuple(dict.fromkeys(_cited(line))):
                claims.append((kept[-1], cited))
    return Recalled(alone, "\n".join(kept), tuple(claims))


def _cited(line: str) -> Iterator[str]:
    for found in _LINK.finditer(line):
        yield unquote(found[1])


def _plain(text: str) -> str:
    return _ESCAPED.sub(r"\1", text).strip()


def _url(one: CitationDocument, base: str) -> str:
    at = f"{one.start:.3f}".rstrip("0").rstrip(".")
    return f"{base}/videos/{quote(one.video_id, safe='')}?t={at}#{quote(one.evidence_id, safe='')}"

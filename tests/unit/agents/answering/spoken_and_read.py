"""Small libraries of lines, written by hand: what is said and read in a few videos."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from agents.answering.claims import Claim
from agents.answering.from_text import draft_from_text
from agents.answering.lines import Gathered, rank_lines
from agents.answering.text.units import Box, RankedLine
from agents.questions.question import Question
from agents.questions.understanding import understand
from encoders.bundle import Encoders
from stores.core.records import Channel, Evidence, Span

MS = Fraction(1, 1000)


def line(
    text: str, start: float, seconds: float = 2.8, *, channel: Channel = "speech", video: str = "vid_a"
) -> Evidence:
    span = Span(round(start * 1000), round((start + seconds) * 1000), MS)
    return Evidence(f"{channel}_{video}_{start}_{text[:12]}", video, span, channel, text, text, 0.9)


def said(*texts: str, video: str = "vid_a") -> list[Evidence]:
    """Sentences one after the other, three seconds each."""
    return [line(text, 3.0 * n, video=video) for n, text in enumerate(texts)]


def written(*texts: str, video: str = "vid_a") -> list[Evidence]:
    """Screens one after the other, three seconds each."""
    return [line(text, 3.0 * n, channel="screen", video=video) for n, text in enumerate(texts)]


def placed(texts: Sequence[tuple[str, Box]], video: str = "vid_a", start: float = 0.0) -> Gathered:
    """One screen, with its text where it stands."""
    lines = [line(text, start, 9.0, channel="screen", video=video) for text, _ in texts]
    return Gathered(tuple(lines), {one.evidence_id: box for one, (_, box) in zip(lines, texts, strict=True)})


def together(*parts: Gathered | list[Evidence]) -> Gathered:
    lines: list[Evidence] = []
    boxes: dict[str, Box] = {}
    for part in parts:
        lines += part.lines if isinstance(part, Gathered) else part
        boxes |= part.boxes if isinstance(part, Gathered) else {}
    return Gathered(tuple(lines), boxes)


def ranked(question: str | Question, gathered: Gathered | list[Evidence], encoders: Encoders) -> list[RankedLine]:
    asked = understand(question) if isinstance(question, str) else question
    return rank_lines(asked, together(gathered), encoders)


def answers(question: str | Question, gathered: Gathered | list[Evidence], encoders: Encoders) -> list[Claim]:
    asked = understand(question) if isinstance(question, str) else question
    return draft_from_text(asked, ranked(asked, gathered, encoders), encoders)


def check_answered(gathered: Gathered, question: str, wanted: str, video: str, encoders: Encoders) -> None:
    """The first claim says one of what is wanted (apart: ``|``), briefly, and cites the video."""
    claims = answers(question, gathered, encoders)
    assert claims, question
    first = claims[0]
    assert any(one.lower() in first.text.lower() for one in wanted.split("|")), first.text
    assert first.citations[0].video_id == video
    assert len(first.text) < 260


def check_declined(gathered: Gathered, question: str, encoders: Encoders) -> None:
    claims = answers(question, gathered, encoders)
    assert not claims, claims[0].text


def check_quotes(gathered: Gathered, question: str, encoders: Encoders) -> None:
    """What claims quote stands in the lines that they cite."""
    lines = {line.evidence_id: line for line in gathered.lines}
    for claim in answers(question, gathered, encoders):
        cited = " ".join(citation.quote for citation in claim.citations).lower()
        assert all(lines[citation.evidence_id].text == citation.quote for citation in claim.citations)
        for quote in re.findall("[“](.*?)[”]", claim.text):
            for piece in re.split(r" / |…| (?=[A-Z])", quote):
                assert piece.strip(" .").lower() in cited, (question, claim.text, cited)

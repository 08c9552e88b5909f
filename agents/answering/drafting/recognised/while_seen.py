"""Claims about what is said while a woman, or a man, is alone in the picture: where nobody's voice is known, the next
best answer to what she or he says, and it says so."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from agents.answering.claims import Claim, cite
from agents.answering.drafting.material import Material
from agents.answering.wording import while_seen
from stores.core.records import Evidence, Span
from stores.listing.speakers import VideoSpeakers

_MOST_OF = 0.5
"""Share of a line during which a face has to be seen. Ours: as for turns of voices (`stores.listing.voice_faces`)."""


def said_while_seen(
    material: Material, video_id: str, sex: Literal["man", "woman"], speakers: VideoSpeakers, most: int
) -> list[Claim]:
    """One claim with the longest lines of a video during which the only face is one of that sex, in order; none of a
    voice that is known to go with another face. Nothing where there is no such line.

    Args:
        most: how many lines it has at most.
    """
    faces = material.all_lines(video_id, ("face",))
    found: list[tuple[Evidence, Evidence]] = []
    for line in material.lines(video_id, ("speech",)):
        there = [face for face in faces if face.span.overlap(line.span)]
        longest = max(there, key=lambda face: face.span.overlap(line.span), default=None)
        if longest is None or longest.text != sex or not _alone(there, line.span):
            continue
        if not _of_another(line, speakers, sex):
            found.append((line, longest))
    kept = {line.evidence_id for line, _ in sorted(found, key=lambda one: -len(one[0].text))[:most]}
    found = [one for one in found if one[0].evidence_id in kept]
    if not found:
        return []
    quotes = ("" if material.chinese else " ").join(f"“{line.text}”" for line, _ in found)
    cited = dict.fromkeys([*(line for line, _ in found), *(face for _, face in found)])
    return [Claim(while_seen(sex, material.chinese) + quotes, tuple(map(cite, cited)), "quote")]


def _alone(there: Sequence[Evidence], span: Span) -> bool:
    """Whether, for most of a span, one face is seen, and never two at the same time."""
    spans = sorted((max(face.span.start, span.start), min(face.span.end, span.end)) for face in there)
    apart = all(before[1] <= after[0] for before, after in pairwise(spans))
    return apart and sum(end - start for start, end in spans) > _MOST_OF * (span.end - span.start)


def _of_another(line: Evidence, speakers: VideoSpeakers, sex: str) -> bool:
    """Whether a voice that is known to go with a face of the other sex, or with somebody's name, speaks then."""
    turns = (turn for turn in speakers.turns if turn.span.overlap(line.span))
    return any(speakers.sexes.get(turn.speaker, sex) != sex or turn.speaker in speakers.names for turn in turns)

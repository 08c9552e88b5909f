"""Whose voice goes with whose face: who is alone in the picture while somebody speaks, more often than by chance."""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import Literal

from stores.core.records import FaceTrack, SpeakerTurn

Sex = Literal["man", "woman", ""]

_SIGNIFICANT = 0.05  # the usual level of a test
_MOST_OF = 0.5  # of a turn, and of the turns of a voice
_SAME_SEX = 2 / 3  # of the time for which a face was told to be a man's or a woman's. Ours
_SOLE = 0.5  # what the only face is trusted to be that of the only voice: it may be a narrator's. Ours


@dataclass(frozen=True, slots=True)
class VoiceFace:
    """A voice that goes with a face.

    Attributes:
        speaker: number of the voice in its video.
        face: whose, as the faces were given.
        confidence: in [0, 1]; at most 0.5 where there is but one voice and one face.
        sex: what the face was told to be; "" if that is not sure.
    """

    speaker: int
    face: Hashable
    confidence: float
    sex: Sex


def voice_faces(turns: Sequence[SpeakerTurn], faces: Mapping[Hashable, Sequence[FaceTrack]]) -> tuple[VoiceFace, ...]:
    """The pairs of voices and faces of one video, the surest first; each voice and each face is in one at most.

    For each turn, the face that is alone in the picture for most of it has a vote. Those for one face are compared by a
    binomial test with the share of the time outside the voice's turns in which that face is alone.

    Args:
        faces: the tracks of each face.
    """
    kept: list[VoiceFace] = []
    for pair in possible_voice_faces(turns, faces):
        if not any(pair.speaker == other.speaker or pair.face == other.face for other in kept):
            kept.append(pair)
    return tuple(kept)


def possible_voice_faces(
    turns: Sequence[SpeakerTurn], faces: Mapping[Hashable, Sequence[FaceTrack]]
) -> tuple[VoiceFace, ...]:
    """As `voice_faces`, but a face has each voice that goes with it: one person's voice may be taken for two."""
    alone = _alone(faces)
    if not turns or not alone:
        return ()
    found = []
    for speaker in sorted({turn.speaker for turn in turns}):
        mine = [turn for turn in turns if turn.speaker == speaker]
        for face, spans in alone.items():
            confidence = _beyond_chance(mine, spans, _end(turns, faces))
            if confidence:
                found.append(VoiceFace(speaker, face, round(confidence, 4), _sex(faces[face])))
    if not found and len(faces) == 1 and len({turn.speaker for turn in turns}) == 1:
        ((face, spans),) = alone.items()
        share = sum(_common(turn, spans) for turn in turns) / sum(turn.span.end - turn.span.start for turn in turns)
        if share > _MOST_OF:
            found.append(VoiceFace(turns[0].speaker, face, round(_SOLE * share, 4), _sex(faces[face])))
    return tuple(sorted(found, key=lambda pair: (-pair.confidence, pair.speaker)))


def _alone(faces: Mapping[Hashable, Sequence[FaceTrack]]) -> dict[Hashable, list[tuple[int, int]]]:
    """The spans in ticks in which each face is the only one."""
    edges = sorted({edge for tracks in faces.values() for one in tracks for edge in (one.span.start, one.span.end)})
    spans: dict[Hashable, list[tuple[int, int]]] = {}
    for start, end in itertools.pairwise(edges):
        there = [
            face
            for face, tracks in faces.items()
            if any(one.span.start <= start and end <= one.span.end for one in tracks)
        ]
        if len(there) == 1:
            spans.setdefault(there[0], []).append((start, end))
    return spans


def _beyond_chance(turns: Sequence[SpeakerTurn], spans: Sequence[tuple[int, int]], whole: int) -> float:
    """How sure it is that a face which is alone in ``spans`` speaks these turns; 0 if chance explains it."""
    lengths = [turn.span.end - turn.span.start for turn in turns]
    common = [_common(turn, spans) for turn in turns]
    votes = sum(part > _MOST_OF * length for part, length in zip(common, lengths, strict=True))
    share = votes / len(turns)
    if share <= _MOST_OF:
        return 0.0
    second = float(1 / turns[0].span.time_base)
    outside = max(0.0, sum(end - start for start, end in spans) - sum(common))
    chance = (outside + second) / (max(0.0, whole - sum(lengths)) + 2 * second)
    by_chance = _at_least(votes, len(turns), min(1.0, chance))
    return share * (1.0 - by_chance) if by_chance <= _SIGNIFICANT else 0.0


def _at_least(votes: int, of: int, chance: float) -> float:
    """Probability of so many votes or more, by chance."""
    return sum(comb(of, k) * chance**k * (1 - chance) ** (of - k) for k in range(votes, of + 1))


def _common(turn: SpeakerTurn, spans: Sequence[tuple[int, int]]) -> int:
    return sum(max(0, min(turn.span.end, end) - max(turn.span.start, start)) for start, end in spans)


def _end(turns: Sequence[SpeakerTurn], faces: Mapping[Hashable, Sequence[FaceTrack]]) -> int:
    return max(*(turn.span.end for turn in turns), *(one.span.end for tracks in faces.values() for one in tracks), 0)


def _sex(tracks: Sequence[FaceTrack]) -> Sex:
    ticks = {"man": 0, "woman": 0}
    for one in tracks:
        if one.name in ticks:
            ticks[one.name] += one.span.end - one.span.start
    total = sum(ticks.values())
    if total and ticks["woman"] / total >= _SAME_SEX:
        return "woman"
    return "man" if total and ticks["man"] / total >= _SAME_SEX else ""

"""Who speaks when: turns of the voices of a video, told apart by how they sound."""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from encoders.types import Samples, SpeakerEncoder, Vectors
from pipeline.audio.pieces import Pieces, pieces_of
from pipeline.audio.voices import VoiceConfig, centres, likeness, voices_of
from pipeline.stage import NEVER
from stores.core.errors import MediaError
from stores.core.ids import record_id
from stores.core.records import Blob, Span, SpeakerTurn, StageOutput, VectorItem, Video

PIECES = "speech_pieces.npz"
"""Blob of a part: what `speaker_turns` makes the turns of."""


@dataclass(frozen=True, slots=True)
class SpeakerConfig(VoiceConfig):
    """How voices are told apart.

    Attributes:
        enabled: whether they are at all.
        pause_seconds: pieces of one voice with a shorter pause between them are one turn. Source: twice the collar of
            0.25 s with which NIST judges the ends of turns.
    """

    enabled: bool = field(default=True, metadata=NEVER)
    pause_seconds: float = 0.5


class SpeakerListener:
    """Collects the pieces of speech of one pass, unit by unit.

    Args:
        collection: of the vectors that the encoder makes.

    Attributes:
        seconds: of work so far.
    """

    def __init__(self, encoder: SpeakerEncoder, collection: str) -> None:
        self._encoder, self._collection = encoder, collection
        self._found: list[Pieces] = [Pieces.none(encoder.dim)]
        self.seconds = 0.0

    def hear(self, samples: Samples, start: float, speech: Sequence[tuple[float, float]]) -> None:
        """The next unit of sound, which begins at second ``start`` of the video; ``speech`` in seconds of the unit."""
        begun = time.perf_counter()
        self._found.append(pieces_of(self._encoder, samples, speech, start))
        self.seconds += time.perf_counter() - begun

    def output(self) -> StageOutput:
        """The pieces as one blob, for `speaker_turns`."""
        return StageOutput(blobs=(_packed(Pieces.joined(self._found), self._collection),), seconds=self.seconds)


def speaker_turns(outputs: Iterable[StageOutput], video: Video, fingerprint: str, config: SpeakerConfig) -> StageOutput:
    """Turns, and the vector of each voice, out of the pieces of the parts of a video, in order.

    Voices are told apart over the whole video, so that one that speaks in several parts stays one.

    Args:
        outputs: of `SpeakerListener`; one without blobs is of a part without sound, one with another blob of a part
            whose sound could not be decoded.
        fingerprint: of the stage of the whole video.

    Raises:
        MediaError: AUDIO_DECODE_FAILED if no part of the sound could be decoded.
    """
    begun = time.perf_counter()
    some, collection, spent, decoded = [], "", 0.0, False
    for output in outputs:
        spent += output.seconds or 0.0
        part = [_unpacked(blob.data) for blob in output.blobs if blob.name == PIECES]
        decoded |= bool(part) or not output.blobs
        some += [pieces for pieces, _ in part if len(pieces.counts)]
        collection = part[0][1] if part else collection
    if not decoded:
        raise MediaError("AUDIO_DECODE_FAILED", "No part of the sound was decoded.", "")
    if not some:
        return StageOutput(seconds=spent)
    pieces = Pieces.joined(some)
    labels = voices_of(pieces, config)
    voices = centres(pieces, labels)
    turns = _turns(pieces, labels.tolist(), _confidence(pieces, voices, labels, config), video, config)
    return StageOutput(
        records=tuple(turns),
        vectors=tuple(_vectors(turns, voices, fingerprint, collection)),
        seconds=spent + time.perf_counter() - begun,
    )


def _confidence(pieces: Pieces, voices: Vectors, labels: np.ndarray, config: SpeakerConfig) -> list[float]:
    """How much nearer each piece is to its own voice than to the next one, or than a stranger would have to be."""
    alike = likeness(pieces, voices)
    rows = np.arange(len(labels))
    own = alike[rows, labels]
    alike[rows, labels] = -1.0
    other = np.maximum(alike.max(axis=1), config.like)
    return [float(one) for one in np.clip(1.0 - (1.0 - own) / np.maximum(1.0 - other, 1e-6), 0.0, 1.0)]


def _turns(
    pieces: Pieces, labels: list[int], confidences: list[float], video: Video, config: SpeakerConfig
) -> list[SpeakerTurn]:
    runs: list[list[int]] = []
    for number, label in enumerate(labels):
        last = runs[-1][-1] if runs else -1
        pause = pieces.spans[number, 0] - pieces.spans[last, 1] if runs else 0.0
        if runs and labels[last] == label and pause < config.pause_seconds:
            runs[-1].append(number)
        else:
            runs.append([number])
    turns: list[SpeakerTurn] = []
    for run in runs:
        span = _span(float(pieces.spans[run[0], 0]), float(pieces.spans[run[-1], 1]), video)
        lengths = pieces.spans[run, 1] - pieces.spans[run, 0]
        speaker = labels[run[0]] + 1
        turns.append(
            SpeakerTurn(
                evidence_id=record_id("spk", video.video_id, span, speaker),
                span=span,
                name=f"speaker {speaker}",
                name_zh=f"说话人{speaker}",
                speaker=speaker,
                confidence=round(float(np.average(np.array(confidences)[run], weights=lengths)), 4),
            )
        )
    return turns


def _vectors(turns: Sequence[SpeakerTurn], voices: Vectors, fingerprint: str, collection: str) -> list[VectorItem]:
    longest: dict[int, SpeakerTurn] = {}
    for turn in turns:
        best = longest.get(turn.speaker)
        if best is None or turn.span.end - turn.span.start > best.span.end - best.span.start:
            longest[turn.speaker] = turn
    return [
        VectorItem(
            collection,
            f"{fingerprint}:{turn.evidence_id}:v",
            voices[speaker - 1],
            turn.span,
            "speaker",
            evidence_id=turn.evidence_id,
        )
        for speaker, turn in sorted(longest.items())
    ]


def _span(start: float, end: float, video: Video) -> Span:
    """Seconds as ticks, clipped to the video where its length is known; never empty."""
    span = Span.from_seconds(start, max(start, end), video.time_base)
    last = max(span.start + 1, span.end)
    if not video.duration:
        return Span(span.start, last, span.time_base)
    first = min(span.start, video.duration - 1)
    return Span(first, max(first + 1, min(last, video.duration)), span.time_base)


def _packed(pieces: Pieces, collection: str) -> Blob:
    file = io.BytesIO()
    np.savez(
        file, allow_pickle=False, spans=pieces.spans, sums=pieces.sums, counts=pieces.counts, of=np.array(collection)
    )
    return Blob(PIECES, file.getvalue())


def _unpacked(data: bytes) -> tuple[Pieces, str]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return Pieces(file["spans"], file["sums"], file["counts"]), str(file["of"])

"""The records that stages produce and libraries keep: frozen dataclasses.

Times. A `Span` is half-open ``[start, end)`` in integer ticks of the video stream's time base,
counted from the container's start (`Video.start_pts` is already subtracted), so that tick 0 is what
a player shows as 0:00. Seconds are used only towards users (`Span.seconds`).

Ids are strings made by `stores.core.ids`; a record's id never depends on the file's name.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Channel = Literal["picture", "object", "speech", "screen", "format", "caption", "script", "sound", "face", "speaker"]
CHANNELS: tuple[Channel, ...] = (
    "picture",
    "object",
    "speech",
    "screen",
    "format",
    "caption",
    "script",
    "sound",
    "face",
    "speaker",
)
Attributes = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Half-open ``[start, end)`` in ticks of ``time_base`` seconds.

    Raises:
        ValueError: if ``start < 0``, ``end < start`` or ``time_base <= 0``.
    """

    start: int
    end: int
    time_base: Fraction

    def __post_init__(self) -> None:
        if self.start < 0 or self.end < self.start or self.time_base.numerator <= 0:
            raise ValueError(f"not a span: [{self.start}, {self.end}) x {self.time_base}")

    @property
    def seconds(self) -> tuple[float, float]:
        """(start, end) in seconds from the start of the video."""
        return float(self.start * self.time_base), float(self.end * self.time_base)

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return float((self.end - self.start) * self.time_base)

    def contains(self, tick: int) -> bool:
        """Whether ``tick`` is in the half-open span."""
        return self.start <= tick < self.end

    def overlap(self, other: Span) -> int:
        """Ticks shared with ``other`` (same time base), 0 if none."""
        return max(0, min(self.end, other.end) - max(self.start, other.start))

    @classmethod
    def from_seconds(cls, start: float, end: float, time_base: Fraction) -> Span:
        """The span nearest to ``[start, end)`` seconds; clamps below 0."""
        first = max(0, round(start / time_base))
        return cls(first, max(first, round(end / time_base)), time_base)


@dataclass(frozen=True, slots=True)
class Video:
    """One media file, known by the hash of its content.

    Attributes:
        video_id: `stores.core.ids.video_id` of the content.
        sha256: hex digest of the whole file.
        size: bytes.
        duration: ticks of ``time_base``; 0 if the container does not say.
        time_base: seconds per tick of the video stream.
        start_pts: first presentation timestamp in the container, already subtracted from every `Span`.
        width, height: pixels as displayed, i.e. after rotation.
        rotation: clockwise degrees by which the decoded picture is rotated for display: 0, 90, 180, 270.
        frame_rate: average, frames per second (0 if unknown).
        variable_frame_rate: whether the time between frames varies.
        video_codec, audio_codec, container: short names as FFmpeg gives them ("" = none).
        warnings: coded remarks such as ``TRUNCATED: 3.2 of 10.0 s can be decoded``.
    """

    video_id: str
    sha256: str
    size: int
    duration: int
    time_base: Fraction
    start_pts: int
    width: int
    height: int
    rotation: int
    frame_rate: Fraction
    variable_frame_rate: bool
    video_codec: str
    audio_codec: str
    container: str
    warnings: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """Duration in seconds."""
        return float(self.duration * self.time_base)

    @property
    def whole(self) -> Span:
        """The span of the whole video."""
        return Span(0, self.duration, self.time_base)

    @property
    def has_audio(self) -> bool:
        """Whether there is an audio track that can be decoded."""
        return bool(self.audio_codec)


@dataclass(frozen=True, slots=True)
class Scene:
    """A span between two cuts."""

    scene_id: str
    span: Span


@dataclass(frozen=True, slots=True)
class Clip:
    """The unit of retrieval: a scene, split or merged to a sensible length.

    Attributes:
        keyframe: tick of the frame that represents the clip.
        thumbnail: name of the thumbnail blob of stage ``thumbnails`` nearest to the keyframe ("" if none).
    """

    clip_id: str
    span: Span
    keyframe: int
    thumbnail: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word; seconds are kept as ticks in ``span``; ``probability`` in [0, 1]."""

    text: str
    span: Span
    probability: float


@dataclass(frozen=True, slots=True)
class Utterance:
    """Recognised speech. ``confidence`` in [0, 1]; ``language`` ISO 639-1."""

    evidence_id: str
    span: Span
    text: str
    language: str
    confidence: float
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class ScreenText:
    """Text read on screen over a span.

    Attributes:
        box: (x0, y0, x1, y1) as fractions of the displayed picture, in [0, 1].
    """

    evidence_id: str
    span: Span
    text: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Label:
    """What the picture encoder's classifier saw in one clip.

    Attributes:
        name: plain English name of the concept; ``name_zh`` Chinese names, ';'-separated.
        broader: broader nouns ("animal", "dog"), general first.
        score: mean probability over the clip's frames, in [0, 1].
        peak: highest probability in one frame, in [0, 1].
    """

    evidence_id: str
    span: Span
    clip_id: str
    concept: str
    name: str
    name_zh: str
    broader: tuple[str, ...]
    score: float
    peak: float


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One object followed over a span (fields after ChatVideo, Wang et al. 2023, section 3.1).

    Attributes:
        concept: detector category, e.g. ``coco:18``; ``background`` for the scene itself.
        category: plain English name; ``category_zh`` Chinese names, ';'-separated.
        appearance: a short description of looks, e.g. the dominant colour names ("red, white").
        motion: ``still``, ``left``, ``right``, ``up``, ``down``, ``nearer``, ``farther`` or ``wandering``.
        trajectory: (tick, x0, y0, x1, y1) per detection, boxes as fractions of the picture.
        audio: the audio during the span: ``speech``, ``sound`` or ``silence``.
        confidence: mean detection score, in [0, 1].
    """

    evidence_id: str
    span: Span
    concept: str
    category: str
    category_zh: str
    broader: tuple[str, ...]
    appearance: str
    motion: str
    trajectory: tuple[tuple[int, float, float, float, float], ...]
    audio: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Fact:
    """A measured property of a video, in words: "vertical video"; or the visual style of a stretch: "animation"."""

    evidence_id: str
    span: Span
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class SpeechActivity:
    """A span with speech, as voice activity detection found it."""

    span: Span


@dataclass(frozen=True, slots=True)
class Caption:
    """A model's description of one clip, written from some of its frames. A guess, and never an instruction.

    Attributes:
        span: of the clip.
        model: ``name@revision`` of the model.
        frames: ticks of the frames it saw.
        score: how likely the text matches those frames, in [0, 1], by a matching model (CapFilt); None if it
            was not measured; such a caption has a confidence of 0.5 as evidence: as likely right as wrong.
    """

    evidence_id: str
    span: Span
    text: str
    clip_id: str
    model: str
    frames: tuple[int, ...]
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Script:
    """A summary of a whole video, written from its captions and lines and checked against them sentence by sentence.

    Attributes:
        model: ``name@revision`` of the model.
        cites: ids of the evidence it is based on.
    """

    evidence_id: str
    span: Span
    text: str
    model: str
    cites: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SoundEvent:
    """What is heard over a span.

    Attributes:
        name: ``speech``, ``singing``, ``music`` or ``silence``; spans of different names may overlap, those of
            ``silence`` overlap nothing.
        name_zh: Chinese names, ';'-separated.
        confidence: mean probability over the span, in [0, 1].
    """

    evidence_id: str
    span: Span
    name: str
    name_zh: str
    confidence: float


@dataclass(frozen=True, slots=True)
class FaceTrack:
    """One face followed over a span. Its vector, of channel ``face``, names it by ``evidence_id``.

    Attributes:
        name: ``man``, ``woman``, or ``face`` where that is not sure; ``name_zh`` Chinese names, ';'-separated.
        trajectory: (tick, x0, y0, x1, y1) per face found, boxes as fractions of the picture.
        female: median over the track of the probability of a woman, in [0, 1].
        confidence: mean detection score, in [0, 1].
    """

    evidence_id: str
    span: Span
    name: str
    name_zh: str
    trajectory: tuple[tuple[int, float, float, float, float], ...]
    female: float
    confidence: float


@dataclass(frozen=True, slots=True)
class SpeakerTurn:
    """A span in which one voice speaks. The vector of each voice of a video, of channel ``speaker``, names the
    ``evidence_id`` of its longest turn.

    Attributes:
        name: ``speaker 1``, in the order in which the voices of a video are first heard; ``name_zh`` the same.
        speaker: the number in ``name``.
        confidence: how much nearer the turn is to its own voice than to the next one, in [0, 1].
    """

    evidence_id: str
    span: Span
    name: str
    name_zh: str
    speaker: int
    confidence: float


Record = (
    Scene
    | Clip
    | Utterance
    | ScreenText
    | Label
    | Tracklet
    | Fact
    | SpeechActivity
    | Caption
    | Script
    | SoundEvent
    | FaceTrack
    | SpeakerTurn
)


@dataclass(frozen=True, slots=True)
class VectorItem:
    """One vector to be indexed.

    Attributes:
        collection: model name and revision, e.g. ``conse-lite2-e5-9656183e``; vectors of different models never mix.
        vector_id: unique; carries the fingerprint of the stage that made it.
        vector: float32, shape (d,), unit length.
        channel: what the vector represents.
        clip_id: clip it belongs to ("" if none); evidence_id: record it was made from ("" if none).
    """

    collection: str
    vector_id: str
    vector: NDArray[np.float32]
    span: Span
    channel: Channel
    clip_id: str = ""
    evidence_id: str = ""


@dataclass(frozen=True, slots=True)
class Blob:
    """Named bytes stored outside the tables: ``frames.npz``, ``000012.jpg``."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class StageOutput:
    """Everything one stage found in one video. ``video`` is set by ``probe`` only.

    ``seconds`` is the time spent in this stage alone if it shared a pass with others; None if that is the time from
    the beginning of the attempt to its end.
    """

    records: tuple[Record, ...] = ()
    vectors: tuple[VectorItem, ...] = ()
    blobs: tuple[Blob, ...] = ()
    video: Video | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class StageKey:
    """Identifies a stage run: which stage, with which fingerprint, of which video."""

    video_id: str
    stage: str
    fingerprint: str


Status = Literal["pending", "running", "done", "failed", "quarantined"]


@dataclass(frozen=True, slots=True)
class Receipt:
    """The outcome or current state of one stage of one video.

    ``error_code`` is "" unless it failed or is quarantined; ``strikes``: attempts that count against the video;
    ``worker``: the name of the worker that began it last.
    """

    key: StageKey
    status: Status
    attempt: int
    seconds: float = 0.0
    error_code: str = ""
    error_message: str = ""
    strikes: int = 0
    worker: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One stored fact with an id, a video and a span, independent of the table it is stored in.

    ``text`` is what a person reads; ``search_text`` adds names in other languages and broader nouns.
    """

    evidence_id: str
    video_id: str
    span: Span
    channel: Channel
    text: str
    search_text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Tag:
    """One entry of the tag library. ``facet`` is who / what / object / where / how or a word of the owner's."""

    tag_id: str
    name: str
    facet: str = ""
    aliases: tuple[str, ...] = ()
    parent: str = ""
    language: str = ""
    status: Literal["active", "retired"] = "active"


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision about one tag of one video, with the evidence for it.

    Only people are ``unsure``: they have looked, and cannot tell.
    """

    video_id: str
    tag_id: str
    decision: Literal["accepted", "rejected", "abstained", "proposed", "unsure"]
    confidence: float
    recalled_by: tuple[str, ...]
    evidence_ids: tuple[str, ...]
    scores: Attributes = field(default=())

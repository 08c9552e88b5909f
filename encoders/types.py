"""What models take and give: plain arrays, and the protocols that the rest of Kinodex relies on.

Nothing here knows videos, stores or files of users. Pixels are ``uint8`` RGB of shape (n, h, w, 3);
sound is ``float32`` mono at 16 kHz in [-1, 1]; boxes are (x0, y0, x1, y1) as fractions of the picture.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Vectors = NDArray[np.float32]
Samples = NDArray[np.float32]
SoundProbabilities = NDArray[np.float32]

SAMPLE_RATE = 16_000
SOUNDS = ("speech", "singing", "music")
"""What a `SoundDetector` tells apart, in the order of its columns."""
SOUND_FRAME = 160
"""Samples of one of its frames: 10 ms."""


class WeightsError(Exception):
    """A model's weights are missing (``kind="missing"``) or not what they should be (``"corrupt"``)."""

    def __init__(self, kind: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.hint = hint


def check_frames(frames: Pixels, *, least: int = 0) -> None:
    """Nothing, for ``frames`` that are uint8 (n, h, w, 3) with h, w > 0 and n at least ``least``.

    Raises:
        ValueError: for others, naming what they are.
    """
    shape = frames.shape
    if frames.dtype != np.uint8 or len(shape) != 4 or shape[3] != 3 or 0 in shape[1:3] or shape[0] < least:
        wanted = f", n at least {least}" if least else ""
        raise ValueError(f"frames must be uint8 (n, h, w, 3){wanted}, not {frames.dtype} {shape}")


@dataclass(frozen=True, slots=True)
class PictureFeatures:
    """What a picture encoder saw in n frames.

    Attributes:
        vectors: (n, d) float32, unit length, in the text encoder's space.
        probabilities: (n, c) float32 class posteriors, rows sum to 1; c = 0 where the encoder has no classes.
        features: (n, e) float32 pooled visual features, unit length, for picture-to-picture likeness.
        lengths: (n,) float32 of the vectors before they were made unit ones, which models that go on computing with
            them want to know; None where an encoder does not tell.
    """

    vectors: Vectors
    probabilities: NDArray[np.float32]
    features: Vectors
    lengths: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class WordTime:
    """One word; ``start`` and ``end`` in seconds; ``probability`` in [0, 1]."""

    text: str
    start: float
    end: float
    probability: float


@dataclass(frozen=True, slots=True)
class SpeechSegment:
    """A recognised stretch; seconds; ``confidence`` in [0, 1]."""

    text: str
    start: float
    end: float
    confidence: float
    words: tuple[WordTime, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """All that was recognised, with the language (ISO 639-1) and how sure the model was of it."""

    language: str
    language_probability: float
    segments: tuple[SpeechSegment, ...]


@dataclass(frozen=True, slots=True)
class TextBox:
    """One line of text in one picture; ``box`` as fractions; ``confidence`` in [0, 1]."""

    text: str
    confidence: float
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Detections:
    """Objects in one picture, as parallel arrays.

    Attributes:
        boxes: (m, 4) float32 fractions (x0, y0, x1, y1).
        scores: (m,) float32 in [0, 1].
        concepts: m concept ids, e.g. ``coco:18``.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    concepts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FacesFound:
    """Faces in one picture, as parallel arrays.

    Attributes:
        boxes: (m, 4) float32 fractions (x0, y0, x1, y1); a face at the border reaches beyond [0, 1].
        scores: (m,) float32 in [0, 1].
        points: (m, 6, 2) float32 fractions: the eye on the left and on the right of the picture, nose, mouth, ears.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    points: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class FaceFeatures:
    """What n faces look like.

    Attributes:
        vectors: (n, d) float32, unit length: the nearer, the likelier the same person.
        female: (n,) float32 in [0, 1], how likely each is a woman's.
    """

    vectors: Vectors
    female: NDArray[np.float32]


class ImageEncoder(Protocol):
    """Pictures into the text encoder's space.

    ``encode`` sees each frame for itself; ``encode_sequence`` is given frames that follow each other in time and may
    use that neighbours mostly show the same thing to do less.
    """

    @property
    def name(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode(self, frames: Pixels) -> PictureFeatures: ...
    def encode_sequence(self, frames: Pixels) -> PictureFeatures: ...


class TextEncoder(Protocol):
    """Texts of any language into one space; rows are unit length, shape (n, dim)."""

    @property
    def name(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode_queries(self, texts: Sequence[str]) -> Vectors: ...
    def encode_passages(self, texts: Sequence[str]) -> Vectors: ...


@runtime_checkable
class WordPieces(Protocol):
    """A text encoder that says how many pieces of its vocabulary a word is read as: one for a common word, nearly as
    many as it has letters for random keystrokes."""

    def pieces(self, word: str) -> int: ...


class SpeechRecognizer(Protocol):
    """Sound into words with times."""

    @property
    def name(self) -> str: ...
    def recognize(self, samples: Samples, speech: Sequence[tuple[float, float]]) -> Transcript: ...


class VoiceDetector(Protocol):
    """Sound into the (start, end) seconds of speech."""

    @property
    def name(self) -> str: ...
    def detect(self, samples: Samples) -> list[tuple[float, float]]: ...


class SoundDetector(Protocol):
    """Sound (n,) into the probabilities (n // `SOUND_FRAME`, 3) of each of `SOUNDS`, each for itself."""

    @property
    def name(self) -> str: ...
    def probabilities(self, samples: Samples) -> SoundProbabilities: ...


class SpeakerEncoder(Protocol):
    """Sound at n spans (start, end) in seconds, of at most ``seconds`` each, into unit vectors (n, dim) of the voices
    in them; ``clean``: without the steady noise of the samples."""

    @property
    def name(self) -> str: ...
    @property
    def dim(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    def encode(self, samples: Samples, spans: Sequence[tuple[float, float]], clean: bool = False) -> Vectors: ...


class TextReader(Protocol):
    """One picture (h, w, 3) into the lines of text on it."""

    @property
    def name(self) -> str: ...
    def read(self, frame: Pixels) -> list[TextBox]: ...


class Detector(Protocol):
    """Pictures (n, h, w, 3) into objects, one `Detections` a picture."""

    @property
    def name(self) -> str: ...
    def detect(self, frames: Pixels) -> list[Detections]: ...


class FaceFinder(Protocol):
    """Pictures (n, h, w, 3) into the faces in them, one `FacesFound` a picture."""

    @property
    def name(self) -> str: ...
    def find(self, frames: Pixels) -> list[FacesFound]: ...


class FaceEncoder(Protocol):
    """Faces that were cut out, each (h, w, 3), into what they look like."""

    @property
    def name(self) -> str: ...
    @property
    def dim(self) -> int: ...
    def encode(self, faces: Sequence[Pixels]) -> FaceFeatures: ...


class CutDetector(Protocol):
    """Stretches of frames into where scenes end.

    ``probabilities`` takes b stretches (b, window, h, w, 3) of frames that follow each other without gaps, where (h, w)
    is ``size``, and gives (b, window - 2 · margin) float32 in [0, 1] for their middles: how likely the picture changes
    to another scene right behind each frame. The ``margin`` frames at either end only tell what is around.
    """

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    @property
    def window(self) -> int: ...
    @property
    def margin(self) -> int: ...
    def probabilities(self, stretches: Pixels) -> NDArray[np.float32]: ...


class Captioner(Protocol):
    """Pictures (n, h, w, 3) into one English sentence each."""

    @property
    def name(self) -> str: ...
    def caption(self, pixels: Pixels) -> list[str]: ...


class ImageTextRanker(Protocol):
    """Pictures (n, h, w, 3) and t texts into (n, t) float32: the probability that the two match (ITM)."""

    @property
    def name(self) -> str: ...
    def match(self, pixels: Pixels, texts: Sequence[str]) -> NDArray[np.float32]: ...


class VideoDescriber(Protocol):
    """A stretch of video and a question into an answer in words.

    ``frames`` (n, h, w, 3) follow each other in time, ``seconds`` says when each is shown; the model picks the frames
    that it looks at. ``history`` holds earlier (question, answer) turns about the same stretch. ``sound`` of the same
    stretch may be given where the model ``hears``. ``stream`` gives the answer of ``describe`` in pieces. Wrong inputs
    are a ``ValueError``.
    """

    @property
    def name(self) -> str: ...
    @property
    def hears(self) -> bool: ...
    def describe(
        self,
        frames: Pixels,
        seconds: Sequence[float],
        question: str,
        history: Sequence[tuple[str, str]] = (),
        *,
        sound: Samples | None = None,
    ) -> str: ...
    def stream(
        self,
        frames: Pixels,
        seconds: Sequence[float],
        question: str,
        history: Sequence[tuple[str, str]] = (),
        *,
        sound: Samples | None = None,
    ) -> Iterator[str]: ...

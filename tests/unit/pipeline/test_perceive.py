"""A video from file to vectors, and what happens to the other stages when one fails."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.concepts import ConceptSpace
from encoders.styles.head import VisualStyles
from encoders.types import (
    SOUND_FRAME,
    FaceFeatures,
    FacesFound,
    Pixels,
    Samples,
    SoundProbabilities,
    SpeechSegment,
    Transcript,
    Vectors,
    WeightsError,
    WordTime,
)
from pipeline.decode.decoder import Decoder
from pipeline.perceive import (
    PerceptionConfig,
    PerceptionContext,
    VideoFile,
    fingerprints,
    pending,
    perceive,
    stages,
)
from pipeline.perception import AUDIO_STAGES, DERIVED, VIDEO_STAGES
from stores.core.errors import KinodexError, MediaError, ModelError
from stores.core.ids import sha256_of, video_id
from stores.core.records import Clip, Fact, Label, Record, SpeechActivity, StageOutput, Tracklet, Utterance, Video
from tests.unit.pipeline.media import BLUE, GREEN, RED, WHITE, flat, make_video, tone
from tests.unit.pipeline.test_observers import ColourEncoder, SquareDetector, StripeReader

ALL = ("probe", *AUDIO_STAGES, *VIDEO_STAGES, *DERIVED)


class ToneDetector:
    """Loud is voice."""

    name = "loudness"

    def detect(self, samples: Samples) -> list[tuple[float, float]]:
        loud = np.flatnonzero(np.abs(samples) > 0.1)
        return [(loud[0] / 16_000, (loud[-1] + 1) / 16_000)] if len(loud) else []


class LoudSounds:
    """Loud is speech, and nothing else is heard."""

    name = "loud"

    def probabilities(self, samples: Samples) -> SoundProbabilities:
        count = len(samples) // SOUND_FRAME
        loud = np.abs(samples[: count * SOUND_FRAME]).reshape(count, SOUND_FRAME).max(axis=1, initial=0.0) > 0.1
        return np.stack([loud, 0 * loud, 0 * loud], axis=1).astype(np.float32)


class NoFaces:
    """Finds nobody in plain colours."""

    name = "nobody"
    dim = 4

    def find(self, frames: Pixels) -> list[FacesFound]:
        nothing = FacesFound(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 6, 2), np.float32))
        return [nothing] * len(frames)

    def encode(self, faces: Sequence[Pixels]) -> FaceFeatures:
        return FaceFeatures(np.zeros((len(faces), self.dim), np.float32), np.zeros(len(faces), np.float32))


class OneWord:
    """Hears "hello" wherever somebody speaks."""

    name = "hello"

    def recognize(self, samples: Samples, speech: Sequence[tuple[float, float]]) -> Transcript:
        words = [WordTime("hello", *span, 0.9) for span in speech]
        return Transcript("en", 1.0, tuple(SpeechSegment("hello", w.start, w.end, 0.9, (w,)) for w in words))


class Hashing:
    """The same text, the same direction."""

    name = "hashing"
    dim = 16

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        rows = [np.frombuffer(hashlib.sha256(text.encode()).digest()[:16], np.uint8) for text in texts]
        matrix = np.array(rows, np.float32).reshape(-1, 16) - 127.5
        return cast(Vectors, matrix / np.linalg.norm(matrix, axis=1, keepdims=True))

    encode_queries = encode_passages


class Pitch:
    """Voices are told apart by how often the sound crosses zero."""

    name, dim, seconds = "pitch", 2, 1.6

    def encode(self, samples: Samples, spans: Sequence[tuple[float, float]], clean: bool = False) -> Vectors:
        cut = [samples[round(a * 16_000) : round(b * 16_000)] for a, b in spans]
        angles = [np.pi / 2 * min(1.0, 8.0 * float(np.mean(np.diff(np.signbit(one)) != 0))) for one in cut]
        return np.array([[np.cos(a), np.sin(a)] for a in angles], np.float32).reshape(-1, 2)


class Toys:
    """A bundle of tiny real encoders. ``missing`` names those whose weights are not there."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing
        self._models: dict[str, object] = {
            "image": ColourEncoder(),
            "detector": SquareDetector(),
            "reader": StripeReader(),
            "voice": ToneDetector(),
            "speech": OneWord(),
            "sounds": LoudSounds(),
            "speaker": Pitch(),
            "faces": NoFaces(),
            "face": NoFaces(),
            "text": Hashing(),
            "concepts": ConceptSpace.load(Encoders.open().spec("text").revision),
        }

    zero_shot = None
    has_styles = True
    styles = VisualStyles(np.zeros((3, 4), np.float32), np.array([0, 9, 0, 0], np.float32), "colours")

    def has(self, task: str) -> bool:
        return task in self._models

    def revision(self, task: str) -> str:
        return f"{task}@1"

    def __getattr__(self, task: str) -> object:
        if task in self.missing:
            raise WeightsError("missing", f"no weights for {task}")
        return self._models[task]


class Remembered:
    """What earlier runs left."""

    def __init__(self) -> None:
        self.outputs: dict[str, StageOutput] = {}

    @property
    def video(self) -> Video | None:
        return self.outputs["probe"].video if "probe" in self.outputs else None

    def has(self, stage: str) -> bool:
        return stage in self.outputs

    def records(self, stage: str) -> Sequence[Record]:
        return self.outputs[stage].records if stage in self.outputs else ()

    def blob_names(self, stage: str) -> Sequence[str]:
        return sorted(blob.name for blob in self.outputs[stage].blobs) if stage in self.outputs else ()

    def blob(self, stage: str, name: str) -> bytes:
        return {blob.name: blob.data for blob in self.outputs[stage].blobs}[name]


def run(
    path: Path,
    decoder: Decoder,
    encoders: object,
    todo: Sequence[str] = ALL,
    memory: Remembered | None = None,
    refuse: Sequence[str] = (),
) -> dict[str, StageOutput | KinodexError]:
    memory = memory or Remembered()
    begun: list[str] = []

    def begin(stages: Sequence[str]) -> list[str]:
        able = [stage for stage in stages if stage not in refuse]
        begun.extend(able)
        return able

    sha = sha256_of(path)
    context = PerceptionContext(cast(Encoders, encoders), decoder, begin)
    found = dict(perceive(VideoFile(path, video_id(sha), sha), todo, memory, context))
    assert set(begun) == set(found), "what was begun has ended, and nothing else"
    memory.outputs.update({name: end for name, end in found.items() if isinstance(end, StageOutput)})
    return found


def codes(found: dict[str, StageOutput | KinodexError]) -> dict[str, str]:
    return {name: outcome.code.name for name, outcome in found.items() if isinstance(outcome, KinodexError)}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three scenes of 3 s: a red square runs right over blue; white with a caption; green. A tone at 4–6 s."""
    run_ = []
    for i in range(75):
        picture = flat(BLUE)
        picture[30:70, i + 10 : i + 50] = RED
        run_.append(picture)
    caption = flat(WHITE)
    caption[76:, :120] = 0
    sound = np.concatenate([np.zeros(64_000, np.float32), tone(2.0), np.zeros(48_000, np.float32)])
    pictures = [*run_, *[caption] * 75, *[flat(GREEN)] * 75]
    path = tmp_path_factory.mktemp("film") / "film.mkv"
    return make_video(path, pictures, sound=sound, audio_codec="pcm_s16le")


def of(outcome: Any, kind: type) -> list[Any]:
    assert isinstance(outcome, StageOutput), outcome
    return [record for record in outcome.records if isinstance(record, kind)]


def test_every_stage_of_a_video(decoder: Decoder, film: Path) -> None:
    found = run(film, decoder, Toys())
    assert tuple(found) == ALL
    assert not codes(found)
    (video,) = [outcome.video for outcome in found.values() if isinstance(outcome, StageOutput) and outcome.video]
    clips: list[Clip] = of(found["clips"], Clip)
    assert [clip.span.seconds for clip in clips] == [(0, 3), (3, 6), (6, video.seconds)]
    assert all(clip.thumbnail for clip in clips)
    (utterance,) = of(found["speech"], Utterance)
    assert utterance.span.seconds == pytest.approx((4, 6), abs=0.3)
    assert of(found["speech_activity"], SpeechActivity)
    labels: list[Label] = of(found["labels"], Label)
    assert {label.clip_id for label in labels} == {clip.clip_id for clip in clips}
    (drawn,) = of(found["styles"], Fact)
    assert (drawn.text, drawn.span) == ("2d animation 二维动画", video.whole)
    runner, background = of(found["tracklets"], Tracklet)
    assert (runner.category, runner.appearance, runner.motion, runner.audio) == ("person", "red", "right", "sound")
    assert runner.span.seconds == (0, 3), "a tracklet does not cross a cut"
    assert len(runner.trajectory) == 3
    assert background.span == video.whole
    vectors = found["vectors"]
    assert isinstance(vectors, StageOutput)
    channels = [item.channel for item in vectors.vectors]
    assert channels.count("object") == 1
    assert channels.count("speech") == 1
    assert channels.count("screen") == 1
    assert len({item.vector_id for item in vectors.vectors}) == len(vectors.vectors)
    assert all(np.linalg.norm(item.vector) == pytest.approx(1, abs=1e-3) for item in vectors.vectors)


def test_twice_is_the_same(decoder: Decoder, film: Path, tmp_path: Path) -> None:
    copy = tmp_path / "another name.mkv"
    copy.write_bytes(film.read_bytes())
    one, two = (run(path, decoder, Toys()) for path in (film, copy))
    for stage in ALL:
        first, second = one[stage], two[stage]
        assert isinstance(first, StageOutput)
        assert isinstance(second, StageOutput)
        assert (first.records, first.blobs) == (second.records, second.blobs)
        for a, b in zip(first.vectors, second.vectors, strict=True):
            assert (a.vector_id, a.span) == (b.vector_id, b.span)
            assert np.array_equal(a.vector, b.vector)


def test_only_what_is_asked_for_is_done_again(decoder: Decoder, film: Path) -> None:
    memory = Remembered()
    first = run(film, decoder, Toys(), memory=memory)
    again = run(film, decoder, Toys(), ["screentext", "vectors"], memory)
    assert list(again) == ["screentext", "vectors"]
    one, two = first["vectors"], again["vectors"]
    assert isinstance(one, StageOutput)
    assert isinstance(two, StageOutput)
    assert [item.vector_id for item in one.vectors] == [item.vector_id for item in two.vectors]


def test_a_video_without_sound(decoder: Decoder, tmp_path: Path) -> None:
    found = run(make_video(tmp_path / "a.mp4", [flat(RED)] * 60), decoder, Toys("speech_activity", "speech"))
    assert not codes(found)
    assert not of(found["speech_activity"], SpeechActivity) + of(found["speech"], Utterance)
    (background,) = of(found["tracklets"], Tracklet)[-1:]
    assert background.audio == "silence"


def test_two_frames_are_a_video(decoder: Decoder, tmp_path: Path) -> None:
    found = run(make_video(tmp_path / "a.mp4", [flat(RED), flat(BLUE)]), decoder, Toys())
    assert not codes(found)
    assert len(of(found["clips"], Clip)) == 1


def test_a_bad_file_ends_at_the_probe(decoder: Decoder, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"no video")
    assert codes(run(tmp_path / "a.mp4", decoder, Toys())) == {"probe": "NOT_MEDIA"}


def test_a_decoder_that_falls_fails_the_watched_stages_and_what_needs_them(
    film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Decoder() as falling:
        probe = falling.probe

        def fall(path: Path, *rest: object) -> Any:
            raise MediaError("DECODE_CRASHED", f"The decoder crashed on {path.name}.")

        monkeypatch.setattr(falling, "frames", fall)
        monkeypatch.setattr(falling, "probe", probe)
        found = run(film, falling, Toys())
    assert codes(found) == dict.fromkeys(VIDEO_STAGES, "DECODE_CRASHED")
    assert set(found) == {"probe", *VIDEO_STAGES, *AUDIO_STAGES}


@pytest.mark.parametrize(
    ("model", "stage", "blocked"),
    [
        ("image", "pictures", {"labels", "styles", "vectors"}),
        ("reader", "screentext", {"vectors"}),
        ("detector", "objects", {"tracklets", "vectors"}),
        ("speech", "speech", {"clips", "labels", "styles", "vectors"}),
        ("sounds", "sound", set()),
    ],
)
def test_a_missing_model_costs_its_own_stage_only(
    decoder: Decoder, film: Path, model: str, stage: str, blocked: set[str]
) -> None:
    found = run(film, decoder, Toys(model))
    assert codes(found) == {stage: "MODEL_MISSING"}
    assert isinstance(found[stage], ModelError)
    assert set(found) == {*ALL} - blocked


def test_sound_that_cannot_be_decoded_fails_by_itself(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "b.mkv", [flat(RED)] * 60, sound=tone(2.0), audio_codec="flac")
    path.write_bytes(path.read_bytes().replace(b"\xff\xf8", b"\x00\x00"))
    found = run(path, decoder, Toys())
    assert codes(found) == dict.fromkeys(AUDIO_STAGES, "AUDIO_DECODE_FAILED")
    assert set(found) == {*ALL}, "the pictures can still be found"


def test_a_stage_that_may_not_begin_is_left_out_with_what_needs_it(decoder: Decoder, film: Path) -> None:
    found = run(film, decoder, Toys(), refuse=["pictures"])
    assert set(found) == {*ALL} - {"pictures", "labels", "styles", "vectors"}


def test_progress_rises_to_the_end(decoder: Decoder, film: Path) -> None:
    sha = sha256_of(film)
    reports: list[tuple[str, float]] = []
    context = PerceptionContext(
        cast(Encoders, Toys()), decoder, list, on_progress=lambda stage, share: reports.append((stage, share))
    )
    list(perceive(VideoFile(film, video_id(sha), sha), ALL, Remembered(), context))
    scenes = [share for stage, share in reports if stage == "scenes"]
    assert scenes == sorted(scenes)
    assert scenes[-1] > 0.9
    assert any(stage == "speech" for stage, _ in reports)


def test_fingerprints_follow_what_a_stage_depends_on() -> None:
    toys = cast(Encoders, Toys())
    plain = fingerprints(stages(toys))
    assert tuple(plain) == ALL
    finer = PerceptionConfig(scenes=dataclasses.replace(PerceptionConfig().scenes, least_seconds=1.0))
    changed = fingerprints(stages(toys, finer))
    assert {stage for stage in plain if plain[stage] != changed[stage]} == {
        "scenes",
        "clips",
        "labels",
        "styles",
        "tracklets",
        "vectors",
    }
    assert [stage.name for stage in pending(stages(toys, finer), plain)] == ["scenes", *DERIVED]
    assert pending(stages(toys), plain) == ()


@pytest.mark.slow
def test_the_real_models_see_and_hear(decoder: Decoder, tmp_path: Path) -> None:
    from tests.unit.encoders.speech import silence, speak

    said = speak("The quick brown fox jumps over the lazy dog.")
    sound = np.concatenate([silence(2.0), said, silence(1.0)])
    count = round(len(sound) / 16_000 * 10)
    path = make_video(tmp_path / "a.mp4", [_written("OPENING HOURS")] * count, rate=10, sound=sound)
    with Encoders.open("embedded", threads=1) as encoders:
        found = run(path, decoder, encoders)
        missing = {"sound": "sounds", "speakers": "speaker", "faces": "faces"}
        absent = {stage for stage, task in missing.items() if not encoders.has_files(task)}
    assert set(codes(found)) <= absent
    spoken = of(found["speech"], Utterance)
    assert "fox" in " ".join(utterance.text for utterance in spoken).lower()
    assert spoken[0].span.seconds[0] == pytest.approx(2.0, abs=0.7)
    assert isinstance(found["screentext"], StageOutput)
    assert any("OPENING" in record.text for record in found["screentext"].records)  # type: ignore[union-attr]
    assert isinstance(found["vectors"], StageOutput)
    assert {item.channel for item in found["vectors"].vectors} >= {"picture", "speech", "screen"}


def _written(text: str) -> np.ndarray:
    import cv2

    picture = flat(WHITE, 640, 360)
    return cv2.putText(picture, text, (60, 190), cv2.FONT_HERSHEY_SIMPLEX, 2.0, (20, 20, 20), 4, cv2.LINE_AA)

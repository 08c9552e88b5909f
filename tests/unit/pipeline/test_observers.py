"""Each observer on videos whose content is known."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from scenedetect.common import FrameTimecode, Timecode
from scenedetect.detectors import AdaptiveDetector, ContentDetector

from encoders.types import Detections, PictureFeatures, Pixels, TextBox
from pipeline.decode.decoder import Decoder
from pipeline.decode.frames import Frames
from pipeline.observers.colours import dominant_colour
from pipeline.observers.objects import ObjectObserver
from pipeline.observers.observer import Observer
from pipeline.observers.pictures import PictureObserver
from pipeline.observers.scenes import SceneConfig, SceneObserver
from pipeline.observers.screentext import ScreenTextObserver
from pipeline.observers.thumbnails import ThumbnailObserver
from pipeline.observers.visual_stats import VisualStatsObserver
from pipeline.passes.watch import watch
from stores.core.records import Fact, Scene, ScreenText, StageOutput, Video
from tests.unit.pipeline.media import BLUE, GREEN, RED, WHITE, flat, make_video, tone, video_of


class SquareDetector:
    """Finds the red square on anything else."""

    name = "squares"

    def __init__(self) -> None:
        self.calls = 0

    def detect(self, frames: Pixels) -> list[Detections]:
        self.calls += len(frames)
        return [_red(frame) for frame in frames]


def _red(frame: Pixels) -> Detections:
    rows, columns = np.nonzero((frame[..., 0] > 150) & (frame[..., 1:].max(axis=2) < 90))
    if not len(rows):
        return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32), ())
    height, width = frame.shape[:2]
    box = [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]
    return Detections(np.array([box], np.float32), np.array([0.9], np.float32), ("coco:1",))


class ColourEncoder:
    """The mean colour as a unit vector; the class is the strongest channel."""

    name = "colours"
    dim = 3

    def __init__(self) -> None:
        self.batches: list[int] = []

    def encode(self, frames: Pixels) -> PictureFeatures:
        self.batches.append(len(frames))
        means = frames.reshape(len(frames), -1, 3).mean(axis=1).astype(np.float32) + 1
        vectors = means / np.linalg.norm(means, axis=1, keepdims=True)
        return PictureFeatures(vectors, np.pad(means / means.sum(axis=1, keepdims=True), ((0, 0), (0, 17))), vectors)

    encode_sequence = encode


class StripeReader:
    """Reads a dark bar as a text, another one for short bars."""

    name = "stripes"

    def __init__(self) -> None:
        self.calls = 0

    def read(self, frame: Pixels) -> list[TextBox]:
        self.calls += 1
        dark = (frame.max(axis=2) < 60).mean(axis=1) > 0.2
        if not dark.any():
            return []
        share = float((frame[dark].max(axis=2) < 60).mean())
        return [TextBox("a long caption" if share > 0.5 else "END", 0.8, (0.0, 0.8, share, 1.0))]


def observe(decoder: Decoder, path: Path, observer: Observer) -> tuple[Video, StageOutput]:
    video = video_of(path, decoder)
    return video, watch(path, video, [observer], decoder)[observer.name]


def seconds(records: Sequence[object], kind: type) -> list[tuple[float, float]]:
    assert all(isinstance(record, kind) for record in records)
    return [tuple(round(edge, 3) for edge in record.span.seconds) for record in records]  # type: ignore[attr-defined,misc]


def test_cuts_are_found_at_their_ticks_and_scenes_cover_the_video(decoder: Decoder, tmp_path: Path) -> None:
    pictures = [flat(RED)] * 40 + [flat(GREEN)] * 30 + [flat(BLUE)] * 30
    _, output = observe(decoder, make_video(tmp_path / "a.mp4", pictures), SceneObserver())
    assert seconds(output.records, Scene) == [(0, 1.6), (1.6, 2.8), (2.8, 4.0)]


def test_cuts_of_a_variable_rate_stand_at_the_file_s_times(decoder: Decoder, tmp_path: Path) -> None:
    stamps = [*range(0, 2000, 100), *range(2000, 4000, 25)]
    pictures = [flat(RED)] * 10 + [flat(GREEN)] * 50 + [flat(BLUE)] * 40
    path = make_video(tmp_path / "a.mkv", pictures, stamps=stamps, time_base=Fraction(1, 1000))
    _, output = observe(decoder, path, SceneObserver())
    assert [start for start, _ in seconds(output.records, Scene)] == [0, 1.0, 3.0]


@pytest.mark.parametrize("count", [1, 2, 50])
def test_a_video_without_a_cut_is_one_scene(decoder: Decoder, tmp_path: Path, count: int) -> None:
    video, output = observe(decoder, make_video(tmp_path / "a.mp4", [flat(RED)] * count), SceneObserver())
    assert [record.span for record in output.records] == [video.whole]


def test_a_pan_is_no_cut(decoder: Decoder, tmp_path: Path) -> None:
    wide = cv2.resize(np.random.default_rng(5).integers(0, 255, (12, 80, 3), np.uint8), (640, 96))
    pictures = [np.ascontiguousarray(wide[:, 6 * i : 6 * i + 160]) for i in range(75)]
    _, output = observe(decoder, make_video(tmp_path / "a.mp4", pictures), SceneObserver())
    assert len(output.records) == 1


def test_scenes_without_a_known_frame_rate(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 40 + [flat(BLUE)] * 40)
    video = dataclasses.replace(video_of(path, decoder), frame_rate=Fraction(0))
    output = watch(path, video, [SceneObserver()], decoder)["scenes"]
    assert seconds(output.records, Scene) == [(0, 1.6), (1.6, 3.2)]


def test_pictures_are_encoded_once_a_second_and_unchanged_ones_once(decoder: Decoder, tmp_path: Path) -> None:
    encoder = ColourEncoder()
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 150 + [flat(BLUE)] * 150)
    video, output = observe(decoder, path, PictureObserver(encoder))
    (blob,) = output.blobs
    with np.load(io.BytesIO(blob.data), allow_pickle=False) as file:
        ticks, vectors, ids = file["ticks"], file["vectors"], file["top_ids"]
        assert file["top_probabilities"].shape == (12, 16)
        assert (vectors.dtype, ids.dtype, file["features"].dtype) == (np.float16, np.int32, np.float16)
    assert (ticks * video.time_base).tolist() == list(range(12))
    assert sum(encoder.batches) == 2
    assert ids[:, 0].tolist() == [0] * 6 + [2] * 6
    assert np.allclose(vectors[0], vectors[5])


def test_objects_move_and_are_named_by_their_colour(decoder: Decoder, tmp_path: Path) -> None:
    pictures = []
    for i in range(100):
        picture = flat(BLUE)
        picture[30:70, i : i + 40] = RED
        pictures.append(picture)
    _, output = observe(decoder, make_video(tmp_path / "a.mp4", pictures), ObjectObserver(SquareDetector()))
    with np.load(io.BytesIO(output.blobs[0].data), allow_pickle=False) as file:
        assert file["frames"].shape == (4,)
        assert file["concepts"].tolist() == ["coco:1"] * 4
        assert file["colours"].tolist() == ["red"] * 4
        assert file["boxes"][:, 0] == pytest.approx(np.array([0, 25, 50, 75]) / 160, abs=0.03)


def test_no_objects_is_an_empty_table(decoder: Decoder, tmp_path: Path) -> None:
    detector = SquareDetector()
    path = make_video(tmp_path / "a.mp4", [flat(GREEN)] * 100)
    _, output = observe(decoder, path, ObjectObserver(detector))
    with np.load(io.BytesIO(output.blobs[0].data), allow_pickle=False) as file:
        assert file["boxes"].shape == (0, 4)
        assert len(file["frames"]) == 4
    assert detector.calls == 1, "an unchanged frame is not looked at again"


def test_screen_text_is_one_span_while_it_stays(decoder: Decoder, tmp_path: Path) -> None:
    caption = flat(WHITE)
    caption[76:, :120] = 0
    other = flat(WHITE)
    other[76:, :40] = 0
    reader = StripeReader()
    pictures = [flat(WHITE)] * 100 + [caption] * 150 + [other] * 50
    path = make_video(tmp_path / "a.mp4", pictures)
    video, output = observe(decoder, path, ScreenTextObserver(reader))
    assert seconds(output.records, ScreenText) == [(4.0, 10.0), (10.0, 12.0)]
    first = output.records[0]
    assert isinstance(first, ScreenText)
    assert first.text == "a long caption"
    assert first.box[1] == pytest.approx(0.8, abs=0.05)
    assert reader.calls == 3, "unchanged frames are not read again"
    assert output.records[-1].span.end == video.duration


def test_thumbnails_stand_each_two_seconds(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED, 640, 360)] * 60 + [flat(BLUE, 640, 360)] * 60)
    video, output = observe(decoder, path, ThumbnailObserver())
    ticks = [round(second / video.time_base) for second in (0, 2, 4)]
    assert [blob.name for blob in output.blobs] == [f"{tick:012d}.jpg" for tick in ticks]
    picture = cv2.imdecode(np.frombuffer(output.blobs[0].data, np.uint8), cv2.IMREAD_COLOR_RGB)
    assert picture.shape == (180, 320, 3)
    assert np.abs(picture[90, 160].astype(int) - RED).max() < 12


def facts(decoder: Decoder, path: Path) -> set[str]:
    _, output = observe(decoder, path, VisualStatsObserver())
    assert all(isinstance(record, Fact) for record in output.records)
    return {record.text for record in output.records if isinstance(record, Fact)}


def test_look_says_what_is_measured(decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    grey = [np.repeat(random.integers(0, 255, (160, 96, 1), np.uint8), 3, axis=2) for _ in range(100)]
    found = facts(decoder, make_video(tmp_path / "a.mp4", grey))
    assert {"vertical video 竖屏视频", "black and white 黑白", "no sound track 无声", "short video 短视频"} <= found
    assert "still image 静态图片" not in found
    found = facts(decoder, make_video(tmp_path / "b.mp4", [flat(RED)] * 125, sound=tone(5)))
    assert "still image 静态图片" in found
    assert not {"vertical video 竖屏视频", "black and white 黑白", "no sound track 无声"} & found
    walking = [flat(RED) for _ in range(125)]
    for number, frame in enumerate(walking):
        frame[40:52, number : number + 8] = BLUE
    assert "still image 静态图片" not in facts(decoder, make_video(tmp_path / "c.mp4", walking))


def test_look_tells_that_a_video_is_cut_off(decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    pictures = [random.integers(0, 255, (96, 160, 3), np.uint8) for _ in range(100)]
    path = make_video(tmp_path / "a.mp4", pictures, options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert any(text.startswith("TRUNCATED: ") for text in facts(decoder, path))


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        (RED, "red"),
        (GREEN, "green"),
        (BLUE, "blue"),
        (WHITE, "white"),
        ((10, 10, 10), "black"),
        ((128, 128, 128), "grey"),
        ((240, 220, 30), "yellow"),
        ((245, 140, 20), "orange"),
        ((110, 65, 25), "brown"),
        ((130, 40, 160), "purple"),
        ((245, 120, 190), "pink"),
    ],
)
def test_the_eleven_basic_colours(colour: tuple[int, int, int], name: str) -> None:
    assert dominant_colour(flat(colour)) == name


def test_all_observers_share_one_pass(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 50 + [flat(BLUE)] * 50)
    video = video_of(path, decoder)
    observers = [
        SceneObserver(),
        PictureObserver(ColourEncoder()),
        ObjectObserver(SquareDetector()),
        ScreenTextObserver(StripeReader()),
        ThumbnailObserver(),
        VisualStatsObserver(),
    ]
    shares: list[float] = []
    one = watch(path, video, observers, decoder, shares.append)
    two = watch(path, video, observers, decoder)
    assert set(one) == {"scenes", "pictures", "objects", "screentext", "thumbnails", "visual_stats"}
    for output in (one, two):
        output.update((name, dataclasses.replace(found, seconds=0.0)) for name, found in output.items())
    assert one == two, "the same file gives the same records and the same bytes"
    assert 0 < max(shares) <= 1


@pytest.mark.parametrize(("detector", "own"), [("adaptive", AdaptiveDetector), ("content", ContentDetector)])
def test_cut_candidates_are_those_of_pyscenedetect_itself(detector: str, own: type[ContentDetector]) -> None:
    video = Video(
        "vid_a", "0" * 64, 1, 45 * 3600, Fraction(1, 90_000), 0, 32, 24, 0, Fraction(25), False, "h264", "", "mp4"
    )
    rng = np.random.default_rng(5)
    shots = rng.integers(0, 256, (5, 24, 32, 3)).repeat(9, axis=0)
    pixels = np.clip(shots + rng.integers(-9, 10, shots.shape), 0, 255).astype(np.uint8)
    observer, theirs = SceneObserver(SceneConfig(detector=detector)), own(min_scene_len=0)
    observer.start(video)
    expected: list[int] = []
    for i, picture in enumerate(pixels):
        time = FrameTimecode(Timecode(pts=i * 3600, time_base=video.time_base), fps=Fraction(25))
        expected += [cut.pts for cut in theirs.process_frame(time, picture[..., ::-1].copy())]
    for first in range(0, len(pixels), 7):
        ticks = np.arange(first, min(first + 7, len(pixels))) * 3600
        observer.see(Frames("scenes", pixels[first : first + 7], ticks, video.time_base))
    assert [tick for tick, cut in observer._candidates if cut] == expected
    assert len(expected) == 4


def test_evidence_of_a_video_that_is_cut_off_ends_with_its_pictures(decoder: Decoder, tmp_path: Path) -> None:
    random = np.random.default_rng(2)
    pictures = [random.integers(100, 255, (96, 160, 3), np.uint8) for _ in range(100)]
    for picture in pictures:
        picture[76:, :120] = 0
    path = make_video(tmp_path / "a.mp4", pictures, options={"movflags": "+faststart"})
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    video = video_of(path, decoder)
    observers: list[Observer] = [SceneObserver(), ScreenTextObserver(StripeReader()), VisualStatsObserver()]
    found = watch(path, video, observers, decoder)
    ends = {name: max(record.span.seconds[1] for record in output.records) for name, output in found.items()}
    assert set(ends) == {"scenes", "screentext", "visual_stats"}
    assert all(1.5 < end < 2.5 for end in ends.values()), ends

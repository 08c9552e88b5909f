"""Settings choose what clips and videos are found by; only vectors are made anew, and nothing is decoded again."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.spaces import collections, video_collections
from kinodex.perception import perception_config
from pipeline.decode.decoder import Decoder
from pipeline.derive.vectors import VectorConfig
from pipeline.perceive import PerceptionConfig, PerceptionContext, VideoFile, perceive
from pipeline.perception import stages
from pipeline.stage import fingerprints, pending, settings_of
from stores.core.errors import KinodexError, UsageError
from stores.core.ids import sha256_of, video_id
from stores.core.records import Clip, StageOutput, VectorItem
from tests.unit.pipeline.media import BLUE, GREEN, RED, flat, make_video
from tests.unit.pipeline.test_perceive import Remembered, Toys, run


class Untouchable:
    """In place of the decoder, where nothing may be decoded."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the decoder was asked for {name}")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Remembered]:
    """A film of 24 s in three colours, seen with the default settings."""
    pictures = [flat(RED)] * 50 + [flat(GREEN)] * 30 + [flat(BLUE)] * 40
    path = make_video(tmp_path_factory.mktemp("film") / "film.mp4", pictures, rate=5)
    memory = Remembered()
    with Decoder() as decoder:
        memory.outputs.update(cast(Any, run(path, decoder, Toys(), memory=memory)))
    return path, memory


def vectors_of(known: tuple[Path, Remembered], **settings: Any) -> tuple[VectorItem, ...]:
    """The vectors that these settings give, from what is stored."""
    path, memory = known
    config = PerceptionConfig(vectors=VectorConfig(**settings))
    done = fingerprints(stages(cast(Encoders, Toys())))
    left = pending(stages(cast(Encoders, Toys()), config), done)
    assert [stage.name for stage in left] == (["vectors"] if settings else [])
    sha = sha256_of(path)
    file = VideoFile(path.with_name("not needed any more"), video_id(sha), sha)
    context = PerceptionContext(cast(Encoders, Toys()), cast(Decoder, Untouchable()), list, config)
    ((name, outcome),) = perceive(file, ["vectors"], memory, context)
    assert name == "vectors"
    assert isinstance(outcome, StageOutput), outcome
    return outcome.vectors


def in_collection(items: tuple[VectorItem, ...], name: str) -> list[VectorItem]:
    return [item for item in items if item.collection == name]


def test_the_default_is_what_it_was() -> None:
    names = {"frames_per_centroid", "most_centroids", "window_characters", "window_seconds"}
    assert settings_of(VectorConfig()).keys() == names
    assert settings_of(VectorConfig(clip="mean", video="mean")).keys() == {*names, "clip", "video"}


def test_clips_are_fused_as_the_settings_say(known: tuple[Path, Remembered]) -> None:
    picture = collections(cast(Any, Toys())).picture
    kmeans, mean, single = (
        in_collection(vectors_of(known, **each), picture) for each in ({}, {"clip": "mean"}, {"clip": "single"})
    )
    clips = [record for record in known[1].records("clips") if isinstance(record, Clip)]
    assert len(kmeans) == len(mean) == len(single) == len(clips) == 3
    for items in (mean, single):
        assert all(np.linalg.norm(item.vector) == pytest.approx(1, abs=1e-5) for item in items)
        # Each clip shows one colour.
        assert [int(item.vector.argmax()) for item in items] == [0, 1, 2]
    many = vectors_of(known, frames_per_centroid=2)
    assert len(in_collection(many, picture)) > 3 - 1


def test_videos_get_vectors_of_their_own(known: tuple[Path, Remembered]) -> None:
    plain = vectors_of(known)
    items = vectors_of(known, video="mean")
    (name,) = video_collections(cast(Any, Toys()), ["mean"])
    (whole,) = in_collection(items, name)
    video = known[1].video
    assert video is not None
    assert whole.span == video.whole
    assert (whole.clip_id, whole.evidence_id, whole.channel) == ("", "", "picture")
    assert len(items) == len(plain) + 1
    assert {item.collection for item in plain} | {name} == {item.collection for item in items}
    # Ten of 24 seconds are red, six green, eight blue.
    assert np.argsort(whole.vector).tolist() == [1, 2, 0]
    (name,) = video_collections(cast(Any, Toys()), ["kmeans"])
    assert len(in_collection(vectors_of(known, video="kmeans", frames_per_centroid=8), name)) == 3


def test_a_trained_head_needs_weights_and_the_right_frames(known: tuple[Path, Remembered], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="needs video_weights"):
        VectorConfig(video="clip2video")
    path, memory = known
    sha = sha256_of(path)
    config = PerceptionConfig(vectors=VectorConfig(video="clip2video", video_weights=str(tmp_path / "none")))
    context = PerceptionContext(cast(Encoders, Toys()), cast(Decoder, Untouchable()), list, config)
    ((_, outcome),) = perceive(VideoFile(path, video_id(sha), sha), ["vectors"], memory, context)
    assert isinstance(outcome, KinodexError)
    assert outcome.code.name == "MODEL_MISSING"


def test_weights_count_by_their_content_not_by_their_place(tmp_path: Path) -> None:
    def config_of(name: str, content: bytes, **more: Any) -> PerceptionConfig:
        (tmp_path / name).write_bytes(content)
        path = str(tmp_path / name)
        return perception_config({"vectors": {"video": "clip4clip-seqLSTM", "video_weights": path, **more}})

    def print_of(config: PerceptionConfig) -> str:
        return fingerprints(stages(cast(Encoders, Toys()), config))["vectors"]

    one, two, other = config_of("one", b"1"), config_of("two", b"1"), config_of("other", b"2")
    assert print_of(one) == print_of(two) != print_of(other)
    assert one.vectors.head is not None
    assert one.vectors.head.sha256 == sha256_of(tmp_path / "one")
    assert config_of("one", b"1", video_sha256="0" * 64).vectors.video_sha256 == "0" * 64


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"video": "clip2video"}, "needs video_weights"),
        ({"video": "clip2video", "video_weights": "/nowhere/pytorch_model.bin"}, "cannot be read"),
        ({"video": "valley"}, "'none' or 'mean'"),
        ({"clip": "median"}, "'kmeans' or 'mean' or 'single'"),
    ],
)
def test_settings_that_cannot_be(table: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as error:
        perception_config({"vectors": table})
    assert error.value.code.name == "SETTINGS_INVALID"
    assert said in f"{error.value.message} {error.value.hint}"


def test_configs_can_be_sent_to_workers() -> None:
    import pickle

    config = PerceptionConfig(vectors=VectorConfig(video="mean"))
    assert pickle.loads(pickle.dumps(config)) == config
    assert dataclasses.replace(config.vectors, video="none").head is None

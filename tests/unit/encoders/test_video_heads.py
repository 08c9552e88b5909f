"""What whole videos are found by: fused frames, and the trained heads of CLIP4Clip and CLIP2Video by official files."""

from __future__ import annotations

import hashlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from encoders.adapters.hf_clip import load
from encoders.heads.specs import HeadSpec
from encoders.heads.video import open_head
from encoders.reference.clip.model import ClipConfig
from encoders.reference.clip2video.model import Clip2Video, Clip2VideoConfig
from encoders.reference.clip4clip.base import Clip4ClipConfig
from encoders.reference.clip4clip.loading import clip4clip
from encoders.spaces import is_of_videos, video_collections
from encoders.types import WeightsError
from tests.unit.encoders import hf_models

CLIP = ClipConfig(
    embed_dim=12,
    image_resolution=32,
    vision_layers=1,
    vision_width=16,
    vision_heads=1,
    vision_patch_size=8,
    context_length=14,
    vocab_size=64,
    text_width=8,
    text_heads=1,
    text_layers=1,
)


class Towers:
    """A profile with CLIP as its picture model."""

    def __init__(self, model):
        self.image = self.image_text = model

    def revision(self, task):
        return f"{task}@1"


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    folder = tmp_path_factory.mktemp("clip")
    hf_models.clip(folder)
    return load(hf_models.context(folder, 12))


@pytest.fixture(scope="module")
def frames(clip):
    pictures = np.random.default_rng(3).integers(0, 256, (20, 32, 32, 3), np.uint8)
    return clip.encode(pictures)


def checkpoint(tmp_path, model, clip, change=None):
    """An official file of a model that was trained with this CLIP: CLIP in half precision."""
    state = model.state_dict()
    state["clip.visual.proj"] = torch.from_numpy(clip.projection.T.copy())
    state = {name: tensor.half() if name.startswith("clip.") else tensor for name, tensor in state.items()}
    if change:
        change(state)
    path = tmp_path / "pytorch_model.bin.4"
    torch.save(state, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def made(name, seed=0):
    torch.manual_seed(seed)
    if name == "clip2video":
        return Clip2Video(Clip2VideoConfig(CLIP, temporal_layers=2, temporal_heads=1, centers=3)).eval()
    head = name.removeprefix("clip4clip-")
    return clip4clip(Clip4ClipConfig(CLIP, head, 2 if head == "seqTransf" else 4, 1)).eval()


def test_lengths_are_those_of_the_projected_features(clip, frames):
    assert frames.lengths.shape == (20,)
    assert frames.lengths.dtype == np.float32
    assert (frames.lengths > 0).all()
    assert len(set(frames.lengths.round(4).tolist())) > 1
    assert clip.projection.shape == (12, 16)


def test_fused_frames(frames):
    texts = SimpleNamespace(encode_queries=lambda texts: np.eye(12, dtype=np.float32)[: len(texts)])
    encoders = SimpleNamespace(image_text=texts)
    one = open_head(HeadSpec("mean"), encoders)
    (vector,) = one.vectors(frames.vectors, None)
    mean = frames.vectors.mean(axis=0)
    np.testing.assert_allclose(vector, [mean / np.linalg.norm(mean)], atol=1e-6)
    assert one.queries(["a", "b"])[0].shape == (2, 12)
    (vectors,) = open_head(HeadSpec("kmeans", frames_per_centroid=6), encoders).vectors(frames.vectors, None)
    assert vectors.shape == (3, 12)
    (few,) = open_head(HeadSpec("clip4clip-meanP", frames=3), encoders).vectors(frames.vectors, None)
    chosen = frames.vectors[[0, 9, 19]].mean(axis=0)
    np.testing.assert_allclose(few, [chosen / np.linalg.norm(chosen)], atol=1e-6)


@pytest.mark.parametrize("name", ["clip4clip-seqTransf", "clip4clip-seqLSTM"])
@pytest.mark.parametrize("count", [1, 5, 20])
def test_clip4clip_over_stored_vectors_is_the_official_model(tmp_path, clip, frames, name, count):
    model = made(name)
    path, sha256 = checkpoint(tmp_path, model, clip)
    head = open_head(HeadSpec(name, str(path), sha256, frames=4), Towers(clip))
    (vector,) = head.vectors(frames.vectors[:count], frames.lengths[:count])
    rows = np.linspace(0, count - 1, min(4, count)).astype(int)
    raw = torch.from_numpy(frames.vectors[rows] * frames.lengths[rows, None])[None]
    with torch.inference_mode():
        wanted = model.video_vectors(raw, torch.ones(1, len(rows)))
    np.testing.assert_allclose(vector, wanted.numpy(), atol=1e-5)
    (text,) = head.queries(["a red bus", "a cat"])
    assert text.shape == (2, 12)
    np.testing.assert_allclose(np.linalg.norm(text, axis=1), 1, atol=1e-5)
    (alone,) = head.queries(["a cat"])
    np.testing.assert_allclose(alone[0], text[1], atol=1e-5)
    assert head.shares == (1.0,)


@pytest.mark.parametrize("count", [1, 2, 20])
def test_clip2video_over_stored_vectors_is_the_official_model(tmp_path, clip, frames, count):
    model = made("clip2video")
    path, sha256 = checkpoint(tmp_path, model, clip)
    head = open_head(HeadSpec("clip2video", str(path), sha256, frames=12), Towers(clip))
    whole, aligned = head.vectors(frames.vectors[:count], frames.lengths[:count])
    rows = np.linspace(0, count - 1, min(12, count)).astype(int)
    raw = torch.zeros(1, 12, 12)
    raw[0, : len(rows)] = torch.from_numpy(frames.vectors[rows] * frames.lengths[rows, None])
    mask = (torch.arange(12)[None] < len(rows)).long()
    with torch.inference_mode():
        wanted = model.encode_video(raw, mask)  # as official: always padded to 12 frames
    np.testing.assert_allclose(whole, wanted.whole.numpy(), atol=1e-4)
    np.testing.assert_allclose(aligned, wanted.aligned.numpy(), atol=1e-4)
    assert sum(head.shares) == 1
    both, alone = head.queries(["a red bus on the street", "a cat"]), head.queries(["a cat"])
    for two, one in zip(both, alone, strict=True):
        np.testing.assert_allclose(two[1], one[0], atol=1e-5)


def test_a_head_of_another_clip_is_refused(tmp_path, clip):
    other = made("clip4clip-seqTransf", 5)
    fresh = other.state_dict()["clip.visual.proj"].half()
    path, sha256 = checkpoint(tmp_path, other, clip, lambda state: state.update({"clip.visual.proj": fresh}))
    with pytest.raises(WeightsError, match="not trained with tiny") as error:
        open_head(HeadSpec("clip4clip-seqTransf", str(path), sha256), Towers(clip))
    assert "video" in error.value.hint
    path, sha256 = checkpoint(tmp_path, made("clip4clip-seqTransf"), clip)
    with pytest.raises(WeightsError, match="frame vectors of 12 numbers, and those of words have 384"):
        open_head(HeadSpec("clip4clip-seqTransf", str(path), sha256), Towers(SimpleNamespace(name="words", dim=384)))


def test_files_that_do_not_fit_are_refused(tmp_path, clip, frames):
    path, sha256 = checkpoint(tmp_path, made("clip4clip-seqTransf"), clip)
    towers = Towers(clip)
    with pytest.raises(WeightsError, match="SHA-256"):
        open_head(HeadSpec("clip4clip-seqTransf", str(path), "0" * 64), towers)
    with pytest.raises(WeightsError, match=r"does not fit|no checkpoint") as error:
        open_head(HeadSpec("clip2video", str(path), sha256), towers)
    assert error.value.kind == "corrupt"
    with pytest.raises(WeightsError) as error:
        open_head(HeadSpec("clip2video", str(tmp_path / "none"), sha256), towers)
    assert error.value.kind == "missing"
    with pytest.raises(WeightsError, match="positions for 14 frames, not for 15"):
        open_head(HeadSpec("clip4clip-seqTransf", str(path), sha256, frames=15), towers)
    head = open_head(HeadSpec("clip4clip-seqTransf", str(path), sha256), towers)
    with pytest.raises(WeightsError, match="do not tell their lengths"):
        head.vectors(frames.vectors, None)
    path, sha256 = checkpoint(
        tmp_path,
        made("clip4clip-seqTransf"),
        clip,
        lambda state: state.update({"clip.visual.conv2.weight": torch.zeros(16, 3, 3, 8, 8)}),
    )
    with pytest.raises(WeightsError, match="several frames at once"):
        open_head(HeadSpec("clip4clip-seqTransf", str(path), sha256), towers)


def test_each_head_has_its_own_collections(clip):
    specs = [HeadSpec("mean"), HeadSpec("kmeans"), HeadSpec("clip2video", "x", "a" * 64), HeadSpec("clip2video", "x")]
    names = [video_collections(Towers(clip), spec.collections) for spec in specs]
    assert len({name for each in names for name in each}) == 6
    assert all(is_of_videos(name) for each in names for name in each)
    assert names[0] == ("video-mean-image-1-image-text-1",)
    assert not is_of_videos("picture-image-1")

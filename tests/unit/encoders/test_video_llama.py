"""Video-LLaMA loads from its several checkpoints, says what does not fit, and prepares pictures, sound and prompts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from encoders.reference.fbank import fbank
from encoders.reference.qformer.eva_vit import EvaVit, EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.video_llama.audio import VideoLlamaAudio, VideoLlamaAudioConfig
from encoders.reference.video_llama.imagebind_audio import ImageBindAudioConfig, Scale
from encoders.reference.video_llama.loading import load_video_llama_audio, load_video_llama_vision
from encoders.reference.video_llama.preprocessing import (
    DEVIATION,
    MEAN,
    audio_clip_starts,
    audio_clips,
    frame_indices,
    head_tail_indices,
    preprocess,
    time_line,
)
from encoders.reference.video_llama.prompts import clean_answer, interleave, pieces, prompt
from encoders.reference.video_llama.vision import VideoLlamaVision, VideoLlamaVisionConfig
from encoders.types import WeightsError

NARROW = {"width": 16, "layers": 2, "heads": 2, "inner": 24, "text": False}
VISION = VideoLlamaVisionConfig(
    vision=EvaVitConfig(size=28, patch=14, width=12, depth=1, heads=2),
    qformer=QFormerConfig(source_width=12, **NARROW),
    video_qformer=QFormerConfig(source_width=16, cross_every=1, **NARROW),
    queries=3,
    video_queries=2,
    frames=4,
    llama_width=6,
)
AUDIO = VideoLlamaAudioConfig(
    imagebind=ImageBindAudioConfig(mel_bins=32, frames=56, width=8, blocks=1, heads=2, embed_dim=10),
    qformer=QFormerConfig(source_width=10, cross_every=1, **NARROW),
    queries=2,
    clips=3,
    llama_width=6,
)
PADDED = 4.268 / 9.138


@pytest.fixture(scope="module")
def vision():
    torch.manual_seed(0)
    return VideoLlamaVision(VISION).eval().requires_grad_(False)


@pytest.fixture(scope="module")
def audio():
    torch.manual_seed(1)
    return VideoLlamaAudio(AUDIO).eval().requires_grad_(False)


@pytest.fixture
def releases(tmp_path, vision, audio):
    """The official files, in loading order: tower, ImageBind, BLIP-2, MiniGPT-4, vision branch, audio branch."""
    state = {name: tensor.clone() for name, tensor in (vision.state_dict() | audio.state_dict()).items()}

    def named(*prefixes):
        return {name: tensor for name, tensor in state.items() if name.startswith(prefixes)}

    def bare(prefix):
        return {name.removeprefix(prefix): tensor for name, tensor in named(prefix).items()}

    tower = {name: tensor.half() for name, tensor in bare("visual_encoder.").items()}
    blip2 = named("Qformer.", "query_tokens", "ln_vision.") | {
        "Qformer.bert.embeddings.word_embeddings.weight": torch.zeros(3, 16),
        "Qformer.bert.embeddings.position_ids": torch.arange(8)[None],
        "Qformer.bert.encoder.layer.0.intermediate.dense.weight": torch.zeros(24, 16),
        "Qformer.bert.encoder.layer.0.output.LayerNorm.bias": torch.zeros(16),
        "Qformer.cls.predictions.bias": torch.zeros(3),
        "t5_proj.weight": torch.zeros(2, 2),
        "temp": torch.tensor(0.07),
    }
    files = {
        "eva.pth": tower | {"blocks.1.norm1.weight": torch.zeros(12), "head.weight": torch.zeros(1)},
        "imagebind.pth": bare("audio_encoder.") | {"modality_heads.vision.0.weight": torch.zeros(1)},
        "blip2.pth": {"model": blip2},
        "minigpt4.pth": {"model": {name: tensor + 1 for name, tensor in named("llama_proj.").items()}},
        "vision.pth": {
            "model": named("video_", "llama_proj.")
            | {"video_Qformer.bert.embeddings.position_ids": torch.arange(8)[None]},
            "iteration": 3,
        },
        "audio.pth": {"model": named("audio_position", "audio_query", "audio_Qformer", "audio_llama")},
    }
    for name, content in files.items():
        torch.save(content, tmp_path / name)
    torch.save(state | {"llama_model.lm_head.weight": torch.zeros(1)}, tmp_path / "finetuned.pth")
    return tmp_path


def paths(folder, *names):
    return [folder / f"{name}.pth" for name in names]


def test_branches_from_one_after_another(releases, vision, audio):
    seeing = load_video_llama_vision(paths(releases, "eva", "blip2", "minigpt4", "vision"), VISION)
    hearing = load_video_llama_audio(paths(releases, "imagebind", "audio"), AUDIO)
    for loaded, made in ((seeing, vision), (hearing, audio)):
        assert not loaded.training
        assert not any(parameter.requires_grad for parameter in loaded.parameters())
        for name, tensor in loaded.state_dict().items():
            assert tensor.dtype == torch.float32
            torch.testing.assert_close(tensor, made.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_later_files_count(releases, vision):
    loaded = load_video_llama_vision(paths(releases, "eva", "blip2", "vision", "minigpt4"), VISION)
    assert torch.equal(loaded.llama_proj.weight, vision.llama_proj.weight + 1)


def test_branches_from_one_file_of_everything(releases, vision, audio):
    seeing = load_video_llama_vision(releases / "finetuned.pth", VISION)
    hearing = load_video_llama_audio(releases / "finetuned.pth", AUDIO)
    video, clips = torch.ones(1, 3, 2, 28, 28), torch.ones(1, 2, 1, 32, 56)
    assert torch.equal(seeing(video), vision(video))
    assert torch.equal(hearing(clips), audio(clips))


def test_a_forgotten_file_is_noticed(releases):
    with pytest.raises(WeightsError, match=r"missing: query_tokens, ln_vision\.weight"):
        load_video_llama_vision(paths(releases, "eva", "minigpt4", "vision"), VISION)
    with pytest.raises(WeightsError, match=r"missing: audio_encoder\."):
        load_video_llama_audio(paths(releases, "audio"), AUDIO)
    with pytest.raises(WeightsError, match="No checkpoint was given"):
        load_video_llama_vision([], VISION)


def test_a_file_that_brings_nothing_is_named(releases):
    with pytest.raises(WeightsError, match=r"audio\.pth holds no tensor of VideoLlamaVision"):
        load_video_llama_vision(paths(releases, "eva", "blip2", "vision", "audio"), VISION)


def test_what_does_not_fit_is_named(releases):
    wrong = {"llama_proj.bias": torch.zeros(7), "video_more.weight": torch.zeros(1)}
    torch.save({"model": wrong}, releases / "wrong.pth")
    with pytest.raises(WeightsError) as raised:
        load_video_llama_vision(paths(releases, "eva", "blip2", "vision", "wrong"), VISION)
    assert "unexpected: video_more.weight" in raised.value.message
    assert "llama_proj.bias (7,) instead of (6,)" in raised.value.message


def test_inputs_that_do_not_fit(vision, audio):
    for video in (torch.zeros(3, 2, 28, 28), torch.zeros(1, 3, 5, 28, 28), torch.zeros(1, 3, 0, 28, 28)):
        with pytest.raises(ValueError, match="0 < t <= 4"):
            vision(video)
    with pytest.raises(ValueError, match="pictures must be"):
        vision(torch.zeros(1, 3, 2, 14, 28))
    with pytest.raises(ValueError, match="0 < s <= 3"):
        audio(torch.zeros(1, 4, 1, 32, 56))
    with pytest.raises(ValueError, match="clips must be"):
        audio(torch.zeros(1, 2, 1, 32, 55))


def test_parts_that_do_not_fit():
    with pytest.raises(ValueError, match="do not divide"):
        EvaVit(EvaVitConfig(size=28, patch=13, width=12, depth=1, heads=2))
    with pytest.raises(ValueError, match="as wide as"):
        VideoLlamaVision(VideoLlamaVisionConfig(vision=VISION.vision))
    with pytest.raises(ValueError, match="as wide as"):
        VideoLlamaAudio(VideoLlamaAudioConfig(imagebind=AUDIO.imagebind))


def test_videos_of_a_batch_do_not_mix(vision):
    videos = torch.linspace(-2, 2, 2 * 3 * 3 * 28 * 28).sin().reshape(2, 3, 3, 28, 28)
    both = vision(videos)
    torch.testing.assert_close(both[1:], vision(videos[1:]), atol=1e-5, rtol=1e-4)
    assert (both[0] - both[1]).abs().max() > 1e-4


def test_the_scale_of_sound_has_a_bound():
    scale = Scale().requires_grad_(False)
    assert float(scale(torch.ones(()))) == pytest.approx(20)
    scale.log_logit_scale.fill_(9)
    assert float(scale(torch.ones(()))) == 100


@pytest.mark.parametrize("wanted", [4, 8, 10, 12, 16, 20, 32, 100])
def test_frames_are_as_many_as_wanted(wanted):
    for total in (1, wanted - 1, wanted, 113, 114, 1997):
        indices = frame_indices(total, wanted)
        assert len(indices) == min(total, wanted)
        assert indices[0] == 0
        assert all(step > 0 for step in np.diff(indices))
        assert indices[-1] < total


def test_training_frames_come_from_both_halves():
    indices = head_tail_indices(101, 8, np.random.default_rng(2))
    assert indices == sorted(set(indices))
    assert sum(index < 50 for index in indices) == 4
    assert len(indices) == 8
    assert head_tail_indices(4, 8, np.random.default_rng(2)) == [0, 1, 2, 3]


def test_numbers_that_make_no_sense():
    for call in (
        lambda: frame_indices(0),
        lambda: frame_indices(9, 0),
        lambda: head_tail_indices(1, 8, np.random.default_rng(0)),
        lambda: time_line([], 25),
        lambda: time_line([0], 0),
        lambda: audio_clip_starts(0),
        lambda: audio_clips(torch.zeros(399)),
        lambda: preprocess(np.zeros((2, 224, 224, 3), np.float32)),
    ):
        with pytest.raises(ValueError):
            call()


def test_pixels_are_normalised_with_colours_first():
    frames = np.zeros((2, 224, 224, 3), np.uint8)
    frames[1, :, :, 2] = 255
    video = preprocess(frames)
    assert video.shape == (3, 2, 224, 224)
    for colour, value in ((0, 0), (1, 0), (2, 1)):
        expected = (value - MEAN[colour]) / DEVIATION[colour]
        assert video[colour, 1].unique().tolist() == pytest.approx([expected], abs=1e-6)


def test_other_sizes_are_squashed():
    frames = np.zeros((1, 40, 100, 3), np.uint8)
    frames[:, :, 50:] = 200
    video = preprocess(frames)
    assert video.shape == (3, 1, 224, 224)
    assert (video[:, 0, :, 10] < video[:, 0, :, -10]).all()


def tone(seconds, offset=0.0):
    steps = torch.arange(int(seconds * 16_000), dtype=torch.float64)
    return (0.1 * torch.sin(0.3 * steps) + offset).float()


def test_two_seconds_are_198_frames_and_padding():
    clips = audio_clips(tone(2.5), clips=2)
    assert clips.shape == (2, 1, 128, 204)
    assert clips[:, :, :, 198:].flatten().tolist() == pytest.approx([PADDED] * (2 * 128 * 6))
    assert not torch.isclose(clips[:, :, :, 197], torch.tensor(PADDED)).all()


def test_short_sound_is_padded():
    clips = audio_clips(tone(0.5), clips=2)
    frames = 1 + (8000 - 400) // 160
    assert clips.shape == (2, 1, 128, 204)
    assert (clips[:, :, :, frames:] - PADDED).abs().max() < 1e-6
    assert (clips[:, :, 40, frames - 1] - PADDED).abs().min() > 1e-3


def test_overlapping_clips_lose_several_means_and_the_caller_none():
    sound = tone(3, offset=0.5)
    sound[20_000:] += 0.25
    kept = sound.clone()
    clips = audio_clips(sound, clips=2)
    assert torch.equal(sound, kept)
    changed = sound.clone()
    changed[:32_000] -= changed[:32_000].mean()
    second = changed[8_000:40_000] - changed[8_000:40_000].mean()
    mel = (fbank(second, window="hanning").T + 4.268) / 9.138
    torch.testing.assert_close(clips[1, 0, :, :198], mel, atol=1e-4, rtol=1e-4)
    alone = sound[8_000:40_000] - sound[8_000:40_000].mean()
    assert ((fbank(alone, window="hanning").T + 4.268) / 9.138 - mel).abs().max() > 1e-2


def test_the_first_channel_is_heard():
    left, right = tone(2), torch.flip(tone(2), (0,)) * 0.3
    torch.testing.assert_close(audio_clips(torch.stack([left, right]), 1), audio_clips(left, 1), atol=1e-2, rtol=1e-2)
    assert (audio_clips(torch.stack([right, left]), 1) - audio_clips(left, 1)).abs().max() > 0.1


def test_prompts_are_cut_where_tokens_go():
    assert pieces("a<ImageHere>b<ImageHere>", 2) == ["a", "b", ""]
    with pytest.raises(ValueError, match="1 places for 2 blocks"):
        pieces("a<ImageHere>b", 2)


def test_tokens_go_between_the_pieces():
    texts = [torch.full((1, length, 2), float(length)) for length in (1, 3, 2)]
    blocks = [torch.full((1, 2, 2), -1.0), torch.full((1, 1, 2), -2.0)]
    assert interleave(texts, blocks)[0, :, 0].tolist() == [1, -1, -1, 3, 3, 3, -2, 2, 2]
    with pytest.raises(ValueError, match="do not fit"):
        interleave(texts, blocks[:1])


@pytest.mark.parametrize("turns", [[], [("", None)], [("a", "b")], [("a", None), ("b", None)]])
def test_prompts_wait_for_one_answer(turns):
    with pytest.raises(ValueError):
        prompt(turns, "vicuna")


def test_answers_are_cleaned():
    assert clean_answer("Assistant: A dog. ###Human: and", "vicuna") == "A dog."
    assert clean_answer(" A dog. </s>", "llama_2") == "A dog."
    assert clean_answer("ASSISTANT: A dog ### runs", "llama_2") == "A dog ### runs"

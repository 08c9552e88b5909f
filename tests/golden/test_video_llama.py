"""Video-LLaMA's branches give the official numbers, and its frames, clips and prompts are the official ones.

``python -m tests.golden.test_video_llama`` writes the numbers of `data/video_llama.json` anew.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from encoders.reference.qformer.eva_vit import EvaVit, EvaVitConfig
from encoders.reference.qformer.layers import QFormerConfig
from encoders.reference.video_llama.audio import VideoLlamaAudio, VideoLlamaAudioConfig
from encoders.reference.video_llama.imagebind_audio import ImageBindAudio, ImageBindAudioConfig
from encoders.reference.video_llama.preprocessing import audio_clip_starts, frame_indices, time_line
from encoders.reference.video_llama.prompts import about_audio_and_video, about_image, about_video, prompt
from encoders.reference.video_llama.vision import VideoLlamaVision, VideoLlamaVisionConfig
from tests.golden.conftest import assert_summary, fill, inp

DATA = Path(__file__).with_name("data") / "video_llama.json"
VIT = EvaVitConfig(size=28, patch=14, width=16, depth=2, heads=2)
IMAGEBIND = ImageBindAudioConfig(width=24, blocks=2, heads=2, embed_dim=16)
NARROW = {"width": 24, "layers": 2, "heads": 4, "inner": 48, "text": False}
VISION = VideoLlamaVisionConfig(
    vision=VIT,
    qformer=QFormerConfig(source_width=16, cross_every=2, **NARROW),
    video_qformer=QFormerConfig(source_width=24, cross_every=1, **NARROW),
    queries=3,
    video_queries=4,
    frames=6,
    llama_width=10,
)
AUDIO = VideoLlamaAudioConfig(
    imagebind=ImageBindAudioConfig(mel_bins=32, frames=56, width=24, blocks=1, heads=2, embed_dim=16),
    qformer=QFormerConfig(source_width=16, cross_every=1, **NARROW),
    queries=4,
    llama_width=10,
)


def closed_forms():
    """Name in ``closed_form.json`` to tensor: the parts with weights by rule, float64."""
    vit = fill(EvaVit(VIT).double().eval().requires_grad_(False))
    trunk = ImageBindAudio(IMAGEBIND).eval().requires_grad_(False)
    # The rule of this case counts the names without the scale, which stays ln 20, and rounds all to float32.
    counted = {name: tensor for name, tensor in trunk.state_dict().items() if "log_logit" not in name}
    fill(SimpleNamespace(state_dict=lambda: counted))
    trunk.double()
    token, vector = trunk(inp(2, 1, 128, 204, st=0.01))
    return {
        "eva_vit_small": vit(inp(1, 3, 28, 28)),
        "imagebind_audio_small_pre": token[None],
        "imagebind_audio_small": vector[None],
    }


def regressions():
    """Name to tensor of what `data/video_llama.json` keeps: the parts, and the two branches whole."""
    vision = fill(VideoLlamaVision(VISION).double().eval().requires_grad_(False))
    audio = fill(VideoLlamaAudio(AUDIO).double().eval().requires_grad_(False))
    return closed_forms() | {
        "vision": vision(inp(1, 3, 4, 28, 28, st=0.013)),
        "audio": audio(inp(1, 5, 1, 32, 56, st=0.013)),
    }


@pytest.fixture(scope="module")
def vision(golden):
    """The golden case, and the branch with its weights."""
    case = golden("video_llama_vision")
    config, vit = case.meta["config"], case.meta["config"]["vit"]
    model = VideoLlamaVision(
        VideoLlamaVisionConfig(
            vision=EvaVitConfig(
                vit["img_size"],
                vit["patch_size"],
                vit["embed_dim"],
                vit["depth"],
                vit["num_heads"],
                vit["mlp_ratio"],
                vit["layer_norm_eps"],
            ),
            qformer=_qformer(config["qformer"]),
            video_qformer=_qformer(config["video_qformer"]),
            queries=config["qformer"]["num_query_token"],
            video_queries=config["video_qformer"]["num_query_token"],
            frames=config["max_frame_pos"],
            llama_width=config["llama_hidden"],
        )
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return case, model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def audio(golden):
    """The golden case, and the branch with its weights."""
    case = golden("video_llama_audio")
    config, trunk = case.meta["config"], case.meta["config"]["imagebind_audio"]
    model = VideoLlamaAudio(
        VideoLlamaAudioConfig(
            imagebind=ImageBindAudioConfig(
                mel_bins=trunk["audio_num_mel_bins"],
                frames=trunk["audio_target_len"],
                kernel=trunk["kernel"],
                stride=trunk["stride"],
                width=trunk["audio_embed_dim"],
                blocks=trunk["audio_num_blocks"],
                heads=trunk["audio_num_heads"],
                embed_dim=trunk["out_embed_dim"],
            ),
            qformer=_qformer(config["audio_qformer"]),
            queries=config["audio_qformer"]["num_query_token"],
            clips=config["max_clips"],
            llama_width=config["llama_hidden"],
        )
    )
    assert model.state_dict().keys() == case.state.keys()
    model.load_state_dict(case.state)
    return case, model.eval().requires_grad_(False)


def _qformer(official: dict[str, int]) -> QFormerConfig:
    return QFormerConfig(
        width=official["hidden_size"],
        layers=official["num_hidden_layers"],
        heads=official["num_attention_heads"],
        inner=official["intermediate_size"],
        source_width=official["encoder_width"],
        cross_every=official["cross_attention_freq"],
        text=False,
    )


@pytest.mark.parametrize("group", ["", "b1_"])
def test_official_vision_branch(vision, group):
    case, model = vision
    video = case.inputs[group + "video"]
    queries = model.frame_queries(video)
    tokens = model.frame_tokens(queries)
    case.close(group + "vit_tokens", model.picture_tokens(video))
    case.close(group + "frame_queries", queries)
    case.close(group + "frame_tokens", tokens)
    case.close(group + "video_queries", model.video_queries(tokens))
    case.close(group + "inputs_llama", model(video))


def test_order_of_frames_comes_in_by_positions_alone(vision):
    case, model = vision
    video = case.inputs["video"]
    case.close("inputs_llama_reversed", model(video.flip(2)))
    queries = model.frame_queries(video)
    forth = model.video_queries(queries.flatten(1, 2))
    back = model.video_queries(queries.flip(1).flatten(1, 2))
    torch.testing.assert_close(forth, back, atol=1e-5, rtol=1e-4)
    assert (model(video.flip(2)) - model(video)).abs().max() > 1e-3


@pytest.mark.parametrize("group", ["", "b1_"])
def test_official_audio_branch(audio, group):
    case, model = audio
    clips = case.inputs[group + "audio"]
    trunk, vectors = model.clip_vectors(clips)
    tokens = model.clip_tokens(vectors)
    case.close(group + "trunk_cls", trunk)
    case.close(group + "clip_embeddings", vectors)
    case.close(group + "audio_tokens", tokens)
    case.close(group + "audio_queries", model.audio_queries(tokens))
    case.close(group + "inputs_llama", model(clips))
    torch.testing.assert_close(vectors.norm(dim=-1), torch.full(vectors.shape[:2], 20.0))


@pytest.mark.parametrize("name", ["eva_vit_small", "imagebind_audio_small_pre", "imagebind_audio_small"])
def test_closed_form(closed_form, name):
    assert_summary(closed_forms()[name], closed_form[name])


@pytest.mark.parametrize(
    "name", ["eva_vit_small", "imagebind_audio_small_pre", "imagebind_audio_small", "vision", "audio"]
)
def test_numbers_stay(name):
    assert_summary(regressions()[name], json.loads(DATA.read_text(encoding="utf-8"))[name])


def test_sizes_of_the_released_models():
    with torch.device("meta"):
        vision, audio = VideoLlamaVision(VideoLlamaVisionConfig()), VideoLlamaAudio(VideoLlamaAudioConfig())
    shapes = {name: tuple(t.shape) for name, t in (vision.state_dict() | audio.state_dict()).items()}
    for name, shape in {
        "visual_encoder.blocks.38.attn.qkv.weight": (4224, 1408),
        "visual_encoder.blocks.0.mlp.fc1.weight": (6144, 1408),
        "visual_encoder.pos_embed": (1, 257, 1408),
        "Qformer.bert.encoder.layer.10.crossattention.self.key.weight": (768, 1408),
        "query_tokens": (1, 32, 768),
        "video_frame_position_embedding.weight": (32, 768),
        "video_Qformer.bert.encoder.layer.1.crossattention.self.key.weight": (768, 768),
        "llama_proj.weight": (4096, 768),
        "audio_encoder.modality_preprocessors.audio.rgbt_stem.proj.weight": (768, 1, 16, 16),
        "audio_encoder.modality_preprocessors.audio.pos_embedding_helper.pos_embed": (1, 229, 768),
        "audio_encoder.modality_trunks.audio.blocks.11.attn.in_proj_weight": (2304, 768),
        "audio_encoder.modality_trunks.audio.blocks.0.attn.bias_k": (1, 1, 768),
        "audio_encoder.modality_heads.audio.2.weight": (1024, 768),
        "audio_encoder.modality_postprocessors.audio.1.log_logit_scale": (),
        "audio_position_embedding.weight": (8, 1024),
        "audio_query_tokens": (1, 8, 768),
        "audio_Qformer.bert.encoder.layer.1.crossattention.self.key.weight": (768, 1024),
        "audio_llama_proj.weight": (4096, 768),
    }.items():
        assert shapes[name] == shape, name
    # one block of EVA is left out; queries of a frame read it in every other layer only
    assert "visual_encoder.blocks.39.norm1.weight" not in shapes
    assert "Qformer.bert.encoder.layer.1.crossattention.self.key.weight" not in shapes


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (30, [0, 3, 7, 11, 15, 18, 22, 26]),
        (100, [0, 12, 25, 37, 50, 62, 75, 87]),
        (301, [0, 37, 75, 112, 150, 188, 225, 263]),
        (3, [0, 1, 2]),
    ],
)
def test_official_frames(total, expected):
    assert frame_indices(total) == expected


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        (1.0, [0] * 8),
        (2.0, [0] * 8),
        (10.0, [0, 1, 2, 3, 4, 5, 6, 7]),
        (60.0, [0, 7.25, 14.5, 21.75, 29, 36.25, 43.5, 50.75]),
    ],
)
def test_official_audio_clips(duration, expected):
    assert audio_clip_starts(duration) == expected


def test_prompts_byte_for_byte():
    line = time_line([0, 12, 25], 25.0)
    assert line == "The video contains 3 frames sampled at 0.0, 0.5, 1.0 seconds. "
    assert prompt([(about_video("What happens?", line), None)], "vicuna") == (
        "###Human: <Video><ImageHere></Video> The video contains 3 frames sampled at 0.0, 0.5, 1.0 seconds.  "
        "What happens?###Assistant:"
    )
    assert prompt([(about_video("What happens?", line), None)], "llama_2") == (
        "[INST] <<SYS>>\n\n<</SYS>>\n\n<Video><ImageHere></Video> "
        "The video contains 3 frames sampled at 0.0, 0.5, 1.0 seconds.  What happens? [/INST]"
    )
    assert prompt([(about_image("Who is it?"), None)], "llama_2", "Look.") == (
        "[INST] <<SYS>>\nLook.\n<</SYS>>\n\n<Image><ImageHere></Image>  Who is it? [/INST]"
    )
    assert prompt([(about_audio_and_video("Why?"), None)], "vicuna") == (
        "###Human: Close your eyes, open your ears and you imagine only based on the sound that: <ImageHere>. "
        "                Close your ears, open your eyes and you see that <Video><ImageHere></Video>.  "
        "                Now answer my question based on what you have just seen and heard. Why?###Assistant:"
    )


def test_prompts_of_several_turns_byte_for_byte():
    turns = [("One?", "Yes."), ("Two?", None)]
    assert prompt(turns, "vicuna", "Sys.") == "Sys.###Human: One?###Assistant: Yes.###Human: Two?###Assistant:"
    assert prompt(turns, "llama_2", "Sys.") == (
        "[INST] <<SYS>>\nSys.\n<</SYS>>\n\nOne? [/INST] Yes. </s><s>[INST] Two? [/INST]"
    )


def _write() -> None:
    kept = {
        name: {
            "shape": list(tensor.shape),
            "first": [round(value, 9) for value in tensor.double().flatten()[:6].tolist()],
            "sum": round(float(tensor.double().sum()), 8),
            "l2": round(float(tensor.double().norm()), 8),
        }
        for name, tensor in regressions().items()
    }
    provenance = (
        "2026-11-25: written when the golden cases video_llama_vision and video_llama_audio and the closed-form cases "
        "had passed"
    )
    DATA.write_text(json.dumps({"provenance": provenance} | kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    _write()

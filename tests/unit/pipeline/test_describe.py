"""Frames of clips are read again at the right times, and what is written of them becomes captions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from transformers import BlipForConditionalGeneration, BlipForImageTextRetrieval

from encoders.adapters import hf_blip
from encoders.reference.blip.med import MedConfig
from encoders.reference.blip.vit import VitConfig
from encoders.types import Pixels
from pipeline.decode.decoder import Decoder
from pipeline.describe.captions import CaptionConfig, caption_stage, describe_clips, fingerprint_of
from pipeline.describe.describers import QUESTION, PictureDescriber, VideoModelDescriber
from pipeline.describe.sampled_frames import sampled_frames, wanted_ticks
from stores.core.errors import MediaError
from stores.core.records import Caption, Clip, Record, ScreenText, Span, Utterance, Video
from tests.unit.encoders import hf_models
from tests.unit.pipeline.media import BLUE, GREEN, RED, flat, make_video, video_of

COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}


class Known:
    """The stages of one video."""

    def __init__(self, video: Video, **records: Sequence[Record]) -> None:
        self.video = video
        self._records = records

    def has(self, stage: str) -> bool:
        return stage in self._records

    def records(self, stage: str) -> Sequence[Record]:
        return self._records.get(stage, ())

    def blob(self, stage: str, name: str) -> bytes:
        raise KeyError(stage, name)

    def blob_names(self, stage: str) -> Sequence[str]:
        return ()


class ColourCaptioner:
    """Names the colour of each picture."""

    name = "colours"

    def caption(self, pixels: Pixels) -> list[str]:
        means = pixels.reshape(len(pixels), -1, 3).mean(axis=1)
        distances = np.stack([np.abs(means - colour).sum(axis=1) for colour in COLOURS.values()])
        return [f"a {list(COLOURS)[at]} wall" for at in distances.argmin(axis=0)]


class RedRanker:
    """Every text matches red pictures, none matches others."""

    name = "reds"

    def match(self, pixels: Pixels, texts: Sequence[str]) -> np.ndarray:
        red = pixels[..., 0].mean(axis=(1, 2)) > 150
        return np.repeat(np.where(red, 0.75, 0.25)[:, None], len(texts), axis=1).astype(np.float32)


class Teller:
    """What a video language model would be asked, and with what."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, list[float], str]] = []

    def describe(self, frames: Pixels, seconds: Sequence[float], question: str) -> str:
        self.asked.append((len(frames), [round(second, 2) for second in seconds], question))
        return " A wall\n changes   colour. "


def clips_of_seconds(video: Video, *edges: float) -> list[Clip]:
    spans = [Span.from_seconds(start, end, video.time_base) for start, end in pairwise(edges)]
    return [Clip(f"clp_{i}", span, (span.start + span.end) // 2) for i, span in enumerate(spans)]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds each of red, green and blue."""
    pictures = [flat(colour) for colour in (RED, GREEN, BLUE) for _ in range(50)]
    return make_video(tmp_path_factory.mktemp("films") / "film.mp4", pictures)


@pytest.fixture(scope="module")
def known(film: Path, decoder: Decoder) -> Known:
    video = video_of(film, decoder)

    def at(start: float, end: float) -> Span:
        return Span.from_seconds(start, end, video.time_base)

    return Known(
        video,
        clips=clips_of_seconds(video, 0, 2, 4, 6),
        speech=[Utterance("utt_1", at(0.5, 1.5), "This is red.", "en", 0.9)],
        screentext=[ScreenText("txt_1", at(4.2, 5), "BLUE", 0.9, (0.0, 0.0, 1.0, 1.0))],
    )


def captions(output: object) -> list[Caption]:
    return [record for record in output.records if isinstance(record, Caption)]  # type: ignore[attr-defined]


def test_the_middles_of_equal_stretches_are_wanted() -> None:
    span = Span(100, 200, Fraction(1, 1000))
    assert wanted_ticks(span, 1) == (150,)
    assert wanted_ticks(span, 2) == (125, 175)
    assert wanted_ticks(Span(7, 8, Fraction(1, 1000)), 4) == (7,)


def test_each_clip_gets_its_middle_frame_and_its_caption(film: Path, known: Known, decoder: Decoder) -> None:
    shares: list[float] = []
    describer = PictureDescriber(ColourCaptioner, "colours@1")
    found = captions(describe_clips(film, known, decoder, describer, on_progress=shares.append))
    assert [caption.text for caption in found] == ["a red wall", "a green wall", "a blue wall"]
    base = known.video.time_base
    assert [caption.span.seconds for caption in found] == [(0, 2), (2, 4), (4, 6)]
    assert [float(caption.frames[0] * base) for caption in found] == pytest.approx([1, 3, 5], abs=0.05)
    assert {(caption.model, caption.score) for caption in found} == {("colours@1", None)}
    assert [caption.clip_id for caption in found] == ["clp_0", "clp_1", "clp_2"]
    assert len({caption.evidence_id for caption in found}) == 3
    assert shares[-1] == 1.0


def test_frames_are_read_at_the_size_that_is_wanted(film: Path, known: Known, decoder: Decoder) -> None:
    seen = list(sampled_frames(film, known, decoder, 3, 64))
    assert [sampled.pixels.shape for sampled in seen] == [(3, 38, 64, 3)] * 3
    assert all(list(sampled.ticks) == sorted(set(sampled.ticks)) for sampled in seen)


def test_words_of_a_clip_are_given_to_those_who_want_them(film: Path, known: Known, decoder: Decoder) -> None:
    seen = list(sampled_frames(film, known, decoder, 1, 64, words=True))
    assert [sampled.said for sampled in seen] == [("This is red.",), (), ()]
    assert [sampled.read for sampled in seen] == [(), (), ("BLUE",)]
    assert not any(sampled.said or sampled.read for sampled in sampled_frames(film, known, decoder, 1, 64))


def test_a_clip_over_a_cut_gets_each_caption_once(film: Path, known: Known, decoder: Decoder) -> None:
    whole = Known(known.video, clips=clips_of_seconds(known.video, 0, 6))
    config = CaptionConfig(frames=6)
    found = captions(describe_clips(film, whole, decoder, PictureDescriber(ColourCaptioner, "colours@1"), config))
    assert [caption.text for caption in found] == ["a red wall", "a green wall", "a blue wall"]


def test_captions_that_do_not_match_their_picture_are_dropped(film: Path, known: Known, decoder: Decoder) -> None:
    describer = PictureDescriber(ColourCaptioner, "colours@1", RedRanker, "reds@1", 0.5)
    (kept,) = captions(describe_clips(film, known, decoder, describer))
    assert (kept.text, kept.score) == ("a red wall", 0.75)
    all_kept = PictureDescriber(ColourCaptioner, "colours@1", RedRanker, "reds@1", 0.2)
    assert len(captions(describe_clips(film, known, decoder, all_kept))) == 3


def test_a_video_model_sees_the_frames_of_a_clip_together(film: Path, known: Known, decoder: Decoder) -> None:
    teller = Teller()
    found = captions(describe_clips(film, known, decoder, VideoModelDescriber(lambda: teller, "teller@1", frames=4)))
    assert [caption.text for caption in found] == ["A wall changes colour."] * 3
    assert teller.asked[1][0] == 4
    assert teller.asked[1][1] == pytest.approx([2.25, 2.75, 3.25, 3.75], abs=0.05)
    assert teller.asked[1][2] == QUESTION
    assert len(found[0].frames) == 4


def test_a_raw_stream_is_passed_through_once(tmp_path: Path, decoder: Decoder) -> None:
    pictures = [flat(colour) for colour in (RED, GREEN, BLUE) for _ in range(50)]
    path = make_video(tmp_path / "film.h264", pictures, container="h264")
    video = video_of(path, decoder)
    raw = Known(video, clips=clips_of_seconds(video, 0, 2, 4, 6))
    found = captions(describe_clips(path, raw, decoder, PictureDescriber(ColourCaptioner, "colours@1")))
    assert [caption.text for caption in found] == ["a red wall", "a green wall", "a blue wall"]


def test_a_slide_that_is_shown_for_long_is_found(tmp_path: Path, decoder: Decoder) -> None:
    stamps = [0, 4000, 8000, 8040]
    path = make_video(
        tmp_path / "slides.mkv",
        [flat(RED), flat(GREEN), flat(BLUE), flat(BLUE)],
        stamps=stamps,
        time_base=Fraction(1, 1000),
    )
    video = video_of(path, decoder)
    slides = Known(video, clips=clips_of_seconds(video, 0, 4, 8))
    found = captions(describe_clips(path, slides, decoder, PictureDescriber(ColourCaptioner, "colours@1")))
    assert [caption.text for caption in found] == ["a red wall", "a green wall"]


def test_a_file_that_is_gone_says_so(known: Known, decoder: Decoder, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="FILE_MISSING"):
        describe_clips(tmp_path / "gone.mp4", known, decoder, PictureDescriber(ColourCaptioner, "colours@1"))


def test_fingerprints_change_with_what_captions_rest_on() -> None:
    config = CaptionConfig()
    plain = PictureDescriber(ColourCaptioner, "colours@1")
    stage_fingerprints = {
        fingerprint_of(caption_stage(describer, chosen), clips)
        for describer, chosen, clips in (
            (plain, config, {"clips": "a"}),
            (plain, config, {"clips": "b"}),
            (plain, CaptionConfig(frames=2), {"clips": "a"}),
            (PictureDescriber(ColourCaptioner, "colours@2"), config, {"clips": "a"}),
            (PictureDescriber(ColourCaptioner, "colours@1", RedRanker, "reds@1"), config, {"clips": "a"}),
            (PictureDescriber(ColourCaptioner, "colours@1", options={"beams": 3}), config, {"clips": "a"}),
        )
    }
    assert len(stage_fingerprints) == 6
    same = fingerprint_of(caption_stage(plain, CaptionConfig(frames=1)), {"clips": "a", "vectors": "other"})
    assert same in stage_fingerprints


def test_blip_writes_and_filters(
    film: Path, known: Known, decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = MedConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=24, max_position_embeddings=32
    )
    sizes = {"base": VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2)}
    for name, value in (("VISIONS", sizes), ("TEXT", text), ("EMBED_DIM", 6)):
        monkeypatch.setattr(hf_blip, name, value)
    contexts = []
    for name, kind in (("teller", BlipForConditionalGeneration), ("matcher", BlipForImageTextRetrieval)):
        hf_models.blip(tmp_path / name, kind)
        context = hf_models.context(tmp_path / name)
        context.paths.update(weights=tmp_path / name / "pytorch_model.bin", vocabulary=tmp_path / name / "vocab.txt")  # type: ignore[attr-defined]
        contexts.append(context)
    captioner, matcher = hf_blip.load_captioner(contexts[0]), hf_blip.load_matcher(contexts[1])
    describer = PictureDescriber(lambda: captioner, "blip@1", lambda: matcher, "itm@1", 0.0)
    found = captions(describe_clips(film, known, decoder, describer))
    assert found
    assert all(caption.score is not None and 0.0 <= caption.score <= 1.0 for caption in found)
    strict = PictureDescriber(lambda: captioner, "blip@1", lambda: matcher, "itm@1", 1.1)
    assert captions(describe_clips(film, known, decoder, strict)) == []

"""A film watched and heard in parts gives what it gives as a whole."""

from __future__ import annotations

import dataclasses
import io
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.types import Samples
from pipeline.decode.decoder import Decoder
from pipeline.perceive import PerceptionConfig, PerceptionContext, VideoFile, perceive
from pipeline.perception import AUDIO_STAGES, DERIVED, VIDEO_STAGES
from pipeline.segments.join import join
from pipeline.segments.parts import parts_of
from pipeline.segments.perceive_part import perceive_part
from stores.core.errors import KinodexError, StoreError
from stores.core.ids import part_stage, sha256_of, video_id
from stores.core.records import Record, SpeechActivity, StageOutput, Utterance
from tests.unit.pipeline.media import BLUE, RED, WHITE, flat, make_video, tone, video_of
from tests.unit.pipeline.media_long import make_long_video
from tests.unit.pipeline.test_perceive import Remembered, Toys

ALL = ("probe", *AUDIO_STAGES, *VIDEO_STAGES, *DERIVED)
PART_SECONDS = 11.0


class Loudness:
    """Each stretch that is louder than its surroundings is a voice; pauses under a second belong to it."""

    name = "loudness"

    def detect(self, samples: Samples) -> list[tuple[float, float]]:
        steps = len(samples) // 160
        loud = np.flatnonzero(np.abs(samples[: steps * 160]).reshape(steps, 160).max(axis=1) > 0.05) / 100
        if not len(loud):
            return []
        ends = np.flatnonzero(np.diff(loud) > 1.0)
        starts = loud[[0, *(ends + 1)]]
        spans = zip(starts, loud[[*ends, -1]], strict=True)
        return [(max(0.0, float(a) - 0.3), min(len(samples) / 16_000, float(b) + 0.3)) for a, b in spans]


class Models(Toys):
    """Tiny encoders whose voice detector tells voices apart."""

    def __init__(self, *missing: str) -> None:
        super().__init__(*missing)
        self._models["voice"] = Loudness()


def run(
    path: Path,
    decoder: Decoder,
    encoders: object,
    seconds: float | None = None,
    config: PerceptionConfig | None = None,
    lost: Sequence[str] = (),
    then: PerceptionConfig | None = None,
) -> dict[str, StageOutput | KinodexError]:
    """All stages of a video, as a whole or in parts of ``seconds``.

    What is ``lost`` is not there for the joining, which works with the config ``then``.
    """
    sha = sha256_of(path)
    memory = Remembered()
    models = cast(Encoders, encoders)
    (probed,) = perceive(
        VideoFile(path, video_id(sha), sha), ["probe"], memory, PerceptionContext(models, decoder, list)
    )
    memory.outputs.update([probed])  # type: ignore[list-item]
    assert memory.video is not None
    parts = parts_of(memory.video, seconds) if seconds else ()
    assert len(parts) >= 3 or not seconds
    for part in parts:
        begun: list[str] = []
        shares: list[float] = []

        def begin(stages: Sequence[str], begun: list[str] = begun) -> Sequence[str]:
            begun += stages
            return stages

        def progress(stage: str, share: float, begun: list[str] = begun, shares: list[float] = shares) -> None:
            assert stage in begun
            shares.append(share)

        todo = (*AUDIO_STAGES, *VIDEO_STAGES)
        context = PerceptionContext(models, decoder, begin, config or PerceptionConfig(), progress)
        found = dict(perceive_part(path, memory.video, part, todo, context))
        assert sorted(begun) == sorted(found) == sorted(part_stage(stage, part.number) for stage in todo)
        assert 0 <= max(shares, default=0) <= 1
        outcomes = {stage: outcome for stage, outcome in found.items() if stage not in lost}
        memory.outputs.update(outcomes)  # type: ignore[arg-type]
    if parts:
        path = path.with_name("not needed any more")
    context = PerceptionContext(models, decoder, list, then or config or PerceptionConfig())
    rest = perceive(VideoFile(path, video_id(sha), sha), ALL[1:], memory, context, parts)
    return dict([probed, *rest])


def changed(config: PerceptionConfig, stage: str, **settings: Any) -> PerceptionConfig:
    return dataclasses.replace(config, **{stage: dataclasses.replace(getattr(config, stage), **settings)})


def arrays(outcome: StageOutput | KinodexError) -> dict[str, np.ndarray]:
    assert isinstance(outcome, StageOutput)
    (blob,) = outcome.blobs
    with np.load(io.BytesIO(blob.data), allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def records(outcome: StageOutput | KinodexError) -> tuple[Record, ...]:
    assert isinstance(outcome, StageOutput), outcome
    return outcome.records


SOUNDING = ((1, 4), (5.5, 9), (9.3, 15), (15.5, 20.2), (20.6, 23), (26, 31))


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """31.7 s at 10 frames a second; parts of 11 s meet at frames 105 2/3 and 211 1/3.

    Cuts, some right at these places and some too near to each other; a red square that moves; a caption from 8.3 to
    23 s and one from 25 s on; sounds with short pauses.
    """
    random = np.random.default_rng(4)
    scenery = [cv2.resize(random.integers(40, 255, (6, 10, 3), np.uint8), (320, 192)) for _ in range(12)]
    cuts = [0, 23, 60, 88, 105, 106, 110, 150, 180, 211, 212, 260, 290]
    pictures = []
    for i in range(317):
        scene = max(number for number, cut in enumerate(cuts) if cut <= i)
        picture = scenery[scene % 12].copy()
        if scene % 3 == 0:
            picture[50:110, i * 2 % 240 : i * 2 % 240 + 60] = RED
        if 80 <= i < 230 or 250 <= i < 300:
            picture[150:, :260] = 0
        pictures.append(picture)
    sound = np.zeros(round(31.7 * 16_000), np.float32)
    for start, end in SOUNDING:
        sound[round(start * 16_000) : round(end * 16_000)] = tone(end - start)
    return make_video(tmp_path_factory.mktemp("film") / "film.mp4", pictures, rate=10, sound=sound)


@pytest.mark.parametrize("detector", ["adaptive", "content"])
def test_joined_parts_equal_the_whole(decoder: Decoder, film: Path, detector: str) -> None:
    config = changed(PerceptionConfig(), "scenes", detector=detector)
    whole, joined = (run(film, decoder, Models(), seconds, config) for seconds in (None, PART_SECONDS))
    assert list(whole) == list(joined) == list(ALL)
    for stage in ALL:
        if stage in (*AUDIO_STAGES, "tracklets", "vectors"):
            continue  # these know about sound, whose times differ by the rounding of its container
        one, two = whole[stage], joined[stage]
        assert isinstance(one, StageOutput)
        assert isinstance(two, StageOutput)
        assert one.records == two.records, stage
        assert one.blobs == two.blobs, stage
    assert len(records(whole["scenes"])) > 8
    assert [text.span.seconds for text in records(whole["screentext"])] == [(8.0, 24.0), (26.0, 30.0)]
    tracked = [
        [dataclasses.replace(one, evidence_id="", audio="") for one in records(run_["tracklets"])]
        for run_ in (whole, joined)
    ]  # type: ignore[type-var]
    assert tracked[0] == tracked[1]


def test_many_short_parts_see_the_same(decoder: Decoder, film: Path) -> None:
    whole, joined = (run(film, decoder, Models(), seconds) for seconds in (None, 3.3))
    for stage in ("scenes", "screentext", "thumbnails", "visual_stats", "clips"):
        assert dataclasses.replace(whole[stage], seconds=None) == dataclasses.replace(joined[stage], seconds=None)  # type: ignore[type-var]
    # The first frame of a part is looked at anew, though it may be much like the one before.
    one, two = (arrays(found["pictures"]) for found in (whole, joined))
    assert np.array_equal(one["ticks"], two["ticks"])
    assert np.allclose(one["vectors"], two["vectors"], atol=0.02)
    one, two = (arrays(found["objects"]) for found in (whole, joined))
    assert all(np.array_equal(one[name], two[name]) for name in ("frames", "scenery", "ticks", "concepts"))


def test_voices_across_the_places_where_sound_is_cut(decoder: Decoder, film: Path) -> None:
    whole, joined = (run(film, decoder, Models(), seconds) for seconds in (None, PART_SECONDS))
    one, two = ([record.span.seconds for record in records(found["speech_activity"])] for found in (whole, joined))
    assert len(one) == len(two) == 3
    assert np.allclose(one, two, atol=0.1)
    heard, again = ([(one.name, *one.span.seconds) for one in records(found["sound"])] for found in (whole, joined))  # type: ignore[union-attr]
    assert [name for name, *_ in heard] == [name for name, *_ in again]
    assert {name for name, *_ in heard} == {"speech", "silence"}
    assert np.allclose([times for _, *times in heard], [times for _, *times in again], atol=0.1)
    spoken = [record.span.seconds for record in records(joined["speech"])]
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spoken)), "nothing is heard twice"
    silent = [(a, b) for (_, a), (b, _) in itertools.pairwise(SOUNDING)]
    for cut in [end for (_, end), (start, _) in itertools.pairwise(spoken) if start == end]:
        assert any(a < cut < b for a, b in silent), "sound is cut where it is quiet"


def test_facts_are_about_all_parts(decoder: Decoder, tmp_path: Path) -> None:
    def facts(name: str, pictures: list[np.ndarray]) -> set[str]:
        path = make_video(tmp_path / name, pictures, rate=5)
        whole, joined = (run(path, decoder, Models(), seconds) for seconds in (None, 5.0))
        assert records(whole["visual_stats"]) == records(joined["visual_stats"])
        return {record.text.split(" ")[0] for record in records(joined["visual_stats"])}  # type: ignore[union-attr]

    grey, other = flat((120, 120, 120)), flat((130, 130, 130))
    assert facts("still.mp4", [grey] * 100) == {"black", "still", "no"}
    assert facts("each part is still.mp4", [grey] * 35 + [other] * 65) == {"black", "no"}
    assert facts("coloured in the end.mp4", [grey] * 80 + [flat(BLUE)] * 20) == {"no"}


def test_pictures_end_before_the_sound(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * 40 + [flat(BLUE)] * 40, rate=10, sound=tone(30.0))
    whole, joined = (run(path, decoder, Models(), seconds) for seconds in (None, 8.0))
    for stage in VIDEO_STAGES:
        assert dataclasses.replace(whole[stage], seconds=None) == dataclasses.replace(joined[stage], seconds=None)  # type: ignore[type-var]
    assert len(records(joined["speech_activity"])) == 1


def test_a_video_without_sound(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mp4", [flat(WHITE)] * 60, rate=2)
    joined = run(path, decoder, Models(), 8.0)
    assert tuple(joined) == ALL
    assert records(joined["speech_activity"]) == records(joined["speech"]) == ()
    (silence,) = records(joined["sound"])
    assert (silence.name, silence.span.seconds) == ("silence", (0.0, 30.0))  # type: ignore[union-attr]


def test_sound_that_cannot_be_decoded_fails_the_joined_stage_only(decoder: Decoder, tmp_path: Path) -> None:
    path = make_video(tmp_path / "b.mkv", [flat(RED)] * 60, rate=2, sound=tone(30.0), audio_codec="flac")
    path.write_bytes(path.read_bytes().replace(b"\xff\xf8", b"\x00\x00"))
    joined = run(path, decoder, Models(), 8.0)
    failed = {stage: outcome.code.name for stage, outcome in joined.items() if isinstance(outcome, KinodexError)}
    assert failed == dict.fromkeys(AUDIO_STAGES, "AUDIO_DECODE_FAILED")
    assert set(joined) == set(ALL), "what is derived of the pictures can still be found"


def test_a_missing_part_keeps_its_stage_from_being_begun(decoder: Decoder, film: Path) -> None:
    joined = run(film, decoder, Models(), PART_SECONDS, lost=["pictures.001"])
    assert set(joined) == set(ALL) - {"pictures", "labels", "styles", "vectors"}


def test_parts_of_other_settings_are_not_joined(decoder: Decoder, film: Path) -> None:
    config = PerceptionConfig()
    joined = run(film, decoder, Models(), PART_SECONDS, config, then=changed(config, "thumbnails", quality=50))
    outcome = joined["thumbnails"]
    assert isinstance(outcome, StoreError)
    assert outcome.code.name == "STALE_ATTEMPT"


def test_a_missing_model_costs_its_own_stage_in_each_part(decoder: Decoder, film: Path) -> None:
    sha = sha256_of(film)
    context = PerceptionContext(cast(Encoders, Models("detector")), decoder, list)
    memory = Remembered()
    (probed,) = perceive(VideoFile(film, video_id(sha), sha), ["probe"], memory, context)
    memory.outputs.update([probed])  # type: ignore[list-item]
    assert memory.video is not None
    part = parts_of(memory.video, PART_SECONDS)[1]
    found = dict(perceive_part(film, memory.video, part, ["objects", "visual_stats"], context))
    assert isinstance(found["objects.001"], KinodexError)
    assert found["objects.001"].code.name == "MODEL_MISSING"
    assert isinstance(found["visual_stats.001"], StageOutput)


def test_only_audio_and_video_stages_are_processed_in_parts(decoder: Decoder, film: Path) -> None:
    sha = sha256_of(film)
    video = cast(Any, run(film, decoder, Models())["probe"]).video
    with pytest.raises(ValueError, match="not processed in parts"):
        join("clips", (), video, PerceptionConfig())
    assert sha == video.sha256


@pytest.mark.slow
def test_no_word_is_lost_or_heard_twice(decoder: Decoder, tmp_path: Path) -> None:
    from tests.unit.encoders.speech import silence, speak

    sentences = (
        "Please remember to bring your passport and a warm winter jacket.",
        "Scientists discovered a new planet orbiting a distant yellow star.",
        "The train to London departs from platform number nine at noon.",
        "Heavy rain is expected over the northern mountains this weekend.",
        "Children are playing football in the garden behind the school.",
    )
    sound = np.concatenate([piece for text in sentences for piece in (speak(text), silence(0.4))])
    path = make_video(tmp_path / "a.mp4", [flat(RED)] * round(len(sound) / 16_000 * 5), rate=5, sound=sound)
    with Encoders.open("embedded", threads=1) as encoders:
        found = run(path, decoder, encoders, 8.0)
    voices = [record for record in records(found["speech_activity"]) if isinstance(record, SpeechActivity)]
    assert len(voices) == 1, "pauses under a second belong to a voice"
    said = [record for record in records(found["speech"]) if isinstance(record, Utterance)]
    heard = [word.strip(".,").lower() for utterance in said for word in utterance.text.split()]
    for keyword in "passport jacket scientists planet yellow train london noon rain mountains weekend garden".split():
        assert heard.count(keyword) == 1, (keyword, heard)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_video(tmp_path: Path) -> None:
    path = make_long_video(tmp_path / "hours.mp4", 2.0)
    with Decoder() as decoder:
        video = video_of(path, decoder)
        parts = parts_of(video)
        assert len(parts) == 10
        context = PerceptionContext(cast(Encoders, Models()), decoder, list)
        before = _peak_megabytes(os.getpid())
        for part in (parts[0], parts[-1]):
            found = dict(perceive_part(path, video, part, (*VIDEO_STAGES, *AUDIO_STAGES), context))
            sizes = [len(blob.data) for outcome in found.values() for blob in outcome.blobs]  # type: ignore[union-attr]
            assert sum(sizes) < 10 << 20
            assert _peak_megabytes(decoder._running()._process.pid) < 400
        assert _peak_megabytes(os.getpid()) - before < 400


def _peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))

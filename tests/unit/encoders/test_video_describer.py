"""One door to video language models: from a row of a registry to answers, whichever family; and what is refused."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from encoders.bundle import Encoders
from encoders.reference.video_llm.describer import VideoLLMDescriber, cleaned
from encoders.reference.video_llm.from_registry import load
from encoders.registry.loading import LoadContext
from encoders.registry.specs import ModelSpec
from encoders.types import WeightsError
from kinodex.settings import Settings
from tests.unit.encoders import hub_server, video_llms

pytest.importorskip("transformers")

_NARROW = "width = 16, layers = 2, heads = 2, inner = 24"
TOWER = ", ".join(f"{name} = {value}" for name, value in video_llms.TOWER.items())
VISION = (
    "{ vision = { size = 224, patch = 56, width = 12, depth = 1, heads = 2 }, "
    f"qformer = {{ source_width = 12, {_NARROW} }}, video_qformer = {{ source_width = 16, {_NARROW} }}, "
    "queries = 3, video_queries = 4 }"
)
AUDIO = (
    "{ imagebind = { width = 8, blocks = 1, heads = 2, embed_dim = 10 }, "
    f"qformer = {{ source_width = 10, {_NARROW} }}, queries = 2 }}"
)
_CLIP = "hidden_size = 12, intermediate_size = 20, num_hidden_layers = 3, num_attention_heads = 3, patch_size = 56"
ROWS = {
    "valley": f'family = "valley", language_model = "valley", sizes = {{ tower = {{ {TOWER} }} }}',
    "video-chatgpt": (
        'family = "video-chatgpt", language_model = "llama", projection = "projection.bin", tower = "tower", '
        f"sizes = {{ mm_hidden_size = {video_llms.FEATURES} }}"
    ),
    "video-llama": (
        'family = "video-llama", language_model = "llama", vision = ["eva.pth", "vl.pth"], audio = ["al.pth"], '
        f"sizes = {{ vision = {VISION}, audio = {AUDIO} }}"
    ),
    "video-llava": (
        f'family = "video-llava", language_model = "llava", sizes = {{ image = {{ {_CLIP} }}, video = {{ {_CLIP} }} }}'
    ),
}
SECONDS = [0.5 * index for index in range(12)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the files of all four families."""
    made = tmp_path_factory.mktemp("files")
    for name in ("llama", "tower", "valley", "llava"):
        (made / name).mkdir()
    llama = video_llms.write_llama(made / "llama", begins=True)
    tower = video_llms.write_tower(made / "tower")
    video_llms.write_valley(made / "valley", llama, tower)
    video_llms.write_projection(made / "projection.bin")
    video_llms.write_video_llama(made)
    video_llms.write_video_llava(made / "llava", llama)
    return made


@pytest.fixture(scope="module")
def opened(folder):
    """The describer of a row, made once."""
    made: dict[str, VideoLLMDescriber] = {}

    def open_row(row):
        if row not in made:
            made[row] = load(context(folder, row))
        return made[row]

    return open_row


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(1).integers(0, 256, (12, 64, 80, 3), dtype=np.uint8)


def context(folder: Path, row: str, **files: Path) -> LoadContext:
    options = tomllib.loads(f"row = {{ {row} }}")["row"]
    spec = ModelSpec(
        "seer", "describer", "encoders.reference.video_llm.from_registry:load", (), "MIT", 0, "0", options, "", ""
    )
    return Encoders.open("embedded", device="cpu").context(spec, {"folder": folder, **files})


def brief(row: str, tokens: int = 6) -> str:
    return f"{row}, max_new_tokens = {tokens}"


@pytest.mark.parametrize("family", ROWS)
def test_every_family_answers_through_the_same_door(family, opened, frames):
    seer = opened(brief(ROWS[family]))
    assert seer.name == "seer"
    answer = seer.describe(frames, SECONDS, "what happens in the video")
    assert answer
    assert answer == seer.describe(frames, SECONDS, "what happens in the video"), "the same every time"
    assert len(answer.split()) <= 6
    pieces = list(seer.stream(frames, SECONDS, "what happens in the video"))
    assert "".join(pieces) == answer
    talk = seer.describe(frames, SECONDS, "a cat", [("what happens in the video", answer)])
    assert talk == seer.describe(frames, SECONDS, "a cat", [("what happens in the video", answer)])
    for few in (1, 3, 12):
        assert isinstance(seer.describe(frames[:few], SECONDS[:few], "what happens"), str)


@pytest.mark.parametrize("family", ROWS)
def test_pictures_are_captioned_one_by_one(family, opened, frames):
    seer = opened(brief(ROWS[family]))
    captions = seer.caption(frames[:2])
    assert len(captions) == 2
    assert captions[1] == seer.caption(frames[1:2])[0]
    assert seer.caption(frames[:0]) == []


def test_only_video_llama_hears(opened, frames):
    sound = (0.1 * np.sin(0.3 * np.arange(32_000))).astype(np.float32)
    for family, row in ROWS.items():
        seer = opened(brief(row))
        assert seer.hears == (family == "video-llama")
        if seer.hears:
            assert isinstance(seer.describe(frames, SECONDS, "what happens", sound=sound), str)
            with pytest.raises(ValueError, match=r"sound must be \(m,\) float32"):
                seer.describe(frames, SECONDS, "what happens", sound=sound[None])
        else:
            with pytest.raises(ValueError, match="does not hear"):
                seer.describe(frames, SECONDS, "what happens", sound=sound)


@pytest.mark.parametrize("ask", ["describe", "stream"])
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"frames": np.zeros((4, 8, 8, 3), np.float32)}, r"frames must be uint8"),
        ({"frames": np.zeros((8, 8, 3), np.uint8)}, r"frames must be uint8"),
        ({"frames": np.zeros((0, 8, 8, 3), np.uint8), "seconds": []}, "n at least 1"),
        ({"seconds": [0.0, 1.0]}, "12 frames need as many seconds, not 2"),
        ({"seconds": SECONDS[::-1]}, "in time order"),
        ({"seconds": [*SECONDS[:-1], float("nan")]}, "finite"),
        ({"question": " "}, "empty"),
        ({"history": [("What?", "")]}, "empty"),
        ({"question": "a " * 1000}, "the model can read 1024"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(ask, change, message, opened, frames):
    seer = opened(brief(ROWS["video-llava"]))
    inputs = {"frames": frames, "seconds": SECONDS, "question": "what happens", **change}
    with pytest.raises(ValueError, match=message):
        getattr(seer, ask)(**inputs)


def test_the_authors_stops_stay_while_nothing_is_drawn(opened):
    chatting = opened(brief(ROWS["video-chatgpt"]))
    assert not chatting.generation.sample
    assert chatting.generation.stop_texts == ("</s>",)
    assert opened(brief(ROWS["video-llama"])).generation.stop_ids == ((835,), (2277, 29937))
    assert opened(brief(ROWS["valley"], 9)).generation.max_new_tokens == 9


def test_pieces_are_clean():
    def clean(text):
        return text.strip().removeprefix("Assistant:").strip()

    pieces = [" Assist", "ant:", " A dog", " runs and ", "a cat", " sleeps ", "\n"]
    streamed = list(cleaned(pieces, clean))
    assert "".join(streamed) == clean("".join(pieces)) == "A dog runs and a cat sleeps"
    assert len(streamed) == 3
    assert list(cleaned(["  "], clean)) == []


@pytest.mark.parametrize(
    ("row", "kind", "message"),
    [
        ('family = "llava"', "corrupt", "family must be one of valley, video-chatgpt, video-llama, video-llava"),
        ('family = "valley", projection = "x"', "corrupt", "unknown options of a valley: projection"),
        ('family = "valley", max_new_tokens = 0', "corrupt", "max_new_tokens"),
        ('family = "valley", language_model = "../secret"', "corrupt", "outside its folder"),
        ('family = "valley", language_model = "nowhere"', "missing", "nowhere is not there"),
        ('family = "valley", language_model = 3', "corrupt", "language_model must be a path"),
        ('family = "valley", language_model = "llama"', "corrupt", "is no VALLEY"),
        ('family = "video-chatgpt", language_model = "llama"', "corrupt", "projection must be a path"),
        ('family = "video-llama", language_model = "llama"', "corrupt", "vision must name"),
        (
            'family = "video-llama", language_model = "llama", vision = ["vl.pth"], template = "x"',
            "corrupt",
            "template",
        ),
        ('family = "video-llava", language_model = "llava", sizes = { depth = 3 }', "corrupt", "no size 'depth'"),
        ('family = "video-llava", language_model = "llava", sizes = { image = 3 }', "corrupt", "must be a table"),
        (
            'family = "video-llava", language_model = "llava", sizes = { video = { num_frames = "x" } }',
            "corrupt",
            "num_frames must be like 8",
        ),
    ],
)
def test_rows_that_cannot_be_understood_say_so(row, kind, message, folder):
    with pytest.raises(WeightsError, match=message) as raised:
        load(context(folder, row))
    assert raised.value.kind == kind


def test_a_part_may_be_a_file_of_another_source(folder, frames, tmp_path):
    other = tmp_path / "clip.safetensors"
    other.write_bytes((folder / "tower" / "model.safetensors").read_bytes())
    row = ROWS["valley"].replace("sizes", 'tower = "eyes", sizes')
    seer = load(context(folder, brief(row), eyes=other))
    assert seer.describe(frames, SECONDS, "what happens") == load(context(folder, brief(ROWS["valley"]))).describe(
        frames, SECONDS, "what happens"
    )


def test_a_row_of_the_settings_makes_a_describer(folder, frames, tmp_path, monkeypatch):
    row = brief(ROWS["video-chatgpt"])
    paths = [path for name in ("llama", "tower") for path in sorted((folder / name).iterdir())]
    names = [path.relative_to(folder).as_posix() for path in (*paths, folder / "projection.bin")]
    files = "".join(
        hub_server.file_table(f"part{index}", name).replace("models.tiny", "models.seer")
        for index, name in enumerate(names)
    )
    (tmp_path / "kinodex.toml").write_text(
        f"""profile = "mine"
[profiles.mine]
extends = "embedded"
describer = "seer"
captioner = "seer"
[models.seer]
task = "describer"
also = ["captioner"]
loader = "encoders.reference.video_llm.from_registry:load"
licence = "MIT"
dim = 0
revision = "{hub_server.COMMIT[:8]}"
preprocessing = {{ {row} }}
citation = "nobody 2026"
limits = "Has learnt nothing."
{files}""",
        encoding="utf-8",
    )
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path / "cache"))
    with hub_server.asked(monkeypatch) as hub:
        hub.files |= {name: (folder / name).read_bytes() for name in names}
        settings = Settings.load(tmp_path / "kinodex.toml")
        encoders = Encoders.open(settings.profile, device="cpu", added=settings.added_models())
        assert encoders.has("describer")
        answer = encoders.describer.describe(frames, SECONDS, "what happens")
    assert answer == load(context(folder, row)).describe(frames, SECONDS, "what happens")
    assert encoders.describer.name == "seer"
    assert encoders.captioner is encoders.describer

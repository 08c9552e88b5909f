"""A profile like `standard`, of tiny models that a hub on this machine serves: pull, ingest, search, change profile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from transformers import BlipForConditionalGeneration, BlipForImageTextRetrieval
from typer.testing import CliRunner

import encoders
from encoders.adapters import hf_blip
from encoders.reference.blip.med import MedConfig
from encoders.reference.blip.vit import VitConfig
from encoders.spaces import collections
from kinodex.cli.app import app
from kinodex.library import Library
from kinodex.settings import ENVIRONMENT, Settings
from tests.e2e.media import write_video
from tests.unit.encoders import hf_models
from tests.unit.encoders.hub_server import COMMIT, HEAD, Hub, asked

pytestmark = pytest.mark.slow

_ROW = """
[models.{name}]
task = "{task}"
loader = "{loader}"
licence = "MIT"
dim = {dim}
revision = "{revision}"
preprocessing = {{ {preprocessing} }}
citation = "nobody 2026"
limits = "Random weights."
{more}
"""
_BLIP = "size = 8, batch = 2"
TEXTS = ("red bus", "a cat on the street", "dog", "a photo of a red cat")


def row(name: str, task: str, loader: str, commit: str, files: list[str], **more: str | int) -> str:
    """A model of the registry; the roles of its files are their names."""
    text = _ROW.format(
        name=name,
        task=task,
        loader=loader,
        revision=commit[:8],
        **{"dim": 0, "preprocessing": "", "more": "", **more},
    )
    for file in files:
        role = {"pytorch_model.bin": "weights", "vocab.txt": "vocabulary"}.get(file, file)
        text += f'[[models.{name}.files]]\nrole = "{role}"\nsource = "hf:tiny/{name}@{commit}/{file}"\n'
    return text


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub, and a registry with the profile ``tiny``."""
    folders = {name: tmp_path / name for name in ("eyes", "finder", "matcher", "teller")}
    hf_models.siglip(folders["eyes"])
    hf_models.detector(folders["finder"], "d_fine")
    hf_models.blip(folders["matcher"], BlipForImageTextRetrieval)
    hf_models.blip(folders["teller"], BlipForConditionalGeneration)
    shipped = (Path(encoders.__file__).parent / "registry" / "models.toml").read_text(encoding="utf-8")
    eyes = ["model.safetensors", "config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json"]
    rows = [
        row("eyes", "image", "encoders.adapters.hf_clip:load", COMMIT, eyes, dim=16, more='also = ["image_text"]'),
        row("finder", "detector", "encoders.adapters.hf_detector:load", "?", eyes[:3], preprocessing="score = 0.5"),
        *(
            row(
                name,
                task,
                f"encoders.adapters.hf_blip:load_{what}",
                COMMIT,
                ["pytorch_model.bin", "vocab.txt"],
                preprocessing=_BLIP,
            )
            for name, task, what in (("matcher", "ranker", "matcher"), ("teller", "captioner", "captioner"))
        ),
    ]
    embedded = shipped.partition("[profiles.embedded]")[2].partition("[")[0]
    kept = "\n".join(line for line in embedded.splitlines() if not line.startswith(("image", "detector")))
    tiny = 'image = "eyes"\nimage_text = "eyes"\ndetector = "finder"\nranker = "matcher"\ncaptioner = "teller"\n'
    toml = tmp_path / "models.toml"
    toml.write_text("\n".join([shipped, *rows, "[profiles.tiny]", kept, tiny]), encoding="utf-8")
    text = MedConfig(
        hidden_size=12, num_hidden_layers=2, num_attention_heads=3, intermediate_size=24, max_position_embeddings=32
    )
    monkeypatch.setattr(
        hf_blip, "VISIONS", {"base": VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2)}
    )
    monkeypatch.setattr(hf_blip, "TEXT", text)
    monkeypatch.setattr(hf_blip, "EMBED_DIM", 6)
    monkeypatch.setattr("encoders.registry.registry._MODELS_TOML", toml)
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path / "cache"))
    with asked(monkeypatch) as served:
        for name, folder in folders.items():
            served.others[f"tiny/{name}"] = {file.name: file.read_bytes() for file in folder.iterdir()}
        yield served


def run(*arguments: str | Path):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_pull_ingest_search_and_another_profile_on_the_same_library(hub: Hub, tmp_path: Path):
    film = write_video(tmp_path / "film.mp4", seconds=3)
    Path("kinodex.toml").write_text('profile = "tiny"\n')
    too_soon = run("ingest", film, "--json")
    assert too_soon.exit_code == 1
    error = json.loads(too_soon.stdout)["error"]
    assert error["code"] == "MODEL_MISSING"
    assert "kinodex models pull --profile tiny" in error["hint"]
    assert "not on this machine: eyes, finder, matcher, teller" in run("models").stdout

    pulled = run("models", "pull", "--json")
    assert pulled.exit_code == 0, pulled.output
    pins = {model["name"]: model["pinned"] for model in json.loads(pulled.stdout)["models"] if model["pinned"]}
    assert pins == {"finder": f"hf:tiny/finder@{HEAD}"}

    ran = run("ingest", film, "--device", "cpu", "--json")
    assert ran.exit_code == 0, ran.output
    with Library(Settings.load(None, library=Path("kinodex-library"))) as library:
        assert len(library.indexed()) == 1
        names = collections(library.encoders)
        assert f"eyes-{COMMIT[:8]}" in names.picture
        assert "e5" not in names.picture
        assert f"finder-{HEAD[:8]}" in names.object
        hits, vectors = library.store.vectors.fetch(names.picture)
        assert hits
        assert vectors.shape[1] == 16
        worths = [moment.channels.get("picture", 0.0) for text in TEXTS for moment in library.search(text).moments]
        assert any(worth > 0 for worth in worths)
        frames = np.zeros((3, 20, 30, 3), np.uint8)
        assert library.encoders.ranker.match(frames, ["a red bus"]).shape == (3, 1)
        assert len(library.encoders.captioner.caption(frames)) == 3
        assert library.encoders.image is library.encoders.image_text

    described = run("describe", film, "--json")
    assert described.exit_code == 0, described.output
    (told,) = json.loads(described.stdout)["videos"]
    assert told["stages"] == {"captions": "done", "caption_vectors": "done"}

    Path("kinodex.toml").write_text('profile = "tiny"\n[search]\nrerank = "itm"\n')
    searched = [json.loads(run("search", text, "--explain", "--json").stdout) for text in TEXTS]
    looked = [remark for found in searched for remark in found["explain"]["remarks"] if remark.startswith("itm:")]
    assert any(remark.startswith("itm: looked at 1 of 1") for remark in looked), looked
    given = [one for found in searched for result in found["results"] for one in result["channels"]]
    assert "itm" in given
    Path("kinodex.toml").write_text('profile = "tiny"\n')

    again = run("ingest", film, "--profile", "embedded", "--json")
    assert again.exit_code == 0, again.output
    with Library(Settings.load(None, library=Path("kinodex-library"), profile="embedded")) as library:
        now = collections(library.encoders)
        assert {now.picture, now.likeness}.isdisjoint({names.picture, names.likeness})
        assert library.store.vectors.fetch(now.picture)[1].shape[1] == 384
        assert library.store.vectors.count(names.picture) == 0, "nobody sees the former ones any more"
        assert library.search("a red bus").moments


def test_offline_says_what_is_missing(hub: Hub, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    ran = run("models", "pull", "--profile", "tiny", "--json")
    error = json.loads(ran.stdout)["error"]
    assert (ran.exit_code, error["code"]) == (1, "MODEL_MISSING")
    assert "KINODEX_OFFLINE=1" in error["message"]
    assert "model.safetensors" in error["message"]
    assert hub.sent == []

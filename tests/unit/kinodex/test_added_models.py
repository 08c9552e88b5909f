"""Models and profiles beside those of Kinodex: out of an installed package, and out of the settings file."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from encoders.bundle import Encoders
from encoders.registry.registry import Registry
from encoders.types import WeightsError
from kinodex.cli.app import app
from kinodex.settings import ENVIRONMENT, Settings
from pipeline.perceive import fingerprints, stages
from stores.core.errors import UsageError
from tests.unit.pipeline.media import RED, flat, make_video

CODE = '''"""Encoders of nobody's."""

import numpy as np

from encoders.types import PictureFeatures


class Colours:
    dim = 384

    def __init__(self, matrix, name):
        self._matrix, self.name = matrix, name

    def encode(self, frames):
        vectors = frames.mean((1, 2)).astype(np.float32) @ self._matrix + 1e-3
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return PictureFeatures(vectors, np.zeros((len(frames), 0), np.float32), vectors)

    encode_sequence = encode


class Painter:
    def __init__(self, name):
        self.name = name

    def describe(self, frames, seconds, question):
        channel = int(frames.mean((0, 1, 2)).argmax())
        return f"A {('crimson', 'emerald', 'azure')[channel]} curtain hangs still."


def colours(context):
    return Colours(np.load(context.paths["matrix"], allow_pickle=False), context.spec.name)


def painter(context):
    return Painter(context.spec.name)
'''

PROJECT = """
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "tiny-colours"
version = "1.0"

[project.entry-points."kinodex.encoders"]
colours = "tiny_colours"

[project.entry-points."kinodex.models"]
colours = "tiny_colours:rows.toml"

[tool.setuptools]
packages = ["tiny_colours"]
package-data = { tiny_colours = ["*.toml", "*.npy"] }
"""

ROW = """
[models.{name}]
task = "{task}"
loader = "tiny_colours:{function}"
licence = "MIT"
dim = {dim}
revision = "{revision}"
preprocessing = {{}}
citation = "None: an example."
limits = "Knows colours."
[[models.{name}.files]]
role = "matrix"
source = "pip:tiny-colours==1.0/tiny_colours/matrix.npy"
sha256 = "{digest}"
"""


def row(digest: str, name: str, task: str, function: str, dim: int = 0) -> str:
    return ROW.format(name=name, task=task, function=function, dim=dim, revision=digest[:8], digest=digest)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that pip installed the package into, and the hash of its weights."""
    source = tmp_path_factory.mktemp("source")
    package = source / "tiny_colours"
    package.mkdir()
    (package / "__init__.py").write_text(CODE, encoding="utf-8")
    np.save(package / "matrix.npy", np.sin(np.arange(3 * 384, dtype=np.float32)).reshape(3, 384))
    digest = hashlib.sha256((package / "matrix.npy").read_bytes()).hexdigest()
    rows = row(digest, "colours", "image", "colours", 384) + row(digest, "painter", "describer", "painter")
    rows += '[profiles.tiny]\nextends = "embedded"\nimage = "colours"\ndescriber = "painter"\n'
    (package / "rows.toml").write_text(rows, encoding="utf-8")
    (source / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    target = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-build-isolation", "--no-deps", "--no-index"]
    subprocess.run([*command, "--target", str(target), str(source)], check=True, capture_output=True)
    return target, digest


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def installed(site: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.syspath_prepend(str(site[0]))
    monkeypatch.delitem(sys.modules, "tiny_colours", raising=False)
    return site[1]


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_without_the_package_there_is_no_such_profile():
    with pytest.raises(WeightsError, match="no model profile 'tiny'"):
        Registry.load().profile("tiny")


def test_an_installed_package_adds_a_profile_and_its_encoder_sees(installed: str):
    with Encoders.open("tiny", threads=1) as tiny, Encoders.open("embedded", threads=1) as embedded:
        assert tiny.revision("image").startswith(f"colours@{installed[:8]}")
        assert "tiny_colours" not in sys.modules, "rows are read without importing their package"
        seen = tiny.image.encode(np.stack([flat(RED), flat((0, 0, 200))]))
        assert seen.vectors.shape == (2, 384)
        assert tiny.revision("speech") == embedded.revision("speech")
        made = fingerprints(stages(tiny)), fingerprints(stages(embedded))
    changed = {stage for stage in made[0] if made[0][stage] != made[1][stage]}
    assert {"pictures", "labels", "vectors"} <= changed, "what another model saw is another result"
    assert not {"probe", "speech", "screentext", "objects"} & changed


def test_a_film_is_ingested_described_and_found_with_the_models_of_a_package(installed: str, tmp_path: Path):
    make_video(tmp_path / "film.mp4", [flat(RED)] * 50)
    ran = run("ingest", "film.mp4", "--library", "lib", "--profile", "tiny", "--json")
    assert ran.exit_code == 0, ran.output
    ran = run("describe", "--all", "--library", "lib", "--profile", "tiny", "--json")
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["videos"][0]["captions"] == 1
    found = json.loads(run("search", "crimson curtain", "--library", "lib", "--profile", "tiny", "--json").stdout)
    assert "A crimson curtain hangs still." in json.dumps(found)
    listed = json.loads(run("models", "--profile", "tiny", "--json").stdout)["models"]
    assert {(one["task"], one["name"]) for one in listed} >= {("image", "colours"), ("describer", "painter")}
    assert all(one["verified"] for one in listed)


def test_a_settings_file_adds_models_and_profiles(installed: str, tmp_path: Path):
    toml = row(installed, "my-colours", "image", "colours", 384)
    toml += '[profiles.mine]\nextends = "tiny"\nimage = "my-colours"\n'
    (tmp_path / "kinodex.toml").write_text(f'profile = "mine"\n{toml}', encoding="utf-8")
    listed = {one["task"]: one["name"] for one in json.loads(run("models", "--json").stdout)["models"]}
    assert (listed["image"], listed["describer"], listed["speech"]) == ("my-colours", "painter", "whisper-base")
    assert run("models", "verify", "my-colours").exit_code == 0
    with Encoders.open("mine", added=Settings.load().added_models()) as mine:
        assert mine.image.name == "my-colours"


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("preprocessing = {}", "preprocessing = { size = 8 }", False),
        ("preprocessing = {}", "preprocessing = { batch = 8 }", True),
        ("tiny_colours:colours", "tiny_colours:painter", False),
        ("==1.0/", "==1.1/", False),
        ("Knows colours.", "Knows colours, and no shapes.", True),
    ],
)
def test_what_a_row_changes_besides_its_weights_changes_the_fingerprint(
    installed: str, tmp_path: Path, old: str, new: str, same: bool
):
    toml = row(installed, "mine", "image", "colours", 384) + '[profiles.mine]\nextends = "embedded"\nimage = "mine"\n'
    made = []
    for text in (toml, toml.replace(old, new)):
        (tmp_path / "kinodex.toml").write_text(text, encoding="utf-8")
        with Encoders.open("mine", added=Settings.load().added_models()) as mine:
            made.append(fingerprints(stages(mine))["pictures"])
    assert (made[0] == made[1]) == same


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        ("[profiles.mine]\nextends = 'embedded'\nsmell = 'x'", ("profile mine", "smell", "describer")),
        ("[profiles.mine]\nimage = 'conse-lite2-e5'", ("profile mine", "missing keys text", "extends")),
        (
            "[profiles.mine]\nextends = 'embedded'\nimage = 'whisper-base'",
            ("profile mine", "'image'", "conse-lite2-e5"),
        ),
        ("[profiles.mine]\nextends = 'mine'", ("profile mine", "extends", "itself")),
        ("[profiles.mine]\nextends = 'luxury'", ("profile mine", "luxury", "embedded")),
        ("[profiles.embedded]\nimage = 'x'", ("profile embedded", "models.toml")),
        ("[models.mine]\ntask = 'image'", ("model mine", "missing keys", "licence")),
        ("[models.mine]\ntask = 3\nlicense = 'MIT'", ("model mine", "unknown keys license")),
        ("[models]\nmine = 3", ("models.mine",)),
    ],
)
def test_a_mistake_in_the_settings_names_the_file_the_row_and_the_key(tmp_path: Path, toml: str, words: tuple[str]):
    (tmp_path / "kinodex.toml").write_text(toml, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        Settings.load()
    assert caught.value.code.name == "SETTINGS_INVALID"
    said = f"{caught.value.message} {caught.value.hint}"
    for word in ("kinodex.toml", *words):
        assert word in said


def test_a_mistake_in_a_package_names_the_package_and_the_row(
    site: tuple[Path, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    broken = tmp_path / "site"
    info = broken / "bad_models-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bad-models\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[kinodex.models]\nbad = bad_models:rows.toml\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(broken))
    with pytest.raises(WeightsError, match="of the package bad-models: there is no package bad_models") as caught:
        Registry.load()
    assert caught.value.kind == "corrupt"
    (broken / "bad_models").mkdir()
    (broken / "bad_models" / "__init__.py").write_text("raise AssertionError('imported')\n", encoding="utf-8")
    with pytest.raises(WeightsError, match=r"package bad-models cannot be read: .*rows\.toml"):
        Registry.load()
    rows = broken / "bad_models" / "rows.toml"
    rows.write_text("[models.x]\ntask = 'image'\n", encoding="utf-8")
    with pytest.raises(WeightsError, match="package bad-models: model x: missing keys citation"):
        Registry.load()
    said = run("models")
    assert said.exit_code == 1
    assert "MODEL_CORRUPT" in said.stderr
    rows.write_text(row("0" * 64, "whisper-base", "speech", "load"), encoding="utf-8")
    with pytest.raises(WeightsError, match=r"model whisper-base: models\.toml has a model of that name"):
        Registry.load()

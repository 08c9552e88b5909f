"""Loaders: named in the registry, looked for in few places, given all that a model needs."""

import pytest

from encoders.bundle import Encoders
from encoders.registry.loading import LoadContext
from encoders.registry.registry import Registry
from encoders.types import WeightsError
from tests.unit.encoders.hub_server import packaged_file, write_registry


@pytest.fixture
def opened(tmp_path):
    """Encoders of a registry whose models have the given loader."""

    def made(loader, **options):
        files, digest = packaged_file("tiny")
        toml = write_registry(tmp_path / "models.toml", files, digest[:8], loader)
        return Encoders(Registry.load(toml, tmp_path / "cache"), "small", **{"threads": 3, **options})

    return made


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed distribution that offers one module and keeps another to itself."""
    site = tmp_path / "site"
    info = site / "other_models-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other-models\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[kinodex.encoders]\ntiny = offered_models:load\nlame = lame_models:load\n")
    (site / "offered_models.py").write_text("def load(context):\n    return context\n\nnumber = 3\n")
    (site / "kept_models.py").write_text("raise AssertionError('imported')\n")
    (site / "lame_models.py").write_text("import no_such_library\n")
    monkeypatch.syspath_prepend(site)


def test_a_loader_is_given_all_that_it_may_need(opened, package):
    encoders = opened("offered_models:load", device="cpu")
    context = encoders.voice
    assert isinstance(context, LoadContext)
    assert context.spec.name == "tiny"
    assert context.paths["weights"].name == "threadpoolctl.py"
    assert (context.threads, context.device) == (3, "cpu")
    assert f"packaged-text@{context.text_revision}" == encoders.revision("text")


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        ("kept_models:load", "neither in encoders nor offered"),
        ("os:getcwd", "neither in encoders nor offered"),
        ("encoders:load", "neither in encoders nor offered"),
        ("encoders_of_others.x:load", "neither in encoders nor offered"),
        ("encoders.nowhere:load", "cannot be found"),
        ("encoders.types:load", "has no function load"),
        ("offered_models:number", "has no function number"),
    ],
)
def test_a_loader_that_may_not_or_cannot_be_used_is_a_mistake_of_the_registry(opened, package, loader, message):
    encoders = opened(loader)
    assert encoders.revision("voice").startswith("tiny@"), "asking for a revision imports nothing"
    with pytest.raises(WeightsError, match=message) as caught:
        _ = encoders.voice
    assert caught.value.kind == "corrupt"
    assert loader in caught.value.message


def test_a_library_that_a_loader_needs_is_named(opened, package):
    with pytest.raises(WeightsError, match="no_such_library") as caught:
        _ = opened("lame_models:load").voice
    assert caught.value.kind == "missing"
    assert "pip install" in caught.value.hint


@pytest.mark.parametrize(
    "loader", ["encoders.adapters.silero", "encoders.adapters.silero:", ":load", "encoders silero:load", "a:b:c"]
)
def test_what_is_no_loader_is_refused_at_once(tmp_path, loader):
    with pytest.raises(WeightsError, match="is not module:function") as caught:
        Registry.load(write_registry(tmp_path / "models.toml", loader=loader))
    assert caught.value.kind == "corrupt"


@pytest.mark.parametrize(
    ("wanted", "there", "used"),
    [("auto", "cuda", "cuda"), ("auto", "cpu", "cpu"), ("cpu", "cuda", "cpu"), ("cuda", "cuda", "cuda")],
)
def test_a_model_runs_on_what_was_asked_for_or_what_is_there(opened, package, monkeypatch, wanted, there, used):
    monkeypatch.setattr("encoders.runtime.device.chosen_device", lambda: there)
    encoders = opened("offered_models:load", device=wanted)
    assert encoders.voice.device == used
    assert encoders.on_gpu == (used == "cuda")


def test_a_gpu_that_was_asked_for_and_is_not_there_is_said(opened, package, monkeypatch):
    monkeypatch.setattr("encoders.runtime.device.chosen_device", lambda: "cpu")
    context = opened("offered_models:load", device="cuda").voice
    with pytest.raises(WeightsError, match="finds no GPU") as caught:
        _ = context.device
    assert caught.value.kind == "missing"
    assert "auto or cpu" in caught.value.hint


def test_a_device_is_one_of_three(opened):
    with pytest.raises(ValueError, match="device"):
        opened("encoders.adapters.silero:load", device="toaster")

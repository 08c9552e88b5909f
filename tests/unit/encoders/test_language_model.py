"""The language model of this process: its weights are joined once, and what is wrong with them says what to do."""

from __future__ import annotations

import errno
import hashlib
import shutil
import threading
from pathlib import Path

import pytest

from encoders.adapters.llama import LlamaModel
from encoders.language_model import DEFAULT, TASK, check_installed, name_of, open_language_model
from encoders.registry.loading import LoadContext, loader
from encoders.registry.registry import Registry
from encoders.types import WeightsError

PARTS = [b"GGUF" + b"a" * 1000, b"b" * 1000, b"c" * 10]
WHOLE = b"".join(PARTS)
NAME = "small-words"


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def package(cache: Path, number: int, content: bytes) -> Path:
    """A package put apart in the cache, as pull leaves it."""
    folder = cache / "packages" / f"kinodex-test-words{number}-1.0" / "words"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"part{number}.bin").write_bytes(content)
    return folder


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    text = (
        f'[models.{NAME}]\ntask = "language"\nloader = "encoders.adapters.llama:load"\nlicence = "MIT"\ndim = 0\n'
        f'revision = "{digest(WHOLE)[:8]}"\npreprocessing = {{ context = 512 }}\ncitation = "none"\nlimits = "all"\n'
    )
    for number, part in enumerate(PARTS, 1):
        text += (
            f'[[models.{NAME}.files]]\nrole = "part{number}"\n'
            f'source = "pip:kinodex-test-words{number}==1.0/words/part{number}.bin"\n'
            f'sha256 = "{digest(part)}"\napart = true\n'
        )
    roles = [f"part{number}" for number in range(1, len(PARTS) + 1)]
    text += f'[models.{NAME}.assembly]\nrole = "folder"\nfile = "model.gguf"\nparts = {roles}\n'.replace("'", '"')
    text += f'sha256 = "{digest(WHOLE)}"\nbeside = []\n'
    path = tmp_path / "models.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    folder = tmp_path / "cache"
    for number, part in enumerate(PARTS, 1):
        package(folder, number, part)
    return folder


def locate(toml: Path, cache: Path) -> Path:
    return Registry.load(toml, cache).locate(NAME)["folder"] / "model.gguf"


def test_the_parts_are_joined_in_order_and_not_needed_any_more(toml: Path, cache: Path) -> None:
    assert locate(toml, cache).read_bytes() == WHOLE
    shutil.rmtree(cache / "packages")
    registry = Registry.load(toml, cache)
    assert registry.present(NAME)
    assert registry.locate(NAME)["folder"].joinpath("model.gguf").read_bytes() == WHOLE
    assert registry.pull(NAME) == []
    assert registry.verify(NAME).state == "ok"


def test_two_at_a_time_join_once(toml: Path, cache: Path) -> None:
    found: list[Path] = []
    threads = [threading.Thread(target=lambda: found.append(locate(toml, cache))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (path,) = set(found)
    assert len(found) == 4
    assert path.read_bytes() == WHOLE
    assert [one.name for one in path.parent.parent.iterdir()] == [path.parent.name], "nothing half is left"


def test_a_missing_part_says_what_fetches_it(toml: Path, cache: Path) -> None:
    shutil.rmtree(cache / "packages" / "kinodex-test-words2-1.0")
    registry = Registry.load(toml, cache)
    assert not registry.present(NAME)
    with pytest.raises(WeightsError, match="kinodex-test-words2") as caught:
        registry.locate(NAME)
    assert caught.value.kind == "missing"
    assert f"kinodex models pull {NAME}" in caught.value.hint


def test_a_damaged_part_is_never_joined(toml: Path, cache: Path) -> None:
    package(cache, 2, b"x" * 1000)
    with pytest.raises(WeightsError, match=r"part2\.bin was altered") as caught:
        locate(toml, cache)
    assert caught.value.kind == "corrupt"
    assert f"kinodex models pull {NAME}" in caught.value.hint
    assert not (cache / "models").exists()


def test_a_damaged_whole_says_what_to_delete(toml: Path, cache: Path) -> None:
    path = locate(toml, cache)
    path.write_bytes(WHOLE[:-1])
    with pytest.raises(WeightsError, match="altered") as caught:
        locate(toml, cache)
    assert caught.value.kind == "corrupt"
    assert f"Delete {path.parent}" in caught.value.hint


def test_a_full_disk_leaves_nothing_half_and_says_how_much_is_needed(
    toml: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("encoders.registry.registry.shutil.copyfileobj", full)
    with pytest.raises(WeightsError, match="No space left") as caught:
        locate(toml, cache)
    assert caught.value.kind == "missing"
    assert "KINODEX_CACHE" in caught.value.hint
    assert "MB free" in caught.value.hint
    assert list((cache / "models").iterdir()) == []
    monkeypatch.undo()
    assert locate(toml, cache).read_bytes() == WHOLE


def test_what_is_joined_is_what_the_loader_is_given(toml: Path, cache: Path) -> None:
    registry = Registry.load(toml, cache)
    spec = registry.spec(NAME)

    def none() -> object:
        raise AssertionError

    model = loader(spec)(LoadContext(spec, registry.locate(NAME), 3, "cpu", none, none))  # type: ignore[arg-type]
    assert isinstance(model, LlamaModel)
    assert model.path.read_bytes() == WHOLE
    assert model.context == 512


def test_without_the_engine_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WeightsError) as caught:
        check_installed()
    assert "pip install 'kinodex[local-llm]'" in caught.value.hint
    with pytest.raises(WeightsError, match="xllamacpp"):
        open_language_model("embedded")


def test_without_the_weights_the_error_says_both_ways_to_get_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("encoders.language_model.check_installed", lambda: None)
    monkeypatch.setattr("encoders.registry.registry.packaged", lambda file, cache: None)
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path))
    with pytest.raises(WeightsError) as caught:
        open_language_model("embedded")
    assert "kinodex[local-llm]" in caught.value.hint
    assert f"kinodex models pull {DEFAULT}" in caught.value.hint
    assert "1.1 GB" in caught.value.hint


def test_no_profile_fetches_it_unless_it_names_one(tmp_path: Path) -> None:
    registry = Registry.load(cache=tmp_path)
    assert all(TASK not in registry.profile(name) for name in registry.profiles)
    assert {name_of(registry, name) for name in registry.profiles} == {DEFAULT}
    assert "1.1 GB" in registry.spec(DEFAULT).citation
    assert len(registry.spec(DEFAULT).files) == 22

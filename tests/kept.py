"""What was loaded or built once, kept for whatever needs it next in the same process: to be used does not change it."""

from __future__ import annotations

import copy
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
import typer.main
import typer.testing

from encoders import concepts
from encoders.bundle import Encoders
from encoders.concepts import PROTOTYPES, ConceptSpace
from encoders.registry.loading import loader
from encoders.registry.registry import cache_dir
from encoders.registry.specs import ModelSpec


class KeptModels:
    """`Encoders._load`, which loads the same row with the same files, threads and device once.

    Of files that a test made, and by a loader that a test put in, every model is loaded anew.
    """

    def __init__(self) -> None:
        self._load = Encoders._load
        self._folders = (Path(sysconfig.get_paths()["purelib"]), cache_dir())
        self._kept: dict[tuple[object, ...], object] = {}

    def of(self, encoders: Encoders, spec: ModelSpec) -> object:
        """The model of a row."""
        paths = encoders.registry.locate(spec.name)
        make = loader(spec)
        put_in = getattr(sys.modules.get(make.__module__), make.__name__, None) is not make
        there = all(any(path.is_relative_to(folder) for folder in self._folders) for path in paths.values())
        if put_in or not there:
            return self._load(encoders, spec)
        texts = repr(encoders.spec("text")) if encoders.has("text") else ""  # pictures may lie in their space
        key = (make, repr(spec), *sorted(paths.items()), encoders.threads, encoders.device, texts)
        if key not in self._kept:
            self._kept[key] = self._load(encoders, spec)
        return self._kept[key]


class KeptConcepts:
    """`ConceptSpace.load`, which reads the same tables and vectors once."""

    def __init__(self) -> None:
        self._load = ConceptSpace.load
        self._kept: dict[tuple[object, ...], ConceptSpace] = {}

    def of(self, text_revision: str, path: Path = PROTOTYPES) -> ConceptSpace:
        """The concepts in the space of a text model."""
        if path != PROTOTYPES:
            return self._load(text_revision, path)
        key = (text_revision, concepts.DATA, *concepts.table_hashes().values())
        if key not in self._kept:
            self._kept[key] = self._load(text_revision)
            _ = self._kept[key].own_background  # which it would work out in every copy
        return copy.copy(self._kept[key])


@contextmanager
def kept() -> Iterator[None]:
    """Keeps them for the time of the block, and what Typer builds out of a hundred commands each time one is called."""
    models, spaces, commands = KeptModels(), KeptConcepts(), cache(typer.main.get_command)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.main, "get_command", commands)
        patch.setattr(typer.testing, "_get_command", commands)
        patch.setattr(Encoders, "_load", lambda encoders, spec: models.of(encoders, spec))
        patch.setattr(ConceptSpace, "load", spaces.of)
        yield

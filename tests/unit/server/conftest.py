"""One served library for the tests of a file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kinodex.library import Library
from kinodex.server.app import create_app
from tests.unit.server.serving import Served, make, served


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def library(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    copy = Path(shutil.copytree(made, tmp_path_factory.mktemp("copy") / "library"))
    with Library.open(copy, create=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def server(library: Library) -> Iterator[Served]:
    with served(create_app(library)) as running:
        yield running

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.films import make_films
from tests.chaos.harness import Runs
from tests.chaos.served import Served
from tests.chaos.snapshot import Snapshot, snapshot
from tests.servers.running import ChromaServer, Postgres

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.chaos)
            item.add_marker(pytest.mark.slow)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Runs of the program, for one test."""
    return Runs(tmp_path / "runs")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three small films, which no test changes."""
    folder = tmp_path_factory.mktemp("chaos") / "films"
    make_films(folder, 3)
    return folder


@pytest.fixture(scope="session")
def undisturbed(films: Path, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """A snapshot of a library of the films after an undisturbed run."""
    root = tmp_path_factory.mktemp("undisturbed")
    ran = Runs(root / "runs").run("ingest", films, "--library", root / "lib", "--workers", 2)
    assert ran.code == 0, ran.err
    return snapshot(root / "lib")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Servers for the whole suite; a test that kills one starts it again."""
    with pytest.MonkeyPatch.context() as patch, Postgres() as postgres, ChromaServer() as chroma:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield Served(postgres, chroma, tmp_path_factory.mktemp("settings"))

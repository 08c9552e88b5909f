"""Libraries on real servers. The servers start once; every library has a schema and a prefix of its own there."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stores.core.places import Places
from stores.library_store import LibraryStore
from tests.servers.running import ChromaServer, ObjectStore, Postgres

_NUMBERS = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def no_proxy() -> Iterator[None]:
    """A proxy of the environment must not be asked for the loopback interface."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("NO_PROXY", "no_proxy"):
            patch.setenv(name, "127.0.0.1,localhost")
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def chroma_server() -> Iterator[ChromaServer]:
    with ChromaServer() as server:
        yield server


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    with ObjectStore() as server:
        yield server


@pytest.fixture
def places(postgres: Postgres, chroma_server: ChromaServer, object_store: ObjectStore) -> Places:
    """Places of a library that does not exist yet."""
    name = f"library_{next(_NUMBERS)}"
    return Places(
        postgres.schema_url(name), chroma_server.url, f"{object_store.url}/films/{name}", dict(object_store.options)
    )


@pytest.fixture
def served(places: Places, tmp_path: Path) -> Iterator[LibraryStore]:
    """A new library with everything on servers."""
    with LibraryStore.open(tmp_path / "library", create=True, places=places) as opened:
        yield opened


@pytest.fixture(params=["embedded", "servers"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LibraryStore]:
    """A new library: once in its folder, once on servers."""
    there = request.getfixturevalue("places") if request.param == "servers" else Places()
    with LibraryStore.open(tmp_path / "library", create=True, places=there) as opened:
        yield opened


@pytest.fixture(params=["embedded", "servers"], scope="module")
def one_store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryStore]:
    """A library that several tests write to: tables alone decide in them."""
    database = ""
    if request.param == "servers":
        database = request.getfixturevalue("postgres").schema_url(f"library_{next(_NUMBERS)}")
    root = tmp_path_factory.mktemp("one") / "library"
    with LibraryStore.open(root, create=True, places=Places(database)) as opened:
        yield opened


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Callable[[LibraryStore], LibraryStore]]:
    """Opens the same library as another machine would: for servers, with a folder of its own."""
    opened: list[LibraryStore] = []

    def reopen(store: LibraryStore) -> LibraryStore:
        root = tmp_path / f"machine-{len(opened)}" if store.places else store.root
        opened.append(LibraryStore.open(root, places=store.places))
        return opened[-1]

    yield reopen
    for one in opened:
        one.close()

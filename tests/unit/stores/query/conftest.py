"""The planted library, made once for each file of tests: nothing that is asked changes it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from stores.library_store import LibraryStore
from tests.unit.stores.query.planted import plant


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path_factory.mktemp("planted") / "library", create=True) as store:
        plant(store)
        yield store


@pytest.fixture(scope="module")
def ids(planted: LibraryStore) -> dict[str, str]:
    """The ids of its videos by name."""
    return {
        str(name).removesuffix(".mp4"): str(one)
        for one, name in planted.query.run("SELECT video_id, name FROM videos").rows
    }

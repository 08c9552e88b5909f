"""Assertions that every scenario shares."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from tests.chaos.harness import Ran
from tests.chaos.snapshot import Place, Snapshot, differences, snapshot


def assert_as_undisturbed(undisturbed: Snapshot, place: Place | Path) -> None:
    """The library equals an undisturbed one, byte for byte, without orphans; Kinodex agrees."""
    assert_same(undisturbed, snapshot(place))
    assert_whole(place)


def assert_same(wanted: Snapshot, got: Snapshot) -> None:
    """Two libraries have the same content."""
    different = differences(wanted, got)
    assert not different, "\n".join(different)


def assert_whole(place: Place | Path) -> None:
    """`verify` finds every table, blob and vector consistent, and `gc` nothing to remove."""
    place = place if isinstance(place, Place) else Place(place)
    with LibraryStore.open(place.root, places=place.places) as store:
        found = verify(store)
        assert found.checked
        assert not found.problems
        swept = sweep(store, dry_run=True)
        orphans = {name: getattr(swept, name) for name in ("blobs", "vectors", "staged", "parts")}
        assert not any(orphans.values()), f"orphans: {orphans}"


def assert_nothing_done_twice(done: Mapping[tuple[str, str], int], again: Ran) -> None:
    """No stage that was done at the time of the failure was begun after it."""
    twice = sorted({one.key for one in again.begun} & done.keys())
    assert not twice, f"done before, and begun again: {twice}"
    counts = Counter(one.key for one in again.begun)
    assert not {key: count for key, count in counts.items() if count > 1}, "begun twice without need"

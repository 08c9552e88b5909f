"""What every scenario must show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from stores.library_store import LibraryStore
from stores.maintenance.sweeping import sweep
from stores.maintenance.verify import verify
from tests.chaos.harness import Ran
from tests.chaos.picture import Picture, Place, differences, picture


def assert_as_undisturbed(undisturbed: Picture, place: Place | Path) -> None:
    """The library holds what an undisturbed one holds, byte for byte, with nothing left over; Kinodex agrees."""
    assert_same(undisturbed, picture(place))
    assert_whole(place)


def assert_same(wanted: Picture, got: Picture) -> None:
    """Two libraries hold the same."""
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
    """No stage that was done at the time of the disaster was begun after it."""
    twice = sorted({one.what for one in again.begun} & done.keys())
    assert not twice, f"done before, and begun again: {twice}"
    counts = Counter(one.what for one in again.begun)
    assert not {what: count for what, count in counts.items() if count > 1}, "begun twice without need"

"""Videos by what a file of theirs is called, where the question has only a likeness of the name."""

from __future__ import annotations

from collections.abc import Callable, Collection
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import select

from stores.sql.database import reading
from stores.sql.tables import LocationRow

if TYPE_CHECKING:
    from stores.library_store import LibraryStore


def called(
    store: LibraryStore, stem: str, fits: Callable[[str], bool], among: Collection[str] | None = None
) -> list[str]:
    """Ids of videos with a file that is called so; two of them are enough to know that it is not the only one.

    Args:
        stem: the name without its extension: as it is, or with other characters between its letters and digits.
        fits: whether the uri of a file is meant.
        among: ids of the only videos that there are; None: all.
    """
    located = select(LocationRow.uri, LocationRow.video_id)
    # The database looks through its index of names, and hands over those that are alike.
    pattern = "%".join(["", *_runs_of_letters(stem), ""])
    # Names that are not text are escaped in uris; they are few.
    meant = [LocationRow.stem.like(pattern), LocationRow.stem.contains("%", autoescape=True)]
    if stem.isprintable():
        meant.insert(0, LocationRow.stem == stem)
    found: dict[str, None] = {}
    with reading(store.engine) as connection:
        # One that is called exactly so is not the only one that may be meant: `a:b` is exported as `a_b`.
        for uri, video_id in chain.from_iterable(connection.execute(located.where(one)) for one in meant):
            if video_id not in found and (among is None or video_id in among) and fits(uri):
                found[video_id] = None
                if len(found) == 2:
                    break
    return list(found)


def _runs_of_letters(stem: str) -> list[str]:
    """Parts of a name that are spelt the same everywhere: letters and digits."""
    return "".join(one if one.isalnum() else " " for one in stem).split()

"""The planted library: its films are made, watched and tagged once, and kept while their descriptions stay the same.

    python -m tests.planted.library FOLDER

makes it in FOLDER and prints what each film is taken for; ``FOLDER/media`` has the videos, ``FOLDER/library`` the rest.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kinodex.library import Library
from tests.planted.film import Film
from tests.planted.films import FILMS
from tests.planted.making import digest_of, make

TAGS = Path(__file__).parent / "data" / "tags.csv"
"""The owner's vocabulary."""


@dataclass(frozen=True, slots=True)
class Planted:
    """Where a planted library lies: ``root`` for `Library.open`, the videos in ``media``."""

    root: Path
    media: Path
    films: tuple[Film, ...]

    def open(self) -> Library:
        """The library, to be closed by the caller."""
        return Library.open(self.root, create=False)


def build(folder: Path, films: Sequence[Film] = FILMS) -> Planted:
    """Make and ingest the films, or find them in ``folder``, made from the same descriptions.

    Raises:
        RuntimeError: if a film could not be ingested whole.
    """
    folder = folder / digest_of(films, TAGS.read_bytes())
    made = Planted(folder / "library", folder / "media", tuple(films))
    make(films, made.media)
    with Library.open(made.root) as library:
        report = library.ingest(made.media)
        if report.totals.done != len(films):
            raise RuntimeError(f"the planted library could not be ingested: {report}")
        if not any(map(library.store.tags.decisions, library.indexed())):
            library.import_tags(TAGS)
            library.tag()
    return made


if __name__ == "__main__":
    planted = build(Path(sys.argv[1]))
    print(planted.root)

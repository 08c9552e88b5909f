"""A small real library to talk about, and how `kinodex` is run on it."""

from __future__ import annotations

import shutil
from pathlib import Path

from encoders.bundle import Encoders
from stores.library_store import LibraryStore
from tests.unit.agents.small_library import add_video

HOSTILE = "The dough needs \x1b]0;owned\x07\x1b[31msalt\u202e and [bold]water[/bold] ![x](http://a.example) <b>now</b>."


def make(root: Path) -> Path:
    """A library of three videos; what is said in one of them would like to be obeyed."""
    with Encoders.open("embedded") as encoders, LibraryStore.open(root / "library", create=True) as store:
        add_video(
            store,
            encoders,
            root / "pizza.mp4",
            "imagenet:963",
            ("Today we bake a pizza at home.", "The oven must be at 250 degrees.", HOSTILE),
        )
        add_video(store, encoders, root / "boats.mp4", "imagenet:914", ("The harbour opens in the morning.",))
        add_video(store, encoders, root / "taxi.mp4", "imagenet:468", ("Twelve euros to the station, please.",))
    return root / "library"


def copied(made: Path, to: Path) -> Path:
    """A copy for a test of its own."""
    return Path(shutil.copytree(made, to / "library"))

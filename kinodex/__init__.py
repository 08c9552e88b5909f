"""Kinodex: understand a library of videos.

from kinodex import Library

with Library.open("my-library") as library:
    library.ingest("videos/")
    for moment in library.search("a man playing drums").moments:
        print(moment.video_id, moment.span.seconds, moment.text)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kinodex.library import Library
    from stores.core.errors import KinodexError

__version__ = "0.1.0"

__all__ = ["KinodexError", "Library", "__version__"]


def __getattr__(name: str) -> object:
    # Names are resolved on first use, so that `import kinodex` costs nothing.
    if name == "Library":
        from kinodex.library import Library

        return Library
    if name == "KinodexError":
        from stores.core.errors import KinodexError

        return KinodexError
    raise AttributeError(f"module 'kinodex' has no attribute {name!r}")

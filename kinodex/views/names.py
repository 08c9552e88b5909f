"""Names of files instead of their paths: where they lie is nobody's business who asks through a door."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kinodex.text import clean
from stores.core.uris import path_of

_PATH = re.compile(r"(?<![\w/.:%])/(?!api/v1/)(?:[^\s/'\"<>,;]+/)+([^\s/'\"<>,;]*)")
"""An absolute path within a sentence; its last name in group 1."""


def name_of(uris: Sequence[str], video_id: str) -> str:
    """The name of a video's first file; its id if it has none."""
    return file_name(uris[0]) if uris else video_id


def file_name(uri: str) -> str:
    """The name of the file at a uri, fit to be shown."""
    return clean(path_of(uri).name) or clean(uri.rsplit("/", 1)[-1])


def without_paths(text: str, *known: str | Path) -> str:
    """A sentence with names in place of absolute paths.

    Args:
        known: paths or uris that may occur in it, and may hold spaces.
    """
    for one in sorted(map(str, known), key=len, reverse=True):
        name = one.rsplit("/", 1)[-1]
        if name and one != name:
            text = text.replace(one, name)
    return _PATH.sub(lambda match: match[1] or "…", text)

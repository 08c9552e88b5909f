"""A uri can be printed, stored and turned back into the path."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from stores.core.uris import path_of, uri_of

NAMES = st.binary(min_size=1, max_size=40).filter(
    lambda raw: b"\0" not in raw and b"/" not in raw and raw not in (b".", b"..")
)


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_every_name_linux_allows_survives(names: list[bytes]) -> None:
    path = Path("/").joinpath(*(os.fsdecode(name) for name in names))
    uri = uri_of(path)
    assert path_of(uri) == path
    assert uri.isprintable()
    uri.encode()


def test_ordinary_paths_look_like_themselves() -> None:
    assert uri_of(Path("/影片/Beach Day (2).mp4")) == "/影片/Beach Day (2).mp4"
    assert uri_of(Path("/a/../b/x.mp4")) == "/b/x.mp4"
    assert uri_of(Path("/a/50%.mp4")) == "/a/50%25.mp4"

"""The ways in which a library can be asked: by rules, with the local model, with a scripted one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from benchmarks.answer_cases.scripted_model import scripted_endpoint
from kinodex.library import Library

PLANNERS = ("rules", "local", "scripted")


@contextmanager
def open_library(path: Path, planner: str) -> Iterator[Library]:
    """The library, asked by one of `PLANNERS` whatever the environment says of language models.

    Raises:
        SystemExit: where this edition has no such planner.
    """
    with scripted_endpoint() if planner == "scripted" else nullcontext("") as url:
        endpoint = {"base_url": url, "model": "" if planner == "rules" else planner}
        with Library.open(path, create=False, endpoint=endpoint) as library:
            if (library.llm is None) != (planner == "rules"):
                raise SystemExit(f"{planner} cannot be asked here.")
            yield library

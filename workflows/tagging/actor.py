"""The Ray actor of tagging: one copy of the models and of the prepared tag library. It decides and commits nothing."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from stores.core.errors import KinodexError
from stores.core.patience import patiently
from stores.library_store import LibraryStore
from workflows.executors.ray.cluster import polled, this_machine
from workflows.tagging.deciding import Decided, Deciding, decide_some
from workflows.tagging.tagger_config import TaggerConfig


@dataclass(frozen=True, slots=True)
class TagRow:
    """What an actor returns of one video, or of its opening; ``unit``: index of what was handed out together.

    Attributes:
        status: ``finished``; ``aborted`` if no other video would fare better, for the reason in ``error_…``.
        decided: None if nothing was decided.
    """

    unit: int
    decided: Decided | None = None
    status: str = "finished"
    error_code: str = ""
    error_message: str = ""
    hint: str = ""


class TaggingActor:
    """An actor: it keeps its models, its tag library and its connection to the library over many videos.

    Args:
        slots: is 1: deciding is mostly Python, of which a process runs one thread at a time.
    """

    def __init__(self, config: TaggerConfig, slots: int) -> None:
        self._config = config
        self._slots = slots
        self._tagger: Deciding | None = None
        self._worker = ""

    def open(self) -> TagRow:
        """Open the library and prepare its tags; ``aborted``, with the error, if that cannot be done here."""
        try:
            self._tagger = patiently(self._opened)
        except KinodexError as error:
            where = f"On {socket.gethostname()}: {error.message}"
            return TagRow(-1, None, "aborted", error.code.name, where, error.hint)
        self._worker = f"ray-{this_machine()}-{os.getpid()}"
        return TagRow(-1)

    def _opened(self) -> Deciding:
        # Imported here, not at the top: the driver of a batch loads nothing twice.
        from agents.llm import LLM
        from agents.tagging.graph import Tagger
        from encoders.bundle import Encoders

        config = self._config
        store = LibraryStore.open(Path(config.root), places=config.places)
        encoders = Encoders.open(config.profile, config.threads, config.device, config.pins, config.added)
        tagger = Tagger(store, encoders, LLM(config.endpoint) if config.endpoint is not None else None)
        tagger.expect(config.videos)
        return tagger

    @polled
    def progress(self) -> list[tuple[int, object]]:
        """Nothing to tell. An actor that answers is alive."""
        return []

    def work(self, number: int, text: str) -> list[TagRow]:
        """Decide about the videos in ``text``, a JSON list of ids; a row for each."""
        assert self._tagger is not None
        rows: list[TagRow] = []
        try:
            rows.extend(TagRow(number, made) for made in decide_some(self._tagger, json.loads(text), self._worker))
        except KinodexError as error:
            # A row, not an exception: Ray would wrap that in a long report of its own.
            rows.append(TagRow(number, None, "aborted", error.code.name, error.message, error.hint))
        return rows

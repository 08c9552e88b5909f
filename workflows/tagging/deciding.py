"""Deciding about one video of a batch: an outcome, never an exception for the video's own sake."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from agents.llm.failures import of_one_answer
from stores.core.errors import EndpointError, KinodexError, StoreError, UsageError
from stores.core.patience import patiently
from stores.core.records import Decision
from stores.sql.faults import in_one_line

_log = logging.getLogger(__name__)


class Deciding(Protocol):
    """What decides: `agents.tagging.graph.Tagger`."""

    @property
    def vocabulary(self) -> str:
        """Names its tags."""

    @property
    def revision(self) -> str:
        """Names its ranker, thresholds and models."""

    def tag(self, video_id: str) -> tuple[Decision, ...]:
        """Decisions about one video."""


@runtime_checkable
class Reading(Protocol):
    """What decides faster about many videos if it reads some of them together: `agents.tagging.graph.Tagger`."""

    @property
    def together(self) -> int:
        """How many."""

    def expect(self, videos: int) -> None:
        """Says how many videos will be decided about in all."""

    def read_ahead(self, video_ids: Sequence[str]) -> None:
        """Reads some, which will be decided about next."""


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of one video.

    Attributes:
        decisions: strongest first; none if it failed.
        vocabulary, ranker: names of what it was decided with.
        error_code, error_message: "" unless it failed.
        seconds: that it took.
    """

    video_id: str
    vocabulary: str
    ranker: str
    decisions: tuple[Decision, ...] = ()
    error_code: str = ""
    error_message: str = ""
    seconds: float = 0.0
    worker: str = ""


def decide(tagger: Deciding, video_id: str, worker: str = "") -> Decided:
    """Decide about one video. A server that cannot be reached is waited for.

    Raises:
        EndpointError: if the language model cannot be reached or refuses: no other video would fare better.
        StoreError: if the library cannot be read.
    """
    began = time.monotonic()
    decisions: tuple[Decision, ...] = ()
    code = message = ""
    try:
        decisions = patiently(lambda: tagger.tag(video_id))
    except EndpointError as error:
        if not of_one_answer(error):
            raise
        code, message = error.code.name, error.message
    except StoreError:
        raise
    except KinodexError as error:
        code, message = error.code.name, error.message
    except Exception as error:  # noqa: BLE001
        # A bug that one video brings to light must not keep the others from being tagged.
        _log.exception("tagging %s", video_id)
        code, message = "INTERNAL", in_one_line(error)
    seconds = time.monotonic() - began
    return Decided(video_id, tagger.vocabulary, tagger.revision, decisions, code, message, seconds, worker)


def decide_some(tagger: Deciding, video_ids: Sequence[str], worker: str = "") -> Iterator[Decided]:
    """Decide about some videos, one after the other, read together where that is possible.

    Raises:
        As `decide`.
    """
    began = time.monotonic()
    if isinstance(tagger, Reading) and len(video_ids) > 1:
        try:
            patiently(lambda: tagger.read_ahead(video_ids))
        except StoreError:
            raise
        except Exception:  # noqa: BLE001
            # One of them cannot be read: whichever it is will say so by itself.
            _log.exception("reading %d videos", len(video_ids))
    share = (time.monotonic() - began) / max(1, len(video_ids))
    for one in video_ids:
        made = decide(tagger, one, worker)
        yield replace(made, seconds=made.seconds + share)


def is_of_nobody(outcome: Decided) -> bool:
    """Whether it failed because there is no such indexed video (any more)."""
    return outcome.error_code == UsageError("UNKNOWN_VIDEO", "").code.name

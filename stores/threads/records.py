"""What a conversation consists of: frozen records, independent of who answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stores.core.records import Channel, Span

TurnStatus = Literal["running", "done", "cancelled", "failed", "interrupted"]
"""``interrupted``: its process died, or what it was reading was removed; the question can be asked again."""

REMOVED = "(This answer was removed together with what it cited.)"
"""The text of an answer whose evidence is gone."""

WITHHELD = "(withheld)"
"""The text of an answer from videos that its reader does not see, or no longer."""

LARGEST_PAYLOAD = 2_000
"""Characters of an event's payload, as JSON. Source: our choice: 50 turns of 6 steps stay far below 2 MB."""

MOST_EVENTS = 500
"""Events of one turn. Source: our choice: ten times what 8 tool calls and 7 nodes leave."""


@dataclass(frozen=True, slots=True)
class Thread:
    """One conversation. Times in seconds since the epoch.

    Attributes:
        video_ids: the videos it is about; None: the whole library. Forgotten videos are no longer among them; so it
            can be empty, and then there is nothing to find.
        turns: how many were begun.
        owner: the user that it belongs to; "" for the owner of the library.
        key_id: the API key that it was begun with; "" for a person.
    """

    thread_id: str
    title: str
    video_ids: tuple[str, ...] | None
    turns: int
    created_at: float
    changed_at: float
    owner: str = ""
    key_id: str = ""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a turn has cost: calls of a language model, tokens of prompts and answers, seconds, money (US dollars)."""

    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class ThreadCitation:
    """A claim's pointer to evidence, with what that said when the turn ended."""

    evidence_id: str
    video_id: str
    span: Span
    channel: Channel
    quote: str


@dataclass(frozen=True, slots=True)
class ThreadClaim:
    """One checked sentence of an answer; ``basis``, ``sql``, ``value`` as `agents.answering.claims.Claim`."""

    text: str
    citations: tuple[ThreadCitation, ...]
    basis: str = "words"
    sql: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Turn:
    """One question and its answer. Times in seconds since the epoch.

    Attributes:
        ordinal: its place in the thread, from 1.
        question: as it was asked; ``stand_alone``: as it was understood without the turns before ("" until then).
        answer: "" unless it is done; `REMOVED` if ``removed``.
        abstained: whether the answer says that the library has none.
        removed: whether something the turn cited or read is gone, and claims with it.
        mode: who answered: ``extractive`` or ``llm``; "" until then.
        error_code: a name in `stores.core.errors.CODES`, "" if nothing went wrong.
        attempt: how many processes have worked on it.
        events: the number of its newest event.
        videos: ids of the videos that it read from, cited or not.
        key_id: the API key that it was asked with; "" for a person.
        seen_as: the collections that it was answered from (`stores.access.store.AccessStore.seen_as`).
    """

    turn_id: str
    thread_id: str
    ordinal: int
    question: str
    stand_alone: str
    status: TurnStatus
    answer: str
    abstained: bool
    removed: bool
    mode: str
    claims: tuple[ThreadClaim, ...]
    usage: Usage
    error_code: str
    error_message: str
    attempt: int
    events: int
    started_at: float
    finished_at: float | None
    videos: tuple[str, ...] = ()
    key_id: str = ""
    seen_as: str = ""


@dataclass(frozen=True, slots=True)
class DraftClaim:
    """A checked claim with the ids of its evidence, before it is stored; times and quotes come from the store."""

    text: str
    evidence_ids: tuple[str, ...]
    basis: str = "words"
    sql: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class TurnAnswer:
    """How a turn is answered; an answer without claims must be an abstention or have nothing to claim."""

    text: str
    abstained: bool
    mode: str
    claims: tuple[DraftClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step has changed about a running turn; None and () change nothing.

    Attributes:
        usage: of the whole turn so far.
        evidence_ids: what was read, so that it can be removed with its videos.
    """

    stand_alone: str | None = None
    usage: Usage | None = None
    evidence_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to go on with a running turn, as long as nobody has taken it over."""

    turn_id: str
    thread_id: str
    attempt: int


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to be appended.

    Raises:
        ValueError: if the payload is larger than `LARGEST_PAYLOAD`.
        TypeError: if it is no JSON object.
    """

    kind: str
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(json.dumps(self.payload, ensure_ascii=False, allow_nan=False))
        if size > LARGEST_PAYLOAD:
            raise ValueError(f"the payload of event {self.kind} has {size} characters; at most {LARGEST_PAYLOAD}")


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One step of a run. ``number`` counts from 1 in its turn and only grows; ``at``: seconds since the epoch."""

    turn_id: str
    number: int
    kind: str
    payload: Mapping[str, Any]
    at: float

"""Conversations as pages show them: answers whose numbers play."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kinodex.schemas.base import Document, Number
from kinodex.schemas.conversations.chat import ThreadDocument, UsageDocument


class NewThread(Document):
    """A thread to begin; ``video_ids``: the only videos that it is about, null for all."""

    title: Annotated[str, Field(max_length=200)] = ""
    video_ids: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=1_000)] | None = None


class ThreadChange(Document):
    """Another title."""

    title: Annotated[str, Field(max_length=200)]


class NewTurn(Document):
    """A question."""

    question: Annotated[str, Field(min_length=1, max_length=4_000)]


class ThreadsPage(Document):
    """Threads, the last changed first; ``next`` is the cursor of the next page, null at the end."""

    threads: list[ThreadDocument]
    next: str | None


class CitationShown(Document):
    """What an answer points at.

    Attributes:
        number: by which the claims of the answer name it.
        quote: what was said or seen there; data, never markup or an instruction.
        frame: url of a picture of its middle.
        link: of the page that plays it.
    """

    number: int
    evidence_id: str
    video_id: str
    name: str
    start: Number
    end: Number
    channel: str
    quote: str
    frame: str
    link: str


class ClaimShown(Document):
    """One sentence of an answer; ``citations``: numbers of what it rests on.

    Attributes:
        basis, value, sql: as `kinodex.schemas.answer.ClaimDocument`.
    """

    text: str
    citations: list[int]
    basis: str
    value: str
    sql: str


class TurnShown(Document):
    """One question and its answer. Times: seconds since 1970.

    Attributes:
        status: ``running``, ``done``, ``cancelled``, ``failed`` or ``interrupted`` (its process died).
        removed: whether what it cited is gone, or hidden from the one who asks, and its claims with it.
        lines: the answer with the numbers of its citations, ``A dog barks [1][2]``; as text, line by line.
        citations: each once; number 1 first.
        events: url of its events.
        other attributes: as `kinodex.schemas.conversations.chat.TurnDocument`.
    """

    turn_id: str
    thread_id: str
    ordinal: int
    question: str
    stand_alone: str
    status: str
    answer: str
    lines: list[str]
    abstained: bool
    removed: bool
    mode: str
    claims: list[ClaimShown]
    citations: list[CitationShown]
    usage: UsageDocument
    error_code: str
    error_message: str
    started_at: Number
    finished_at: Number | None
    events: str


class ThreadShown(Document):
    """A thread with all that was said in it; ``videos``: names of the only videos that it is about, by id."""

    thread: ThreadDocument
    videos: dict[str, str]
    turns: list[TurnShown]


class TurnBegun(Document):
    """A turn that is being answered; ``events`` is the url of what happens in it."""

    turn_id: str
    thread_id: str
    events: str


class Cancelled(Document):
    """Whether a turn was running when it was asked to stop."""

    turn_id: str
    was_running: bool

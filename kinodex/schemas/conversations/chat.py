"""Threads, their turns, and what happened in a turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kinodex.schemas.answer import ClaimDocument, claim
from kinodex.schemas.base import Document, Number

if TYPE_CHECKING:
    from stores.threads.records import RunEvent, Thread, Turn


class UsageDocument(Document):
    """What a turn used; ``cost`` in US dollars by the prices of the settings."""

    calls: int
    tokens: int
    seconds: Number
    cost: Number


class TurnDocument(Document):
    """One question and its answer. Times: seconds since 1970.

    Attributes:
        ordinal: its place in the thread, from 1.
        stand_alone: the question as it is understood without the turns before; "" if it did not come to that.
        status: ``running``, ``done``, ``cancelled``, ``failed`` or ``interrupted`` (its process died).
        answer: "" unless it is done.
        abstained: whether the videos hold no answer.
        removed: whether what it cited is gone, and its claims with it.
        mode: ``extractive``, or ``llm`` if a language model wrote it; "" unless it is done.
        error_code, error_message: "" if nothing went wrong.
    """

    turn_id: str
    thread_id: str
    ordinal: int
    question: str
    stand_alone: str
    status: str
    answer: str
    abstained: bool
    removed: bool
    mode: str
    claims: list[ClaimDocument]
    usage: UsageDocument
    error_code: str
    error_message: str
    started_at: Number
    finished_at: Number | None


class ThreadDocument(Document):
    """One conversation; ``video_ids``: the only videos it is about, null for all."""

    thread_id: str
    title: str
    video_ids: list[str] | None
    turn_count: int
    created_at: Number
    changed_at: Number


class ThreadsDocument(Document):
    """What `kinodex threads list` lists, the last changed first."""

    threads: list[ThreadDocument]


class ConversationDocument(Document):
    """A thread with all that was said in it."""

    thread: ThreadDocument
    turns: list[TurnDocument]


class DeletedThreadsDocument(Document):
    """What `kinodex threads delete` deletes; ``turns``: how many questions were in them."""

    deleted: list[str]
    turns: int


class EventDocument(Document):
    """One step of a turn; ``number`` counts from 1 in its turn."""

    turn_id: str
    number: int
    kind: str
    details: dict[str, Any]
    at: Number


def thread(one: Thread) -> ThreadDocument:
    """The document of a thread."""
    return ThreadDocument(
        thread_id=one.thread_id,
        title=one.title,
        video_ids=None if one.video_ids is None else list(one.video_ids),
        turn_count=one.turns,
        created_at=one.created_at,
        changed_at=one.changed_at,
    )


def threads(every: Sequence[Thread]) -> ThreadsDocument:
    """The document of several."""
    return ThreadsDocument(threads=[thread(one) for one in every])


def turn(one: Turn, uris: Mapping[str, str]) -> TurnDocument:
    """The document of a turn.

    Args:
        uris: of each cited video, by id.
    """
    return TurnDocument(
        turn_id=one.turn_id,
        thread_id=one.thread_id,
        ordinal=one.ordinal,
        question=one.question,
        stand_alone=one.stand_alone,
        status=one.status,
        answer=one.answer,
        abstained=one.abstained,
        removed=one.removed,
        mode=one.mode,
        claims=[claim(each, uris) for each in one.claims],
        usage=UsageDocument(
            calls=one.usage.calls, tokens=one.usage.tokens, seconds=one.usage.seconds, cost=one.usage.cost
        ),
        error_code=one.error_code,
        error_message=one.error_message,
        started_at=one.started_at,
        finished_at=one.finished_at,
    )


def conversation(about: Thread, turns: Sequence[Turn], uris: Mapping[str, str]) -> ConversationDocument:
    """The document of a whole thread."""
    return ConversationDocument(thread=thread(about), turns=[turn(one, uris) for one in turns])


def event(one: RunEvent) -> EventDocument:
    """The document of a step."""
    return EventDocument(turn_id=one.turn_id, number=one.number, kind=one.kind, details=dict(one.payload), at=one.at)


def cited_videos(turns: Sequence[Turn]) -> list[str]:
    """Ids of the videos that some turns cite, each once."""
    return list(dict.fromkeys(one.video_id for each in turns for claim in each.claims for one in claim.citations))

"""What a run of the graph holds: plain JSON values only, so that a killed run goes on from its last node."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, TypedDict, cast

from agents.answering.claims import Basis, Citation, Claim
from agents.tools.result import ToolCall, ToolResult
from stores.core.records import Channel, Span


class ChatState(TypedDict, total=False):
    """The state of one turn.

    Attributes:
        question: as it was asked; history: of the conversation (`agents.chat.history`); video_ids: the videos that may
            be cited, None for all; these are the input (`agents.chat.turns.TurnInput`).
        began: when, in seconds since the epoch.
        stand_alone: the question as it stands alone; named: the videos that it or the conversation names; why: how it
            was completed, "" if it was not.
        moment: the place of a video that it refers to ("who says that?"), or None.
        readings: what else the question may mean, to be tried in turn where nothing is found for the one before
            (`agents.chat.reading.readings`); first: how it was understood first; kept: how it is told, if not as it was
            answered.
        language: in which to answer, "" for the question's own; shown: evidence that was shown before and is to be left
            out, because more is wanted.
        idle: why there is nothing to answer; unknown: a named video that the library has not.
        calls: look-ups still to be made; results: what was found so far.
        messages: of a language model that plans; rules: whether the rules have planned, because it could not; gone:
            whether its endpoint was lost in this turn and is not asked again.
        drafted, claims, rejected: claims before and after the check; rejected ones with the reason.
        tried: who has drafted, ``rules`` or ``model``, where a small model and the rules take turns.
        again: whether the next reading is about to be tried; past: those that were; second: whether a language model
            now reads them, since the rules found no answer in any; before_rewriting: how many were tried before it was
            asked to rewrite the question, -1 if it was not.
        repaired, repairing: whether rejected claims were sent back once, and are just now; by_rules: whether the rules
            have drafted; mode: who drafted last, ``llm`` or ``extractive``.
        evidence_ids: of the lines that the last draft was made from.
        usage: of a language model so far: calls, tokens and money; answer: the end result.
    """

    question: str
    history: dict[str, Any]
    video_ids: list[str] | None
    began: float
    stand_alone: str
    named: list[str]
    why: str
    moment: dict[str, Any] | None
    readings: list[dict[str, Any]]
    first: str
    kept: str
    language: str
    shown: list[str]
    idle: str
    unknown: str
    calls: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    rules: bool
    gone: bool
    results: list[dict[str, Any]]
    drafted: list[dict[str, Any]]
    claims: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    tried: list[str]
    again: bool
    past: list[dict[str, Any]]
    second: bool
    before_rewriting: int
    repaired: bool
    repairing: bool
    by_rules: bool
    mode: str
    evidence_ids: list[str]
    usage: dict[str, float]
    answer: dict[str, Any]


def call_out(call: ToolCall) -> dict[str, Any]:
    """A call as JSON values."""
    return {"name": call.name, "arguments": call.arguments}


def call_in(value: dict[str, Any]) -> ToolCall:
    """The same back."""
    return ToolCall(value["name"], dict(value["arguments"]))


def result_out(result: ToolResult) -> dict[str, Any]:
    """A result as JSON values."""
    return {
        "call": call_out(result.call),
        "evidence_ids": list(result.evidence_ids),
        "rows": list(result.rows),
        "note": result.note,
        "sql": result.sql,
        "error": result.error,
    }


def result_in(value: dict[str, Any]) -> ToolResult:
    """The same back."""
    call = call_in(value["call"])
    return ToolResult(
        call, tuple(value["evidence_ids"]), tuple(value["rows"]), value["note"], value["sql"], value["error"]
    )


def claim_out(claim: Claim) -> dict[str, Any]:
    """A claim as JSON values; spans in ticks of their time base."""
    return {
        "text": claim.text,
        "evidence_ids": list(dict.fromkeys(one.evidence_id for one in claim.citations)),
        "basis": claim.basis,
        "sql": claim.sql,
        "value": claim.value,
        "citations": [
            {
                "evidence_id": one.evidence_id,
                "video_id": one.video_id,
                "start": one.span.start,
                "end": one.span.end,
                "time_base": [one.span.time_base.numerator, one.span.time_base.denominator],
                "channel": one.channel,
                "quote": one.quote,
            }
            for one in claim.citations
        ],
    }


def claim_in(value: dict[str, Any]) -> Claim:
    """The same back."""
    citations = tuple(
        Citation(
            one["evidence_id"],
            one["video_id"],
            Span(one["start"], one["end"], Fraction(*one["time_base"])),
            cast("Channel", one["channel"]),
            one["quote"],
        )
        for one in value["citations"]
    )
    return Claim(value["text"], citations, cast("Basis", value["basis"]), value["sql"], value["value"])

"""What a follow-up may mean, the likeliest first: each is asked in turn until one has an answer.

"How many people were there?" is about the video that was just spoken of if that tells it, else about the library;
"what colour is it?" is about the very moment that was shown if that shows it, else about its video.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agents.questions.conversation.turns import Shown

MOST_READINGS = 4
"""Readings of one question. Ours: each costs as much as a question."""

MOST_READ_AGAIN = 2
"""Readings in which a language model looks for what the rules did not find: some 12 s each on two cores. Ours."""


MOST_REWRITTEN = 2
"""Readings that a language model adds. Ours."""


_OF_A_READING = ("stand_alone", "named", "moment", "why")


def reading(text: str, videos: Sequence[str], moment: Shown | None = None) -> dict[str, Any]:
    """One reading as JSON values: a question that stands alone, its videos (none for all) and the place in one."""
    start, end = moment.span.seconds if moment is not None else (0.0, 0.0)
    place = {"video_id": moment.video_id, "start": start, "end": end} if moment is not None else None
    return {"stand_alone": text, "named": list(videos), "moment": place}


def all_different(readings: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The readings in their order, each once, as many as are tried."""
    kept: list[dict[str, Any]] = []
    for one in readings:
        if one not in kept:
            kept.append(one)
    return kept[:MOST_READINGS]


def moment_in(place: dict[str, Any] | None) -> tuple[str, float, float] | None:
    """The moment of a reading; None if it has none."""
    return (place["video_id"], place["start"], place["end"]) if place else None


def next_reading(
    state: Any, reads_again: bool = False, rewritten: Callable[[], Sequence[dict[str, Any]]] = list
) -> dict[str, Any]:
    """The changes of a turn's state that begin the next reading; none but the end of it if all were tried.

    Args:
        reads_again: whether a language model reads the lines where the rules found no answer in any reading; it is
            given the likeliest ones once more.
        rewritten: further readings by a language model, asked for once, when all others were tried.
    """
    left = state.get("readings") or []
    past = [*state.get("past", []), {key: state[key] for key in _OF_A_READING if key in state}]
    second, before = bool(state.get("second")), state.get("before_rewriting", -1)
    if not left and before < 0:
        before = len(past)
        known = [{**one, "why": ""} for one in past]
        left = [one for one in rewritten() if {**one, "why": ""} not in known][:MOST_REWRITTEN]
    if not left and reads_again and not second:
        left, second = _worth_reading([*past[before:], *past[:before]]), True
    if not left:
        return {"again": False}
    return {
        **left[0],
        "past": past,
        "second": second,
        "before_rewriting": before,
        "readings": left[1:],
        "first": state.get("first") or state["stand_alone"],
        "again": True,
        "calls": [],
        "results": [],
        "messages": [],
        "drafted": [],
        "rejected": [],
        "repaired": False,
        "by_rules": False,
        "tried": [],
    }


def _worth_reading(past: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The readings in which a model looks for an answer: of those with the same words the one about certain videos."""
    kept: dict[str, dict[str, Any]] = {}
    for one in past:
        known = kept.get(one["stand_alone"])
        if known is None or (one["named"] and not known["named"]):
            kept[one["stand_alone"]] = one
    return list(kept.values())[:MOST_READ_AGAIN]

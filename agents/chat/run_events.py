"""What the steps of a run leave behind: small events, and which evidence was read.

What a node found or drafted is never part of an event: claims are shown only after the check, and evidence only by its
ids. Nodes tell their steps themselves, by LangGraph's stream writer: a JSON object such as
``{"tool": "search_moments", "found": 12}``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from stores.threads.records import LARGEST_PAYLOAD, NewEvent

LONGEST_STRING = 200
"""Characters of a string in a step. Source: our choice: one line of a terminal or two."""

MOST_ITEMS = 12
"""Entries of a list or an object in a step. Source: our choice: as many lines of evidence as an answer is given."""

_DEEPEST = 3


def node_event(node: str, seconds: float) -> NewEvent:
    """A node has ended."""
    return NewEvent("node", {"node": node, "seconds": round(seconds, 3)})


def step_event(step: object) -> NewEvent:
    """A step that a node told of; what is too long is cut."""
    payload = _small(step, 0)
    if not isinstance(payload, dict):
        payload = {"note": payload}
    if len(json.dumps(payload, ensure_ascii=False)) > LARGEST_PAYLOAD:
        payload = {key: value for key, value in payload.items() if not isinstance(value, list | dict)}
        payload["cut"] = True
    return NewEvent("step", payload)


def evidence_in(update: object) -> tuple[str, ...]:
    """All ids under the keys ``evidence_id`` and ``evidence_ids``, however deep."""
    return tuple(dict.fromkeys(_evidence(update)))


def require_json(node: str, update: object) -> None:
    """Checks that a node left only plain values in the state, so that the run can be resumed.

    Raises:
        TypeError, ValueError: if it did not.
    """
    try:
        json.dumps(update, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise type(error)(f"the node {node} left something in the state that is no JSON value: {error}") from error


def _small(value: object, depth: int) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value if not isinstance(value, float) or abs(value) < 1e300 else str(value)
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {str(key)[:40]: _small(one, depth + 1) for key, one in list(value.items())[:MOST_ITEMS]}
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_small(one, depth + 1) for one in value[:MOST_ITEMS]]
    text = str(value)
    return text if len(text) <= LONGEST_STRING else f"{text[: LONGEST_STRING - 1]}…"


def _evidence(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, one in value.items():
            if key == "evidence_id" and isinstance(one, str):
                yield one
            elif key == "evidence_ids" and isinstance(one, list | tuple):
                yield from (each for each in one if isinstance(each, str))
            else:
                yield from _evidence(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _evidence(one)

"""Planning without a language model: what is looked up follows from what is asked."""

from __future__ import annotations

from collections.abc import Sequence

from agents.answering.drafting.counting import asks_for_videos
from agents.questions.question import Question
from agents.tools.arguments import MOST_MOMENTS, MOST_VIDEOS
from agents.tools.result import ToolCall

MOMENTS = 12
"""Moments looked at for a question about some of them."""


def plan(question: Question, named: Sequence[str]) -> list[ToolCall]:
    """The look-ups for a question, in order.

    Args:
        named: the videos it is about, by id; none for the whole library.
    """
    if question.intent == "nothing":
        return []
    if question.intent in ("summarise", "metadata") or question.overview:
        return [ToolCall("video_overview", {"video": one}) for one in named[:2]] or [_search(question, named)]
    if question.intent == "tags" and named:
        return [ToolCall("tags_of", {"videos": list(named)[:MOST_VIDEOS]})]
    if question.intent == "compare" and named:
        return [ToolCall("video_overview", {"video": one}) for one in named[:4]]
    if question.intent == "compare":
        return [ToolCall("list_videos", {"limit": MOST_VIDEOS})]
    if question.intent == "which_videos" or asks_for_videos(question.text):
        return [_search(question, named, MOST_MOMENTS)]
    return [_search(question, named)]


def query_of(question: Question) -> str:
    """What to search for: the things that a question is about if it names any beside its grammar."""
    return question.text


def _search(question: Question, named: Sequence[str], k: int = MOMENTS) -> ToolCall:
    arguments: dict[str, object] = {"query": query_of(question)[:500], "k": k}
    if 0 < len(named) <= MOST_VIDEOS:  # more are those of the conversation, which every look-up keeps to
        arguments["videos"] = list(named)
    return ToolCall("search_moments", arguments)

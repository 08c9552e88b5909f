"""The graph of one turn: contextualise → understand → plan → act → draft → check → conclude.

One graph serves both planners. Without a language model the rules of `agents.chat.rules` plan and
`agents.answering.drafting` drafts; with one, it plans by look-ups (`agents.chat.model_planner`) and drafts from numbered
lines (`agents.answering.by_model`). Look-ups, checker and result are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from langgraph.graph import END, START, StateGraph

from agents.answering.checker import CitationChecker
from agents.answering.claims import Claim
from agents.answering.drafting.draft import draft
from agents.answering.drafting.material import Material
from agents.answering.lines import gather, rank_lines
from agents.chat import rules, wording
from agents.chat.state import ChatState, call_in, call_out, claim_in, claim_out, result_in, result_out
from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.questions.video_names import VideoNames
from agents.search.finder import SEARCHED_STAGES, Finder, Found
from agents.search.keystrokes import names_nothing
from agents.tools.result import ToolResult
from agents.tools.toolbox import Toolbox
from agents.words import nothing_to_look_for, read_part
from encoders.bundle import Encoders
from stores.core.errors import UsageError
from stores.library_store import LibraryStore

MOST_CALLS = 8
"""Look-ups of one turn."""

NODES = ("contextualise", "understand", "plan", "act", "draft", "check", "conclude")


class ChatGraph:
    """Answers one question of a conversation over one library."""

    def __init__(self, store: LibraryStore, encoders: Encoders, finder: Finder) -> None:
        self._store = store
        self._encoders = encoders
        self._finder = finder
        self._toolbox = Toolbox(store, encoders, finder)
        self._checker = CitationChecker(store, encoders)
        self._names = VideoNames(store)
        self._question = lru_cache(maxsize=64)(self._understood)
        self._found = lru_cache(maxsize=8)(self._found_again)

    def build(self) -> StateGraph[ChatState, None, ChatState, ChatState]:
        """The graph, not compiled: whoever runs it chooses whether runs are kept."""
        graph = StateGraph(ChatState)
        for name in NODES:
            graph.add_node(name, getattr(self, f"_{name}"))
        graph.add_edge(START, "contextualise")
        graph.add_edge("contextualise", "understand")
        graph.add_conditional_edges("understand", _worth_planning, ["plan", "conclude"])
        graph.add_conditional_edges("plan", _to_do, ["act", "draft"])
        graph.add_edge("act", "plan")
        graph.add_edge("draft", "check")
        graph.add_edge("check", "conclude")
        graph.add_edge("conclude", END)
        return graph

    def _contextualise(self, state: ChatState) -> dict[str, Any]:
        named = self._names.taken_out(read_part(state["asked"]))
        return {"text": named.text, "named": list(named.video_ids), "unknown": named.unknown, "why": ""}

    def _understand(self, state: ChatState) -> dict[str, Any]:
        scope = state.get("scope")
        named = state["named"]
        if scope is not None:
            outside = [one for one in named if one not in scope]
            if outside:
                return {"unknown": self._toolbox.name_of(outside[0]), "idle": ""}
        self._check_indexed(named or (scope or ()))
        question = self._question(state["text"])
        idle: str = question.idle
        if not idle and not question.overview and state["text"].strip():
            videos = named or scope
            if nothing_to_look_for(state["text"]) or names_nothing(state["text"], self._store, self._encoders, videos):
                idle = "empty"
        return {"idle": idle}

    def _plan(self, state: ChatState) -> dict[str, Any]:
        if state.get("results"):
            return {"calls": []}
        question = self._question(state["text"])
        return {"calls": [call_out(one) for one in rules.plan(question, self._videos(state) or ())][:MOST_CALLS]}

    def _act(self, state: ChatState) -> dict[str, Any]:
        done = list(state.get("results", []))
        scope = state.get("scope")
        for call in state["calls"][: MOST_CALLS - len(done)]:
            done.append(result_out(self._toolbox.call(call_in(call), scope)))
        return {"results": done, "calls": []}

    def _draft(self, state: ChatState) -> dict[str, Any]:
        question = self._question(state["text"])
        found = self._found_for(state)
        videos = self._videos(state)
        material = Material(
            question,
            found,
            tuple(state["scope"]) if state.get("scope") is not None else None,  # type: ignore[arg-type]
            tuple(videos or ()),
            self._store,
            self._encoders,
        )
        moments = found.moments if found is not None else ()
        ranked = (
            rank_lines(question, gather(question, self._store, self._encoders, found, videos), self._encoders, moments)
            if question.terms
            else []
        )
        return {"drafted": [claim_out(one) for one in draft(material, ranked)]}

    def _check(self, state: ChatState) -> dict[str, Any]:
        claims = [claim_in(one) for one in state["drafted"]]
        kept = self._checker.check(claims, state["text"], self._videos(state)) if claims else ()
        return {"claims": [claim_out(one) for one in kept]}

    def _conclude(self, state: ChatState) -> dict[str, Any]:
        question = self._question(state["text"])
        claims = [claim_in(one) for one in state.get("claims", [])]
        text = self._said(state, question, claims)
        return {
            "answer": {
                "text": text,
                "abstained": not claims,
                "mode": "extractive",
                "claims": [claim_out(one) for one in claims],
            }
        }

    def _said(self, state: ChatState, question: Question, claims: Sequence[Claim]) -> str:
        chinese = question.chinese
        if claims:
            return wording.joined([claim.text for claim in claims], chinese)
        if state.get("unknown"):
            return wording.unknown_video(state["unknown"], chinese)
        if state.get("idle"):
            return wording.idle(state["idle"], chinese)
        results = [result_in(one) for one in state.get("results", [])]
        looked_at = list(dict.fromkeys(str(row["name"]) for one in results for row in one.rows if "name" in row))[:3]
        found = self._found_for(state)
        return wording.nothing_found(found.index if found else None, looked_at, chinese)

    def _videos(self, state: ChatState) -> list[str] | None:
        """The videos that a question is about, None for all."""
        return list(state["named"]) or state.get("scope")

    def _found_for(self, state: ChatState) -> Found | None:
        """What the first search of this turn found."""
        results = [result_in(one) for one in state.get("results", [])]
        search = next((one for one in results if one.call.name == "search_moments" and not one.error), None)
        if search is None:
            return None
        videos = self._videos(state)
        arguments = search.call.arguments
        return self._found(arguments["query"], arguments.get("k", 12), None if videos is None else tuple(videos))

    def _found_again(self, query: str, k: int, videos: tuple[str, ...] | None) -> Found:
        return self._finder.search(query, k, videos)

    def _understood(self, text: str) -> Question:
        return understand(text, self._encoders.concepts.vocabulary)

    def _check_indexed(self, video_ids: Sequence[str]) -> None:
        active = self._store.catalog.active_of(video_ids, SEARCHED_STAGES)
        for video_id in video_ids:
            if (video_id, SEARCHED_STAGES[0]) not in active:
                raise UsageError(
                    "UNKNOWN_VIDEO",
                    f"{self._store.catalog.display_uri(video_id)} is not indexed, so nothing is known of it.",
                    "Run `kinodex ingest` on it, or see `kinodex errors`.",
                )


def _worth_planning(state: ChatState) -> str:
    return "conclude" if state.get("idle") or state.get("unknown") else "plan"


def _to_do(state: ChatState) -> str:
    return "act" if state.get("calls") else "draft"


def _failed(results: Sequence[ToolResult]) -> list[ToolResult]:
    return [one for one in results if one.error]

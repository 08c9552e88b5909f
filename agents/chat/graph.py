"""The graph of one turn: contextualise → understand → plan ⇄ act → draft ⇄ check → conclude.

One graph serves both planners. Without a language model the rules of `agents.chat.rules` plan and
`agents.answering.drafting` drafts; with one, it plans by look-ups (`agents.chat.model_planner`) and drafts from
numbered lines (`agents.answering.by_model`). Look-ups, checker and result are the same, and where a model fails or
nothing of what it says stands, the rules answer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph

from agents.answering.claims import Claim
from agents.chat import rules, wording
from agents.chat.confirmation import Confirmation
from agents.chat.drafter import Drafter
from agents.chat.limits import MOST_CALLS, ChatLimits
from agents.chat.model_planner import ModelPlanner, answered, messages_in, messages_out
from agents.chat.reading.reader import Reader
from agents.chat.reading.readings import MOST_READINGS, next_reading
from agents.chat.state import ChatState, call_in, call_out, claim_in, claim_out, result_in, result_out
from agents.llm import LLM
from agents.questions.conversation.rewriter import Rewriter
from agents.questions.question import Question
from agents.search.finder import Finder
from agents.tools.eyes import Eyes
from agents.tools.result import ToolResult
from agents.tools.toolbox import Toolbox
from encoders.bundle import Encoders
from stores.core.errors import EndpointError
from stores.library_store import LibraryStore

NODES = ("contextualise", "understand", "plan", "act", "draft", "check", "conclude")

RECURSION_LIMIT = MOST_READINGS * (2 * MOST_CALLS + 8) + 4
"""Steps of a run: for each reading of the question a plan and an act for each look-up, the other nodes, one repair."""

MODEL_FAULTS = ("ENDPOINT_BAD_OUTPUT", "ENDPOINT_CONTEXT", "ENDPOINT_FILTERED", "ENDPOINT_BUDGET")
"""Failures of a model, not of the way to it: the rules go on."""


class ChatGraph:
    """Answers one question of a conversation over one library.

    Args:
        llm: plans and drafts; without one, rules do.
        eyes: look at frames, so that what models recognised is confirmed before it is claimed.
    """

    def __init__(
        self,
        store: LibraryStore,
        encoders: Encoders,
        finder: Finder,
        llm: LLM | None = None,
        limits: ChatLimits = ChatLimits(),  # noqa: B008 (frozen)
        eyes: Eyes | None = None,
    ) -> None:
        self._store = store
        self._toolbox = Toolbox(store, encoders, finder, eyes)
        rewriter = Rewriter(llm) if llm is not None else None
        self._reader = Reader(store, encoders, self._toolbox.found, rewriter)
        self._limits = limits
        self._drafter = Drafter(store, encoders, self._toolbox, llm, limits)
        self._confirmation = Confirmation(eyes, limits)
        plans = llm is not None and not llm.settings.short_prompts
        self._planner = ModelPlanner(llm, self._toolbox) if llm is not None and plans else None

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
        graph.add_conditional_edges("check", _to_repair, ["draft", "understand", "conclude"])
        graph.add_edge("conclude", END)
        return graph

    def _contextualise(self, state: ChatState) -> dict[str, Any]:
        alone = self._reader.alone(state["question"], state.get("history", {}), state.get("video_ids"))
        if alone["why"]:
            _tell("understood", question=alone["stand_alone"], why=alone["why"])
        return {"began": time.time(), **alone}

    def _understand(self, state: ChatState) -> dict[str, Any]:
        if state.get("unknown"):
            return {"idle": ""}
        question = self._question(state)
        return {"idle": "" if state.get("again") else self._reader.idle(question, state), "again": False}

    def _plan(self, state: ChatState) -> dict[str, Any]:
        question, done = self._question(state), len(state.get("results", []))
        if self._planner is None or state.get("rules"):
            calls = [] if done else rules.plan(question, videos_of(state) or ())
            return {"calls": [call_out(one) for one in calls][:MOST_CALLS]}
        if done >= MOST_CALLS:
            return {"calls": []}
        messages = messages_in(state.get("messages", []))
        if not messages:
            messages = self._planner.begin(state["stand_alone"], [self._toolbox.name_of(one) for one in state["named"]])
        budget = self._limits.left(state)
        try:
            added, asked = self._planner.step(messages, budget)
        except EndpointError as error:
            if error.code.name not in MODEL_FAULTS:
                raise
            _tell("planned by rules", code=error.code.name)
            planned = [] if done else rules.plan(question, videos_of(state) or ())
            used = self._limits.used(state, budget.spent)
            return {"rules": True, "calls": [call_out(one) for one in planned], "usage": used}
        return {
            "messages": messages_out([*messages, *added]),
            "calls": [{**call_out(call), "id": call_id} for call_id, call in asked][: MOST_CALLS - done],
            "usage": self._limits.used(state, budget.spent),
        }

    def _act(self, state: ChatState) -> dict[str, Any]:
        results = [result_in(one) for one in state.get("results", [])]
        messages = list(state.get("messages", []))
        budget = self._limits.left(state)
        for value in state["calls"]:
            call = call_in(value)
            _tell("looking", tool=call.name, arguments=call.arguments)
            result = self._toolbox.call(call, state.get("video_ids"), budget)
            results.append(result)
            _tell("looked", tool=call.name, found=len(result.evidence_ids), note=result.note, code=result.error)
            if "id" in value:
                messages.append(self._answered(value["id"], result, results).to_json())
        changes = {"results": [result_out(one) for one in results], "messages": messages, "calls": []}
        return {**changes, "usage": self._limits.used(state, budget.spent)} if budget.spent.calls else changes

    def _answered(self, call_id: str, result: ToolResult, results: Sequence[ToolResult]) -> Any:
        ids = dict.fromkeys(one for each in results for one in each.evidence_ids)
        numbers = {one: number for number, one in enumerate(ids, 1)}
        return answered(call_id, result, self._store.catalog.evidence(result.evidence_ids), numbers)

    def _draft(self, state: ChatState) -> dict[str, Any]:
        return self._drafter.draft(state, self._question(state), videos_of(state))

    def _check(self, state: ChatState) -> dict[str, Any]:
        checked = self._drafter.check(state, self._question(state), videos_of(state))
        checked = self._confirmation.applied(state, checked)
        if checked["claims"] or checked["repairing"]:
            return checked
        return {**checked, **next_reading(state)}

    def _conclude(self, state: ChatState) -> dict[str, Any]:
        question = self._question(state)
        claims = [claim_in(one) for one in state.get("claims", [])]
        # What is asked next refers to the fullest reading, and where none had an answer to the likeliest.
        kept = state.get("kept") or ("" if claims else state.get("first"))
        return {
            **({"stand_alone": kept} if kept else {}),
            "answer": {
                "text": self._said(state, question, claims),
                "abstained": not claims,
                "mode": state.get("mode", "extractive"),
                "claims": [claim_out(one) for one in claims],
            },
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
        names = dict.fromkeys(str(row["name"]) for one in results for row in one.rows if "name" in row)
        found = self._drafter.found_for(state, videos_of(state))
        return wording.nothing_found(found.index if found else None, list(names)[:3], chinese)

    def _question(self, state: ChatState) -> Question:
        return self._reader.of(state)


def videos_of(state: ChatState) -> list[str] | None:
    """The videos that a question is about, None for all."""
    return list(state["named"]) or state.get("video_ids")


def _tell(kind: str, **what: Any) -> None:
    """Tell whoever listens to this run what it does."""
    get_stream_writer()({"kind": kind, **what})


def _worth_planning(state: ChatState) -> str:
    return "conclude" if state.get("idle") or state.get("unknown") else "plan"


def _to_do(state: ChatState) -> str:
    return "act" if state.get("calls") else "draft"


def _to_repair(state: ChatState) -> str:
    if state.get("again"):
        return "understand"
    return "draft" if state.get("repairing") else "conclude"

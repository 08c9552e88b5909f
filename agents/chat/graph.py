"""The graph of one turn: contextualise → understand → plan ⇄ act → draft ⇄ check → conclude.

One graph serves both planners. Without a language model the rules of `agents.chat.rules` plan and
`agents.answering.drafting` drafts; with one, it plans by look-ups (`agents.chat.model_planner`) and drafts from
numbered lines (`agents.answering.by_model`). Look-ups, checker and result are the same, and where a model fails or
nothing of what it says stands, the rules answer (`agents.chat.limits.rules_go_on`). A model's look-ups can only add to
what the rules look at, and its claims pass the same check, so that one which obeys what it reads changes little.

Nodes are given a `agents.chat.run_context.RunContext` by `agents.chat.turns`, and none by `agents.chat.answerer`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime

from agents.answering.claims import Claim
from agents.chat import rules, wording
from agents.chat.confirmation import Confirmation
from agents.chat.drafter import Drafter
from agents.chat.limits import DEFAULT_LIMITS, MOST_CALLS, ChatLimits, rules_go_on
from agents.chat.model_planner import ModelPlanner, answered, messages_in, messages_out
from agents.chat.reading.reader import Reader
from agents.chat.reading.readings import MOST_READ_AGAIN, MOST_READINGS, MOST_REWRITTEN, next_reading
from agents.chat.state import ChatState, call_in, call_out, claim_in, claim_out, result_in, result_out
from agents.llm import LLM, Message
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

RECURSION_LIMIT = (MOST_READINGS + MOST_REWRITTEN + MOST_READ_AGAIN) * (2 * MOST_CALLS + 10) + 4
"""Steps of a run: for each reading of the question a plan and an act per look-up, the other nodes, three drafts."""

_AGAIN = "That very call was made before: see its result above. Make another one, or reply DONE."

Updated = dict[str, Any]
At = Runtime[Any]
"""Its ``context`` is a `agents.chat.run_context.RunContext` or None."""


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
        limits: ChatLimits = DEFAULT_LIMITS,
        eyes: Eyes | None = None,
    ) -> None:
        self._store = store
        self._toolbox = Toolbox(store, encoders, finder, eyes)
        rewriter = Rewriter(llm) if llm is not None else None
        self._reads_again = llm is not None and llm.settings.short_prompts
        self._reader = Reader(store, encoders, self._toolbox.found, rewriter, late=self._reads_again)
        self._confirmation = Confirmation(eyes, limits)
        self._limits = limits
        self._drafter = Drafter(store, encoders, self._toolbox, llm, limits)
        plans = llm is not None and not llm.settings.short_prompts
        self._planner = ModelPlanner(llm, self._toolbox) if llm is not None and plans else None

    def build(self) -> StateGraph[ChatState, None, ChatState, ChatState]:
        """The graph, not compiled: the caller that runs it chooses whether runs are kept."""
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

    def _contextualise(self, state: ChatState, runtime: At) -> Updated:
        alone = self._reader.alone(state["question"], state.get("history", {}), state.get("video_ids"))
        if alone["why"]:
            runtime.stream_writer({"kind": "understood", "question": alone["stand_alone"], "why": alone["why"]})
        return {"began": time.time(), **alone}

    def _understand(self, state: ChatState) -> Updated:
        if state.get("unknown"):
            return {"idle": ""}
        question = self._question(state)
        return {"idle": "" if state.get("again") else self._reader.idle(question, state), "again": False}

    def _plan(self, state: ChatState, runtime: At) -> Updated:
        if self._planner is None or state.get("rules"):
            return self._by_rules(state)
        done = len(state.get("results", []))
        if done >= MOST_CALLS:
            return {"calls": []}
        messages = messages_in(state.get("messages", []))
        if not messages:
            messages = self._planner.begin(state["stand_alone"], [self._toolbox.name_of(one) for one in state["named"]])
        with self._limits.spending(state, runtime.context) as budget:
            try:
                added, asked = self._planner.step(messages, budget)
            except EndpointError as error:
                if not rules_go_on(error, state, budget.spent):
                    raise
                runtime.stream_writer({"kind": "rules go on", "code": error.code.name})
                failed = self._by_rules(state)
                gone = error.code.name == "ENDPOINT_UNREACHABLE"
                return {**failed, "rules": True, "gone": gone, "usage": self._limits.used(state, budget.spent)}
        return {
            "messages": messages_out([*messages, *added]),
            "calls": [{**call_out(call), "id": call_id} for call_id, call in asked][: MOST_CALLS - done],
            "usage": self._limits.used(state, budget.spent),
        }

    def _by_rules(self, state: ChatState) -> Updated:
        planned = [] if state.get("results") else rules.plan(self._question(state), videos_of(state) or ())
        return {"calls": [call_out(one) for one in planned][:MOST_CALLS]}

    def _act(self, state: ChatState, runtime: At) -> Updated:
        results = [result_in(one) for one in state.get("results", [])]
        made = [_key(value["call"]) for value in state.get("results", []) if not value["error"]]
        messages = list(state.get("messages", []))
        with self._limits.spending(state, runtime.context) as budget:
            for value in state["calls"]:
                if runtime.context is not None:
                    runtime.context.check()
                call = call_in(value)
                runtime.stream_writer({"kind": "looking", "tool": call.name, "arguments": call.arguments})
                if "id" in value and _key(value) in made:
                    result = ToolResult(call, note=_AGAIN, error="USAGE")
                else:
                    result = self._toolbox.call(call, state.get("video_ids"), budget)
                    made += [_key(value), _key(call_out(result.call))]
                results.append(result)
                found = len(result.evidence_ids) or len(result.rows)
                step = {"kind": "looked", "tool": call.name, "found": found, "note": result.note, "code": result.error}
                runtime.stream_writer(step)
                if "id" in value:
                    messages.append(self._answered(value["id"], result, results).to_json())
        changes = {"results": [result_out(one) for one in results], "messages": messages, "calls": []}
        return {**changes, "usage": self._limits.used(state, budget.spent)} if budget.spent.calls else changes

    def _answered(self, call_id: str, result: ToolResult, results: Sequence[ToolResult]) -> Message:
        ids = dict.fromkeys(one for each in results for one in each.evidence_ids)
        numbers = {one: number for number, one in enumerate(ids, 1)}
        lines = self._store.catalog.evidence(result.evidence_ids)
        return answered(call_id, result, lines, numbers, self._toolbox.name_of)

    def _draft(self, state: ChatState, runtime: At) -> Updated:
        return self._drafter.draft(state, self._question(state), videos_of(state), runtime.context)

    def _check(self, state: ChatState, runtime: At) -> Updated:
        checked = self._drafter.check(state, self._question(state), videos_of(state), runtime.context)
        checked = self._confirmation.applied(state, checked, runtime.context)
        if checked["claims"] or checked["repairing"]:
            return checked
        asked = (state["question"], state.get("history", {}), state.get("video_ids"))
        return {**checked, **next_reading(state, self._reads_again, lambda: self._reader.rewritten(*asked))}

    def _conclude(self, state: ChatState) -> Updated:
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
        if state.get("shown"):
            return wording.nothing_more(chinese)
        if name := self._reader.of_unknown_voice(state):
            return wording.unknown_voice(name, chinese)
        if question.overview and not videos_of(state):
            return wording.needs_a_video(chinese)
        results = [result_in(one) for one in state.get("results", [])]
        names = dict.fromkeys(str(row["name"]) for one in results for row in one.rows if "name" in row)
        found = self._drafter.found_for(question, videos_of(state))
        return wording.nothing_found(found.index if found else None, list(names)[:3], chinese)

    def _question(self, state: ChatState) -> Question:
        return self._reader.of(state)


def videos_of(state: ChatState) -> list[str] | None:
    """The videos that a question is about, None for all."""
    return list(state["named"]) or state.get("video_ids")


def _key(call: Mapping[str, Any]) -> str:
    """The same for calls that ask the same."""
    return json.dumps([call["name"], call["arguments"]], sort_keys=True, ensure_ascii=False)


def _worth_planning(state: ChatState) -> str:
    return "conclude" if state.get("idle") or state.get("unknown") else "plan"


def _to_do(state: ChatState) -> str:
    return "act" if state.get("calls") else "draft"


def _to_repair(state: ChatState) -> str:
    if state.get("again"):
        return "understand"
    return "draft" if state.get("repairing") else "conclude"

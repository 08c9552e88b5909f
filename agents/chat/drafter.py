"""From what was found to claims that stand: drafted by a model or by rules, checked, repaired once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agents.answering.by_model import draft_by_model, entailed_by_model, summary_by_model
from agents.answering.checker import CitationChecker
from agents.answering.checking.quoting import quotations
from agents.answering.claims import Claim
from agents.answering.drafting.draft import draft
from agents.answering.drafting.material import Material
from agents.answering.lines import gather, rank_lines
from agents.answering.shown_lines import show_lines
from agents.answering.text.units import RankedLine
from agents.chat.limits import ChatLimits
from agents.chat.reading.readings import moment_in
from agents.chat.state import ChatState, claim_in, claim_out, result_in
from agents.llm import LLM
from agents.questions.question import Intent, Question
from agents.search.finder import Found
from agents.tools.toolbox import Toolbox
from agents.words import content_terms
from encoders.bundle import Encoders
from stores.core.errors import EndpointError
from stores.core.records import Evidence
from stores.library_store import LibraryStore

RULED: frozenset[Intent] = frozenset(("count", "when", "which_videos", "compare", "tags", "metadata", "find"))
"""Intents whose answers are worked out, which rules do better than a model does in prose."""

LEAST_YES = 0.8
"""Probability of *yes* from which a model confirms a claim. Source: measured with Qwen2.5 1.5B on 11 questions: all
right answers lie above it, all wrong ones below."""

MOST_NAMES = 2
"""Names of things that a summary is made from where as many lines were heard or read. Ours."""

MODEL_FAULTS = ("ENDPOINT_BAD_OUTPUT", "ENDPOINT_CONTEXT", "ENDPOINT_FILTERED", "ENDPOINT_BUDGET")


class Drafter:
    """Drafts and checks the claims of turns over one library."""

    def __init__(
        self, store: LibraryStore, encoders: Encoders, toolbox: Toolbox, llm: LLM | None, limits: ChatLimits
    ) -> None:
        self._store = store
        self._encoders = encoders
        self._toolbox = toolbox
        self._llm = llm
        self._limits = limits
        self._checker = CitationChecker(store, encoders, lambda sql: store.query.run(sql).rows)

    def found_for(self, state: ChatState, videos: Sequence[str] | None) -> Found | None:
        """What the first search of a turn found."""
        results = [result_in(one) for one in state.get("results", [])]
        search = next((one for one in results if one.call.name == "search_moments" and not one.error), None)
        if search is None:
            return None
        return self._toolbox.found(search.call.arguments["query"], search.call.arguments.get("k", 12), videos)

    def draft(self, state: ChatState, question: Question, videos: Sequence[str] | None) -> dict[str, Any]:
        """The claims of a turn, as changes of its state."""
        found = self.found_for(state, videos)
        scope = state.get("video_ids")
        material = Material(
            question,
            found,
            None if scope is None else tuple(scope),
            tuple(videos or ()),
            self._store,
            self._encoders,
            moment_in(state.get("moment")),
        )
        ranked = self._ranked(material, videos)
        if self._llm is not None and self._llm.settings.short_prompts:
            return self._in_turn(state, material, ranked)
        if self._llm is not None and question.intent not in RULED and not state.get("by_rules"):
            made = self._by_model(state, ranked)
            if made["drafted"]:
                return made
            claims = self._ruled(material, ranked)
            return {**made, "by_rules": True, "mode": "extractive", "drafted": [claim_out(one) for one in claims]}
        claims = self._ruled(material, ranked)
        return {"by_rules": True, "mode": "extractive", "drafted": [claim_out(one) for one in claims]}

    def _ruled(self, material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
        """The claims of the rules, from the first of their parts that has any that stand."""
        videos = list(material.named) or None
        return draft(material, ranked, lambda some: self._checker.judge(some, material.question, videos).kept)

    def _in_turn(self, state: ChatState, material: Material, ranked: Sequence[RankedLine]) -> dict[str, Any]:
        """Claims by the rules or a small model, the one that has not tried yet: the rules first, as what they say is
        right more often; of a video as a whole the model first."""
        question, made = material.question, dict[str, Any](drafted=[])
        videos = material.best_videos(1) if question.overview or question.intent == "summarise" else []
        turns = ("model", "rules") if videos else ("rules",) if question.intent in RULED else ("rules", "model")
        tried = list(state.get("tried", []))
        for who in turns:
            if who in tried or made["drafted"]:
                continue
            tried.append(who)
            if who == "rules":
                claims = self._ruled(material, ranked)
                made |= {"mode": "extractive", "drafted": [claim_out(one) for one in claims]}
            elif videos:
                made |= self._summary(state, self._ruled(material, ranked), videos[0])
            else:
                made |= self._by_model(state, ranked)
        return {**made, "tried": tried, "by_rules": len(tried) == len(turns)}

    def _summary(self, state: ChatState, ruled: Sequence[Claim], video_id: str) -> dict[str, Any]:
        """A model's sentences on a video before the lines that the rules quote of it, which they are made from."""
        assert self._llm is not None
        budget = self._limits.left(state)
        ids = dict.fromkeys(one.evidence_id for claim in ruled for one in claim.citations)
        lines = self._store.catalog.evidence(list(ids))
        try:
            some = _for_summary([lines[one] for one in ids if one in lines and lines[one].video_id == video_id])
            claims = summary_by_model(self._llm, state["stand_alone"], some, budget) if some else []
        except EndpointError as error:
            if error.code.name not in MODEL_FAULTS:
                raise
            claims = []
        return {
            "mode": "llm",
            "drafted": [claim_out(one) for one in (*claims, *ruled)] if claims else [],
            "usage": self._limits.used(state, budget.spent),
        }

    def check(self, state: ChatState, question: Question, videos: Sequence[str] | None) -> dict[str, Any]:
        """The claims that stand; if none of a model's does, they are repaired once, then the rules answer."""
        shown = set(state.get("shown", []))
        drafted = [claim_in(one) for one in state["drafted"]]
        claims = [one for one in drafted if not shown.issuperset(each.evidence_id for each in one.citations)]
        checked = self._checker.judge(claims, question, videos) if claims else None
        kept = list(checked.kept) if checked else []
        rejected = (
            [{"text": one.claim.text, "reason": one.message or one.reason} for one in checked.rejected]
            if checked
            else []
        )
        usage: dict[str, float] = {}
        mode = state.get("mode", "extractive")
        if kept and self._llm is not None and state.get("mode") == "llm":
            # Of a summary each sentence is a statement by itself.
            asked = "" if question.overview or question.intent == "summarise" else state["stand_alone"]
            kept, doubted, usage = self._confirmed(state, kept, asked)
            rejected += doubted
            kept = _said_once(kept)
            if self._llm.settings.short_prompts and not any(one.basis == "words" for one in kept):
                mode = "extractive"  # nothing that the model wrote is left
        changes: dict[str, Any] = {"claims": [claim_out(one) for one in kept], "rejected": rejected, "mode": mode}
        if usage:
            changes["usage"] = usage
        again = not kept and not state.get("by_rules")
        if again and state.get("repaired"):
            changes["by_rules"] = True  # sent back once already
        return {**changes, "repairing": again, "repaired": bool(state.get("repaired")) or again}

    def _ranked(self, material: Material, videos: Sequence[str] | None) -> list[RankedLine]:
        question, found = material.question, material.found
        if not question.terms and not videos:
            return []
        gathered = gather(question, self._store, self._encoders, found, videos)
        gathered = replace(gathered, lines=tuple(one for one in gathered.lines if material.at_the_moment(one)))
        return rank_lines(question, gathered, self._encoders, found.moments if found is not None else ())

    def _by_model(self, state: ChatState, ranked: Sequence[RankedLine]) -> dict[str, Any]:
        assert self._llm is not None
        budget = self._limits.left(state)
        rejected = [(one["text"], one["reason"]) for one in state.get("rejected", [])]
        shown = show_lines(ranked, self._llm.affordable(self._limits.notes))
        lines = self._store.catalog.evidence([one for ids in shown.by_number.values() for one in ids])
        by_number: dict[int, list[Evidence]] = {
            number: [lines[one] for one in ids if one in lines] for number, ids in shown.by_number.items()
        }
        claims: list[Claim] = []
        if by_number and (self._llm.settings.short_prompts or not state.get("repaired")):
            claims = self._asked(state, shown.text, by_number, budget, ())
        elif by_number and rejected:
            claims = self._asked(state, shown.text, by_number, budget, rejected)
        return {
            "mode": "llm",
            "drafted": [claim_out(one) for one in claims],
            "usage": self._limits.used(state, budget.spent),
        }

    def _asked(
        self,
        state: ChatState,
        notes: str,
        by_number: dict[int, list[Evidence]],
        budget: Any,
        rejected: Sequence[tuple[str, str]],
    ) -> list[Claim]:
        assert self._llm is not None
        try:
            return draft_by_model(self._llm, state["stand_alone"], notes, by_number, budget, rejected)
        except EndpointError as error:
            if error.code.name not in MODEL_FAULTS:
                raise
            return []

    def _confirmed(
        self, state: ChatState, claims: Sequence[Claim], asked: str
    ) -> tuple[list[Claim], list[dict[str, str]], dict[str, float]]:
        """The claims that the model confirms in a call of its own, which can only remove."""
        assert self._llm is not None
        budget = self._limits.left(state)
        kept, doubted = [], []
        for claim in claims:
            if claim.basis != "words":  # quoted or worked out, by rules
                kept.append(claim)
                continue
            lines = self._store.catalog.evidence([one.evidence_id for one in claim.citations])
            try:
                texts = [line.text for line in lines.values()]
                sure = entailed_by_model(self._llm, asked, claim.text, texts, budget)
            except EndpointError as error:
                if error.code.name not in MODEL_FAULTS:
                    raise
                sure = 0.0
            if sure >= LEAST_YES:
                kept.append(claim)
            else:
                doubted.append({"text": claim.text, "reason": f"the model itself doubts it ({sure:.2f})"})
        return kept, doubted, self._limits.used(state, budget.spent)


def _for_summary(lines: Sequence[Evidence]) -> list[Evidence]:
    """What was heard and read first: where it tells enough, few names of things are shown, which a model would list."""
    words = [line for line in lines if line.channel not in ("picture", "object")]
    seen = [line for line in lines if line.channel in ("picture", "object")]
    return words + (seen[:MOST_NAMES] if len(words) >= MOST_NAMES else seen)


def _said_once(claims: Sequence[Claim]) -> list[Claim]:
    """Claims without sentences of a model that only repeat what a rule quotes, and says of it where it is from."""
    quoted = [_terms_of(one) for claim in claims if claim.basis == "quote" for one in quotations(claim.text)]
    return [claim for claim in claims if claim.basis != "words" or _terms_of(claim.text) not in quoted]


def _terms_of(text: str) -> list[str]:
    """The content words of a text."""
    return [term.text for term in content_terms(text)]

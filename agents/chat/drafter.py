"""From what was found to claims that stand: drafted by a model or by rules, checked, repaired once.

A model's claims that the check rejects go back to it once, with the reasons; if none stands then, the rules answer.
They also answer where it says that the notes hold no answer: what rules quote is checked as well, and a model may have
been told so by a line of its notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agents.answering.by_model import MOST_CLAIMS, draft_by_model, entailed_by_model, summary_by_model
from agents.answering.by_reader import affirmed_by_model, picked_by_model
from agents.answering.checker import CitationChecker
from agents.answering.checking.quoting import quotations
from agents.answering.checking.wording import has_chinese
from agents.answering.claims import Claim
from agents.answering.drafting.draft import draft
from agents.answering.drafting.material import Material
from agents.answering.drafting.summaries import lines_to_sum_up, quoted_line
from agents.answering.lines import Gathered, gather, rank_lines
from agents.answering.orders import is_order
from agents.answering.pointed import claims_of
from agents.answering.shown_lines import Shown, show_lines
from agents.answering.text.asked import asked_of, source_of
from agents.answering.text.units import RankedLine
from agents.chat import rules
from agents.chat.limits import ChatLimits, rules_go_on
from agents.chat.reading.readings import moment_in
from agents.chat.run_context import RunContext
from agents.chat.state import ChatState, claim_in, claim_out
from agents.evidence import RECOGNISED, is_background
from agents.llm import LLM, Budget
from agents.questions.conversation.rewriting import leans
from agents.questions.question import Intent, Question
from agents.search.finder import Found
from agents.tools.result import ToolCall
from agents.tools.toolbox import Toolbox
from agents.words import content_terms
from encoders.bundle import Encoders
from stores.core.errors import EndpointError
from stores.core.records import Evidence
from stores.library_store import LibraryStore
from stores.lines_at_hand import boxes_of

RULED: frozenset[Intent] = frozenset(("count", "when", "which_videos", "compare", "tags", "metadata", "find"))
"""Intents whose answers are worked out, which rules do better than a model does in prose."""

UNREAD: frozenset[Intent] = frozenset(("tags", "metadata", "count", "compare", "order", "summarise", "nothing"))
"""Intents whose answers stand in no single line."""

LEAST_YES = 0.8
"""Probability of *yes* from which a model confirms a claim. Source: measured with Qwen2.5 1.5B on 11 questions: all
right answers lie above it, all wrong ones below."""

LEAST_NOTES = 40
"""Tokens of notes below which a prompt is not made smaller again."""

MOST_FOUND = 160
"""Lines that look-ups of a model found and that are ranked with the others. Ours."""

MOST_MORE = 4
"""Lines that a model adds to what the rules quote in a summary. Ours."""

MOST_READ = 24
"""Ranked lines that count as read where the rules draft. Ours."""


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
        self._checker = CitationChecker(store, encoders, lambda sql, videos: store.query.run(sql, videos).rows)

    def found_for(self, question: Question, videos: Sequence[str] | None) -> Found | None:
        """What a search for the question itself finds, whatever else a model looked up; None if none is called for."""
        searches = (one for one in rules.plan(question, videos or ()) if one.name == "search_moments")
        search = next(searches, None)
        if search is None:
            return None
        return self._toolbox.found(search.arguments["query"], search.arguments["k"], videos)

    def draft(
        self, state: ChatState, question: Question, videos: Sequence[str] | None, context: RunContext | None = None
    ) -> dict[str, Any]:
        """The claims of a turn, as changes of its state.

        Raises:
            EndpointError: as `agents.chat.limits.rules_go_on`; TurnStoppedError.
        """
        found = self.found_for(question, videos)
        scope = state.get("video_ids")
        named = state["named"] or (scope if scope is not None and len(scope) == 1 else ())
        material = Material(
            question,
            found,
            None if scope is None else tuple(scope),
            tuple(named),
            self._store,
            self._encoders,
            moment_in(state.get("moment")),
            frozenset(state.get("shown", ())),
        )
        ranked = self._ranked(state, material, videos)
        read = [line.evidence_id for one in ranked[:MOST_READ] for line in one.unit.lines]
        changes: dict[str, Any] = {"evidence_ids": list(dict.fromkeys(read))}
        if self._llm is not None and self._llm.settings.short_prompts:
            return {**changes, **self._in_turn(state, material, ranked, context)}
        if self._may_ask(state, question):
            changes |= self._by_model(state, ranked, context)
            if changes["drafted"] or state.get("claims"):
                return changes
        claims = self._ruled(material, ranked)
        return {**changes, "by_rules": True, "mode": "extractive", "drafted": [claim_out(one) for one in claims]}

    def _ruled(self, material: Material, ranked: Sequence[RankedLine]) -> list[Claim]:
        """The claims of the rules, from the first of their parts that has any that stand."""
        videos = material.within
        return draft(material, ranked, lambda some: self._checker.judge(some, material.question, videos).kept)

    def _in_turn(
        self, state: ChatState, material: Material, ranked: Sequence[RankedLine], context: RunContext | None
    ) -> dict[str, Any]:
        """Claims by the rules, of a video as a whole by a small model before them; where the rules found none in any
        reading, what the model finds in the lines."""
        if state.get("second"):
            return {**self._second(state, material, ranked, context), "by_rules": True}
        question, made = material.question, dict[str, Any](drafted=[])
        videos = material.best_videos(1) if question.overview or question.intent == "summarise" else []
        turns = ("model", "rules") if videos else ("rules",)
        tried = list(state.get("tried", []))
        for who in turns:
            if who in tried or made["drafted"]:
                continue
            tried.append(who)
            if who == "rules":
                claims = self._ruled(material, ranked)
                made |= {"mode": "extractive", "drafted": [claim_out(one) for one in claims]}
            else:
                made |= self._summary(state, material, self._ruled(material, ranked), videos[0], context)
        return {**made, "tried": tried, "by_rules": len(tried) == len(turns)}

    def _second(
        self, state: ChatState, material: Material, ranked: Sequence[RankedLine], context: RunContext | None
    ) -> dict[str, Any]:
        """The line that a small model points at, if the check lets it through and the model, asked again, too."""
        assert self._llm is not None
        question, changes = material.question, dict[str, Any](mode="llm", drafted=[])
        # Colours of things are looked for in pictures, by rules.
        unread = question.intent in UNREAD or question.wants == "colour"
        if unread or state.get("gone") or (_points_nowhere(state) and not material.named):
            return changes
        with self._limits.spending(state, context) as budget:
            try:
                asked, lines = state["stand_alone"], _readable(_without_orders(ranked), material)
                picked = picked_by_model(self._llm, asked, lines, budget)
                claims = [] if picked is None else claims_of(material, picked)
                kept = self._checker.judge(claims, question, material.within).kept
                unmatched = not material.named and material.found is not None and material.found.verdict == "no_match"
                if picked and kept and affirmed_by_model(self._llm, asked, picked, budget, unmatched):
                    changes["drafted"] = [claim_out(one) for one in kept]
            except EndpointError as error:
                if not rules_go_on(error, state, budget.spent):
                    raise
                changes["gone"] = error.code.name == "ENDPOINT_UNREACHABLE"
        return {**changes, "usage": self._limits.used(state, budget.spent)}

    def _summary(
        self,
        state: ChatState,
        material: Material,
        ruled: Sequence[Claim],
        video_id: str,
        context: RunContext | None,
    ) -> dict[str, Any]:
        """A model's sentences on a video before the lines that the rules quote of it, and behind these the lines that
        the model named besides."""
        assert self._llm is not None
        ids = dict.fromkeys(one.evidence_id for claim in ruled for one in claim.citations)
        lines = self._store.catalog.evidence(list(ids))
        cited = [lines[one] for one in ids if one in lines and lines[one].video_id == video_id]
        some = lines_to_sum_up(material, video_id, cited) if cited else []
        claims: list[Claim] = []
        more: list[Claim] = []
        gone = False
        with self._limits.spending(state, context) as budget:
            try:
                if some:
                    claims, chosen = summary_by_model(self._llm, state["stand_alone"], some, budget)
                    more = [quoted_line(material, line) for line in chosen if line.evidence_id not in ids]
            except EndpointError as error:
                if not rules_go_on(error, state, budget.spent):
                    raise
                gone = error.code.name == "ENDPOINT_UNREACHABLE"
        return {
            "mode": "llm",
            "drafted": [claim_out(one) for one in (*claims, *ruled, *more[:MOST_MORE])] if claims or more else [],
            "gone": gone,
            "usage": self._limits.used(state, budget.spent),
        }

    def check(
        self, state: ChatState, question: Question, videos: Sequence[str] | None, context: RunContext | None = None
    ) -> dict[str, Any]:
        """The claims that stand; what is rejected of a model's is repaired once, and if none stands, the rules answer.

        Raises:
            As `draft`.
        """
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
        modelled = state.get("mode") == "llm"
        again = bool(rejected) and modelled and not state.get("repaired")
        changes: dict[str, Any] = {}
        if kept and modelled and self._llm is not None and not (state.get("gone") or state.get("second")):
            # Of a summary each sentence is a statement by itself.
            asked = "" if question.overview or question.intent == "summarise" else state["stand_alone"]
            kept, doubted, changes = self._confirmed(state, kept, asked, context)
            rejected += doubted
            kept = _said_once(kept)
        if self._llm is not None and self._llm.settings.short_prompts:
            left = modelled and any(state.get("second") or one.basis == "words" for one in kept)
            return {
                **changes,
                "claims": [claim_out(one) for one in kept],
                "rejected": rejected,
                "mode": "llm" if left else "extractive",
                "repairing": not kept and not state.get("by_rules"),
            }
        if modelled:
            before = {one["text"]: claim_in(one) for one in state.get("claims", [])}
            kept = [*before.values(), *(one for one in kept if one.text not in before)][:MOST_CLAIMS]
        again = again or (not kept and not state.get("by_rules"))
        return {
            **changes,
            "claims": [claim_out(one) for one in kept],
            "rejected": rejected,
            "repairing": again,
        }

    def _may_ask(self, state: ChatState, question: Question) -> bool:
        if self._llm is None or question.intent in RULED or state.get("by_rules") or state.get("gone"):
            return False
        if question.source == "sound":
            return False  # what is heard has a name and a time, and a model is shown words
        return not state.get("repaired") and (not state.get("repairing") or bool(state.get("rejected")))

    def _ranked(self, state: ChatState, material: Material, videos: Sequence[str] | None) -> list[RankedLine]:
        question, found = material.question, material.found
        if not question.terms and not videos:
            return []
        gathered = gather(question, self._store, self._encoders, found, videos)
        fresh = [one for result in state.get("results", []) for one in result["evidence_ids"]]
        if question.overview or question.intent == "summarise":
            # What such a question asks for has no words to search by.
            whole = [self._toolbox.call(ToolCall("video_overview", {"video": one})) for one in (videos or ())[:2]]
            fresh = [one for result in whole for one in result.evidence_ids] + fresh
        if fresh and self._llm is not None:
            gathered = self._with_found(fresh, gathered, videos)
        gathered = replace(gathered, lines=tuple(one for one in gathered.lines if material.at_the_moment(one)))
        return rank_lines(question, gathered, self._encoders, found.moments if found is not None else ())

    def _with_found(self, ids: Sequence[str], gathered: Gathered, videos: Sequence[str] | None) -> Gathered:
        """What was gathered and what look-ups found besides."""
        known = {line.evidence_id for line in gathered.lines}
        fresh = [one for one in dict.fromkeys(ids) if one not in known][:MOST_FOUND]
        lines = tuple(
            line
            for line in self._store.catalog.evidence(fresh).values()
            if (videos is None or line.video_id in videos) and not is_background(line) and not is_order(line)
        )
        boxes = boxes_of(self._store, [line.evidence_id for line in lines if line.channel == "screen"])
        return Gathered((*gathered.lines, *lines), {**gathered.boxes, **boxes})

    def _by_model(self, state: ChatState, ranked: Sequence[RankedLine], context: RunContext | None) -> dict[str, Any]:
        """A model's draft; without claims if it fails or finds no answer."""
        rejected = [(one["text"], one["reason"]) for one in state.get("rejected", [])] if state.get("repairing") else []
        without_orders = _without_orders(ranked)
        changes: dict[str, Any] = {"mode": "llm", "drafted": [], "repaired": bool(rejected)}
        if not without_orders:
            return changes
        with self._limits.spending(state, context) as budget:
            try:
                claims, shown = self._drafted(state["stand_alone"], without_orders, budget, rejected)
                changes["drafted"] = [claim_out(one) for one in claims]
                read = [one for ids in shown.by_number.values() for one in ids]
                changes["evidence_ids"] = list(dict.fromkeys(read))
            except EndpointError as error:
                if not rules_go_on(error, state, budget.spent):
                    raise
                changes["gone"] = error.code.name == "ENDPOINT_UNREACHABLE"
        return {**changes, "usage": self._limits.used(state, budget.spent)}

    def _drafted(
        self, asked: str, ranked: Sequence[RankedLine], budget: Budget, rejected: Sequence[tuple[str, str]]
    ) -> tuple[list[Claim], Shown]:
        """The draft from as many notes as the model's context takes."""
        assert self._llm is not None
        tokens = self._llm.affordable(self._limits.notes)
        while True:
            shown = show_lines(ranked, tokens)
            lines = self._store.catalog.evidence([one for ids in shown.by_number.values() for one in ids])
            by_number: dict[int, list[Evidence]] = {
                number: [lines[one] for one in ids if one in lines] for number, ids in shown.by_number.items()
            }
            if not by_number:
                return [], shown
            try:
                return draft_by_model(self._llm, asked, shown.text, by_number, budget, rejected), shown
            except EndpointError as error:
                tokens = min(tokens, shown.tokens) // 2
                if error.code.name != "ENDPOINT_CONTEXT" or tokens < LEAST_NOTES:
                    raise

    def _confirmed(
        self, state: ChatState, claims: Sequence[Claim], asked: str, context: RunContext | None
    ) -> tuple[list[Claim], list[dict[str, str]], dict[str, Any]]:
        """The claims that the model does not doubt in a call of its own, which can only remove: where that call fails,
        what the check has let through stays."""
        assert self._llm is not None
        kept: list[Claim] = []
        doubted: list[dict[str, str]] = []
        changes: dict[str, Any] = {}
        with self._limits.spending(state, context) as budget:
            for claim in claims:
                if claim.basis != "words" or changes.get("gone"):  # quoted or worked out, by rules
                    kept.append(claim)
                    continue
                lines = self._store.catalog.evidence([one.evidence_id for one in claim.citations])
                try:
                    if context is not None:
                        context.check()
                    texts = [line.text for line in lines.values()]
                    sure = entailed_by_model(self._llm, asked, claim.text, texts, budget)
                except EndpointError as error:
                    if not rules_go_on(error, state, budget.spent):
                        raise
                    # A small model's draft is worth nothing without this.
                    sure = 0.0 if self._llm.settings.short_prompts else 1.0
                    changes["gone"] = error.code.name == "ENDPOINT_UNREACHABLE"
                if sure >= LEAST_YES:
                    kept.append(claim)
                else:
                    doubted.append({"text": claim.text, "reason": f"the model itself doubts it ({sure:.2f})"})
        return kept, doubted, {**changes, "usage": self._limits.used(state, budget.spent)}


def _without_orders(ranked: Sequence[RankedLine]) -> list[RankedLine]:
    """Lines for a model. Where what is written is asked for, orders are ranked, too: for the rules, which quote them as
    they stand."""
    return [one for one in ranked if not any(is_order(line) for line in one.unit.lines)]


def _points_nowhere(state: ChatState) -> bool:
    """Whether a follow-up still points at something ("what is his job?") that neither rules nor a model found."""
    return bool(state.get("history", {}).get("turns")) and leans(state["stand_alone"])


def _readable(ranked: Sequence[RankedLine], material: Material) -> list[RankedLine]:
    """Lines in which a model may look for an answer: where it is asked what is said or written, only these; of no video
    in particular only those in the question's language, since of others nothing but the model would tell that they are
    about the same."""
    question = material.question
    source = source_of(question, asked_of(question))
    if source:
        ranked = [one for one in ranked if one.unit.channel == source]
    if material.named:
        return list(ranked)
    chinese = has_chinese(question.text)
    return [one for one in ranked if one.unit.channel in RECOGNISED or has_chinese(one.unit.text) == chinese]


def _said_once(claims: Sequence[Claim]) -> list[Claim]:
    """Claims without sentences of a model that only repeat what a rule quotes, and says of it where it is from."""
    quoted = [_terms_of(one) for claim in claims if claim.basis == "quote" for one in quotations(claim.text)]
    return [claim for claim in claims if claim.basis != "words" or _terms_of(claim.text) not in quoted]


def _terms_of(text: str) -> list[str]:
    """The content words of a text."""
    return [term.text for term in content_terms(text)]

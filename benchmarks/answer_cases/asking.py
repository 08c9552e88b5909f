"""The one place where a library is asked: single questions, turns of a conversation, and queries."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from benchmarks.answer_cases.cases import Case
from benchmarks.answer_cases.judging import Judged, judge
from stores.core.errors import UsageError

if TYPE_CHECKING:
    from agents.answering.claims import Answer
    from kinodex.library import Library
    from kinodex.usecases.conversations.chat import Conversation
    from stores.core.records import Evidence


@dataclass(frozen=True, slots=True)
class Outcome:
    """One question asked, and how it went.

    Attributes:
        oracle: stored lines that hold the answer.
        cited: how many of these, or one of the same text, the answer cites.
        valid: citations that hold.
        calls, tokens: of a language model.
    """

    case: Case
    text: str
    judged: Judged
    oracle: tuple[Evidence, ...] = ()
    cited: int = 0
    valid: int = 0
    calls: int = 0
    tokens: int = 0
    seconds: float = 0.0
    quotes: tuple[str, ...] = field(default=())


class Asker:
    """Asks one library and judges what it answers."""

    def __init__(self, library: Library, with_oracle: bool = False) -> None:
        self.library = library
        self._with_oracle = with_oracle
        self.names = {entry.video_id: entry.uris[0].rsplit("/", 1)[-1] for entry in library.videos() if entry.uris}
        self._lines: dict[str, list[Evidence]] = {
            name: library.store.catalog.evidence_of(video_id) for video_id, name in self.names.items()
        }

    def ask(self, case: Case, conversation: Conversation | None = None) -> Outcome:
        """Ask a question, as the next turn of a conversation if there is one."""
        from workflows.evaluation.evaluate import citation_holds

        usage = _usage(self.library)
        began = time.perf_counter()
        lines = self.oracle(case) if self._with_oracle else None
        answer = ask_turn(self.library, conversation, case.text, lines)
        seconds = time.perf_counter() - began
        citations = [citation for claim in answer.claims for citation in claim.citations]
        oracle = self.oracle(case)
        cited = {citation.evidence_id for citation in citations}
        return Outcome(
            case, answer.text, judge(case, answer, self.names), oracle,
            sum(line.evidence_id in cited for line in oracle),
            sum(citation_holds(self.library.store, citation) for citation in citations),
            *(after - before for before, after in zip(usage, _usage(self.library), strict=True)), seconds,
            tuple(f"{self.names.get(c.video_id)} {c.span.seconds[0]:.1f} {c.channel}: {c.quote}" for c in citations),
        )  # fmt: skip

    def converse(self, turns: Sequence[Case]) -> list[Outcome]:
        """Ask the turns of one conversation, each after what was said before."""
        conversation = self.library.chat()
        return [self.ask(turn, conversation) for turn in turns]

    def oracle(self, case: Case) -> tuple[Evidence, ...]:
        """The stored lines that hold the answer, as far as the case names them."""
        start, end = case.span or (0.0, float("inf"))
        return tuple(
            line
            for name in case.videos
            for line in self._lines.get(name, ())
            if any(part in line.text or part in line.search_text for part in case.lines)
            and line.span.seconds[0] < end
            and line.span.seconds[1] > start
        )


def ask_turn(
    library: Library, conversation: Conversation | None, question: str, lines: Sequence[Evidence] | None = None
) -> Answer:
    """The answer to a question, as the next turn of a conversation if there is one.

    Args:
        lines: the evidence to answer from: their videos are all that is looked at; None for the whole library.
    """
    from agents.answering.claims import Answer, Citation, Claim

    if conversation is None:
        return library.ask(question, videos=sorted({line.video_id for line in lines}) if lines else None)
    turn = conversation.ask(question)
    claims = tuple(
        Claim(
            claim.text,
            tuple(Citation(one.evidence_id, one.video_id, one.span, one.channel, one.quote) for one in claim.citations),
        )
        for claim in turn.claims
    )
    if turn.status != "done":
        return Answer(question, f"{turn.status} {turn.error_code} {turn.error_message}", True, "extractive", ())
    mode = "llm" if turn.mode == "llm" else "extractive"
    return Answer(question, turn.answer, turn.abstained, mode, claims)


def best_score(library: Library, query: str) -> tuple[bool, float]:
    """Whether the library is said to hold anything that matches a query, and the best moment's score in [0, 1].

    A query that is refused matches nothing.
    """
    try:
        found = library.search(query, k=1)
    except UsageError:
        return False, 0.0
    return found.verdict == "match", found.moments[0].score if found.moments else 0.0


def answer_to(library: Library, text: str) -> str:
    """What is answered to a text; "" where that is declined or refused."""
    try:
        answer = library.ask(text)
    except UsageError:
        return ""
    return "" if answer.abstained else answer.text


def _usage(library: Library) -> tuple[int, int]:
    """Calls and tokens of the language model so far."""
    llm = library.llm
    if llm is None:
        return 0, 0
    usage = llm.usage
    return usage.calls, usage.prompt_tokens + usage.completion_tokens

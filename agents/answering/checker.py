"""The citation contract: no claim is shown unless every pointer resolves to stored evidence that supports it."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import PurePath

from agents.answering.checking.ground import Asked, Ground
from agents.answering.checking.likeness import Likeness
from agents.answering.checking.passages import HOLDS_SECONDS, Passage, passages
from agents.answering.checking.quantities import quantities
from agents.answering.checking.quoting import is_quoted, is_whole, quotations, without_quotations
from agents.answering.checking.recomputing import value_fault, without_value
from agents.answering.checking.support import statement_fault
from agents.answering.checking.topic import topic_fault
from agents.answering.checking.verdict import Again, Checked, Entail, Fault, Recompute, Verdict
from agents.answering.checking.wording import base, chinese_left, tokens
from agents.answering.claims import Citation, Claim
from agents.answering.orders import is_order
from agents.answering.wording import clock, without_frames, without_while_seen
from agents.questions.question import Question
from agents.questions.understanding import understand
from agents.words import content_terms
from encoders.bundle import Encoders
from stores.core.records import Channel, Evidence, Span
from stores.library_store import LibraryStore

ENTAILED = 0.8
"""Probability of "yes" below which a claim is dropped, where a model is asked. Source: of eleven answers of a small
language model about ten clips, the four right ones were at .86 and above, the others at .61 and below."""

_COMPUTED = frozenset({"order", "quantifier", "extreme", "more or less", "before or after"})
"""Kinds of words that a computed or listed claim is about, so that no line says them."""


_OPEN = frozenset({"summarise", "tags", "metadata", "which_videos", "nothing"})
"""Intents whose answers need not name what the question does."""

MOST_AROUND = 400
"""Lines read around a cited one, and on screen in its video."""

_READ_AROUND: tuple[Channel, ...] = ("speech", "screen", "picture", "object", "caption")


@dataclass(frozen=True, slots=True)
class _Case:
    """A claim with its lines, before it is judged."""

    claim: Claim
    lines: tuple[Evidence, ...]
    fault: Fault | None


class CitationChecker:
    """Checks claims against one library's store. Safe for several threads.

    Args:
        recompute: runs the statement of a claim again. Without it only what follows from the cited lines is believed.
        entail: a model that says how probably lines hold a claim; it can only remove claims.
    """

    def __init__(
        self,
        store: LibraryStore,
        encoders: Encoders,
        recompute: Recompute | None = None,
        entail: Entail | None = None,
    ) -> None:
        self._store = store
        self._likeness = Likeness(encoders)
        self._recompute = recompute
        self._entail = entail
        self._lock = threading.Lock()

    def check(
        self, claims: Sequence[Claim], question: Question | str, video_ids: Sequence[str] | None = None
    ) -> tuple[Claim, ...]:
        """The claims that are supported, each with the citations that resolve. All else is dropped, not repaired.

        Args:
            question: claims may repeat its numbers and words; "" if nothing was asked.
            video_ids: the videos that may be cited; None for all.
        """
        return self.judge(claims, question, video_ids).kept

    def judge(
        self, claims: Sequence[Claim], question: Question | str, video_ids: Sequence[str] | None = None
    ) -> Checked:
        """Every claim with whether it is supported, and if not, why; arguments as `check`."""
        asked = _asked(question)
        cases = [self._resolved(claim, video_ids) for claim in claims]
        around, again = _Around(self._store), self._again(video_ids)
        with self._lock:
            self._likeness.begin()
            for case in cases:
                if case.fault is None:
                    self._fault(case, asked, around, again)
            self._likeness.encode()
            faults = [case.fault or self._fault(case, asked, around, again) for case in cases]
            self._likeness.forget()
        return Checked(tuple(self._verdict(case, fault) for case, fault in zip(cases, faults, strict=True)))

    def _again(self, video_ids: Sequence[str] | None) -> Again | None:
        """Statements are run again over the videos that may be cited: over more, a count would come out larger."""
        recompute = self._recompute
        return None if recompute is None else lambda sql: recompute(sql, video_ids)

    def _verdict(self, case: _Case, fault: Fault | None) -> Verdict:
        claim = case.claim
        if fault is None and self._entail is not None and claim.basis not in ("quote", "computed", "listed"):
            probable = self._entail(claim.text, case.lines)
            if probable is not None and probable < ENTAILED:
                fault = Fault("ENTAILMENT", "A model that read the cited lines does not find that they say this.")
        if fault is not None:
            return Verdict(claim, False, fault.reason, fault.message)
        return Verdict(claim, True)

    def _resolved(self, claim: Claim, video_ids: Sequence[str] | None) -> _Case:
        """A claim with those of its citations that point at stored lines of allowed videos; lines that tell a system
        what to answer are no ground for anything but their own quotation."""
        quoted = quotations(claim.text)
        stored = self._store.catalog.evidence([citation.evidence_id for citation in claim.citations])
        videos = {line.video_id: self._store.catalog.video(line.video_id) for line in stored.values()}
        citations = [
            citation
            for citation in claim.citations
            if (line := stored.get(citation.evidence_id)) is not None
            and (video := videos.get(citation.video_id)) is not None
            and (video_ids is None or citation.video_id in video_ids)
            and _resolves(citation, line)
            and line.span.start < max(1, video.duration)
            and (not is_order(line) or any(is_whole(one, line) for one in quoted))
        ]
        kept = replace(claim, citations=tuple(citations))
        if not citations:
            return _Case(claim, (), Fault("CITATION", "It points at nothing that is stored and may be cited."))
        return _Case(kept, tuple(stored[citation.evidence_id] for citation in citations), None)

    def _fault(self, case: _Case, asked: Asked, around: _Around, again: Again | None) -> Fault | None:
        claim, lines = case.claim, case.lines
        if fault := value_fault(claim, lines, again):
            return fault
        for quotation in quotations(claim.text):
            if not is_quoted(quotation, lines):
                return Fault("QUOTE", f"The cited lines do not say {quotation!r}.")
        quoted = bool(quotations(claim.text))
        rest = without_quotations(without_value(_without_names(claim.text, around.files(lines)), claim.value))
        exempt = _COMPUTED if claim.basis in ("computed", "listed") or claim.value else frozenset()
        if claim.basis in ("computed", "listed"):
            rest = _without_names(_without_times(rest, lines), asked.things)
        if claim.basis in ("computed", "listed", "seen"):
            rest = without_frames(rest)
        rest = without_while_seen(rest, {line.text for line in lines if line.channel == "face"})
        known = passages(lines)
        if claim.basis == "listed":
            known = [replace(one, companions=f"{one.companions}\n{around.named(one.lines)}") for one in known]
        ground = Ground(asked, around.of, exempt)
        left = bool(tokens(rest) or quantities(rest) or chinese_left(rest, ""))
        fault = statement_fault(rest, known, ground, self._likeness) if left else None
        if fault is not None and not (claim.basis in ("computed", "listed") and fault.reason == "STITCHED"):
            return fault
        named = claim.basis in ("seen", "listed") and _names_a_thing(claim.text, lines)
        plain = named or _plainly_said(claim.text, lines)
        if not left and not quoted and not claim.value and not plain:
            return Fault("WORDS", "It has no word that the cited lines could support.")
        if not asked.topical or claim.basis in ("listed", "computed", "seen"):
            # The rules that draft these look at the asked things only; pictures share few words with questions.
            return None
        return topic_fault(claim.text, lines, asked.text, around.near(lines), around.named(lines), self._likeness)


class _Around:
    """What surrounds cited lines; each video's evidence is read at most once."""

    def __init__(self, store: LibraryStore) -> None:
        self._store = store
        self._lines: dict[tuple[str, int, int], list[Evidence]] = {}

    def of(self, passage: Passage) -> str:
        """What is said, shown and read around a passage, and its video's names."""
        apart = passage.lines[0].channel if passage.fragment and not passage.seen else None
        return f"{self.near(passage.lines, apart)}\n{self.named(passage.lines, written=apart is None)}"

    def near(self, lines: Sequence[Evidence], apart: Channel | None = None) -> str:
        """What else is said, shown and read within `HOLDS_SECONDS` of lines.

        Args:
            apart: a channel of which only what is there at the same time counts: the next name on screen is another's.
        """
        found: dict[str, None] = {}
        for line in lines:
            for one in self._around(line):
                if one.channel != apart or one.span.overlap(line.span):
                    found[one.search_text] = None
        return "\n".join(found)

    def files(self, lines: Sequence[Evidence]) -> set[str]:
        """The file names of the lines' videos."""
        return {
            PurePath(self._store.catalog.display_uri(video_id)).name for video_id in {one.video_id for one in lines}
        }

    def named(self, lines: Sequence[Evidence], *, written: bool = True) -> str:
        """The file names of the lines' videos, and what is written in them."""
        names: dict[str, None] = {}
        for video_id in {line.video_id for line in lines}:
            names[PurePath(self._store.catalog.display_uri(video_id)).stem] = None
            if written:
                names.update((line.text, None) for line in self._written(video_id))
        return "\n".join(names)

    def _around(self, line: Evidence) -> list[Evidence]:
        margin = round(HOLDS_SECONDS / float(line.span.time_base))
        span = Span(max(0, line.span.start - margin), line.span.end + margin, line.span.time_base)
        key = (line.video_id, span.start, span.end)
        if key not in self._lines:
            self._lines[key] = self._store.catalog.evidence_during(line.video_id, span, _READ_AROUND, MOST_AROUND)
        return self._lines[key]

    def _written(self, video_id: str) -> list[Evidence]:
        key = (video_id, 0, 0)
        if key not in self._lines:
            video = self._store.catalog.video(video_id)
            whole = Span(0, max(1, video.duration if video else 1), video.time_base if video else Fraction(1))
            self._lines[key] = self._store.catalog.evidence_during(video_id, whole, ("screen",), MOST_AROUND)
        return self._lines[key]


def _asked(question: Question | str) -> Asked:
    if isinstance(question, str):
        question = understand(question)
    keys = {base(term.text) for term in content_terms(question.text) if not term.cjk}
    keys |= {token.key for token in tokens(question.text)}
    verbs = frozenset(token.key for token in tokens(question.text) if token.verb)
    return Asked(question.text, not question.yes_or_no, frozenset(keys), verbs, _has_topic(question), question.things)


def _has_topic(question: Question) -> bool:
    """Whether a question names something that its answer must be about."""
    return bool(question.terms) and not question.overview and question.intent not in _OPEN


def _without_names(text: str, names: Iterable[str]) -> str:
    """A text without the file names of the cited videos, which any claim may give."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, " ")
    return text


def _without_times(text: str, lines: Sequence[Evidence]) -> str:
    """A text without the times of the cited lines, which a computed or listed claim may give."""
    times = {clock(edge) for line in lines for edge in line.span.seconds}
    for time in sorted(times, key=len, reverse=True):
        text = text.replace(time, " ")
    return text


def _plainly_said(text: str, lines: Sequence[Evidence]) -> bool:
    """Whether a claim of grammar alone ("It is over there.") stands as it is in a line."""
    words = " ".join(content.text for content in content_terms(text))
    known = " ".join(term.text for line in lines for term in content_terms(f"{line.text} {line.search_text}"))
    return bool(words) and all(word in known.split() for word in words.split())


def _names_a_thing(text: str, lines: Sequence[Evidence]) -> bool:
    """Whether a claim gives the name of what was recognised, even one that is no topic by itself ("person")."""
    names = {name.strip().casefold() for line in lines for name in line.search_text.split(";")}
    return any(name and name in text.casefold() for name in names)


def _resolves(citation: Citation, line: Evidence) -> bool:
    return (
        citation.video_id == line.video_id
        and citation.span == line.span
        and citation.channel == line.channel
        and citation.quote in line.text
    )

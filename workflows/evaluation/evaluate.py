"""Compare what the library finds, tags and answers with what people say is true."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stores.core.errors import UsageError
from stores.core.records import Span
from workflows.evaluation.annotations import Annotations, Question, digest, match_videos
from workflows.evaluation.measures import Ranking, TagCounts, count_tag, rank_of, ranking, ratio, says

if TYPE_CHECKING:
    from agents.answering.claims import Citation
    from agents.answering.graph import Answerer
    from agents.search.finder import Finder
    from agents.tagging.graph import Tagger
    from stores.library_store import LibraryStore

_MOMENTS_PER_VIDEO = 20  # enough moments asked for that a video late in the order still has a rank


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One query: the clip it describes, and its rank (None: not found)."""

    query: str
    language: str
    clip: str
    rank: int | None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """One question: what came back and whether it is right. ``clip`` is "" for unanswerable questions."""

    question: str
    clip: str
    gold: str
    answer: str
    abstained: bool
    right: bool
    citations: int
    valid_citations: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured, with the single results it was measured from."""

    annotations: str
    clips: int
    missing: tuple[str, ...]
    queries: tuple[QueryResult, ...]
    retrieval: Ranking
    retrieval_by_language: Mapping[str, Ranking]
    tagging: TagCounts
    tagging_by_facet: Mapping[str, TagCounts]
    tagging_by_tag: Mapping[str, TagCounts]
    answers: tuple[AnswerResult, ...]

    @property
    def answerable(self) -> tuple[AnswerResult, ...]:
        """The questions that have an answer in some clip."""
        return tuple(result for result in self.answers if result.clip)

    @property
    def unanswerable(self) -> tuple[AnswerResult, ...]:
        """The questions that should be declined."""
        return tuple(result for result in self.answers if not result.clip)

    @property
    def accuracy(self) -> float | None:
        """Share of answerable questions answered rightly."""
        return ratio(sum(result.right for result in self.answerable), len(self.answerable))

    @property
    def citation_validity(self) -> float | None:
        """Share of all citations that hold."""
        return ratio(
            sum(result.valid_citations for result in self.answers), sum(result.citations for result in self.answers)
        )

    @property
    def abstention(self) -> float | None:
        """Share of unanswerable questions declined."""
        return ratio(sum(result.abstained for result in self.unanswerable), len(self.unanswerable))


def evaluate(
    store: LibraryStore, finder: Finder, tagger: Tagger | None, answerer: Answerer, annotations: Path, clips: Path
) -> Evaluation:
    """Measure retrieval, tagging and answering on the annotated clips that are in the library.

    Clips that are not in the library count as missing, and everything expected of them as missed.

    Args:
        tagger: None where the tag library is empty; tagging is then not measured.
        annotations: a file as `workflows.evaluation.annotations` describes.
        clips: directory of the annotated files, for clips whose content differs from the annotated hash.

    Raises:
        UsageError: USAGE if the annotations cannot be read or no annotated clip is in the library.
    """
    truth = Annotations.read(annotations)
    known = {entry.video.sha256: entry.video_id for entry in store.catalog.videos() if entry.video is not None}
    matched = match_videos(truth, clips, known)
    if not matched:
        raise UsageError(
            "USAGE", "none of the annotated clips is in the library.", f"Ingest them first: kinodex ingest {clips}"
        )
    queries = _queries(finder, truth, matched, len(known))
    by_language: dict[str, list[int | None]] = defaultdict(list)
    for result in queries:
        by_language[result.language].append(result.rank)
    by_tag, facets = _tagging(store, tagger, truth, matched) if tagger else ({}, {})
    by_facet: dict[str, TagCounts] = defaultdict(TagCounts)
    for name, counts in by_tag.items():
        by_facet[facets.get(name, "")] += counts
    return Evaluation(
        annotations=digest(annotations),
        clips=len(truth.clips),
        missing=tuple(name for name in truth.clips if name not in matched),
        queries=queries,
        retrieval=ranking([result.rank for result in queries]),
        retrieval_by_language={language: ranking(ranks) for language, ranks in sorted(by_language.items())},
        tagging=sum(by_tag.values(), TagCounts()),
        tagging_by_facet=dict(sorted(by_facet.items())),
        tagging_by_tag=dict(sorted(by_tag.items())),
        answers=_answers(store, answerer, truth, matched),
    )


def _queries(finder: Finder, truth: Annotations, matched: Mapping[str, str], videos: int) -> tuple[QueryResult, ...]:
    results = []
    for clip, annotated in truth.clips.items():
        for language, queries in annotated.queries.items():
            for query in queries:
                rank = None
                if clip in matched:
                    moments = finder.search(query, k=_MOMENTS_PER_VIDEO * videos, duplicates=True).moments
                    rank = rank_of(matched[clip], (moment.video_id for moment in moments))
                results.append(QueryResult(query, language, clip, rank))
    return tuple(results)


def _tagging(
    store: LibraryStore, tagger: Tagger, truth: Annotations, matched: Mapping[str, str]
) -> tuple[dict[str, TagCounts], dict[str, str]]:
    """Counts by tag name, and the facet of each name."""
    library = {tag.tag_id: tag for tag in store.tags.tags()}
    facets = {tag.name.casefold(): tag.facet for tag in library.values()}
    by_tag: dict[str, TagCounts] = defaultdict(TagCounts)
    for clip, annotated in truth.clips.items():
        required = {name.casefold() for name in annotated.tags}
        acceptable = {name.casefold() for name in annotated.tags_acceptable}
        accepted = set()
        if clip in matched:
            accepted = {
                library[decision.tag_id].name.casefold()
                for decision in tagger.tag(matched[clip])
                if decision.decision == "accepted" and decision.tag_id in library
            }
        for name in accepted | required:
            by_tag[name] += count_tag(name, accepted, required, acceptable)
    return dict(by_tag), facets


def _answers(
    store: LibraryStore, answerer: Answerer, truth: Annotations, matched: Mapping[str, str]
) -> tuple[AnswerResult, ...]:
    asked = [(clip, question) for clip, annotated in truth.clips.items() for question in annotated.qa]
    asked += [("", Question(q=question, answerable=False)) for question in truth.unanswerable]
    return tuple(_answer(store, answerer, question, clip, matched.get(clip, "")) for clip, question in asked)


def _answer(store: LibraryStore, answerer: Answerer, asked: Question, clip: str, video_id: str) -> AnswerResult:
    answer = answerer.ask(asked.q)
    citations = [citation for claim in answer.claims for citation in claim.citations]
    right_video = any(citation.video_id == video_id for citation in citations)
    return AnswerResult(
        question=asked.q,
        clip=clip if asked.answerable else "",
        gold=asked.a,
        answer=answer.text,
        abstained=answer.abstained,
        right=asked.answerable and not answer.abstained and right_video and says(answer.text, asked.a),
        citations=len(citations),
        valid_citations=sum(citation_holds(store, citation) for citation in citations),
    )


def citation_holds(store: LibraryStore, citation: Citation) -> bool:
    """Whether a citation points at stored evidence of that video, inside the video, and quotes it truly."""
    cited = store.catalog.evidence([citation.evidence_id]).get(citation.evidence_id)
    if cited is None or cited.video_id != citation.video_id or citation.quote not in cited.text:
        return False
    video = store.catalog.video(cited.video_id)
    return video is not None and _inside(citation.span, video.whole)


def _inside(span: Span, whole: Span) -> bool:
    # A container that does not tell its length has duration 0: every span that begins in it is inside.
    return whole.end == 0 or span.end * span.time_base <= whole.end * whole.time_base

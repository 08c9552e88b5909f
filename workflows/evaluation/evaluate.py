"""Compare what the library finds, tags and answers with the annotations of people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from stores.core.errors import UsageError
from stores.core.records import Span
from workflows.evaluation.alike import groups_of
from workflows.evaluation.annotations import Annotations, Query, Question, digest, match_videos
from workflows.evaluation.intervals import Interval, f1_interval, ratio_interval
from workflows.evaluation.measures import Ranking, TagCounts, count_tag, rank_of, ranking, ratio, says
from workflows.evaluation.strict_answers import says_strictly
from workflows.evaluation.tag_quality import Candidate, TagCase, TagQuality, tag_quality

if TYPE_CHECKING:
    from agents.answering.claims import Citation
    from agents.chat.answerer import Answerer
    from agents.search.finder import Finder
    from agents.tagging.graph import Tagger
    from stores.library_store import LibraryStore

_MOMENTS_PER_VIDEO = 20  # so that a video far down the results still has a rank


@dataclass(frozen=True, slots=True)
class QueryResult:
    """One query: the clip it describes, and its rank among the videos found (None: not found).

    ``moment_rank``: place of the first moment that overlaps one of the annotated spans; None also where none are noted.
    """

    query: str
    language: str
    clip: str
    rank: int | None
    has_spans: bool = False
    moment_rank: int | None = None


@dataclass(frozen=True, slots=True)
class AnswerResult:
    """One question: what came back and whether it is right. ``clip`` is "" for unanswerable questions.

    ``right``: the right video is cited and a word of the gold answer is said; ``strictly_right``: all of it is said.
    """

    question: str
    clip: str
    gold: str
    answer: str
    abstained: bool
    right: bool
    citations: int
    valid_citations: int
    strictly_right: bool = False


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything measured, with the single results it was measured from.

    Attributes:
        moments, moments_by_language: where the right moments were found, of the queries that have spans.
        tagging_by_clip: counts by annotation id, then by tag.
        facets: of each tag by its case-folded name.
        tag_quality: against all true tags, by rank and confidence; None where tagging was not measured.
    """

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
    moments: Ranking
    moments_by_language: Mapping[str, Ranking]
    tagging_by_clip: Mapping[str, Mapping[str, TagCounts]]
    facets: Mapping[str, str]
    tag_quality: TagQuality | None = None

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
    def strict_accuracy(self) -> float | None:
        """Share of answerable questions answered rightly and in full."""
        return ratio(sum(result.strictly_right for result in self.answerable), len(self.answerable))

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

    @property
    def answered_unanswerable(self) -> float | None:
        """Share of unanswerable questions answered all the same."""
        return ratio(sum(not result.abstained for result in self.unanswerable), len(self.unanswerable))

    @property
    def abstained_answerable(self) -> float | None:
        """Share of answerable questions declined."""
        return ratio(sum(result.abstained for result in self.answerable), len(self.answerable))

    def retrieval_intervals(self, language: str | None = None, moments: bool = False) -> dict[str, Interval | None]:
        """Intervals of R@1, R@5 and MRR (of one language; of moments instead of videos). Clips are drawn."""
        by_clip: dict[str, list[int | None]] = defaultdict(list)
        for result in self.queries:
            if language in (None, result.language) and (result.has_spans or not moments):
                by_clip[result.clip].append(result.moment_rank if moments else result.rank)
        ranks = list(by_clip.values())
        wholes = [len(each) for each in ranks]
        firsts = [sum(rank == 1 for rank in each) for each in ranks]
        fives = [sum(rank is not None and rank <= 5 for rank in each) for each in ranks]
        reciprocals = [sum(1 / rank for rank in each if rank is not None) for each in ranks]
        parts: dict[str, Sequence[float]] = {"recall_at_1": firsts, "recall_at_5": fives, "mrr": reciprocals}
        return {name: ratio_interval(each, wholes) for name, each in parts.items()}

    def tagging_intervals(self, facet: str | None = None) -> dict[str, Interval | None]:
        """Intervals of the shares of `TagCounts` (of the tags of one facet). Clips are drawn."""
        counts = [
            sum((each for name, each in tags.items() if facet in (None, self.facets.get(name, ""))), TagCounts())
            for tags in self.tagging_by_clip.values()
        ]
        right, accepted = [each.right for each in counts], [each.accepted for each in counts]
        given, expected = [each.given for each in counts], [each.expected for each in counts]
        return {
            "precision": ratio_interval(right, accepted),
            "recall": ratio_interval(given, expected),
            "recall_of_true": ratio_interval(right, [each.true for each in counts]),
            "f1": f1_interval(right, accepted, given, expected),
        }

    def answer_intervals(self) -> dict[str, Interval | None]:
        """Intervals of all shares of answers. Questions are drawn."""
        asked, declined = self.answerable, self.unanswerable
        return {
            "accuracy": ratio_interval([each.right for each in asked], [1] * len(asked)),
            "strict_accuracy": ratio_interval([each.strictly_right for each in asked], [1] * len(asked)),
            "citation_validity": ratio_interval(
                [each.valid_citations for each in self.answers], [each.citations for each in self.answers]
            ),
            "abstention": ratio_interval([each.abstained for each in declined], [1] * len(declined)),
            "answered_unanswerable": ratio_interval([not each.abstained for each in declined], [1] * len(declined)),
            "abstained_answerable": ratio_interval([each.abstained for each in asked], [1] * len(asked)),
        }


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
    moments: dict[str, list[int | None]] = defaultdict(list)
    for result in queries:
        by_language[result.language].append(result.rank)
        if result.has_spans:
            moments[result.language].append(result.moment_rank)
    by_clip, facets, cases = _tagging(store, tagger, truth, matched) if tagger else ({}, {}, [])
    by_tag: dict[str, TagCounts] = defaultdict(TagCounts)
    by_facet: dict[str, TagCounts] = defaultdict(TagCounts)
    for tags in by_clip.values():
        for name, counts in tags.items():
            by_tag[name] += counts
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
        moments=ranking([rank for ranks in moments.values() for rank in ranks]),
        moments_by_language={language: ranking(ranks) for language, ranks in sorted(moments.items())},
        tagging_by_clip=by_clip,
        facets=facets,
        tag_quality=tag_quality(cases) if cases else None,
    )


def _queries(finder: Finder, truth: Annotations, matched: Mapping[str, str], videos: int) -> tuple[QueryResult, ...]:
    results = []
    for clip, annotated in truth.clips.items():
        for language, queries in annotated.queries.items():
            for query in queries:
                wanted = Query(q=query) if isinstance(query, str) else query
                rank = moment_rank = None
                if clip in matched:
                    found = finder.search(wanted.q, k=_MOMENTS_PER_VIDEO * videos, duplicates=True).moments
                    rank = rank_of(matched[clip], (moment.video_id for moment in found))
                    places = ((moment.video_id, moment.span) for moment in found)
                    moment_rank = rank_of_moment(matched[clip], wanted.spans, places)
                results.append(QueryResult(wanted.q, language, clip, rank, bool(wanted.spans), moment_rank))
    return tuple(results)


def rank_of_moment(
    video_id: str, spans: Sequence[tuple[float, float]], places: Iterable[tuple[str, Span]]
) -> int | None:
    """The 1-based place of the first moment of that video that overlaps one of ``spans``, in seconds; None: no such."""
    for rank, (found, span) in enumerate(places, 1):
        start, end = span.seconds
        if found == video_id and any(start < until and since < end for since, until in spans):
            return rank
    return None


def _tagging(
    store: LibraryStore, tagger: Tagger, truth: Annotations, matched: Mapping[str, str]
) -> tuple[dict[str, dict[str, TagCounts]], dict[str, str], list[TagCase]]:
    """Counts by annotation id and tag name, the facet of each name, and all that was decided about each clip."""
    library = {tag.tag_id: tag for tag in store.tags.tags()}
    facets = {tag.name.casefold(): tag.facet for tag in library.values()}
    groups = groups_of(store, matched)
    by_clip: dict[str, dict[str, TagCounts]] = {}
    cases: list[TagCase] = []
    for clip, annotated in truth.clips.items():
        required = {name.casefold() for name in annotated.tags}
        true = required | {name.casefold() for name in annotated.tags_acceptable}
        decided = tagger.tag(matched[clip]) if clip in matched else ()
        named = [(library[one.tag_id].name.casefold(), one) for one in decided if one.tag_id in library]
        accepted = {name for name, one in named if one.decision == "accepted"}
        names = sorted(accepted | true)
        by_clip[clip] = {name: count_tag(name, accepted, required, true - required) for name in names}
        candidates = tuple(Candidate(name, one.confidence, one.decision, name in true) for name, one in named)
        # A clip that is not in the library is like no other one.
        group = groups.get(clip, len(groups) + len(cases))
        cases.append(TagCase(clip, group, candidates, frozenset(true)))
    return by_clip, facets, cases


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
    may_be_right = asked.answerable and not answer.abstained and right_video
    return AnswerResult(
        question=asked.q,
        clip=clip if asked.answerable else "",
        gold=asked.a,
        answer=answer.text,
        abstained=answer.abstained,
        right=may_be_right and says(answer.text, asked.a),
        citations=len(citations),
        valid_citations=sum(citation_holds(store, citation) for citation in citations),
        strictly_right=may_be_right and says_strictly(answer.text, asked.a, asked.accepted),
    )


def citation_holds(store: LibraryStore, citation: Citation) -> bool:
    """Whether a citation points at stored evidence of that video, inside the video, and quotes it truly."""
    cited = store.catalog.evidence([citation.evidence_id]).get(citation.evidence_id)
    if cited is None or cited.video_id != citation.video_id or citation.quote not in cited.text:
        return False
    video = store.catalog.video(cited.video_id)
    return video is not None and _inside(citation.span, video.whole)


def _inside(span: Span, whole: Span) -> bool:
    # A container without a declared length has duration 0: every span counts as inside.
    return whole.end == 0 or span.end * span.time_base <= whole.end * whole.time_base

"""What `--json` prints of an evaluation, and where videos lie; all other documents stand in `kinodex.schemas`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stores.core.uris import path_of

if TYPE_CHECKING:
    from stores.library_store import LibraryStore
    from workflows.evaluation.evaluate import Evaluation
    from workflows.evaluation.measures import TagCounts

Payload = dict[str, Any]


def places_of(store: LibraryStore, video_ids: Iterable[str]) -> dict[str, str]:
    """Where these videos lie, by id: the first place where there is a file now, else the last known one."""
    found = store.catalog.places_of(video_ids)
    return {video_id: _playable(uris) for video_id, uris in found.items()}


def _playable(uris: Sequence[str]) -> str:
    there = (uri for uri in uris if path_of(uri).is_file())
    return next(there, uris[0] if uris else "")


def evaluation(result: Evaluation) -> Payload:
    """Retrieval, tagging and answers with their counts; a measure without cases is null.

    ``intervals``: the (lower, upper) ends of 95 % bootstrap intervals of the measures beside them.
    """
    return {
        "annotations": result.annotations,
        "clips": {"annotated": result.clips, "missing": list(result.missing)},
        "retrieval": {
            "overall": {**asdict(result.retrieval), "intervals": result.retrieval_intervals()},
            "by_language": {
                language: {**asdict(each), "intervals": result.retrieval_intervals(language)}
                for language, each in result.retrieval_by_language.items()
            },
            "queries": [asdict(query) for query in result.queries],
            "moments": {
                "overall": {**asdict(result.moments), "intervals": result.retrieval_intervals(moments=True)},
                "by_language": {
                    language: {**asdict(each), "intervals": result.retrieval_intervals(language, moments=True)}
                    for language, each in result.moments_by_language.items()
                },
            },
        },
        "tagging": {
            "overall": {**_counts(result.tagging), "intervals": result.tagging_intervals()},
            "by_facet": {
                facet: {**_counts(each), "intervals": result.tagging_intervals(facet)}
                for facet, each in result.tagging_by_facet.items()
            },
            "by_tag": {name: _counts(each) for name, each in result.tagging_by_tag.items()},
        },
        "answers": {
            "answerable": len(result.answerable),
            "right": sum(each.right for each in result.answerable),
            "accuracy": result.accuracy,
            "citations": sum(each.citations for each in result.answers),
            "valid_citations": sum(each.valid_citations for each in result.answers),
            "citation_validity": result.citation_validity,
            "unanswerable": len(result.unanswerable),
            "abstained": sum(each.abstained for each in result.unanswerable),
            "abstention": result.abstention,
            "questions": [asdict(each) for each in result.answers],
            "strictly_right": sum(each.strictly_right for each in result.answerable),
            "strict_accuracy": result.strict_accuracy,
            "answered_unanswerable": result.answered_unanswerable,
            "abstained_answerable": result.abstained_answerable,
            "intervals": result.answer_intervals(),
        },
    }


def _counts(counts: TagCounts) -> Payload:
    shares = {"precision": counts.precision, "recall": counts.recall, "f1": counts.f1}
    return {**asdict(counts), **shares, "recall_of_true": counts.recall_of_true}

"""What `--json` prints of a video, an evaluation and a library; all other documents stand in `kinodex.schemas`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kinodex.schemas import videos as schema
from stores.core.uris import path_of

if TYPE_CHECKING:
    from kinodex.library import Library
    from stores.catalog import VideoEntry
    from stores.core.records import Evidence
    from workflows.evaluation.evaluate import Evaluation
    from workflows.evaluation.measures import TagCounts

Payload = dict[str, Any]


def video(entry: VideoEntry) -> Payload:
    """One video as `videos` and `show` list it; ``media`` is null until it was probed."""
    return schema.video(entry).payload()


def evidence(lines: Iterable[Evidence]) -> list[Payload]:
    """``[{evidence_id, start, end, channel, text, confidence}]``."""
    return [line.payload() for line in schema.evidence(lines)]


def places(library: Library) -> dict[str, str]:
    """Where each video lies, by id: the first place where there is a file now, else the last known one."""
    return {entry.video_id: _playable(entry.uris) for entry in library.videos()}


def _playable(uris: Sequence[str]) -> str:
    there = (uri for uri in uris if path_of(uri).is_file())
    return next(there, uris[0] if uris else "")


def evaluation(result: Evaluation) -> Payload:
    """Retrieval, tagging and answers with their counts; a measure without cases is null."""
    return {
        "annotations": result.annotations,
        "clips": {"annotated": result.clips, "missing": list(result.missing)},
        "retrieval": {
            "overall": asdict(result.retrieval),
            "by_language": {language: asdict(each) for language, each in result.retrieval_by_language.items()},
            "queries": [asdict(query) for query in result.queries],
        },
        "tagging": {
            "overall": _counts(result.tagging),
            "by_facet": {facet: _counts(each) for facet, each in result.tagging_by_facet.items()},
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
        },
    }


def _counts(counts: TagCounts) -> Payload:
    return {**asdict(counts), "precision": counts.precision, "recall": counts.recall, "f1": counts.f1}

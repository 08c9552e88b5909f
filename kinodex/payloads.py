"""What `--json` prints: plain dictionaries whose keys others script against. Times are float seconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from stores.core.uris import path_of

if TYPE_CHECKING:
    from pathlib import Path

    from agents.answering.claims import Answer
    from agents.search.finder import Found
    from kinodex.library import Library
    from stores.catalog import VideoEntry
    from stores.core.records import Decision, Evidence, Span, Tag, Video
    from stores.maintenance.verification import Verification
    from stores.tag_removal import Removed
    from stores.tags.library import ImportReport
    from workflows.evaluation.evaluate import Evaluation
    from workflows.evaluation.measures import TagCounts
    from workflows.planning.budget import Estimate
    from workflows.planning.plan import Plan
    from workflows.reembed import Reembedded, Swap
    from workflows.report import IngestReport

Payload = dict[str, Any]


def ingest(report: IngestReport, path: Path | None = None, stopped: str = "") -> Payload:
    """``{"videos": [{video_id, uri, status, error, stages, reused}], "totals": {…}, "report", "stopped", "skipped"}``.

    Args:
        path: where the report of the run lies.
        stopped: why a budget stopped it; "" if none did.
    """
    totals = report.totals
    return {
        "videos": [
            {
                "video_id": video.video_id,
                "uri": video.uri,
                "status": video.status,
                "error": _error(video.error_code, video.error_message),
                "stages": dict(video.stages),
                "reused": video.reused,
            }
            for video in report.videos
        ],
        "totals": {**asdict(totals), "speed": totals.speed},
        "report": str(path) if path is not None else None,
        "stopped": stopped,
        "skipped": list(report.skipped),
    }


def plan(planned: Plan) -> Payload:
    """What a run would do with each input and what it would cost, and the totals; ``cost`` is expected, not certain.

    ``{"dry_run": true, "videos": [{video_id, uri, state, media_seconds, pending, cost, error_code, error}],
    "stages": [{stage, videos, rate}], "totals": {…}}``; ``rate`` is ``measured`` here, ``shipped`` or ``unknown``.
    """
    rates = {**dict.fromkeys(planned.measured, "measured"), **dict.fromkeys(planned.unknown, "unknown")}
    return {
        "dry_run": True,
        "videos": [
            {
                "video_id": each.video_id,
                "uri": each.uri,
                "state": each.state,
                "media_seconds": each.media_seconds,
                "pending": list(each.stages),
                "cost": _cost(each.cost),
                "error_code": each.error_code,
                "error": _error(each.error_code, each.error_message),
            }
            for each in planned.inputs
        ],
        "stages": [
            {"stage": stage, "videos": count, "rate": rates.get(stage, "shipped")} for stage, count in planned.stages
        ],
        "totals": {
            "inputs": len(planned.inputs),
            "videos": planned.videos,
            "problems": sum(1 for each in planned.inputs if each.error_code),
            "media_seconds": planned.media_seconds,
            "workers": planned.workers,
            "wall_seconds": planned.wall_seconds,
            **_cost(planned.cost),
            "free_bytes": planned.free_bytes,
            "measured": bool(planned.stages) and not planned.estimated and not planned.unknown,
            "priced": planned.priced,
        },
    }


def swap(found: Swap, planned: Plan, channels: Sequence[str], uris: Mapping[str, str]) -> Payload:
    """``{channels, indexed, stages: [{stage, videos}], videos, captions, gone: [{video_id, uri}], cost}``.

    Args:
        found: which videos have vectors of former models; planned: what making them anew would do.
    """
    return {
        "channels": list(channels),
        "indexed": found.indexed,
        "videos": planned.videos,
        "captions": len(found.captions),
        "stages": [{"stage": stage, "videos": count} for stage, count in planned.stages],
        "gone": [{"video_id": video_id, "uri": uris.get(video_id, "")} for video_id in found.gone],
        "cost": {**_cost(planned.cost), "wall_seconds": planned.wall_seconds, "workers": planned.workers},
    }


def reembedded(made: Reembedded, path: Path | None, stopped: str) -> Payload:
    """``{ingest, captions, removed: {blobs, vectors, staged, parts, bytes}}``; ``ingest`` as `ingest`, or null."""
    return {
        "ingest": ingest(made.report, path, stopped) if made.report is not None else None,
        "captions": made.captions,
        "removed": asdict(made.swept),
    }


def _cost(cost: Estimate) -> Payload:
    return {"work_seconds": cost.seconds, "bytes": round(cost.bytes), "tokens": round(cost.tokens), "money": cost.money}


def video(entry: VideoEntry) -> Payload:
    """One video as `videos` and `show` list it; ``media`` is null until it was probed."""
    return {
        "video_id": entry.video_id,
        "uri": entry.uris[0] if entry.uris else "",
        "uris": list(entry.uris),
        "status": entry.status,
        "error": _error(entry.error_code, entry.error_message),
        "stages": dict(entry.stages),
        "media": _media(entry.video) if entry.video is not None else None,
    }


def _media(media: Video) -> Payload:
    return {
        "seconds": media.seconds,
        "width": media.width,
        "height": media.height,
        "rotation": media.rotation,
        "frame_rate": float(media.frame_rate),
        "variable_frame_rate": media.variable_frame_rate,
        "video_codec": media.video_codec,
        "audio_codec": media.audio_codec,
        "container": media.container,
        "size": media.size,
        "sha256": media.sha256,
        "warnings": list(media.warnings),
    }


def evidence(lines: Iterable[Evidence]) -> list[Payload]:
    """``[{evidence_id, start, end, channel, text, confidence}]``."""
    return [
        {
            "evidence_id": line.evidence_id,
            **_times(line.span),
            "channel": line.channel,
            "text": line.text,
            "confidence": line.confidence,
        }
        for line in lines
    ]


def places_of(library: Library, video_ids: Iterable[str]) -> dict[str, str]:
    """Where these videos lie, by id: the first place where there is a file now, else the last known one."""
    found = library.store.catalog.places_of(video_ids)
    return {video_id: _playable(uris) for video_id, uris in found.items()}


def _playable(uris: Sequence[str]) -> str:
    there = (uri for uri in uris if path_of(uri).is_file())
    return next(there, uris[0] if uris else "")


def search(found: Found, uris: Mapping[str, str]) -> Payload:
    """``{query, verdict, index, results: [{rank, video_id, uri, start, end, score, channels, text, thumbnail, …}]}``.

    ``also`` lists near-duplicates that were left out of the results: ``[{video_id, uri, start, end}]``. ``index`` also
    counts videos that are searched by vectors of a former model (``videos_former``), and those that have vectors of a
    model that cannot be asked here (``videos_unserved``): `kinodex reembed` makes both anew.
    """
    return {
        "query": found.query,
        "verdict": found.verdict,
        "index": {
            "state": found.index.state,
            "videos_indexed": found.index.videos_indexed,
            "videos_known": found.index.videos_known,
            "videos_former": found.index.videos_former,
            "videos_unserved": found.index.videos_unserved,
        },
        "results": [
            {
                "rank": moment.rank,
                "video_id": moment.video_id,
                "uri": uris.get(moment.video_id, ""),
                **_times(moment.span),
                "score": moment.score,
                "channels": dict(moment.channels),
                "text": moment.text,
                "thumbnail": moment.thumbnail,
                "also": [
                    {"video_id": twin.video_id, "uri": uris.get(twin.video_id, ""), **_times(twin.span)}
                    for twin in moment.also
                ],
            }
            for moment in found.moments
        ],
    }


def answer(given: Answer, uris: Mapping[str, str]) -> Payload:
    """``{question, answer, abstained, mode, claims: [{text, citations: [{evidence_id, video_id, uri, …}]}]}``."""
    return {
        "question": given.question,
        "answer": given.text,
        "abstained": given.abstained,
        "mode": given.mode,
        "claims": [
            {
                "text": claim.text,
                "citations": [
                    {
                        "evidence_id": citation.evidence_id,
                        "video_id": citation.video_id,
                        "uri": uris.get(citation.video_id, ""),
                        **_times(citation.span),
                        "channel": citation.channel,
                        "quote": citation.quote,
                    }
                    for citation in claim.citations
                ],
            }
            for claim in given.claims
        ],
    }


def tags(library: Iterable[Tag]) -> Payload:
    """``{"tags": [{tag_id, name, facet, aliases, parent, language, status}]}``."""
    return {"tags": [{**asdict(tag), "aliases": list(tag.aliases)} for tag in library]}


def decisions(library: Library, decided: Mapping[str, Iterable[Decision]]) -> Payload:
    """``{"videos": [{video_id, uri, decisions: [{tag_id, name, facet, decision, …, evidence}]}]}``."""
    by_id = {tag.tag_id: tag for tag in library.store.tags.tags()}
    uris = places_of(library, decided)
    return {
        "videos": [
            {
                "video_id": video_id,
                "uri": uris.get(video_id, ""),
                "decisions": [_decision(library, each, by_id) for each in made],
            }
            for video_id, made in decided.items()
        ]
    }


def _decision(library: Library, made: Decision, by_id: Mapping[str, Tag]) -> Payload:
    tag = by_id.get(made.tag_id)
    found = library.store.catalog.evidence(made.evidence_ids)
    lines = evidence(found[evidence_id] for evidence_id in made.evidence_ids if evidence_id in found)
    for line in lines:
        del line["confidence"]
    return {
        "tag_id": made.tag_id,
        "name": tag.name if tag else "",
        "facet": tag.facet if tag else "",
        "decision": made.decision,
        "confidence": made.confidence,
        "recalled_by": list(made.recalled_by),
        "scores": dict(made.scores),
        "evidence": lines,
    }


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


def _times(span: Span) -> dict[str, float]:
    start, end = span.seconds
    return {"start": start, "end": end}


def _error(code: str, message: str) -> dict[str, str] | None:
    return {"code": code, "message": message} if code else None


def verification(found: Verification, mend: bool) -> Payload:
    """``{ok, checked: {kind: n}, problems: [{kind, code, where, message, hint}], mended: [{video_id, stage}]}``.

    ``ok`` also where there are orphans; ``mended`` are those that the next ingest does again.
    """
    again = [{"video_id": key.video_id, "stage": key.stage} for key in found.damaged]
    return {
        "ok": not found.harmful,
        "checked": dict(found.checked),
        "problems": [asdict(problem) for problem in found.problems],
        "mended": again if mend else [],
    }


def removed_tags(removed: Removed) -> Payload:
    """``{removed, decisions, total}``."""
    return asdict(removed)


def import_report(report: ImportReport) -> Payload:
    """``{added, updated, unchanged, total}``."""
    return asdict(report)

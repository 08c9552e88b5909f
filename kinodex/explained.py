"""What ``search --explain --json`` adds: why the moments were found. Times are float seconds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agents.search.explanation import Explanation, Fate, Gap

Payload = dict[str, Any]


def explained(why: Explanation, uris: Mapping[str, str]) -> Payload:
    """The object ``explain``.

    - ``threshold``: confidence from which the best moment makes the verdict a match;
    - ``calibration``: ``score = 1 / (1 + exp(-steepness * (ratio - match_ratio)))``, ``weights`` of likeness by channel
      (``lines_floor`` in standard deviations), and ``scales``: by collection, mean and deviation of the query's
      cosines with all known concepts and the ``best`` of them in deviations;
    - ``sources``: what was searched, ``[{channel, kind, model, query_model, name, items, videos, former}]``, where
      ``kind`` is ``vectors`` of a collection ``name`` or ``words`` of the lines of a stage ``name``;
    - ``not_searched``: ``[{channel, reason, videos: [{video_id, uri, detail}]}]``, where ``reason`` is ``not_indexed``,
      ``nothing_found`` or ``other_model``;
    - ``moments``: ``[{rank, outcome, reason, video_id, uri, start, end, score, ratio, parts}]``, where ``outcome`` is
      ``shown``, ``merged`` (into the moment of that ``rank``) or ``left_out`` (rank 0), and ``parts`` add up to the
      ratio: ``[{channel, kind, model, worth, share}]``, ``kind`` also ``itm`` or ``socratic``;
    - ``remarks``: what the steps after recall did or could not do.
    """
    return {
        "threshold": why.threshold,
        "calibration": {
            "match_ratio": why.match_ratio,
            "steepness": why.steepness,
            "weights": dict(why.weights),
            "scales": [asdict(scale) for scale in why.scales],
        },
        "sources": [asdict(source) for source in why.sources],
        "not_searched": _not_searched(why, uris),
        "moments": [_moment(fate, uris) for fate in why.moments],
        "remarks": list(why.remarks),
    }


def _not_searched(why: Explanation, uris: Mapping[str, str]) -> list[Payload]:
    grouped: dict[tuple[str, str], list[Gap]] = defaultdict(list)
    for gap in why.gaps:
        grouped[gap.channel, gap.reason].append(gap)
    return [
        {
            "channel": channel,
            "reason": reason,
            "videos": [
                {"video_id": gap.video_id, "uri": uris.get(gap.video_id, ""), "detail": gap.detail} for gap in gaps
            ],
        }
        for (channel, reason), gaps in grouped.items()
    ]


def _moment(fate: Fate, uris: Mapping[str, str]) -> Payload:
    start, end = fate.span.seconds
    return {
        "rank": fate.rank,
        "outcome": fate.outcome,
        "reason": fate.reason,
        "video_id": fate.video_id,
        "uri": uris.get(fate.video_id, ""),
        "start": start,
        "end": end,
        "score": fate.score,
        "ratio": fate.ratio,
        "parts": [asdict(part) for part in fate.parts],
    }

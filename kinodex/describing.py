"""Describing from the door: who describes, what that would cost, and the JSON documents about it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Literal

from stores.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kinodex.library import Library
    from pipeline.describe.describers import VideoModel
    from workflows.describe import DescribeReport
    from workflows.planning.budget import Budget, Meter
    from workflows.planning.describe_plan import Means, PlannedDescription

Payload = dict[str, Any]
By = Literal["profile", "endpoint"]

_ENDPOINT = "set endpoint.base_url and endpoint.model of one whose model takes pictures in kinodex.toml"


def means_of(library: Library, by: By | VideoModel | None, script: bool = True) -> Means:
    """Who describes: a model of the profile, the endpoint of the settings, or a model that is given.

    Of a profile it is its video language model if it names one, else its captioner of pictures.

    Args:
        by: None for the endpoint if there is one, else the profile.
        script: have the endpoint, if there is one, write a script of each video, too.

    Raises:
        UsageError: USAGE if that describer is not there; SETTINGS_INVALID as `kinodex.settings.Settings`.
    """
    from agents.describing.captioner import EndpointDescriber
    from agents.describing.script import ScriptWriter
    from pipeline.describe.describers import PictureDescriber, VideoModelDescriber
    from workflows.planning.describe_plan import Means

    llm, encoders = library.llm, library.encoders
    config = library.settings.perception_config().captions
    writer = ScriptWriter(library.store, encoders, llm) if llm is not None and script else None
    usage = llm.usage if llm is not None else None
    if by is None:
        by = "endpoint" if llm is not None else "profile"
    if by == "endpoint":
        if llm is None:
            hint = f"To describe with one, {_ENDPOINT}; or use --by profile with a profile that has a captioner."
            raise UsageError("USAGE", "No endpoint is set.", hint)
        return Means(EndpointDescriber(llm), config, writer, usage, asks=True)
    if by == "profile":
        if encoders.has("describer"):
            describer = VideoModelDescriber(lambda: encoders.describer, encoders.revision("describer"))
            return Means(describer, config, writer, usage)
        if encoders.has("captioner"):
            return Means(PictureDescriber.of(encoders, config), config, writer, usage)
        tasks = {name: encoders.registry.profile(name) for name in encoders.registry.profiles}
        able = [name for name, models in tasks.items() if "describer" in models or "captioner" in models]
        others = f"Choose one that has: --profile {' or '.join(able)}; or" if able else "Instead,"
        message = f"The profile {encoders.profile!r} has no captioner."
        raise UsageError("USAGE", message, f"{others} {_ENDPOINT}.")
    if isinstance(by, str):
        raise UsageError("USAGE", f"Nobody is called {by!r}.", "Say profile or endpoint.")
    model = by
    return Means(VideoModelDescriber(lambda: model, named(model)), config, writer, usage)


def named(model: object) -> str:
    """``name@revision`` of a model that is given: by its own attributes, as far as it has them."""
    name = str(getattr(model, "name", "") or type(model).__name__)
    return f"{name}@{getattr(model, 'revision', '') or 'given'}" if "@" not in name else name


def meter_of(library: Library, limits: Budget) -> Meter:
    """Says of each video whether describing it fits the budget, and the library's disk."""
    from kinodex.running import prices_of
    from workflows.planning.budget import Estimate, Meter
    from workflows.planning.describe_plan import PlannedDescription

    prices = prices_of(library.settings.endpoint)

    def estimate(unit: object) -> Estimate:
        return unit.estimate(prices) if isinstance(unit, PlannedDescription) else Estimate()

    return Meter(library.store.root, estimate, 1, limits)


def report_payload(report: DescribeReport) -> Payload:
    """``{"videos": [{video_id, uri, status, error, stages, reused, captions, script}], "totals": {…}, "endpoint":
    {calls, tokens, money}, "stopped"}``; ``captions`` is how many there are now, ``script`` is "" where there is none.
    """
    return {
        "videos": [
            {
                "video_id": one.report.video_id,
                "uri": one.report.uri,
                "status": one.report.status,
                "error": {"code": one.report.error_code, "message": one.report.error_message}
                if one.report.error_code
                else None,
                "stages": dict(one.report.stages),
                "reused": one.report.reused,
                "captions": one.captions,
                "script": one.script,
            }
            for one in report.videos
        ],
        "totals": {**asdict(report.totals), "speed": report.totals.speed},
        "endpoint": {"calls": report.calls, "tokens": round(report.spent.tokens), "money": report.spent.money},
        "stopped": report.stopped,
    }


def plan_payload(planned: Sequence[PlannedDescription], prices: tuple[float, float] | None) -> Payload:
    """``{"dry_run": true, "videos": [{video_id, uri, state, pending, media_seconds, clips, calls, tokens}], "totals":
    {videos, pending, media_seconds, clips, calls, tokens, money, priced}}``; costs are expected, not certain.

    ``state`` is ``described``, ``outdated`` (what is there serves until it is replaced), ``not_described`` or
    ``failed``.
    """
    todo = [one for one in planned if one.left]
    return {
        "dry_run": True,
        "videos": [
            {
                "video_id": one.video_id,
                "uri": one.uri,
                "state": one.state,
                "pending": list(one.left),
                "media_seconds": one.seconds,
                "clips": one.clips,
                "calls": one.calls,
                "tokens": round(one.tokens),
            }
            for one in planned
        ],
        "totals": {
            "videos": len(planned),
            "pending": len(todo),
            "media_seconds": sum(one.seconds for one in todo),
            "clips": sum(one.clips for one in todo),
            "calls": sum(one.calls for one in todo),
            "tokens": round(sum(one.tokens for one in todo)),
            "money": sum(one.estimate(prices).money for one in todo),
            "priced": prices is not None,
        },
    }


def descriptions(library: Library, indexed: Sequence[str]) -> Payload:
    """``{described, nothing_found, not_described, failed, captions, scripts}``: videos, and how many records they have.

    ``nothing_found`` were looked at and nothing could be said of them; ``failed`` are among those not described.
    """
    captions = library.store.catalog.described("captions")
    scripts = library.store.catalog.described("script")
    missing = [video_id for video_id in indexed if video_id not in captions]
    bad = {
        receipt.key.video_id
        for receipt in library.store.ledger.receipts_of(missing)
        if receipt.key.stage == "captions" and receipt.status in ("failed", "quarantined")
    }
    empty = sum(1 for count in captions.values() if not count)
    return {
        "described": len(captions) - empty,
        "nothing_found": empty,
        "not_described": len(missing),
        "failed": len(bad),
        "captions": sum(captions.values()),
        "scripts": sum(scripts.values()),
    }

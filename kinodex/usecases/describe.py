"""Describing videos in words: with which model, at what cost, and doing it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from kinodex.usecases.config import prices_of
from stores.core.errors import UsageError
from workflows.telemetry.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from agents.llm import LLM
    from encoders.bundle import Encoders
    from kinodex.settings import Settings
    from pipeline.describe.describers import VideoModel
    from pipeline.describe.vtt_files import AudioDescription
    from stores.library_store import LibraryStore
    from workflows.describe import DescribeReport
    from workflows.planning.budget import Budget, Meter
    from workflows.planning.describe_plan import DescribeSetup, PlannedDescription

By = Literal["profile", "endpoint"]

_ENDPOINT = "in kinodex.toml set endpoint.base_url and endpoint.model to those of a model that accepts pictures"


@dataclass(frozen=True, slots=True)
class DescribeOptions:
    """How to describe.

    Attributes:
        by: ``profile`` for a model of it, ``endpoint`` for the model behind it, or any object with the method
            ``describe(frames, seconds, question)``; None for the endpoint if there is one, else the profile.
        script: have the endpoint, if there is one, write a script of each video, too.
        retry: also retry what failed for good or is quarantined.
        meter: of a budget (`meter_of`); what would exceed it is left for another run.
        progress: called with each event, see `workflows.telemetry.progress`.
        people: folder of portraits that the endpoint is shown, named after the people; None for that of the settings.
    """

    by: By | VideoModel | None = None
    script: bool = True
    retry: bool = False
    meter: Meter | None = None
    progress: Progress = silent
    people: Path | None = None


def describe(
    store: LibraryStore,
    encoders: Encoders,
    settings: Settings,
    llm: LLM | None,
    video_ids: Sequence[str],
    options: DescribeOptions = DescribeOptions(),
) -> DescribeReport:
    """Have clips described in words. Videos that cannot be described are reported, not raised.

    Raises:
        UsageError: USAGE if there is no such describer.
    """
    from workflows.describe import describe_videos

    setup = setup_of(store, encoders, settings, llm, options)
    return describe_videos(store, encoders, video_ids, setup, meter=options.meter, progress=options.progress)


def plan_describe(
    store: LibraryStore,
    encoders: Encoders,
    settings: Settings,
    llm: LLM | None,
    video_ids: Sequence[str],
    options: DescribeOptions = DescribeOptions(),
) -> list[PlannedDescription]:
    """What `describe` would do for each video, and how many calls and tokens it would cost, without doing it."""
    from workflows.planning.describe_plan import plan_descriptions

    setup = setup_of(store, encoders, settings, llm, options)
    return plan_descriptions(store, encoders, video_ids, setup)


def setup_of(
    store: LibraryStore, encoders: Encoders, settings: Settings, llm: LLM | None, options: DescribeOptions
) -> DescribeSetup:
    """How to describe: with a model of the profile, the endpoint of the settings, or a given model.

    Of a profile it is its video language model if it names one, else its captioner of pictures.

    Raises:
        UsageError: USAGE if that describer is not there, or the portraits cannot be used;
            SETTINGS_INVALID as `kinodex.settings.Settings`.
    """
    from agents.describing.captioner import EndpointDescriber
    from agents.describing.portraits import portraits
    from agents.describing.script import ScriptWriter
    from pipeline.describe.describers import PictureDescriber, VideoModelDescriber
    from workflows.planning.describe_plan import DescribeSetup

    by = options.by
    config = settings.perception_config().captions
    writer = ScriptWriter(store, encoders, llm) if llm is not None and options.script else None
    setup = partial(
        DescribeSetup,
        config=config,
        writer=writer,
        usage=llm.usage if llm is not None else None,
        prices=prices_of(settings.endpoint),
        retry=options.retry,
        metadata=settings.describe.metadata,
    )
    if by is None:
        by = "endpoint" if llm is not None else "profile"
    if by == "endpoint":
        if llm is None:
            hint = f"To describe with one, {_ENDPOINT}; or use --by profile with a profile that has a captioner."
            raise UsageError("USAGE", "No endpoint is set.", hint)
        folder = options.people or settings.describe.people
        people = portraits(folder) if folder is not None else ()
        return setup(EndpointDescriber(llm, people), asks=True, portraits=len(people))
    if options.people is not None:
        hint = "Leave out --people, or use --by endpoint."
        raise UsageError("USAGE", "Only an endpoint can be shown portraits.", hint)
    if by == "profile":
        if encoders.has("describer"):
            describer = VideoModelDescriber(lambda: encoders.describer, encoders.revision("describer"))
            return setup(describer)
        if encoders.has("captioner"):
            return setup(PictureDescriber.of(encoders, config))
        tasks = {name: encoders.registry.profile(name) for name in encoders.registry.profiles}
        able = [name for name, models in tasks.items() if "describer" in models or "captioner" in models]
        others = f"Choose one that has: --profile {' or '.join(able)}; or" if able else "Instead,"
        message = f"The profile {encoders.profile!r} has no captioner."
        raise UsageError("USAGE", message, f"{others} {_ENDPOINT}.")
    if isinstance(by, str):
        raise UsageError("USAGE", f"Unknown describer: {by!r}.", "Choose profile or endpoint.")
    model = by
    return setup(VideoModelDescriber(lambda: model, named(model)))


def named(model: object) -> str:
    """``name@revision`` of a given model, by its own attributes as far as it has them."""
    name = str(getattr(model, "name", "") or type(model).__name__)
    return f"{name}@{getattr(model, 'revision', '') or 'given'}" if "@" not in name else name


def audio_descriptions(store: LibraryStore, video_ids: Sequence[str], folder: Path) -> list[AudioDescription]:
    """Write ``NAME.ad.vtt`` for each video; those that cannot be described so are part of the result.

    Raises:
        UsageError: USAGE if the folder cannot be made, or a file in it not be written.
        StoreError: DISK_FULL.
    """
    from pipeline.describe.vtt_files import SUFFIX, write_audio_description
    from stores.core.uris import path_of

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError("USAGE", f"The folder {folder} cannot be made: {error.strerror}.") from None
    taken: set[str] = set()
    made = []
    for video_id in dict.fromkeys(video_ids):
        uri = store.catalog.display_uri(video_id)
        stem = path_of(uri).stem or video_id
        name = stem if stem.casefold() not in taken else f"{stem}.{video_id}"
        taken.add(name.casefold())
        made.append(write_audio_description(store.memory(video_id), video_id, uri, folder / f"{name}{SUFFIX}"))
    return made


def meter_of(store: LibraryStore, settings: Settings, limits: Budget) -> Meter:
    """The meter that says of each video whether describing it fits the budget, and the library's disk."""
    from workflows.planning.budget import Estimate, Meter
    from workflows.planning.describe_plan import PlannedDescription

    prices = prices_of(settings.endpoint)

    def estimate(unit: object) -> Estimate:
        return unit.estimate(prices) if isinstance(unit, PlannedDescription) else Estimate()

    return Meter(store.root, estimate, 1, limits)

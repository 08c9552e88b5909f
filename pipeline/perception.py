"""What a video is put through: all stages with their configs, in order, and the observers among them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from encoders.bundle import Encoders
from pipeline.derive.clips import ClipConfig
from pipeline.derive.labels import LabelConfig
from pipeline.derive.tracklets import TrackletConfig
from pipeline.derive.vectors import VectorConfig
from pipeline.listen import ListenConfig
from pipeline.observers.look import LookConfig, LookObserver
from pipeline.observers.objects import ObjectConfig, ObjectObserver
from pipeline.observers.pictures import PictureConfig, PictureObserver
from pipeline.observers.prints import PrintConfig, PrintObserver
from pipeline.observers.scenes import SceneConfig, SceneObserver
from pipeline.observers.screentext import ScreenTextConfig, ScreenTextObserver
from pipeline.observers.thumbnails import ThumbnailConfig, ThumbnailObserver
from pipeline.reuse import Reuse, ReuseConfig
from pipeline.stage import Stage, settings_of
from pipeline.watch import Observer

# Prints come first: by them the others know what was seen before, at the frame at hand.
WATCHED = ("prints", "scenes", "pictures", "objects", "screentext", "thumbnails", "look")
LISTENED = ("voice", "speech")
DERIVED = ("clips", "labels", "tracklets", "vectors")


@dataclass(frozen=True, slots=True)
class PerceptionConfig:
    """The config of every stage, and of what is reused between videos."""

    reuse: ReuseConfig = field(default_factory=ReuseConfig)
    prints: PrintConfig = field(default_factory=PrintConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    pictures: PictureConfig = field(default_factory=PictureConfig)
    objects: ObjectConfig = field(default_factory=ObjectConfig)
    screentext: ScreenTextConfig = field(default_factory=ScreenTextConfig)
    thumbnails: ThumbnailConfig = field(default_factory=ThumbnailConfig)
    look: LookConfig = field(default_factory=LookConfig)
    listen: ListenConfig = field(default_factory=ListenConfig)
    clips: ClipConfig = field(default_factory=ClipConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    tracklets: TrackletConfig = field(default_factory=TrackletConfig)
    vectors: VectorConfig = field(default_factory=VectorConfig)


def stages(encoders: Encoders, config: PerceptionConfig | None = None) -> tuple[Stage, ...]:
    """All stages, each after what it reads. Loads no weights."""
    config = config or PerceptionConfig()
    model = encoders.revision
    words = model("image")  # carries the revision of the concept table
    listening = settings_of(config.listen)
    return (
        Stage("probe", "1", {}),
        Stage("voice", "2", listening, (model("voice"),), ("probe",)),
        Stage("speech", "2", listening, (model("voice"), model("speech")), ("probe",)),
        Stage("prints", "1", settings_of(config.prints), inputs=("probe",)),
        Stage("scenes", "2", settings_of(config.scenes), inputs=("probe",)),
        Stage("pictures", "2", settings_of(config.pictures), (words,), ("probe",)),
        Stage("objects", "2", settings_of(config.objects), (model("detector"),), ("probe",)),
        Stage("screentext", "1", settings_of(config.screentext), (model("reader"),), ("probe",)),
        Stage("thumbnails", "1", settings_of(config.thumbnails), inputs=("probe",)),
        Stage("look", "1", settings_of(config.look), inputs=("probe",)),
        Stage("clips", "1", settings_of(config.clips), inputs=("scenes", "speech", "thumbnails")),
        Stage("labels", "1", settings_of(config.labels), (words,), ("clips", "pictures")),
        Stage("tracklets", "1", settings_of(config.tracklets), (words,), ("objects", "scenes", "voice")),
        Stage(
            "vectors",
            "1",
            settings_of(config.vectors),
            (words, model("text"), model("detector")),
            ("clips", "pictures", "tracklets", "speech", "screentext"),
        ),
    )


def observers(
    names: Collection[str], encoders: Encoders, config: PerceptionConfig, reuse: Reuse | None = None
) -> list[Observer]:
    """The observers of the named stages; models are loaded when one is first needed.

    Args:
        reuse: of the pass they will share; it is told the prints, if they are among the stages.
    """
    made: list[Observer] = []
    if "prints" in names:
        made.append(PrintObserver(config.prints, reuse))
    if "scenes" in names:
        made.append(SceneObserver(config.scenes))
    if "pictures" in names:
        made.append(PictureObserver(encoders.image, config.pictures, reuse))
    if "objects" in names:
        made.append(ObjectObserver(encoders.detector, config.objects, reuse))
    if "screentext" in names:
        made.append(ScreenTextObserver(encoders.reader, config.screentext))
    if "thumbnails" in names:
        made.append(ThumbnailObserver(config.thumbnails))
    if "look" in names:
        made.append(LookObserver(config.look))
    return made

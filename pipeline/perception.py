"""All stages of a video with their configs, in order, and the observers of the video pass."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from encoders.bundle import Encoders
from encoders.styles.head import REVISION
from pipeline.audio.sound import SoundConfig
from pipeline.audio.speakers import SpeakerConfig
from pipeline.audio.transcribe import AudioConfig
from pipeline.derive.clips import ClipConfig
from pipeline.derive.labels import LabelConfig
from pipeline.derive.styles import style_settings
from pipeline.derive.tracklets import TrackletConfig
from pipeline.derive.vectors import VectorConfig
from pipeline.describe.captions import CaptionConfig
from pipeline.observers.cuts import CutObserver
from pipeline.observers.face_tracks import FaceConfig
from pipeline.observers.faces import FaceObserver
from pipeline.observers.frame_hashes import FrameHashConfig, FrameHashObserver
from pipeline.observers.objects import ObjectConfig, ObjectObserver
from pipeline.observers.observer import Observer
from pipeline.observers.pictures import PictureConfig, PictureObserver
from pipeline.observers.scenes import SceneConfig, SceneObserver
from pipeline.observers.screentext import ScreenTextConfig, ScreenTextObserver
from pipeline.observers.thumbnails import ThumbnailConfig, ThumbnailObserver
from pipeline.observers.visual_stats import VisualStatsConfig, VisualStatsObserver
from pipeline.similarity.reuse import Reuse, ReuseConfig
from pipeline.stage import Stage, fingerprints, settings_of

# Frame hashes come first: from them the others know, for the same frame, whether another video has shown it.
VIDEO_STAGES = ("frame_hashes", "scenes", "pictures", "objects", "faces", "screentext", "thumbnails", "visual_stats")
AUDIO_STAGES = ("speech_activity", "speech", "sound", "speakers")
DERIVED = ("clips", "labels", "styles", "tracklets", "vectors")
OPTIONAL_STAGES = ("sound", "faces", "speakers", "styles")
"""Stages that a profile or the settings may leave out."""


@dataclass(frozen=True, slots=True)
class PerceptionConfig:
    """The config of every stage, the optional ``captions`` included, and of reuse between videos."""

    reuse: ReuseConfig = field(default_factory=ReuseConfig)
    frame_hashes: FrameHashConfig = field(default_factory=FrameHashConfig)
    scenes: SceneConfig = field(default_factory=SceneConfig)
    pictures: PictureConfig = field(default_factory=PictureConfig)
    objects: ObjectConfig = field(default_factory=ObjectConfig)
    faces: FaceConfig = field(default_factory=FaceConfig)
    screentext: ScreenTextConfig = field(default_factory=ScreenTextConfig)
    thumbnails: ThumbnailConfig = field(default_factory=ThumbnailConfig)
    visual_stats: VisualStatsConfig = field(default_factory=VisualStatsConfig)
    audio: AudioConfig = field(default_factory=AudioConfig)
    sound: SoundConfig = field(default_factory=SoundConfig)
    speakers: SpeakerConfig = field(default_factory=SpeakerConfig)
    clips: ClipConfig = field(default_factory=ClipConfig)
    labels: LabelConfig = field(default_factory=LabelConfig)
    tracklets: TrackletConfig = field(default_factory=TrackletConfig)
    vectors: VectorConfig = field(default_factory=VectorConfig)
    captions: CaptionConfig = field(default_factory=CaptionConfig)


def stages(encoders: Encoders, config: PerceptionConfig | None = None) -> tuple[Stage, ...]:
    """All stages, each after its inputs. Loads no weights."""
    config = config or PerceptionConfig()
    model = encoders.revision
    image = model("image")  # includes the revision of the concept table where pictures and texts share a space
    has_text_tower = encoders.has("image_text")
    audio = settings_of(config.audio)
    return (
        Stage("probe", "2", {}),
        Stage("speech_activity", "3", audio, (model("voice"),), ("probe",)),
        # Not an input of the transcript, which sounds only make better: that libraries have theirs counts for more.
        Stage("speech", "3", audio, (model("voice"), model("speech")), ("probe",)),
        *_sound(encoders, config.sound),
        *_speakers(encoders, config),
        Stage("frame_hashes", "1", settings_of(config.frame_hashes), inputs=("probe",)),
        _scenes(encoders, config.scenes),
        Stage("pictures", "2", settings_of(config.pictures), (image,), ("probe",)),
        Stage("objects", "2", settings_of(config.objects), (model("detector"),), ("probe",)),
        *_faces(encoders, config.faces),
        Stage("screentext", "2", settings_of(config.screentext), (model("reader"),), ("probe",)),
        Stage("thumbnails", "1", settings_of(config.thumbnails), inputs=("probe",)),
        Stage("visual_stats", "2", settings_of(config.visual_stats), inputs=("probe",)),
        Stage("clips", "1", settings_of(config.clips), inputs=("scenes", "speech", "thumbnails")),
        Stage(
            "labels",
            "1",
            settings_of(config.labels),
            (image, model("zero_shot")) if has_text_tower else (image,),
            ("clips", "pictures"),
        ),
        *_styles(encoders),
        Stage(
            "tracklets",
            "2",
            settings_of(config.tracklets),
            (model("concepts"),) if has_text_tower else (image,),
            ("objects", "scenes", "speech_activity"),
        ),
        Stage(
            "vectors",
            "1",
            settings_of(config.vectors),
            (image, model("text"), model("detector")),
            ("clips", "pictures", "tracklets", "speech", "screentext"),
        ),
    )


def scene_config(encoders: Encoders, config: SceneConfig) -> SceneConfig:
    """The config with ``auto`` replaced by the method that it means for this profile on this machine."""
    if config.method != "auto":
        return config
    return replace(config, method="transnetv2" if encoders.has("cuts") and encoders.on_gpu else "content")


def resolved(encoders: Encoders, config: PerceptionConfig) -> PerceptionConfig:
    """The config with which all machines of one job work, whatever their hardware. What needs a model whose files are
    not here, and need not be, is left out."""
    faces = config.faces.enabled and encoders.has_files("faces") and encoders.has_files("face")
    return replace(
        config,
        scenes=scene_config(encoders, config.scenes),
        sound=replace(config.sound, enabled=config.sound.enabled and encoders.has_files("sounds")),
        faces=replace(config.faces, enabled=faces),
        speakers=replace(config.speakers, enabled=config.speakers.enabled and encoders.has_files("speaker")),
    )


def _sound(encoders: Encoders, config: SoundConfig) -> tuple[Stage, ...]:
    if not (config.enabled and encoders.has("sounds")):
        return ()
    return (Stage("sound", "1", settings_of(config), (encoders.revision("sounds"),), ("probe",)),)


def _faces(encoders: Encoders, config: FaceConfig) -> tuple[Stage, ...]:
    """The stage of faces; none where people are not to be looked for, or the profile cannot."""
    if not config.enabled or not (encoders.has("faces") and encoders.has("face")):
        return ()
    models = (encoders.revision("faces"), encoders.revision("face"))
    return (Stage("faces", "2", settings_of(config), models, ("probe",)),)


def _speakers(encoders: Encoders, config: PerceptionConfig) -> tuple[Stage, ...]:
    if not (config.speakers.enabled and encoders.has("speaker")):
        return ()
    settings = {**settings_of(config.audio), **settings_of(config.speakers)}
    return (Stage("speakers", "2", settings, (encoders.revision("voice"), encoders.revision("speaker")), ("probe",)),)


def _styles(encoders: Encoders) -> tuple[Stage, ...]:
    if not encoders.has_styles:
        return ()
    models = (encoders.revision("image"), f"styles@{REVISION}")
    return (Stage("styles", "1", style_settings(), models, ("clips", "pictures")),)


def _scenes(encoders: Encoders, config: SceneConfig) -> Stage:
    config = scene_config(encoders, config)
    models: tuple[str, ...] = ()
    if config.method == "transnetv2":
        # Without such a model the stage fails when it is run; the other stages are unaffected.
        models = (encoders.revision("cuts"),) if encoders.has("cuts") else ("none",)
    return Stage("scenes", "3", settings_of(config), models, ("probe",))


def observers(
    names: Collection[str], encoders: Encoders, config: PerceptionConfig, reuse: Reuse | None = None
) -> list[Observer]:
    """The observers of the named stages; models are loaded when one is first needed.

    Args:
        reuse: of the pass that they share; the frame hashes, if among the stages, are added to it as they are computed.
    """
    chosen: list[Observer] = []
    if "frame_hashes" in names:
        chosen.append(FrameHashObserver(config.frame_hashes, reuse))
    if "scenes" in names:
        scenes = scene_config(encoders, config.scenes)
        by_network = scenes.method == "transnetv2"
        chosen.append(CutObserver(encoders.cuts, scenes) if by_network else SceneObserver(scenes))
    if "pictures" in names:
        chosen.append(PictureObserver(encoders.image, config.pictures, reuse))
    if "objects" in names:
        chosen.append(ObjectObserver(encoders.detector, config.objects, reuse))
    if "faces" in names:
        wanted = fingerprints(stages(encoders, config))["faces"]
        model = encoders.revision("face")
        chosen.append(FaceObserver(encoders.faces, encoders.face, model, wanted, config.faces))
    if "screentext" in names:
        chosen.append(ScreenTextObserver(encoders.reader, config.screentext))
    if "thumbnails" in names:
        chosen.append(ThumbnailObserver(config.thumbnails))
    if "visual_stats" in names:
        chosen.append(VisualStatsObserver(config.visual_stats))
    return chosen

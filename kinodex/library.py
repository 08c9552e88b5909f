"""`Library`: everything Kinodex does, for scripts."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from kinodex.settings import Settings
from kinodex.usecases import config, tags, upkeep
from stores.library_store import LibraryStore
from workflows.telemetry.progress import Progress, silent

if TYPE_CHECKING:
    from agents.answering.claims import Answer
    from agents.chat.turns import TurnRunner
    from agents.llm import LLM
    from agents.search.finder import Finder, Found
    from agents.search.videos import FoundVideos, VideoFinder
    from agents.tagging.graph import Tagger
    from agents.tagging.learning import Learning
    from encoders.bundle import Encoders
    from kinodex.usecases.conversations.chat import Conversation
    from kinodex.usecases.describe import By
    from pipeline.describe.describers import VideoModel
    from pipeline.describe.vtt_files import AudioDescription
    from pipeline.perception import PerceptionConfig
    from stores.catalog import VideoEntry
    from stores.core.errors import EndpointError
    from stores.core.records import Decision
    from stores.maintenance.forget import Forgotten
    from stores.maintenance.rebuild import Rebuilt
    from stores.maintenance.verification import OnProgress, Verification
    from stores.tags.removal import Removed
    from stores.tags.vocabulary.importing import ImportReport
    from workflows.describe import DescribeReport
    from workflows.evaluation.evaluate import Evaluation
    from workflows.planning.budget import Meter
    from workflows.planning.describe_plan import PlannedDescription
    from workflows.planning.plan import Plan
    from workflows.reembed import Reembedded, ReembedPlan
    from workflows.replay import Replay
    from workflows.report import IngestReport


class Library:
    """A library of videos: what was seen and heard in them, and ways to search it.

    Models are loaded when the first call needs them, once for all threads. Any number of threads may search, tag, ask
    and write at once, also during an ingest. Close it, or use it as a context manager. From the first search on, Python
    does not look for cycles among the objects that were there by then (`gc.freeze`), in the whole process; `close` ends
    that.

    Args:
        settings: where it is and which models it uses.
        create: make the directory if there is none.

    Attributes:
        report_path: of the report of the last `ingest`; None before, or if it could not be written.
        stopped: why the budget of the last `ingest` stopped it; "" if it did not.
        closing: whatever is to be closed with it.

    Raises:
        StoreError: LIBRARY_MISSING, LIBRARY_READ_ONLY or LIBRARY_VERSION; DATABASE_UNREACHABLE and the like if it
            lies on servers.
        UsageError: SETTINGS_INVALID, as `kinodex.settings.Settings.check`.
    """

    def __init__(self, settings: Settings, create: bool = False) -> None:
        settings.check()
        self.settings = settings
        self.report_path: Path | None = None
        self.stopped = ""
        self.closing = ExitStack()
        self.store = LibraryStore.open(
            settings.library, create=create, places=settings.places(), max_attempts=settings.attempts
        )
        # What is opened lazily is opened once; an RLock, because opening one thing may open another.
        self._opening = threading.RLock()
        self._encoders: Encoders | None = None
        self._finder: Finder | None = None
        self._video_finder: VideoFinder | None = None
        self._llm: LLM | None = None
        self._runner: TurnRunner | None = None
        self._frozen = False

    @classmethod
    def open(
        cls, path: str | Path = "kinodex-library", profile: str = "embedded", create: bool = True, **options: object
    ) -> Library:
        """Open the library in directory ``path``.

        Args:
            options: any other setting by name, see `kinodex.settings.Settings`.
        """
        return cls(Settings.load(None, library=Path(path), profile=profile, **options), create=create)

    def __enter__(self) -> Library:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close files and connections."""
        self.closing.close()
        if self._llm is not None:
            self._llm.close()
        self.store.close()
        if self._frozen:
            self._frozen = False
            gc.unfreeze()

    @property
    def encoders(self) -> Encoders:
        """The profile's models; each is loaded on first use."""
        with self._opening:
            if self._encoders is None:
                from encoders.bundle import Encoders

                settings = self.settings
                self._encoders = Encoders.open(
                    settings.profile, settings.threads, settings.device, added=settings.added_models()
                )
            return self._encoders

    @property
    def llm(self) -> LLM | None:
        """The language model of the settings, None where none is set."""
        with self._opening:
            if self._llm is None:
                self._llm = config.open_llm(self.settings)
            return self._llm

    @property
    def _large_llm(self) -> LLM | None:
        """The language model for tags and descriptions: the one of this process is too small and slow for them."""
        return None if self.settings.endpoint.local else self.llm

    def perception_config(self) -> PerceptionConfig:
        """The config of every stage, by the settings and what this machine has.

        Raises:
            UsageError: SETTINGS_INVALID, naming the table or key and those there are.
        """
        return config.perception_config(self.encoders, self.settings)

    def ingest(
        self,
        *paths: str | Path,
        retry: bool = False,
        meter: Meter | None = None,
        command: str = "",
        progress: Progress = silent,
        confined: bool = False,
    ) -> IngestReport:
        """Watch and listen to every video under ``paths`` that is not in the library yet.

        Bad videos are reported, not raised; a second call has nothing to do.

        Args:
            retry: also retry what failed for good or is quarantined.
            meter: of a budget, see `meter`; what would exceed it is left for another call.
            command: the command line to note in the report of the run.
            progress: called with each event, see `workflows.telemetry.progress`.
            confined: do not follow links that lead out of the folders among ``paths``.
        """
        from kinodex.usecases.ingest import IngestOptions, ingest

        options = IngestOptions(retry, meter, command, confined=confined)
        made = ingest(self.store, self.encoders, self.settings, paths, options, progress)
        self.report_path, self.stopped = made.path, made.stopped
        return made.report

    def meter(self, budget: str) -> Meter:
        """The meter of a budget such as ``90m``, ``5GB``, ``1M tokens``, ``2.50USD`` or ``2h,5GB``, for `ingest`.

        Raises:
            UsageError: USAGE if that is not a budget.
        """
        from kinodex.usecases.ingest import budget_meter

        return budget_meter(self.store, self.settings, budget)

    def plan(self, *paths: str | Path, on_progress: Callable[[int, int], None] = lambda _done, _of: None) -> Plan:
        """What `ingest` would do and what it would cost, without doing it.

        Args:
            on_progress: called with (done, total) new files that were examined.
        """
        from kinodex.usecases.ingest import plan

        return plan(self.store, self.encoders, self.settings, paths, on_progress=on_progress)

    def plan_reembed(self, *channels: str) -> tuple[ReembedPlan, Plan]:
        """Which videos have vectors of former models, and what it would cost to replace them.

        Args:
            channels: as `reembed`.
        """
        from kinodex.usecases.reembed import plan_reembed

        return plan_reembed(self.store, self.encoders, self.settings, channels)

    def reembed(
        self, *channels: str, meter: Meter | None = None, command: str = "", progress: Progress = silent
    ) -> Reembedded:
        """Replace vectors of former models by those of the present ones; until then each video is found by the former.

        Args:
            channels: ``picture``, ``object``, ``speech``, ``screen``: only if that needs no other channel's
                stages; none for all that it takes.
            meter: of a budget; what would exceed it is left for another call.
            command: the command line to note in the report of the run.
            progress: called with each event, see `workflows.telemetry.progress`.

        Raises:
            UsageError: USAGE if there is no such channel, or if vectors also wait for stages of other channels.
        """
        from kinodex.usecases.ingest import IngestOptions
        from kinodex.usecases.reembed import reembed

        options = IngestOptions(meter=meter, command=command)
        made, path, stopped = reembed(self.store, self.encoders, self.settings, channels, options, progress)
        if made.report is not None:
            self.report_path, self.stopped = path, stopped
        return made

    def replay(self, video: str, stage: str | None = None) -> Replay:
        """Run one stage of one video again and alone; nothing is written.

        Args:
            video: an id, a path or a name.
            stage: or a part of one, as the ledger names it (``pictures.003``); None for the first that failed.

        Raises:
            UsageError: UNKNOWN_VIDEO, FILE_MISSING, or USAGE if that stage cannot be run, or none failed.
        """
        from kinodex.usecases.failures import replay

        return replay(self.store, self.encoders, self.settings, self.resolve(video), stage)

    def describe(
        self,
        *videos: str,
        by: By | VideoModel | None = None,
        script: bool = True,
        retry: bool = False,
        people: Path | None = None,
        meter: Meter | None = None,
        progress: Progress = silent,
    ) -> DescribeReport:
        """Have clips described in words, to be found and cited. Without arguments: those of every indexed video.

        Videos that cannot be described are reported, not raised; a second call has nothing to do.

        Args:
            videos: video ids, or paths or names of videos in the library.
            by: ``profile`` for a model of it, ``endpoint`` for the model behind it, or any object with the method
                ``describe(frames, seconds, question)``; None for the endpoint if there is one, else the profile.
            script: have the endpoint, if there is one, write a script of each video, too.
            retry: also retry what failed for good or is quarantined.
            people: folder of portraits that the endpoint is shown, each named after the person in it.
            meter: of a budget; what would exceed it is left for another call.
            progress: called with each event, see `workflows.telemetry.progress`.

        Raises:
            UsageError: USAGE if there is no such describer or the portraits cannot be used; UNKNOWN_VIDEO.
        """
        from kinodex.usecases.describe import DescribeOptions, describe

        options = DescribeOptions(by, script, retry, meter, progress, people)
        ids = upkeep.chosen(self.store, videos)
        return describe(self.store, self.encoders, self.settings, self._large_llm, ids, options)

    def plan_describe(
        self,
        *videos: str,
        by: By | VideoModel | None = None,
        script: bool = True,
        retry: bool = False,
        people: Path | None = None,
    ) -> list[PlannedDescription]:
        """What `describe` would do for each video, and how many calls and tokens it would cost, without doing it."""
        from kinodex.usecases.describe import DescribeOptions, plan_describe

        options = DescribeOptions(by, script, retry, people=people)
        chosen = upkeep.chosen(self.store, videos)
        return plan_describe(self.store, self.encoders, self.settings, self._large_llm, chosen, options)

    def audio_descriptions(self, *videos: str, folder: Path) -> list[AudioDescription]:
        """Write ``NAME.ad.vtt`` for each of these videos (without arguments: for all) from what `describe` stored."""
        from kinodex.usecases.describe import audio_descriptions

        return audio_descriptions(self.store, upkeep.chosen(self.store, videos), folder)

    def search(
        self,
        query: str,
        k: int = 10,
        duplicates: bool = False,
        explain: bool = False,
        videos: Sequence[str] | None = None,
        video_ids: Sequence[str] | None = None,
    ) -> Found:
        """The ``k`` best moments for a query in any language.

        Args:
            duplicates: also show moments that show the same as a better one; else they are listed in its ``also``.
            explain: say why, too: `agents.search.explanation.Explanation` in ``explanation`` of what is returned.
            videos, video_ids: look only in these: ids, paths or names; or ids alone, which may be none at all.
        """
        from kinodex.usecases.search import search

        only = [self.resolve(video) for video in videos] if videos else video_ids
        found = search(self._kept_finder(), query, k, duplicates, explain, only)
        self._freeze_models()
        return found

    def finder(self) -> Finder:
        """Finds moments, with the steps after recall that the settings ask for."""
        from kinodex.usecases.search import open_finder

        return open_finder(self.store, self.encoders, self.settings)

    def _kept_finder(self) -> Finder:
        with self._opening:
            if self._finder is None:
                self._finder = self.finder()
            return self._finder

    def _freeze_models(self) -> None:
        # They are loaded now and stay. Looking through them for cycles every few searches doubled the time of those.
        with self._opening:
            if not self._frozen and self._finder is not None and self._finder.has_searched:
                self._frozen = True
                gc.freeze()

    def search_videos(self, query: str, k: int = 10) -> FoundVideos:
        """The ``k`` videos that are most about a query as a whole, by vectors that [perception.vectors] video makes.

        Raises:
            UsageError: USAGE if the settings keep no such vectors.
        """
        from kinodex.usecases.search import open_video_finder, search_videos

        with self._opening:
            if self._video_finder is None:
                self._video_finder = open_video_finder(self.store, self.encoders, self.settings)
        return search_videos(self._video_finder, query, k)

    def import_tags(self, path: str | Path) -> ImportReport:
        """Add the tags of a file to the tag library: a table, names, JSON or SKOS. Known ones get its values."""
        return tags.import_tags(self.store, Path(path))

    def remove_tags(self, *tag_ids: str) -> Removed:
        """Remove tags from the tag library, with all decisions about them.

        Raises:
            UsageError: USAGE if there is no tag of one of these ids; then none is removed.
        """
        return tags.remove_tags(self.store, tag_ids)

    def tag(
        self,
        *videos: str,
        on_progress: Callable[[int, int, str], None] | None = None,
        on_failed: Callable[[str, EndpointError], None] | None = None,
    ) -> dict[str, tuple[Decision, ...]]:
        """Decide which tags fit, and keep the decisions. Without arguments: of every indexed video.

        A video about which the language model, if one is set, gives no useful answer is left out.

        Args:
            videos: video ids, or paths or names of videos in the library.
            on_progress: called with (done, total, what): new tags that are encoded, then videos.
            on_failed: called with the id of each video that is left out, and the error.

        Raises:
            EndpointError: if the language model cannot be reached, or if no video could be tagged because of it.
        """
        chosen = upkeep.chosen(self.store, videos)
        if on_progress is None:
            return tags.tag(self.store, self.tagger(), chosen, on_failed=on_failed)
        tagger = self.tagger(lambda done, of: on_progress(done, of, "encoding new tags"))
        on_progress(0, len(chosen), "videos")
        done = count(1)

        def ended(video_id: str, error: EndpointError | None = None) -> None:
            on_progress(next(done), len(chosen), "videos")
            if error is not None and on_failed is not None:
                on_failed(video_id, error)

        return tags.tag(self.store, tagger, chosen, ended, ended)

    def train_tags(self, again: bool = False) -> Learning:
        """Learn from what people decided about tags, if anything changed or ``again``; the ranker that wins decides."""
        return tags.train(self.store, self.encoders, self.settings, again)

    def tagger(self, on_encoded: Callable[[int, int], None] | None = None) -> Tagger:
        """Decides about tags, with the language model of the settings if there is one.

        Args:
            on_encoded: called with (done, total) while tags that are new to the library are encoded.

        Raises:
            UsageError: NO_TAGS if the tag library is empty.
        """
        return tags.open_tagger(self.store, self.encoders, self._large_llm, on_encoded)

    def ask(self, question: str, videos: Sequence[str] | None = None) -> Answer:
        """Answer from what was seen and heard, with citations, or abstain.

        Args:
            videos: look only in these; video ids, paths or names.
        """
        from kinodex.usecases.search import ask, open_answerer

        answerer = open_answerer(self.store, self.encoders, self._kept_finder(), self.llm, self.settings)
        answer = ask(self.store, answerer, question, videos)
        self._freeze_models()
        return answer

    def chat(self, thread: str | None = None, videos: Sequence[str] | None = None) -> Conversation:
        """A conversation: questions that may refer to what was said before, kept in the library.

        Args:
            thread: the id of one to go on with, or ``last`` for the one that was changed last; None for a new one.
            videos: the only videos that a new one is about; video ids, paths or names.

        Raises:
            UsageError: UNKNOWN_THREAD; UNKNOWN_VIDEO; USAGE if both are given.
        """
        from kinodex.usecases.conversations.chat import Conversation, open_thread

        return Conversation(self.store, self.runner, open_thread(self.store, thread, videos))

    @property
    def runner(self) -> TurnRunner:
        """What answers the turns of conversations."""
        from kinodex.usecases.conversations.chat import open_runner

        finder = self._kept_finder()
        with self._opening:
            if self._runner is None:
                self._runner = open_runner(self.store, self.encoders, finder, self.llm, self.settings)
        return self._runner

    def evaluate(self, annotations: str | Path, clips: str | Path) -> Evaluation:
        """Measure retrieval, tagging and answers against annotations (see `workflows.evaluation.annotations`)."""
        from kinodex.usecases.evaluate import evaluate

        return evaluate(self.store, self.encoders, self.settings, self.llm, Path(annotations), Path(clips))

    def videos(self) -> list[VideoEntry]:
        """Every video the library knows, with how its stages ended."""
        return self.store.catalog.videos()

    def indexed(self) -> list[str]:
        """Ids of the videos that can be searched."""
        return upkeep.indexed(self.store)

    def rebuild_index(self, on_progress: Callable[[int, int], None] | None = None) -> Rebuilt:
        """Rebuild the vector index and the full-text index from tables and blobs, with progress in videos."""
        return upkeep.rebuild_index(self.store, on_progress)

    def verify(
        self, media: bool = False, quick: bool = False, repair: bool = False, on_progress: OnProgress | None = None
    ) -> Verification:
        """Check tables, blobs and vectors against each other.

        Args:
            media: read every video file, too, and compare it with what it was.
            quick: only check that blobs and vectors exist; do not read them.
            repair: have the next ingest redo what is damaged; without it nothing is changed.
            on_progress: called with (what is being checked, done, total).
        """
        return upkeep.verify(self.store, media, quick, repair, on_progress)

    def forget(self, *videos: str, inputs: Sequence[str] = ()) -> Forgotten:
        """Remove videos with everything that was learned from them; the files themselves are not touched.

        Args:
            videos: ids, paths or names.
            inputs: uris of inputs that could not be read, to be removed from the list of errors.
        """
        return upkeep.forget(self.store, [self.resolve(video) for video in videos], inputs)

    def resolve(self, video: str) -> str:
        """The video id that a person means by an id, a path or a name; UNKNOWN_VIDEO is raised if there is none."""
        return self.store.catalog.resolve(video)

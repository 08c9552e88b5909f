"""One conversation as a terminal or a script holds it: begun with the first question, its steps told as they happen."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from kinodex.cli.render import conversation as render
from kinodex.usecases.conversations.threads import find_thread, turn_document

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.schemas.conversations.chat import TurnDocument
    from kinodex.usecases.conversations.chat import Conversation
    from stores.threads.records import RunEvent, Thread


class Talk:
    """A thread of a library, or one that its first question will begin.

    Args:
        thread: an id, or ``last``; None for a new one.
        videos: the only videos that a new one is about.
        tell: given each step of an answer as one line.
        nodes: also tell the nodes of the graph.

    Raises:
        UsageError: UNKNOWN_THREAD; UNKNOWN_VIDEO; USAGE if both are given.
    """

    def __init__(
        self,
        library: Library,
        thread: str | None = None,
        videos: Sequence[str] | None = None,
        tell: Callable[[str], None] = lambda _: None,
        nodes: bool = False,
    ) -> None:
        self.library = library
        self._tell = tell
        self._nodes = nodes
        self._conversation: Conversation | None = None
        self._running = ""
        self._to_cancel = False
        self.last: TurnDocument | None = None
        self.open(thread, videos)

    def open(self, thread: str | None, videos: Sequence[str] | None = None) -> None:
        """Go on with another thread, or begin a new one; as the class."""
        if thread is not None:
            self._conversation = self.library.chat(find_thread(self.library.store, thread).thread_id, videos)
            self.video_ids = self.thread.video_ids if self.thread else None
            done = [one for one in self._conversation.turns(1) if one.status != "running"]
            self.last = turn_document(self.library.store, done[0]) if done else None
            return
        chosen = tuple(dict.fromkeys(map(self.library.resolve, videos))) if videos else None
        self._conversation, self.video_ids, self.last = None, chosen, None

    @property
    def thread(self) -> Thread | None:
        """The thread; None before the first question of a new one."""
        return self._conversation.thread if self._conversation is not None else None

    def ask(self, question: str, wait_seconds: float = 0.0) -> TurnDocument:
        """The answer to a question.

        Args:
            wait_seconds: for another question of this thread to be answered.

        Raises:
            KinodexError: as `kinodex.usecases.conversations.chat.Conversation.ask`.
            KeyboardInterrupt: Ctrl-C; then the turn is kept as cancelled.
        """
        if self._conversation is None:
            self._conversation = self.library.chat(videos=self.video_ids)
        turn = self._conversation.ask(question, self._on_event, wait_seconds)
        self.last = turn_document(self.library.store, turn)
        return self.last

    def resume(self) -> Iterator[TurnDocument]:
        """Go on with a question whose process died, if there is one; its answer."""
        for turn in self._conversation.resume(self._on_event) if self._conversation is not None else ():
            self.last = turn_document(self.library.store, turn)
            yield self.last

    @contextmanager
    def cancelled_by_interrupts(self) -> Iterator[None]:
        """Within this context, Ctrl-C asks for the answer in the making to be cancelled; a second one breaks off.

        Broken off anywhere, the terminal could be left with half of what was to be shown.
        """
        self._running, self._to_cancel = "", False

        def interrupted(_number: int, _frame: object) -> None:
            if self._to_cancel:
                raise KeyboardInterrupt
            self._to_cancel = True
            # What is interrupted here may itself be writing to the library, so another thread does.
            threading.Thread(target=self._cancel, daemon=True).start()

        before = signal.signal(signal.SIGINT, interrupted)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _cancel(self) -> None:
        if self._running and self._conversation is not None:
            self._conversation.cancel(self._running)

    def lost(self) -> list[str]:
        """Questions of this thread whose process died."""
        thread = self.thread
        return [one.question for one in self.library.store.turns.lost(thread.thread_id)] if thread else []

    def _on_event(self, event: RunEvent) -> None:
        if self._running != event.turn_id:
            self._running = event.turn_id
            if self._to_cancel:  # before there was anything to cancel
                self._cancel()
        line = render.step(event, self._name_of, self._nodes)
        if line:
            self._tell(line)

    def _name_of(self, video: str) -> str:
        """The file name of a video; other text as it is."""
        if not video.startswith("vid_"):
            return video
        return PurePosixPath(self.library.store.catalog.display_uri(video)).name

"""A library as one principal sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal

from stores.access.records import NO_VIDEOS, VideoSet
from stores.core.errors import UsageError
from stores.core.principal import Principal, Scope
from stores.listing.videos import existing

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore

Language = Literal["", "en", "zh"]
"""The language of a reader; "" for one who named none that we know: everything as it is stored."""


class LibraryView:
    """What a principal sees; what it may not see does not exist for it.

    The other modules here are functions of a view. They ask `visible` each time, so that access that was taken away
    ends at once.

    Attributes:
        library: opened once for all views.
        principal: who asks.
        language: of the reader, for `kinodex.views.wording`.

    Args:
        again: finds out who asks once more, for `renewed`.
    """

    def __init__(
        self,
        library: Library,
        principal: Principal,
        again: Callable[[], Principal] | None = None,
        language: Language = "",
    ) -> None:
        self.library = library
        self.principal = principal
        self.language = language
        self._again = again

    def renewed(self) -> LibraryView:
        """The view of the one that comes with the same cookie or key now: asked before each event of a long stream,
        which so ends when access does.

        Raises:
            UsageError: LOGIN_REQUIRED if that is nobody any more.
        """
        if self._again is None:
            return self
        return LibraryView(self.library, self._again(), self._again, self.language)

    @property
    def store(self) -> LibraryStore:
        """The library's store."""
        return self.library.store

    @property
    def settings(self) -> Settings:
        """The library's settings."""
        return self.library.settings

    def require(self, scope: Scope) -> None:
        """Refuse a principal that may not do this.

        Raises:
            UsageError: FORBIDDEN.
        """
        if not self.principal.may(scope):
            hint = f"Ask an administrator for a key or an account with the scope {scope!r}."
            raise UsageError("FORBIDDEN", f"{self.principal.name} may not do this.", hint)

    def require_all(self) -> None:
        """Refuse a principal that does not see all videos what concerns all of them, such as the tag library.

        Raises:
            UsageError: FORBIDDEN.
        """
        if self.changeable() is not None:
            message = f"{self.principal.name} does not see the whole library, which this is about."
            raise UsageError("FORBIDDEN", message, "Ask an administrator to do it.")

    def visible(self) -> tuple[str, ...] | None:
        """Ids of the videos that it sees now, sorted; None for all there are."""
        return _ids(self._set())

    def changeable(self) -> tuple[str, ...] | None:
        """As `visible`, those whose lines and tags it may change: it edits one of their collections."""
        return _ids(self.store.access.editable(self.principal.user_id, self.principal.key_id))

    def _set(self) -> VideoSet | None:
        seen = self.store.access.visible(self.principal.user_id, self.principal.key_id)
        one = self.principal.only_video
        if not one:
            return seen
        return VideoSet((one,), frozenset((one,))) if seen is None or one in seen.known else NO_VIDEOS

    def only(self, video_ids: Iterable[str] | None) -> tuple[str, ...] | None:
        """Those of these videos that it sees; None for all there are.

        Args:
            video_ids: None for all that it sees.
        """
        visible = self._set()
        if video_ids is None:
            return _ids(visible)
        asked = tuple(dict.fromkeys(video_ids))
        return asked if visible is None else tuple(one for one in asked if one in visible.known)

    def video(self, video_id: str) -> str:
        """The id of a video that it sees, by that id.

        Raises:
            UsageError: UNKNOWN_VIDEO, also for one that it does not see.
        """
        return self.videos([video_id])[0]

    def videos(self, video_ids: Iterable[str]) -> list[str]:
        """As `video`, for several: no more queries than for one."""
        asked = list(dict.fromkeys(video_ids))
        # Whether a hidden one exists is not even looked up: that would take longer than for one that does not.
        visible = self._set()
        seen = [one for one in asked if visible is None or one in visible.known]
        there = existing(self.store, seen) if seen else frozenset[str]()
        for one in asked:
            if one not in there:
                raise unknown_video(one)
        return asked

    def video_to_change(self, video_id: str, scope: Scope) -> str:
        """As `video`, of one whose lines (``edit``) or tags (``review``) it may change.

        Raises:
            UsageError: UNKNOWN_VIDEO; FORBIDDEN if it only sees it.
        """
        return self.videos_to_change([video_id], scope)[0]

    def videos_to_change(self, video_ids: Iterable[str], scope: Scope) -> list[str]:
        """As `video_to_change`, for several: no more queries than for one."""
        asked = self.videos(video_ids)
        self.require(scope)
        access, who = self.store.access, self.principal
        edited = access.editable(who.user_id, who.key_id)
        if edited is not None and not edited.known.issuperset(asked):
            hint = "Ask for the role of an editor in a collection that it is in."
            raise UsageError("FORBIDDEN", f"{who.name} may see this video, not change what is known of it.", hint)
        return asked


def _ids(some: VideoSet | None) -> tuple[str, ...] | None:
    return None if some is None else some.ids


def unknown_video(video_id: str) -> UsageError:
    """What is said of a video that is not there, or not for this principal: word for word the same."""
    return UsageError("UNKNOWN_VIDEO", f"No video of this library is {video_id!r}.")

"""A library as one principal sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from stores.core.errors import UsageError
from stores.core.principal import Principal, Scope

if TYPE_CHECKING:
    from kinodex.library import Library
    from kinodex.settings import Settings
    from stores.library_store import LibraryStore


class LibraryView:
    """What a principal sees; what it may not see does not exist for it.

    The other modules here are functions of a view. They ask `visible` each time, so that access that was taken away
    ends at once.

    Attributes:
        library: opened once for all views.
        principal: who asks.
    """

    def __init__(self, library: Library, principal: Principal) -> None:
        self.library = library
        self.principal = principal

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

    def visible(self) -> tuple[str, ...] | None:
        """Ids of the videos that it sees now; None for all there are."""
        return None

    def only(self, video_ids: Iterable[str] | None) -> tuple[str, ...] | None:
        """Those of these videos that it sees; None for all there are.

        Args:
            video_ids: None for all that it sees.
        """
        visible = self.visible()
        if video_ids is None:
            return visible
        asked = tuple(dict.fromkeys(video_ids))
        if visible is None:
            return asked
        seen = frozenset(visible)
        return tuple(video_id for video_id in asked if video_id in seen)

    def sees(self, video_id: str) -> bool:
        """Whether it sees this video."""
        visible = self.visible()
        return visible is None or video_id in visible

    def video(self, video_id: str) -> str:
        """The id of a video that it sees, by that id.

        Raises:
            UsageError: UNKNOWN_VIDEO, also for one that it does not see.
        """
        # Not `Catalog.entry`: its hints name similar videos, which may be hidden ones.
        if not self.store.catalog.entries([video_id]) or not self.sees(video_id):
            raise unknown_video(video_id)
        return video_id

    def videos(self, video_ids: Sequence[str]) -> list[str]:
        """As `video`, for several."""
        return [self.video(video_id) for video_id in dict.fromkeys(video_ids)]


def unknown_video(video_id: str) -> UsageError:
    """What is said of a video that is not there, or not for this principal: word for word the same."""
    return UsageError("UNKNOWN_VIDEO", f"No video of this library is {video_id!r}.")

"""Who asks, and the logins of people: what a door finds out before anything else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from kinodex.schemas.api import access as schema
from kinodex.views.library_view import LibraryView
from stores.access.users import SESSION_SECONDS
from stores.core.errors import UsageError
from stores.core.principal import OWNER, Principal

if TYPE_CHECKING:
    from kinodex.library import Library

_MEDIA = ("media", "proxy/media", "frame", "frames", "peaks", "captions.vtt", "sprites")
_MEDIA_IN = ("thumbnails/", "sprites/")


@dataclass(frozen=True, slots=True)
class Signed:
    """What a signed url says: for which principal, until when (seconds since the epoch), and the signature."""

    by: str
    expires: str
    signature: str

    @staticmethod
    def allows(media: str) -> bool:
        """Whether a path below a video is media, which alone can be asked for by a signed url."""
        return media in _MEDIA or (media.startswith(_MEDIA_IN) and ".." not in media)


def owner_of(library: Library, required: bool = False) -> Principal | None:
    """The owner, while access control is off; None if the one that asks has to say who that is.

    Args:
        required: nobody is the owner here, though there be no user: the server can be reached from elsewhere.

    Raises:
        UsageError: LOGIN_REQUIRED if it is required and off.
    """
    if library.store.access.is_on():
        return None
    if required:
        message = "This library has no users, and it can be reached from other machines: nobody is let in."
        raise UsageError("LOGIN_REQUIRED", message, "On its machine: kinodex users add NAME")
    return OWNER


def principal_of_session(library: Library, token: str) -> Principal | None:
    """Who has the session with this token; None if it is over or never was."""
    return library.store.access.by_session(token)


def principal_of_key(library: Library, token: str) -> Principal | None:
    """Who comes with this API key; None if it is expired, was taken back or never was."""
    return library.store.access.by_key(token)


def principal_of_signature(library: Library, video_id: str, signed: Signed) -> Principal | None:
    """The principal that a url was signed for, if it is valid for this video at this time."""
    return library.store.access.by_signature(video_id, signed.by, signed.expires, signed.signature)


def me(view: LibraryView) -> schema.MeDocument:
    """Who asks."""
    return schema.me(view.principal, view.store.access.is_on())


def log_in(library: Library, name: str, password: str) -> tuple[schema.MeDocument, str, float]:
    """Who that is, the token of a new session, and for how many seconds it lasts.

    Raises:
        UsageError: LOGIN_REQUIRED; TOO_MANY_REQUESTS; CONFLICT while access control is off.
    """
    access = library.store.access
    if not access.is_on():
        message = "Access control is off: nobody needs to log in."
        raise UsageError("CONFLICT", message, "It is on as soon as there is a user: kinodex users add NAME")
    _, token = access.users.log_in(name, password)
    principal = access.by_session(token)
    if principal is None:
        raise UsageError("LOGIN_REQUIRED", "The account was removed just now.", "Ask an administrator.")
    return schema.me(principal, True), token, SESSION_SECONDS


def log_out(library: Library, token: str) -> None:
    """End a session; one that is over is no error."""
    library.store.access.users.log_out(token)


def change_own_password(view: LibraryView, old: str, new: str) -> tuple[schema.MeDocument, str, float]:
    """As `log_in`, with another password from now on; all other sessions end.

    Raises:
        UsageError: FORBIDDEN for a key or the owner, or if the old one is wrong: the session goes on;
            TOO_MANY_REQUESTS; USAGE.
    """
    who, users = view.principal, view.store.access.users
    if not who.user_id or who.key_id:
        raise UsageError("FORBIDDEN", "Only who has logged in changes the own password.", "Log in first.")
    try:
        users.log_in(who.name, old)
    except UsageError as error:
        if error.code.name != "LOGIN_REQUIRED":
            raise
        raise UsageError("FORBIDDEN", "The present password is wrong.", "Type it again.") from error
    users.set_password(who.user_id, new)
    return log_in(view.library, who.name, new)


def signed_url(view: LibraryView, video_id: str, media: str) -> schema.SignedDocument:
    """A url for media of one video that works for a while without cookie or key, for the one that asks.

    Args:
        media: the path below the video, such as ``media`` or ``thumbnails/3.jpg``.

    Raises:
        UsageError: UNKNOWN_VIDEO; USAGE if that is no media.
    """
    view.video(video_id)
    if not Signed.allows(media):
        raise UsageError("USAGE", f"{media[:60]!r} is no media of a video.", "Ask for media or proxy/media, say.")
    query = view.store.access.signed(view.principal, video_id)
    url = f"/api/v1/videos/{video_id}/{media}?{urlencode(query)}"
    return schema.SignedDocument(url=url, expires_at=int(query["expires"]))

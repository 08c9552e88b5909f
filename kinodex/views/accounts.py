"""Users and API keys, for those who manage them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kinodex.schemas.api import access as schema
from kinodex.views.library_view import LibraryView
from stores.access.passwords import check
from stores.access.records import USUAL_SCOPES, ApiKey
from stores.core.errors import UsageError
from stores.core.principal import SCOPES, Scope


def users(view: LibraryView) -> schema.UsersDocument:
    """All users, by name.

    Raises:
        UsageError: FORBIDDEN.
    """
    view.require("admin")
    return schema.UsersDocument(users=[schema.user(one) for one in view.store.access.users.all()])


def add_user(
    view: LibraryView, name: str, password: str, scopes: Iterable[Scope] = USUAL_SCOPES, everything: bool = False
) -> schema.UserDocument:
    """A new user; the first one turns access control on, and can do everything.

    Raises:
        UsageError: FORBIDDEN; CONFLICT if the name is taken; USAGE.
    """
    view.require("admin")
    return schema.user(view.store.access.users.add(name, password, scopes, everything))


def change_user(
    view: LibraryView,
    user: str,
    scopes: Iterable[Scope] | None = None,
    everything: bool | None = None,
    password: str | None = None,
) -> schema.UserDocument:
    """Change what a user, by name or id, may do and see, and its password: nothing, if the password cannot be used.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT if nobody would be left who manages users; USAGE.
    """
    view.require("admin")
    found = view.store.access.users.named(user)
    if password is not None:
        check(password)
    changed = schema.user(view.store.access.users.change(found.user_id, scopes, everything))
    if password is not None:
        view.store.access.users.set_password(found.user_id, password)
    return changed


def set_password(view: LibraryView, user: str, password: str) -> schema.UserDocument:
    """Give a user another password, and end its sessions.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; USAGE.
    """
    view.require("admin")
    found = view.store.access.users.named(user)
    view.store.access.users.set_password(found.user_id, password)
    return schema.user(found)


def remove_user(view: LibraryView, user: str) -> schema.UserDocument:
    """Remove a user with its sessions, keys, memberships and conversations.

    Raises:
        UsageError: FORBIDDEN; NOT_FOUND; CONFLICT for the own account, or if nobody would be left who manages the rest.
    """
    view.require("admin")
    found = view.store.access.users.named(user)
    if found.user_id == view.principal.user_id:
        raise UsageError("CONFLICT", "Nobody removes the own account.", "On the library's machine: kinodex users")
    view.store.access.users.remove(found.user_id)
    for thread in view.store.threads.page(None, owner=found.user_id):
        view.store.threads.delete(thread.thread_id)
    return schema.user(found)


def keys(view: LibraryView) -> schema.KeysDocument:
    """The keys of the one that asks; all, for one who manages users."""
    who = view.principal
    if not who.user_id or who.may("admin"):
        view.require("admin")
        found = view.store.access.keys.all()
    else:
        found = view.store.access.keys.all(who.user_id)
        if who.key_id:
            found = [one for one in found if one.key_id == who.key_id]
    return schema.KeysDocument(keys=_documents(view, found))


def add_key(
    view: LibraryView,
    name: str,
    scopes: Iterable[Scope] = ("read",),
    days: float | None = None,
    collections: Sequence[str] | None = None,
    user: str = "",
) -> schema.NewKeyDocument:
    """A new key with its secret, which cannot be read again.

    Args:
        collections: names or ids of the only ones it sees; None: what its user sees.
        user: name or id of whose it is; "" for the one that asks.

    Raises:
        UsageError: FORBIDDEN for somebody else's, or with a key that may not manage users; NOT_FOUND; CONFLICT; USAGE.
    """
    who, access = view.principal, view.store.access
    if user or who.key_id:
        view.require("admin")
    if not user and not who.user_id:
        raise UsageError(
            "USAGE", "A key belongs to a user.", "Name one with --user, or add one: kinodex users add NAME"
        )
    owner = access.users.named(user) if user else access.users.get(who.user_id)
    wanted = tuple(scopes)
    beyond = [one for one in SCOPES if one in wanted and one not in owner.scopes]
    if beyond:
        message = f"{owner.name} may not do {beyond[0]!r}, so no key of {owner.name} may."
        raise UsageError("USAGE", message, "Leave that scope out.")
    only = None
    if collections is not None:
        seen = access.collections_of(owner.user_id)
        only = []
        for each in collections:
            found = access.collections.named(each).collection_id
            if seen is not None and found not in seen:
                raise UsageError("NOT_FOUND", f"There is no collection {each!r} for {owner.name}.")
            only.append(found)
    made, secret = access.keys.add(owner.user_id, name, wanted, days, only)
    return schema.NewKeyDocument(key=schema.key(made, owner.name), secret=secret)


def remove_key(view: LibraryView, key_id: str) -> schema.KeyDocument:
    """Take a key back.

    Raises:
        UsageError: NOT_FOUND, also for a key of somebody else.
    """
    listed = {one.key_id: one for one in keys(view).keys}
    if key_id not in listed:
        raise UsageError("NOT_FOUND", f"There is no key {key_id!r}.", "`kinodex keys list` shows all.")
    view.store.access.keys.remove(key_id)
    return listed[key_id]


def _documents(view: LibraryView, some: Sequence[ApiKey]) -> list[schema.KeyDocument]:
    names = {one.user_id: one.name for one in view.store.access.users.all()}
    return [schema.key(one, names.get(one.user_id, "")) for one in some]

"""Users, keys and collections, for people."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kinodex.cli.render.cells import data, table
from kinodex.text import clean

if TYPE_CHECKING:
    from rich.console import Console

    from kinodex.schemas.api import access as schema


def line(console: Console, said: str) -> None:
    """One sentence."""
    console.print(data(said), soft_wrap=True)


def added_user(console: Console, one: schema.UserDocument, first: bool) -> None:
    """A new user, and what follows from being the first one."""
    users(console, [one])
    if first:
        line(console, "Access control is on: from now on everybody has to log in. The command line is not limited.")


def users(console: Console, some: Sequence[schema.UserDocument]) -> None:
    """Users, one a line."""
    if not some:
        line(console, "There are no users: access control is off. Turn it on: kinodex users add NAME")
        return
    listed = table("name", "may", "sees", "since", "id", whole=("id",))
    for one in some:
        sees = "everything" if one.everything else "its collections"
        listed.add_row(data(one.name), data(" ".join(one.scopes)), sees, _day(one.created_at), data(one.user_id))
    console.print(listed)


def keys(console: Console, some: Sequence[schema.KeyDocument]) -> None:
    """Keys, one a line."""
    if not some:
        line(console, "There are no keys. Make one: kinodex keys add NAME --user USER")
        return
    listed = table("name", "user", "may", "sees", "until", "used", "id", whole=("id",))
    for one in some:
        sees = "as its user" if one.collections is None else f"{len(one.collections)} collections"
        until = "ever" if one.expires_at is None else _day(one.expires_at)
        used = "never" if one.used_at is None else _day(one.used_at)
        listed.add_row(data(one.name), data(one.user), data(" ".join(one.scopes)), sees, until, used, data(one.key_id))
    console.print(listed)


def new_key(console: Console, made: schema.NewKeyDocument) -> None:
    """A new key: the one time that its secret is shown."""
    console.print(data(made.secret), soft_wrap=True)
    line(console, f"This is the key “{made.key.name}” of {made.key.user}. It cannot be shown again.")


def collections(console: Console, some: Sequence[schema.CollectionDocument]) -> None:
    """Collections, one a line."""
    if not some:
        line(console, "There are no collections. Make one: kinodex collections add NAME VIDEO…")
        return
    listed = table("name", "videos", "members", "description", "id", right=("videos", "members"), whole=("id",))
    for one in some:
        listed.add_row(
            data(one.name), str(one.videos), str(one.members), data(one.description), data(one.collection_id)
        )
    console.print(listed)


def members(console: Console, some: Sequence[schema.MemberDocument]) -> None:
    """Members of a collection, one a line."""
    if not some:
        line(console, "No members: only those who see everything see it.")
        return
    listed = table("name", "role", "id", whole=("id",))
    for one in some:
        listed.add_row(data(one.name), data(one.role), data(one.user_id))
    console.print(listed)


def collection(
    console: Console,
    one: schema.CollectionDocument,
    people: Sequence[schema.MemberDocument],
    page: schema.CollectionVideosDocument,
) -> None:
    """A collection with its members and a page of its videos."""
    line(console, f"{one.name}: {one.videos} videos. {one.description}".strip())
    members(console, people)
    for video in page.videos:
        console.print(data(f"{video.video_id}  {video.name}"), soft_wrap=True)
    if page.next is not None:
        line(console, f"More: --after {clean(page.next)}")


def _day(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds))

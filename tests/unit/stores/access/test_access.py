"""Access control: who is let in, what is stored of secrets, and who sees which videos at this moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from stores.access import passwords
from stores.access.passwords import SHORTEST, fits, hashed
from stores.access.store import SIGNED_SECONDS, AccessStore
from stores.access.users import FORGOTTEN_SECONDS, FREE_TRIES, LONGEST_WAIT, SESSION_SECONDS
from stores.core.errors import KinodexError, UsageError
from stores.core.principal import OWNER, SCOPES
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.sql.tables import Base
from tests.unit.stores.builders import add_video

PASSWORD = "correct horse battery"


class Clock:
    """A clock that a test winds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LibraryStore]:
    with LibraryStore.open(tmp_path / "library", create=True) as opened:
        yield opened


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(store: LibraryStore, clock: Clock) -> AccessStore:
    return AccessStore(store.engine, clock)


def code(do: Callable[[], object]) -> str:
    with pytest.raises(KinodexError) as caught:
        do()
    assert PASSWORD not in str(caught.value)
    return caught.value.code.name


def everything_stored(store: LibraryStore) -> str:
    with store.engine.connect() as connection:
        return "\n".join(str(row) for table in Base.metadata.sorted_tables for row in connection.execute(select(table)))


def test_access_is_on_from_the_first_user_on_who_can_do_everything(access: AccessStore) -> None:
    assert not access.is_on()
    first = access.users.add("Ada", PASSWORD, ["read"])
    assert access.is_on()
    assert (first.scopes, first.everything) == (frozenset(SCOPES), True)
    second = access.users.add("Bob", PASSWORD)
    assert (second.administers, second.everything) == (False, False)
    assert [one.name for one in access.users.all()] == ["Ada", "Bob"]
    assert code(lambda: access.users.add("ADA", PASSWORD)) == "CONFLICT"
    assert code(lambda: access.users.add("x\x07", PASSWORD)) == "USAGE"
    assert code(lambda: access.users.add("Cleo", "short")) == "USAGE"


def test_somebody_who_manages_users_is_left(access: AccessStore) -> None:
    ada = access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    assert code(lambda: access.users.remove(ada.user_id)) == "CONFLICT"
    assert code(lambda: access.users.change(ada.user_id, ["read"])) == "CONFLICT"
    access.users.change(bob.user_id, SCOPES)
    access.users.remove(ada.user_id)
    access.users.remove(bob.user_id)
    assert not access.is_on()


def test_a_login_is_a_session_that_ends(access: AccessStore, clock: Clock) -> None:
    access.users.add("Ada", PASSWORD)
    user, token = access.users.log_in(" ada ", PASSWORD)
    there = access.by_session(token)
    assert there is not None
    assert (there.user_id, there.name, there.everything) == (user.user_id, "Ada", True)
    assert access.by_session(token[:-1]) is None
    access.users.log_out(token)
    assert access.by_session(token) is None
    _, token = access.users.log_in("ada", PASSWORD)
    clock.now += SESSION_SECONDS
    assert access.by_session(token) is None


def test_another_password_ends_all_sessions(access: AccessStore) -> None:
    user = access.users.add("Ada", PASSWORD)
    _, token = access.users.log_in("ada", PASSWORD)
    access.users.set_password(user.user_id, "another one entirely")
    assert access.by_session(token) is None
    assert code(lambda: access.users.log_in("ada", PASSWORD)) == "LOGIN_REQUIRED"


def test_a_wrong_name_and_a_wrong_password_are_told_alike(access: AccessStore) -> None:
    access.users.add("Ada", PASSWORD)
    said = []
    for name, password in (("Ada", "wrong password"), ("Nobody", "wrong password")):
        with pytest.raises(UsageError) as caught:
            access.users.log_in(name, password)
        said.append(str(caught.value))
    assert said[0] == said[1]


@pytest.mark.parametrize("name", ["Ada", "Nobody"])
def test_failed_logins_have_to_wait_longer_and_longer(access: AccessStore, clock: Clock, name: str) -> None:
    access.users.add("Ada", PASSWORD)
    for _ in range(FREE_TRIES):
        assert code(lambda: access.users.log_in(name, "wrong password")) == "LOGIN_REQUIRED"
    assert code(lambda: access.users.log_in(name, PASSWORD)) == "TOO_MANY_REQUESTS"
    waited = []
    for _ in range(8):
        seconds = 0.0
        while code(lambda: access.users.log_in(name, "wrong password")) == "TOO_MANY_REQUESTS":
            clock.now += 1.0
            seconds += 1.0
        waited.append(seconds)
    assert waited == sorted(waited)
    assert waited[0] == 1.0
    assert waited[-1] == LONGEST_WAIT
    if name == "Ada":
        clock.now += LONGEST_WAIT
        access.users.log_in(name, PASSWORD)
        assert code(lambda: access.users.log_in(name, "wrong password")) == "LOGIN_REQUIRED"
    else:
        clock.now += FORGOTTEN_SECONDS + 1
        for _ in range(FREE_TRIES):
            assert code(lambda: access.users.log_in(name, "wrong password")) == "LOGIN_REQUIRED"


def test_passwords_are_hashed_with_a_salt_and_compared_with_nobody_too(
    shipped_hasher: PasswordHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "_hasher", shipped_hasher)
    one, other = hashed(PASSWORD), hashed(PASSWORD)
    assert one != other
    assert one.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert fits(one, PASSWORD)
    assert not fits(one, PASSWORD + " ")
    assert not fits(None, "the password of nobody")
    assert not fits(one, "x" * 5_000)
    assert code(lambda: hashed("x" * (SHORTEST - 1))) == "USAGE"


def test_a_crowd_of_logins_is_refused_at_once_and_not_counted(access: AccessStore) -> None:
    access.users.add("Ada", PASSWORD)
    with ExitStack() as crowd:
        for _ in range(passwords.MOST_WAITING):
            crowd.enter_context(passwords.in_turn())
        for _ in range(FREE_TRIES + 2):
            assert code(lambda: access.users.log_in("Ada", "wrong password")) == "TOO_MANY_REQUESTS"
    assert access.users.log_in("Ada", PASSWORD)


def test_a_key_is_shown_once_and_its_secret_is_nowhere(store: LibraryStore, access: AccessStore, clock: Clock) -> None:
    ada = access.users.add("Ada", PASSWORD)
    key, secret = access.keys.add(ada.user_id, "backup script", ["read", "chat"], days=2)
    assert re.fullmatch(r"kx_[A-Za-z0-9_-]{43}", secret)
    _, token = access.users.log_in("ada", PASSWORD)
    kept = everything_stored(store)
    assert all(one not in kept for one in (secret, secret[3:], token, PASSWORD))
    there = access.by_key(secret)
    assert there is not None
    assert (there.user_id, there.key_id, there.scopes) == (ada.user_id, key.key_id, {"read", "chat"})
    assert access.keys.get(key.key_id).used_at == clock.now
    assert access.by_key(secret[:-1]) is None
    assert access.by_key(token) is None
    clock.now += 2 * 86_400
    assert access.by_key(secret) is None
    assert access.visible(ada.user_id, key.key_id) is not None
    key, secret = access.keys.add(ada.user_id, "another")
    access.keys.remove(key.key_id)
    assert access.by_key(secret) is None


def test_a_key_may_do_no_more_than_its_user_at_that_moment(access: AccessStore) -> None:
    ada = access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD, SCOPES)
    _, secret = access.keys.add(bob.user_id, "all", SCOPES)
    first = access.by_key(secret)
    assert first is not None
    assert first.may("admin")
    access.users.change(bob.user_id, ["read"], everything=False)
    now = access.by_key(secret)
    assert now is not None
    assert (now.scopes, now.everything) == ({"read"}, False)
    access.users.remove(bob.user_id)
    assert access.by_key(secret) is None
    assert access.is_on()
    assert ada.administers


def test_a_user_sees_its_collections_now(store: LibraryStore, access: AccessStore) -> None:
    one, two, three = (add_video(store, name) for name in ("a.mp4", "b.mp4", "c.mp4"))
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    assert seen(access, bob.user_id) == set()
    first, second = access.collections.add("First"), access.collections.add("Second")
    assert access.collections.put_videos(first.collection_id, [one, two, one]) == 2
    access.collections.put_videos(second.collection_id, [two, three])
    access.collections.grant(first.collection_id, bob.user_id, "reader")
    assert seen(access, bob.user_id) == {one, two}
    assert edited(access, bob.user_id) == set()
    access.collections.grant(second.collection_id, bob.user_id, "editor")
    assert seen(access, bob.user_id) == {one, two, three}
    assert edited(access, bob.user_id) == {two, three}
    access.collections.revoke(first.collection_id, bob.user_id)
    assert seen(access, bob.user_id) == {two, three}
    access.collections.take_videos(second.collection_id, [two])
    assert seen(access, bob.user_id) == {three}
    access.collections.remove(second.collection_id)
    assert seen(access, bob.user_id) == set()
    access.users.change(bob.user_id, everything=True)
    assert access.visible(bob.user_id) is None
    access.users.remove(bob.user_id)
    assert seen(access, bob.user_id) == set()


def test_who_edits_nothing_has_no_scope_of_editors(store: LibraryStore, access: AccessStore) -> None:
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    _, token = access.users.log_in("Bob", PASSWORD)
    mine = access.collections.add("Mine").collection_id
    for role, expected in (("reader", {"read", "chat"}), ("editor", {"read", "chat", "review", "edit"})):
        access.collections.grant(mine, bob.user_id, role)  # type: ignore[arg-type]
        there = access.by_session(token)
        assert there is not None
        assert there.scopes == expected


def test_a_key_of_some_collections_sees_only_these(store: LibraryStore, access: AccessStore) -> None:
    one, two = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    ada = access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    first, second = (access.collections.add(name).collection_id for name in ("First", "Second"))
    access.collections.put_videos(first, [one])
    access.collections.put_videos(second, [two])
    of_ada, secret = access.keys.add(ada.user_id, "narrow", SCOPES, collection_ids=[second])
    assert seen(access, ada.user_id, of_ada.key_id) == {two}
    there = access.by_key(secret)
    assert there is not None
    assert not there.everything
    assert not there.may("admin")
    of_bob, _ = access.keys.add(bob.user_id, "narrow", collection_ids=[first, second])
    assert seen(access, bob.user_id, of_bob.key_id) == set()
    access.collections.grant(first, bob.user_id, "reader")
    assert seen(access, bob.user_id, of_bob.key_id) == {one}
    access.collections.remove(first)
    access.collections.remove(second)
    assert seen(access, ada.user_id, of_ada.key_id) == set()
    assert seen(access, ada.user_id, "key_of_somebody") == set()


def test_a_forgotten_video_is_in_no_collection(store: LibraryStore, access: AccessStore) -> None:
    one = add_video(store, "a.mp4")
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    mine = access.collections.add("Mine").collection_id
    access.collections.grant(mine, bob.user_id, "reader")
    access.collections.put_videos(mine, [one])
    assert seen(access, bob.user_id) == {one}
    forget(store, [one])
    assert seen(access, bob.user_id) == set()
    add_video(store, "a.mp4")
    assert seen(access, bob.user_id) == set()


def test_what_another_process_grants_and_takes_counts_here(store: LibraryStore, access: AccessStore) -> None:
    one = add_video(store, "a.mp4")
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    other = AccessStore(store.engine)
    mine = other.collections.add("Mine").collection_id
    other.collections.put_videos(mine, [one])
    other.collections.grant(mine, bob.user_id, "reader")
    assert seen(access, bob.user_id) == {one}
    other.collections.take_videos(mine, [one])
    assert seen(access, bob.user_id) == set()


def test_a_signed_url_is_for_one_video_one_principal_and_some_minutes(access: AccessStore, clock: Clock) -> None:
    ada = access.users.add("Ada", PASSWORD)
    key, secret = access.keys.add(ada.user_id, "player")
    there = access.by_key(secret)
    assert there is not None
    signed = access.signed(there, "vid_1")
    assert secret not in str(signed)
    by, expires, sign = signed["by"], signed["expires"], signed["signature"]
    found = access.by_signature("vid_1", by, expires, sign)
    assert found is not None
    assert found.key_id == key.key_id
    assert access.by_signature("vid_2", by, expires, sign) is None
    assert access.by_signature("vid_1", ada.user_id, expires, sign) is None
    assert access.by_signature("vid_1", by, str(int(expires) + 60), sign) is None
    assert access.by_signature("vid_1", by, expires, "0" * 64) is None
    access.keys.remove(key.key_id)
    assert access.by_signature("vid_1", by, expires, sign) is None
    signed = access.signed(OWNER, "vid_1")
    assert access.by_signature("vid_1", "", signed["expires"], signed["signature"]) is None  # access is on
    _, token = access.users.log_in("Ada", PASSWORD)
    person = access.by_session(token)
    assert person is not None
    signed = access.signed(person, "vid_1")
    assert access.by_signature("vid_1", ada.user_id, signed["expires"], signed["signature"]) is not None
    clock.now += SIGNED_SECONDS + 1
    assert access.by_signature("vid_1", ada.user_id, signed["expires"], signed["signature"]) is None


def test_threads_belong_to_their_owner(store: LibraryStore) -> None:
    mine, theirs = store.threads.create("mine", owner="usr_1"), store.threads.create("theirs", owner="usr_2")
    ours = store.threads.create("of the owner")
    assert [one.title for one in store.threads.page(owner="usr_1")] == ["mine"]
    assert [one.title for one in store.threads.page()] == ["of the owner"]
    assert [store.threads.get(one.thread_id).owner for one in (mine, theirs, ours)] == ["usr_1", "usr_2", ""]


def seen(access: AccessStore, user_id: str, key_id: str = "") -> set[str]:
    found = access.visible(user_id, key_id)
    assert found is not None
    assert set(found.ids) == found.known
    assert list(found.ids) == sorted(found.ids)
    return set(found.ids)


def edited(access: AccessStore, user_id: str) -> set[str]:
    found = access.editable(user_id)
    assert found is not None
    return set(found.ids)

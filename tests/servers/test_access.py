"""Access control on a database server as in a folder."""

from __future__ import annotations

from sqlalchemy import select

from stores.access.users import FREE_TRIES
from stores.library_store import LibraryStore
from stores.maintenance.forget import forget
from stores.sql.tables import Base
from tests.unit.stores.access.test_access import PASSWORD, code, seen
from tests.unit.stores.builders import add_video, put, utterance, vector_item


def test_users_keys_and_collections(store: LibraryStore) -> None:
    access = store.access
    one, two = add_video(store, "a.mp4"), add_video(store, "b.mp4")
    access.users.add("Ada", PASSWORD)
    bob = access.users.add("Bob", PASSWORD)
    mine, other = (access.collections.add(name).collection_id for name in ("Mine", "Other"))
    assert code(lambda: access.collections.add("mine")) == "CONFLICT"
    assert access.collections.put_videos(mine, [one, two, one]) == 2
    access.collections.grant(mine, bob.user_id, "editor")
    assert seen(access, bob.user_id) == {one, two}
    key, secret = access.keys.add(bob.user_id, "script", ["read", "edit"], 1, [mine, other])
    there = access.by_key(secret)
    assert there is not None
    assert (there.scopes, there.everything, there.narrowed) == ({"read", "edit"}, False, True)
    assert access.keys.get(key.key_id).used_at is not None
    access.collections.take_videos(mine, [two])
    assert seen(access, bob.user_id, key.key_id) == {one}
    assert access.collections.of_videos([one, two]) == {one: [mine]}
    forget(store, [one])
    assert seen(access, bob.user_id) == set()
    access.collections.remove(mine)
    access.users.remove(bob.user_id)
    assert access.by_key(secret) is None
    with store.engine.connect() as connection:
        tables = {
            name: table for name, table in Base.metadata.tables.items() if name in ("api_keys", "key_collections")
        }
        assert all(not connection.execute(select(table)).all() for table in tables.values())


def test_logins_and_sessions(store: LibraryStore) -> None:
    users = store.access.users
    users.add("Ada", PASSWORD)
    _, token = users.log_in("ada", PASSWORD)
    assert store.access.by_session(token) is not None
    users.log_out(token)
    assert store.access.by_session(token) is None
    for _ in range(FREE_TRIES):
        assert code(lambda: users.log_in("ada", "wrong password")) == "LOGIN_REQUIRED"
    assert code(lambda: users.log_in("ada", PASSWORD)) == "TOO_MANY_REQUESTS"


def test_a_scope_narrows_names_counts_lines_and_tables(store: LibraryStore) -> None:
    ids = [add_video(store, name) for name in ("a/harbour.mp4", "b/harbour.mp4", "c.mp4")]
    for n, one in enumerate(ids):
        put(store, one, "speech", utterance(one, 0, "the harbour opens"))
        put(store, one, "vectors", vectors=[vector_item(f"v{n}", 1, n)])
    only = ids[:1]
    assert store.catalog.resolve("harbour.mp4", only) == ids[0]
    assert code(lambda: store.catalog.resolve("c.mp4", only)) == "UNKNOWN_VIDEO"
    health = store.catalog.index_health(("vectors",), only)
    assert (health.videos_indexed, health.videos_known) == (1, 1)
    assert [hit.video_id for hit in store.fulltext.search("harbour", 10, video_ids=only)] == only
    assert store.query.run("SELECT COUNT(*) FROM transcript", only).rows == ((1,),)
    assert store.query.run("SELECT COUNT(*) FROM videos", []).rows == ((0,),)


def test_threads_and_turns_know_whose_they_are(store: LibraryStore) -> None:
    store.access.users.add("Ada", PASSWORD)
    bob = store.access.users.add("Bob", PASSWORD)
    mine = store.access.collections.add("Mine").collection_id
    store.access.collections.grant(mine, bob.user_id, "reader")
    thread = store.threads.create("mine", owner=bob.user_id)
    seen_as = store.access.seen_as(bob.user_id)
    lease = store.turns.begin(thread.thread_id, "what?", key_id="key_1", seen_as=seen_as)
    turn = store.threads.turn(lease.turn_id)
    assert (turn.key_id, turn.seen_as, store.threads.get(thread.thread_id).owner) == ("key_1", mine, bob.user_id)
    assert store.access.still_seen(seen_as, bob.user_id)
    store.access.collections.revoke(mine, bob.user_id)
    assert not store.access.still_seen(seen_as, bob.user_id)
    assert [one.thread_id for one in store.threads.page(owner=bob.user_id)] == [thread.thread_id]
    assert store.threads.page() == []

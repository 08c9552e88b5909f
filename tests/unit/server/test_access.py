"""Access over HTTP: nobody gets in without a session or a key, and both end at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from kinodex.library import Library
from kinodex.server.app import create_app
from tests.unit.stores.builders import add_video

PASSWORD = "correct horse battery"
API = "/api/v1"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.open(tmp_path / "library") as opened:
        yield opened


@pytest.fixture
def app(library: Library) -> TestClient:
    return TestClient(create_app(library), base_url="http://127.0.0.1:8730")


def logged_in(library: Library, name: str) -> TestClient:
    client = TestClient(create_app(library), base_url="http://127.0.0.1:8730")
    answer = client.post(f"{API}/login", json={"name": name, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return client


def with_key(library: Library, secret: str) -> TestClient:
    headers = {"Authorization": f"Bearer {secret}"}
    return TestClient(create_app(library), base_url="http://127.0.0.1:8730", headers=headers)


def users(library: Library, *names: str) -> list[str]:
    return [library.store.access.users.add(name, PASSWORD).user_id for name in names]


def test_without_users_everybody_is_the_owner(app: TestClient) -> None:
    me = app.get(f"{API}/me").json()
    assert (me["name"], me["access"], me["everything"]) == ("owner", False, True)
    assert "admin" in me["scopes"]
    assert app.post(f"{API}/login", json={"name": "x", "password": "y"}).json()["code"] == "CONFLICT"


def test_a_server_that_others_can_reach_lets_nobody_in_without_users(library: Library) -> None:
    served = create_app(library)
    served.state.access_required = True
    answer = TestClient(served, base_url="http://127.0.0.1:8730").get(f"{API}/me")
    assert (answer.status_code, answer.json()["code"]) == (401, "LOGIN_REQUIRED")


def test_the_first_user_is_made_by_the_owner_and_everybody_has_to_log_in_then(app: TestClient) -> None:
    made = app.post(f"{API}/users", json={"name": "Ada", "password": PASSWORD})
    assert made.status_code == 201
    assert made.json()["everything"]
    assert app.get(f"{API}/me").status_code == 401
    assert app.get(f"{API}/health").status_code == 200


def test_a_login_sets_a_cookie_that_scripts_and_other_sites_do_not_get(library: Library, app: TestClient) -> None:
    users(library, "Ada")
    answer = app.post(f"{API}/login", json={"name": "Ada", "password": PASSWORD})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert PASSWORD not in answer.text
    assert app.get(f"{API}/me").json()["name"] == "Ada"
    assert app.post(f"{API}/logout").status_code == 204
    assert app.get(f"{API}/me").status_code == 401


def test_over_https_the_cookie_is_sent_over_https_only(library: Library) -> None:
    users(library, "Ada")
    client = TestClient(create_app(library), base_url="https://127.0.0.1:8730")
    answer = client.post(f"{API}/login", json={"name": "Ada", "password": PASSWORD})
    assert "secure" in answer.headers["set-cookie"].lower()


def test_a_key_in_a_url_is_worth_nothing(library: Library, app: TestClient) -> None:
    (ada,) = users(library, "Ada")
    _, secret = library.store.access.keys.add(ada, "script")
    assert with_key(library, secret).get(f"{API}/me").json()["scopes"] == ["read"]
    for name in ("key", "api_key", "token", "authorization", "access_token"):
        assert app.get(f"{API}/me", params={name: secret}).status_code == 401
    app.cookies.set("kinodex_session", secret)
    assert app.get(f"{API}/me").status_code == 401


def test_a_wrong_key_is_refused_also_beside_a_good_session(library: Library) -> None:
    users(library, "Ada")
    client = logged_in(library, "Ada")
    for value in ("Bearer kx_wrong", "Bearer ", "Basic QWRhOmFkYQ==", "kx_wrong"):
        answer = client.get(f"{API}/me", headers={"Authorization": value})
        assert answer.status_code == 401, value
        assert answer.headers["www-authenticate"] == "Bearer"


def test_revocation_counts_from_the_next_request_on(library: Library) -> None:
    ada, bob = users(library, "Ada", "Bob")
    key, secret = library.store.access.keys.add(bob, "script")
    person, program = logged_in(library, "Bob"), with_key(library, secret)
    admin = logged_in(library, "Ada")
    assert (person.get(f"{API}/me").status_code, program.get(f"{API}/me").status_code) == (200, 200)
    assert admin.delete(f"{API}/keys/{key.key_id}").status_code == 200
    assert program.get(f"{API}/me").status_code == 401
    assert admin.delete(f"{API}/users/{bob}").status_code == 200
    assert person.get(f"{API}/me").status_code == 401
    assert admin.delete(f"{API}/users/{ada}").json()["code"] == "CONFLICT"


def test_a_user_is_changed_as_asked_or_not_at_all(library: Library) -> None:
    users(library, "Ada", "Bob")
    admin = logged_in(library, "Ada")
    asked = {"scopes": ["read"], "everything": True, "password": "short"}
    assert admin.patch(f"{API}/users/Bob", json=asked).json()["code"] == "USAGE"
    assert library.store.access.users.named("Bob").everything is False
    assert admin.patch(f"{API}/users/Bob", json=asked | {"password": "another long one"}).status_code == 200
    _, token = library.store.access.users.log_in("Bob", "another long one")
    bob = library.store.access.by_session(token)
    assert bob is not None
    assert (bob.scopes, bob.everything) == ({"read"}, True)


def test_the_own_password(library: Library) -> None:
    users(library, "Ada")
    one, other = logged_in(library, "Ada"), logged_in(library, "Ada")
    wrong = one.post(f"{API}/me/password", json={"old": "not the password", "new": "another one entirely"})
    assert (wrong.status_code, wrong.json()["code"]) == (403, "FORBIDDEN"), "401 would end the session on the page"
    assert one.post(f"{API}/me/password", json={"old": PASSWORD, "new": "another one entirely"}).status_code == 200
    assert one.get(f"{API}/me").status_code == 200
    assert other.get(f"{API}/me").status_code == 401


def test_only_who_manages_users_does(library: Library) -> None:
    users(library, "Ada", "Bob")
    bob = logged_in(library, "Bob")
    asked = (
        ("get", "users", None),
        ("post", "users", {"name": "Eve", "password": PASSWORD}),
        ("patch", "users/Ada", {"scopes": ["read"]}),
        ("patch", "users/Bob", {"everything": True}),
        ("delete", "users/Ada", None),
        ("post", "collections", {"name": "Mine"}),
        ("post", "keys", {"name": "hers", "user": "Ada"}),
    )
    for method, path, body in asked:
        answer = bob.request(method, f"{API}/{path}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "FORBIDDEN"), path


def test_a_key_makes_no_keys_and_may_no_more_than_its_user(library: Library) -> None:
    ada, bob = users(library, "Ada", "Bob")
    _, secret = library.store.access.keys.add(bob, "script")
    program, person = with_key(library, secret), logged_in(library, "Bob")
    assert program.post(f"{API}/keys", json={"name": "more", "scopes": ["read", "chat"]}).status_code == 403
    assert person.post(f"{API}/keys", json={"name": "more", "scopes": ["admin"]}).status_code == 400
    made = person.post(f"{API}/keys", json={"name": "more", "scopes": ["read", "chat"], "days": 1})
    assert made.status_code == 201
    assert made.json()["secret"].startswith("kx_")
    listed = person.get(f"{API}/keys")
    assert [one["name"] for one in listed.json()["keys"]] == ["script", "more"]
    assert made.json()["secret"] not in listed.text
    hers, _ = library.store.access.keys.add(ada, "hers")
    assert person.delete(f"{API}/keys/{hers.key_id}").status_code == 404
    assert [one["name"] for one in program.get(f"{API}/keys").json()["keys"]] == ["script"]


def test_collections_of_others_do_not_exist(library: Library) -> None:
    _, bob = users(library, "Ada", "Bob")
    video = add_video(library.store, "a.mp4")
    admin, reader = logged_in(library, "Ada"), logged_in(library, "Bob")
    mine = admin.post(f"{API}/collections", json={"name": "Mine"}).json()["collection_id"]
    other = admin.post(f"{API}/collections", json={"name": "Other"}).json()["collection_id"]
    assert admin.post(f"{API}/collections", json={"name": "mine"}).status_code == 409
    assert admin.put(f"{API}/collections/{mine}/members/{bob}", json={"role": "reader"}).status_code == 200
    assert admin.patch(f"{API}/collections/{mine}/videos", json={"add": [video]}).json() == {"changed": 1}
    assert [one["name"] for one in reader.get(f"{API}/collections").json()["collections"]] == ["Mine"]
    assert reader.get(f"{API}/collections/{mine}/videos").json()["videos"] == [{"video_id": video, "name": "a.mp4"}]
    hidden, absent = (reader.get(f"{API}/collections/{one}").json() for one in (other, "col_nothing"))
    assert {**hidden, "title": "", "instance": ""} == {**absent, "title": "", "instance": ""}
    assert hidden["title"].replace(other, "ID") == absent["title"].replace("col_nothing", "ID")
    assert reader.patch(f"{API}/collections/{mine}/videos", json={"remove": [video]}).status_code == 403
    assert reader.get(f"{API}/collections/{mine}/members").status_code == 403
    admin.put(f"{API}/collections/{mine}/members/{bob}", json={"role": "editor"})
    assert reader.get(f"{API}/collections/{mine}/members").json()["members"][0]["role"] == "editor"
    assert reader.patch(f"{API}/collections/{mine}/videos", json={"remove": [video]}).json() == {"changed": 1}
    assert reader.patch(f"{API}/collections/{mine}/videos", json={"add": [video]}).status_code == 404
    assert admin.delete(f"{API}/collections/{mine}").status_code == 200
    assert reader.get(f"{API}/collections").json() == {"collections": []}


def test_the_videos_of_a_collection_come_in_pages(library: Library) -> None:
    users(library, "Ada")
    ids = sorted(add_video(library.store, f"{number}.mp4") for number in range(5))
    admin = logged_in(library, "Ada")
    mine = admin.post(f"{API}/collections", json={"name": "Mine"}).json()["collection_id"]
    admin.patch(f"{API}/collections/{mine}/videos", json={"add": ids})
    found, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"{API}/collections/{mine}/videos", params={"limit": 2, "cursor": cursor}).json()
        assert page["total"] == 5
        found += [one["video_id"] for one in page["videos"]]
        cursor = page["next"]
    assert found == ids


def test_secrets_are_in_no_answer_and_no_log(
    library: Library, app: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    users(library, "Ada")
    secret = "open-sesame-canary"
    with caplog.at_level(logging.DEBUG):
        for body in ({"name": "Ada", "password": secret},):
            answer = app.post(f"{API}/login", json=body)
            assert answer.status_code in (401, 422, 429)
            assert secret not in answer.text
        answer = app.get(f"{API}/me", headers={"Authorization": f"Bearer kx_{secret}"})
        assert secret not in answer.text
    assert secret not in caplog.text

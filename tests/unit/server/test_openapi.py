"""The document of the API says what the code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.openapi import document_of
from kinodex.server.openapi_file import printed
from tests.unit.server.serving import Served

CHECKED_IN = Path(__file__).parents[3] / "docs" / "openapi.json"


@pytest.fixture(scope="module")
def document(library: Library) -> dict[str, Any]:
    return document_of(create_app(library))


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, one) for path, some in document["paths"].items() for method, one in some.items()]


def test_the_document_that_is_checked_in_is_the_present_one():
    assert CHECKED_IN.read_text(encoding="utf-8") == printed(), "make openapi renews docs/openapi.json"


def test_it_is_served(server: Served, document: dict[str, Any]):
    assert server.client.get("/api/v1/openapi.json").json() == json.loads(json.dumps(document))


def test_every_route_says_what_it_does_and_how_it_fails(document: dict[str, Any]):
    for path, method, one in operations(document):
        where = f"{method} {path}"
        assert path.startswith("/api/v1/"), where
        assert one.get("description", "").strip().endswith((".", ")")), where
        assert "400" in one["responses"], where
        assert "422" not in one["responses"] or "HTTPValidationError" not in json.dumps(one["responses"]), where
        for status, response in one["responses"].items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], f"{where} {status}"


def test_operations_have_names_of_their_own(document: dict[str, Any]):
    names = [one["operationId"] for _, _, one in operations(document)]
    assert sorted(names) == sorted(set(names))


def test_every_reference_leads_somewhere(document: dict[str, Any]):
    text = json.dumps(document)
    for part in text.split('"#/components/schemas/')[1:]:
        assert part.split('"')[0] in document["components"]["schemas"]

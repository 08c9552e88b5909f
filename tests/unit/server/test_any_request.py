"""Whatever is asked, in the bounds of the document or beyond them: an answer, never a fault of the server."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode

from kinodex.library import Library
from kinodex.server.app import create_app
from kinodex.server.openapi import document_of
from tests.amount import FULL
from tests.unit.server.serving import Served, served

pytestmark = pytest.mark.slow

STREAMS = ("/events",)
"""Ends of paths that answer for as long as somebody listens."""


@pytest.fixture(scope="module")
def anything(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    copy = Path(shutil.copytree(made, tmp_path_factory.mktemp("any") / "library"))
    with Library.open(copy, create=False) as library, served(create_app(library)) as running:
        yield running


def operations(running: Served) -> list[Any]:
    schema = schemathesis.openapi.from_dict(document_of(running.app))
    schema.config.update(base_url=f"http://127.0.0.1:{running.port}")
    return [one.ok() for one in schema.get_all_operations()]


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_no_request_is_answered_by_a_fault(anything: Served, mode: GenerationMode):
    asked, faults = 0, []
    for operation in operations(anything):
        if operation.path.endswith(STREAMS):
            continue

        @settings(max_examples=20 if FULL else 2, deadline=None, suppress_health_check=list(HealthCheck), database=None)
        @seed(1)
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: schemathesis.Case) -> None:
            nonlocal asked
            answer = sent(anything, case)
            if answer is None:
                return
            asked += 1
            if answer.status_code >= 500:
                faults.append((case.method, case.formatted_path, answer.status_code, answer.text[:300]))
            elif answer.status_code >= 400:
                assert answer.headers["content-type"] == "application/problem+json"

        try:
            ask()
        except Unsatisfiable:
            continue  # there is no way to ask for it wrongly
    assert not faults
    assert asked > 60


def sent(running: Served, case: schemathesis.Case) -> httpx2.Response | None:
    """The answer to a case; None if no client can send it."""
    given = case.as_transport_kwargs(base_url=f"http://127.0.0.1:{running.port}")
    kept = {name: given[name] for name in ("method", "url", "params", "headers", "json", "data") if name in given}
    if isinstance(kept.get("data"), str | bytes):
        kept["content"] = kept.pop("data")
    try:
        return httpx2.request(**kept, timeout=60)
    except (httpx2.InvalidURL, httpx2.LocalProtocolError, UnicodeEncodeError, ValueError, TypeError):
        return None

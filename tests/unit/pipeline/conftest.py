from __future__ import annotations

from collections.abc import Iterator

import pytest

from pipeline.decode.decoder import Decoder


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    with Decoder() as started:
        yield started

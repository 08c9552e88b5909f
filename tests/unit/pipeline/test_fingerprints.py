"""An upgrade does nobody's library again unless we mean it to."""

from __future__ import annotations

from encoders.bundle import Encoders
from pipeline.perceive import fingerprints, stages
from pipeline.perception import PerceptionConfig

# As the embedded profile makes them with default settings. Whoever changes one has every user's ingest do that stage
# again, and those after it, for every video: say so in CHANGELOG.md, and write the new one here.
NOW = {
    "probe": "1ec4bb6be626d45b",
    "voice": "eb2b64fde833fe97",
    "speech": "fcc793c4f13c93ad",
    "prints": "9b76ffb9b349d621",
    "scenes": "905a30763c90ba0f",
    "pictures": "bcebe633b211ec4d",
    "objects": "e41d2857c48bc8d1",
    "screentext": "69fb08cba7267a21",
    "thumbnails": "7b60a76ac835a872",
    "look": "906a12441732d7e8",
    "clips": "c49dbe6656bda01c",
    "labels": "6eeccf7edea407d6",
    "tracklets": "43d696717a5fc0a2",
    "vectors": "fc39e3b8d64f009e",
}


def test_stages_of_the_embedded_profile_are_those_that_libraries_hold() -> None:
    with Encoders.open("embedded") as encoders:
        assert fingerprints(stages(encoders, PerceptionConfig())) == NOW

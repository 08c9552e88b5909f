"""The six steps of committing one stage, as places in the program where a failure can be injected."""

from __future__ import annotations

from tests.chaos.harness import Strike

STEPS = ("begun", "working", "blobs", "vectors", "transaction", "committed")
"""The attempt is committed; the stage runs; blobs are written; vectors are written; in the SQL transaction before its
commit; after the commit, before replaced data is removed and the outcome is reported.
"""

_AFTER = {
    "begun": "stores.ledger:Ledger.begin_all",
    "blobs": "stores.files.blobs:BlobStore.put",
    "vectors": "stores.vectors.store:VectorStore.upsert",
    "transaction": "stores.sql.fulltext:index_lines",
    "committed": "stores.commit:replace_rows",
}


def at(step: str, stage: str, do: str) -> Strike:
    """A strike at one step of one stage, for the first video that gets there."""
    if step == "working":
        if stage == "vectors":
            return Strike(step, "pipeline.derive.vectors:derive_vectors", do=do)
        # All video stages share one pass.
        return Strike(step, "pipeline.decode.decoder:Decoder.frames", do=do, when="item", nth=2)
    if step == "vectors" and stage != "vectors":
        # Stages without vectors skip this step; the next one begins right here.
        return Strike(step, _AFTER["committed"], do=do, when="before", stage=stage)
    if step == "transaction" and do == "kill-worker":
        return Strike(step, "stores.ledger:Ledger.done_in", do=do, when="after", stage=stage)
    return Strike(step, _AFTER[step], do=do, when="after", stage=stage)

"""The six steps of committing one stage, as places in the program where a disaster can strike."""

from __future__ import annotations

from tests.chaos.harness import Strike

STEPS = ("begun", "working", "blobs", "vectors", "transaction", "committed")
"""The attempt is committed; in the work; blobs are written; vectors are written; in the SQL transaction before its
commit; after the commit, before leftovers are removed and anybody is told.
"""

_AFTER = {
    "begun": "stores.ledger:Ledger.begin_all",
    "blobs": "stores.files.blobs:BlobStore.put",
    "vectors": "stores.vectors.store:VectorStore.upsert",
    "transaction": "stores.sql.fulltext:index_lines",
    "committed": "stores.commit:replace_rows",
}


def at(step: str, stage: str, do: str) -> Strike:
    """A strike at one step of one stage, of whichever video comes there first."""
    if step == "working":
        if stage == "vectors":
            return Strike(step, "pipeline.derive.vectors:derive_vectors", do=do)
        # All watching stages are in the same pass.
        return Strike(step, "pipeline.decode.decoder:Decoder.frames", do=do, when="item", nth=2)
    if step == "vectors" and stage != "vectors":
        # Stages without vectors pass this step by; the next begins right here.
        return Strike(step, _AFTER["committed"], do=do, when="before", stage=stage)
    if step == "transaction" and do == "kill-worker":
        return Strike(step, "stores.ledger:Ledger.done_in", do=do, when="after", stage=stage)
    return Strike(step, _AFTER[step], do=do, when="after", stage=stage)

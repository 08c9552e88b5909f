"""BLIP-2's Q-Former against transformers' Blip2QFormerModel."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.encoder_cases.case import Case, Setting, Side

if TYPE_CHECKING:
    from torch import Tensor

_PICTURES = (4, 64)  # on a CPU, on a GPU
_QUERIES, _TOKENS = 32, 257
# transformers' names, as salesforce/LAVIS calls them.
_NAMES = (
    (r"^layernorm\.", "bert.embeddings.LayerNorm."),
    (r"^encoder\.", "bert.encoder."),
    (r"attention\.attention\.", "attention.self."),
)


def _inputs(setting: Setting) -> tuple[Tensor, Tensor]:
    """Queries and picture tokens."""
    from benchmarks.encoder_cases.networks import noise

    return noise(setting, 1, _QUERIES, 768), noise(setting, setting.count(*_PICTURES), _TOKENS, 1408, seed=1)


def _ours(setting: Setting) -> Side:
    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill
    from encoders.reference.qformer.layers import QFormerConfig
    from encoders.reference.qformer.model import QFormer

    model = networks.placed(fill(QFormer(QFormerConfig(text=False))), setting)
    queries, tokens = _inputs(setting)
    return networks.side(lambda: model(queries, source=tokens), setting.count(*_PICTURES))


def _theirs(setting: Setting) -> Side:
    from transformers import Blip2QFormerConfig, Blip2QFormerModel

    from benchmarks.encoder_cases import networks
    from benchmarks.encoder_cases.weights import fill, under_other_names

    model = networks.placed(fill(Blip2QFormerModel(Blip2QFormerConfig()), under_other_names(_NAMES)), setting)
    queries, tokens = _inputs(setting)
    asked = queries.expand(len(tokens), -1, -1)
    return networks.side(
        lambda: model(query_embeds=asked, encoder_hidden_states=tokens).last_hidden_state, setting.count(*_PICTURES)
    )


CASES = (Case("qformer", "qformer", "transformers Blip2QFormerModel", "pictures", _ours, _theirs),)

"""ACMR's losses on numbers that can be worked out by hand, and what the reversed gradient does."""

from __future__ import annotations

import math

import pytest
import torch

from encoders.reference.acmr import (
    AcmrConfig,
    batch_triplet_loss,
    embedding_loss,
    hard_negatives,
    label_loss,
    modality_loss,
    reversal_weight,
    reverse_gradient,
    triplet_loss,
)

A, P, N = torch.tensor([[0.0, 0.0]]), torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])


def config(margin, squared=True):
    return AcmrConfig(margin=margin, push=0.5, alpha=2.0, beta=3.0, decay=0.1, squared=squared)


@pytest.mark.parametrize(
    ("margin", "squared", "expected"), [(6.0, True, 25 + 0.5 * 2), (3.0, False, 5 + 0.5 * 1), (1.0, True, 25.0)]
)
def test_triplets(margin, squared, expected):
    assert float(triplet_loss(A, P, N, config(margin, squared))) == pytest.approx(expected)


def test_triplets_are_summed_and_label_terms_averaged():
    twice = [x.repeat(2, 1) for x in (A, P, N)]
    assert float(triplet_loss(*twice, config(6.0))) == pytest.approx(52)
    logits, labels = torch.zeros(1, 4), torch.tensor([2])
    for n in (1, 5):
        named = label_loss(logits.repeat(n, 1), logits.repeat(n, 1), labels.repeat(n))
        assert float(named) == pytest.approx(2 * math.log(4))
        assert float(modality_loss(torch.zeros(n, 2), torch.zeros(n, 2))) == pytest.approx(2 * math.log(2))


def test_a_classifier_that_knows_the_kinds_has_no_modality_loss():
    pictures, texts = torch.tensor([[50.0, 0.0]]), torch.tensor([[0.0, 50.0]])
    assert float(modality_loss(pictures, texts)) == pytest.approx(0, abs=1e-6)
    assert float(modality_loss(texts, pictures)) == pytest.approx(100)


def test_the_embedding_loss_weighs_its_terms():
    pictures, texts = torch.tensor([[0.0, 1.0], [1.0, 0.0]]), torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    turned, weight = torch.tensor([1, 0]), torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    found = embedding_loss(pictures, texts, torch.tensor([1, 0]), turned, turned, (weight, torch.zeros(2)), config(6.0))
    assert float(found.pictures) == float(found.texts) == pytest.approx(2 * (1 + 0.5 * 1))
    assert float(found.decay) == pytest.approx(0.1 * 5)
    expected = 2 * (found.pictures + found.texts) + 3 * found.labels + found.decay
    torch.testing.assert_close(found.total, expected)


def test_the_demo_s_hinge_acts_on_the_whole_batch():
    far = torch.tensor([[0.0, 20.0]])
    rows = sum(float(batch_triplet_loss(A, P, negative)) for negative in (N, far))
    whole = float(batch_triplet_loss(A.repeat(2, 1), P.repeat(2, 1), torch.cat([N, far])))
    assert rows == pytest.approx(0.1 + 62.5 - 2)
    assert whole == 0


def test_negatives_are_the_most_similar_of_another_label():
    features = torch.tensor([[1.0, 0.0], [5.0, 0.1], [1.0, 1.0], [-1.0, 0.0]])
    assert hard_negatives(features, torch.tensor([0, 0, 1, 1])).tolist() == [2, 2, 1, 1]
    with pytest.raises(ValueError, match="no negatives"):
        hard_negatives(features, torch.zeros(4))


def test_the_gradient_is_turned_round_and_the_value_is_not():
    x = torch.tensor([1.0, -2.0], requires_grad=True)
    y = reverse_gradient(x, 0.25)
    assert torch.equal(y, x)
    (y * torch.tensor([4.0, 8.0])).sum().backward()
    assert x.grad.tolist() == [-1, -2]


def test_the_reversal_grows_with_training():
    assert reversal_weight(0) == 0
    assert reversal_weight(0.5) == pytest.approx(math.tanh(2.5))
    assert 0.9999 < reversal_weight(1) < 1

"""Checkpoints are read in the layouts people save them in, and what does not fit is named."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from encoders.registry.checkpoints import load_strictly, read_checkpoint
from encoders.types import WeightsError


@pytest.fixture
def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))


@pytest.mark.parametrize("nest", [None, "state_dict", "model", "module"])
def test_nested_and_prefixed_files_load(tmp_path, network, nest):
    state = {f"module.{name}": tensor.half() for name, tensor in network.state_dict().items()}
    torch.save(state if nest is None else {nest: state, "epoch": 3, "optimizer": {"state": {}}}, tmp_path / "a.pth")
    fresh = nn.Sequential(nn.Linear(3, 2), nn.LayerNorm(2))
    load_strictly(fresh, read_checkpoint(tmp_path / "a.pth"), "a.pth")
    for name, tensor in fresh.state_dict().items():
        assert tensor.dtype == torch.float32
        torch.testing.assert_close(tensor, network.state_dict()[name], atol=1e-3, rtol=1e-3)


def test_a_folder_of_shards_is_one_checkpoint(tmp_path, network):
    state = network.state_dict()
    save_file({"0.weight": state["0.weight"]}, tmp_path / "model-00001-of-00002.safetensors")
    save_file({k: v for k, v in state.items() if k != "0.weight"}, tmp_path / "model-00002-of-00002.safetensors")
    assert read_checkpoint(tmp_path).keys() == state.keys()


def test_faults_are_named(network):
    state = network.state_dict()
    state["0.weight"] = torch.zeros(2, 4)
    state["0.extra"] = state.pop("1.bias")
    with pytest.raises(WeightsError) as raised:
        load_strictly(network, state, "mine.bin")
    said = raised.value.message
    assert "mine.bin" in said
    assert "missing: 1.bias" in said
    assert "unexpected: 0.extra" in said
    assert "0.weight (2, 4) instead of (2, 3)" in said


def test_ignored_and_optional_tensors(network):
    state = network.state_dict() | {"queue": torch.zeros(1)}
    kept = state.pop("1.bias").clone()
    load_strictly(network, state, "mine.bin", ignore=["queue"], optional=[r"1\..*"])
    assert torch.equal(network.state_dict()["1.bias"], kept)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint"])
@pytest.mark.parametrize("name", ["a.pth", "a.safetensors"])
def test_what_is_no_checkpoint_says_so(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError, match=name) as raised:
        read_checkpoint(tmp_path / name)
    assert raised.value.kind == "corrupt"


def test_code_in_a_pickle_is_not_run(tmp_path):
    torch.save({"state_dict": nn.Linear(1, 1)}, tmp_path / "a.pth")
    with pytest.raises(WeightsError):
        read_checkpoint(tmp_path / "a.pth")


def test_a_missing_file_is_missing(tmp_path):
    with pytest.raises(WeightsError) as raised:
        read_checkpoint(tmp_path / "none.pth")
    assert raised.value.kind == "missing"

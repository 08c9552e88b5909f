"""A language model sees the video where its prompt says, and its answers come whole or in pieces, up to a stop."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from encoders.reference.video_chatgpt.model import VideoChatGPTConfig
from encoders.reference.video_llama.prompts import LLAMA2_STOPS, VICUNA_STOPS
from encoders.reference.video_llm.clip_tower import load_clip_tower
from encoders.reference.video_llm.generation import Generation, generate_ids, stream_text
from encoders.reference.video_llm.loading import (
    add_visual_tokens,
    load_language_model,
    load_valley_llm,
    load_video_chatgpt_llm,
)
from encoders.reference.video_llm.model import VideoLLM
from encoders.reference.video_llm.prompt import Footage, SplitPrompt
from encoders.types import WeightsError
from tests.unit.encoders.video_llms import (
    FEATURES,
    HIDDEN,
    WORDS,
    write_llama,
    write_projection,
    write_tower,
    write_valley,
)

transformers = pytest.importorskip("transformers")

EIGHT = Generation(max_new_tokens=8)


@pytest.fixture(scope="module")
def tower(tmp_path_factory):
    return write_tower(tmp_path_factory.mktemp("tower"))


@pytest.fixture(scope="module")
def llama(tmp_path_factory):
    return write_llama(tmp_path_factory.mktemp("llama"))


@pytest.fixture(scope="module")
def valley_folder(llama, tmp_path_factory):
    return write_valley(tmp_path_factory.mktemp("valley"), llama)


@pytest.fixture(scope="module")
def projection(tmp_path_factory):
    return write_projection(tmp_path_factory.mktemp("projection") / "projection.bin")


@pytest.fixture(scope="module")
def valley(valley_folder, tower):
    return load_valley_llm(valley_folder, tower)


@pytest.fixture(scope="module")
def chat(llama, projection, tower):
    return load_video_chatgpt_llm(llama, projection, tower, VideoChatGPTConfig(HIDDEN, FEATURES))


@pytest.fixture(params=["valley", "chat"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(1).integers(0, 256, (3, 64, 80, 3), dtype=np.uint8)


def ids_of(model, prompt):
    return model.tokenizer(prompt.text)["input_ids"]


def first_change(model, one, other):
    """Position of the first logits that two prompts of equal length differ in."""
    with torch.no_grad():
        logits = [model.lm(inputs_embeds=model.embeddings(prompt)).logits[0] for prompt in (one, other)]
    changed = (logits[0] - logits[1]).abs().amax(dim=1) > 1e-5
    assert torch.equal(logits[0][: int(changed.int().argmax())], logits[1][: int(changed.int().argmax())])
    return int(changed.int().argmax()) if changed.any() else None


def test_a_frame_of_valley_is_seen_from_its_place_on(valley):
    torch.manual_seed(0)
    features = torch.randn(3, 257, FEATURES)
    prompt = valley.front_end.prompt_of("what happens", features)
    ids = ids_of(valley, prompt)
    slots = [place for place, token in enumerate(ids) if token == valley.front_end.tokens.vi_frame]
    assert len(slots) == 3
    for frame in range(3):
        changed = features.clone()
        changed[frame, 0] += 1
        assert first_change(valley, prompt, valley.front_end.prompt_of("what happens", changed)) == slots[frame]
    changed = features.clone()
    changed[2, 5] += 1  # patch 4 of the last frame, which all frames are pooled with
    first_patch = ids.index(valley.front_end.tokens.im_patch)
    assert first_change(valley, prompt, valley.front_end.prompt_of("what happens", changed)) == first_patch + 4


def test_a_frame_of_video_chatgpt_is_seen_from_its_place_on(chat):
    torch.manual_seed(0)
    features = torch.randn(4, 256, FEATURES)
    prompt = chat.front_end.prompt_of("what happens", features)
    first = ids_of(chat, prompt).index(chat.front_end.tokens.patch)
    for frame in range(4):
        changed = features.clone()
        changed[frame] += 1
        assert first_change(chat, prompt, chat.front_end.prompt_of("what happens", changed)) == first + frame


def test_visual_tokens_lie_between_their_delimiters(chat):
    features = torch.randn(2, 256, FEATURES)
    prompt = chat.front_end.prompt_of("what happens", features)
    ids, embeddings = ids_of(chat, prompt), chat.embeddings(prompt)[0]
    start = ids.index(chat.front_end.tokens.start)
    torch.testing.assert_close(embeddings[start + 1 : start + 357], chat.front_end.model(features))
    table = chat.lm.get_input_embeddings().weight
    assert torch.equal(embeddings[: start + 1], table[ids[: start + 1]])
    assert torch.equal(embeddings[start + 357 :], table[ids[start + 357 :]])


def test_pixels_reach_the_answer(model, frames):
    one = model.embeddings(model.front_end.prompt("what happens", Footage(frames)))
    other = model.embeddings(model.front_end.prompt("what happens", Footage(255 - frames)))
    assert one.shape == other.shape
    assert not torch.allclose(one, other)


def test_pieces_together_are_the_answer(model, frames):
    pieces = list(model.stream("what happens", frames, EIGHT))
    assert len(pieces) > 1
    assert all(pieces)
    assert model.front_end.clean("".join(pieces)) == model.answer("what happens", frames, EIGHT)


def test_the_answer_is_that_of_the_library(model, frames):
    embeddings = model.embeddings(model.front_end.prompt("what happens", Footage(frames)))
    expected = model.lm.generate(
        inputs_embeds=embeddings,
        attention_mask=torch.ones(embeddings.shape[:2], dtype=torch.long),
        max_new_tokens=8,
        do_sample=False,
        eos_token_id=-1,
        pad_token_id=0,
    )
    assert list(generate_ids(model.lm, embeddings, EIGHT)) == expected[0].tolist()


def test_greedy_is_the_same_every_time_and_ignores_the_seed(model, frames):
    other = Generation(max_new_tokens=8, seed=7)
    assert model.answer("what happens", frames, EIGHT) == model.answer("what happens", frames, other)


def test_samples_follow_the_seed(chat, frames):
    def sampled(seed, top_p=1.0):
        generation = Generation(max_new_tokens=8, sample=True, temperature=3.0, top_p=top_p, seed=seed)
        return list(generate_ids(chat.lm, embeddings, generation))

    embeddings = chat.embeddings(chat.front_end.prompt("what happens", Footage(frames)))
    assert sampled(1) == sampled(1)
    assert len({tuple(sampled(seed)) for seed in range(5)}) > 1
    assert sampled(1, top_p=1e-6) == list(generate_ids(chat.lm, embeddings, EIGHT))


def test_a_stop_ends_the_answer_and_is_no_part_of_it(chat, frames):
    embeddings = chat.embeddings(chat.front_end.prompt("what happens", Footage(frames)))
    free = list(generate_ids(chat.lm, embeddings, EIGHT))
    stop = tuple(free[2:4])
    place = next(index for index in range(len(free)) if tuple(free[index : index + 2]) == stop)
    assert list(generate_ids(chat.lm, embeddings, Generation(max_new_tokens=8, stop_ids=(stop,)))) == free[:place]


class Scripted:
    """A language model that says what it is told."""

    def __init__(self, ids, vocabulary, cache="cache"):
        self.ids, self.vocabulary, self.cache, self.seen = list(ids), vocabulary, cache, []

    def __call__(self, *, use_cache, **inputs):
        self.seen.append(inputs)
        logits = torch.zeros(1, 1, self.vocabulary)
        logits[0, 0, self.ids[len(self.seen) - 1]] = 1.0
        return SimpleNamespace(logits=logits, **{self.cache: len(self.seen)})


@pytest.mark.parametrize(
    ("said", "stops", "expected"),
    [
        ([5, 6, 835, 7], VICUNA_STOPS, [5, 6]),
        ([5, 2277, 29937, 7], VICUNA_STOPS, [5]),
        ([5, 2277, 6, 29937], VICUNA_STOPS, [5, 2277, 6, 29937]),
        ([5, 6, 7, 2277], VICUNA_STOPS, [5, 6, 7, 2277]),
        ([2277, 2277, 29937, 1], VICUNA_STOPS, [2277]),
        ([5, 2, 6, 7], LLAMA2_STOPS, [5]),
        ([3, 4, 3, 5, 9], ((3, 4, 5), (4, 3, 5)), [3]),
        ([5, 6, 7, 8], (), [5, 6, 7, 8]),
    ],
)
def test_stop_sequences(said, stops, expected):
    lm = Scripted(said, 30_000)
    generation = Generation(max_new_tokens=len(said), stop_ids=stops)
    assert list(generate_ids(lm, torch.zeros(1, 3, 2), generation)) == expected
    assert "inputs_embeds" in lm.seen[0]
    assert all(step["input_ids"].shape == (1, 1) for step in lm.seen[1:])


@pytest.mark.parametrize("name", ["cache", "past_key_values"])
def test_the_cache_goes_back_under_its_name(name):
    lm = Scripted([5, 6, 7], 9, cache=name)
    assert list(generate_ids(lm, torch.zeros(1, 1, 2), Generation(max_new_tokens=3))) == [5, 6, 7]
    assert [step.get(name) for step in lm.seen] == [None, 1, 2]
    with pytest.raises(ValueError, match="use_cache"):
        list(generate_ids(Scripted([5, 6], 9, cache="other"), torch.zeros(1, 1, 2), EIGHT))


def test_the_end_of_text_is_always_a_stop(llama):
    lm, tokenizer = load_language_model(llama)
    said = [WORDS.index(word) for word in ("a", "dog", "</s>", "cat")]
    scripted = Scripted(said, len(WORDS))
    scripted.get_input_embeddings = lm.get_input_embeddings
    model = VideoLLM(None, scripted, tokenizer)
    assert "".join(model.continued(SplitPrompt(("what",), ()), Generation(max_new_tokens=4))) == "a dog"


def test_text_is_held_back_while_it_may_be_a_stop():
    def pieces(text, stops):
        return list(stream_text(text.encode(), lambda ids: bytes(ids).decode("utf-8", "replace"), stops))

    assert pieces("ab#c", ("###",)) == ["a", "b", "#c"]
    assert pieces("ab### c", ("###",)) == ["a", "b"]
    assert pieces("a##", ("###",)) == ["a", "##"]
    assert pieces("é!", ()) == ["é", "!"]
    assert pieces("", ("###",)) == []


def test_nothing_is_asked_of_the_model_after_a_textual_stop():
    lm = Scripted(b"ab###cdef", 256)
    ids = generate_ids(lm, torch.zeros(1, 1, 2), Generation(max_new_tokens=9))
    assert "".join(stream_text(ids, lambda seen: bytes(seen).decode(), ("###",))) == "ab"
    assert len(lm.seen) == 5


def test_a_split_prompt_puts_blocks_between_pieces(llama):
    lm, tokenizer = load_language_model(llama)
    blocks = [torch.full((2, HIDDEN), 5.0), torch.full((1, HIDDEN), 6.0)]
    prompt = SplitPrompt.at("<ImageHere>", "a <ImageHere> dog <ImageHere>", blocks)
    embeddings = prompt.embed(tokenizer, lm.get_input_embeddings())[0]
    table = lm.get_input_embeddings().weight
    a, dog = table[[WORDS.index("a")]], table[[WORDS.index("dog")]]
    assert torch.equal(embeddings, torch.cat([a, blocks[0], dog, blocks[1]]))
    with pytest.raises(ValueError, match="2 blocks need 3 pieces"):
        SplitPrompt.at("<ImageHere>", "a <ImageHere>", blocks)
    with pytest.raises(ValueError, match=r"a block must be \(n, 32\)"):
        SplitPrompt(("a", "dog"), (torch.zeros(2, 3),)).embed(tokenizer, lm.get_input_embeddings())


def test_only_the_first_piece_begins_a_text():
    calls = []

    class Noting:
        def __call__(self, text, *, add_special_tokens=True):
            calls.append((text, add_special_tokens))
            return {"input_ids": [1]}

    SplitPrompt(("x", "y", "z"), (torch.zeros(1, 2), torch.zeros(1, 2))).embed(Noting(), nn.Embedding(4, 2))
    assert calls == [("x", True), ("y", False), ("z", False)]


def test_authors_ways_of_answering(valley, chat):
    assert valley.front_end.generation == Generation(max_new_tokens=1024, stop_texts=("###",))
    assert chat.front_end.generation.sample
    assert chat.front_end.generation.temperature == 0.2


def test_a_prompt_longer_than_the_model_reads_is_refused(valley):
    prompt = valley.front_end.prompt_of("what " * 1000, torch.zeros(1, 257, FEATURES))
    with pytest.raises(ValueError, match="the model can read 1024"):
        list(valley.continued(prompt, EIGHT))


@pytest.mark.parametrize(
    "bad", [{"max_new_tokens": 0}, {"temperature": 0.0}, {"top_p": 0.0}, {"stop_ids": ((),)}, {"stop_texts": ("",)}]
)
def test_impossible_generations_are_refused(bad):
    with pytest.raises(ValueError):
        Generation(**bad)


def test_new_tokens_begin_as_the_mean_and_trained_delimiters_are_restored(llama, chat, projection):
    lm, tokenizer = load_language_model(llama)
    old = lm.get_input_embeddings().weight.clone()
    add_visual_tokens(lm, tokenizer, ("<vid_patch>", "dog"))
    weight = lm.get_input_embeddings().weight
    assert len(weight) == len(old) + 1
    assert torch.equal(weight[: len(old)], old)
    torch.testing.assert_close(weight[-1], old.mean(0))
    torch.testing.assert_close(lm.get_output_embeddings().weight[-1], lm.get_output_embeddings().weight[:-1].mean(0))
    stored = torch.load(projection, weights_only=True)["model.embed_tokens.weight"]
    tokens = chat.front_end.tokens
    assert torch.equal(chat.lm.get_input_embeddings().weight[[tokens.start, tokens.end]], stored)


def test_tokens_of_a_release_keep_their_embeddings(valley, valley_folder):
    released = load_file(valley_folder / "model.safetensors")["model.embed_tokens.weight"]
    assert torch.equal(valley.lm.get_input_embeddings().weight, released)


def test_the_tower_is_read_before_its_last_block(tower, frames):
    library = transformers.CLIPVisionModel.from_pretrained(tower).eval()
    pixels = torch.randn(9, 3, 224, 224)
    with torch.no_grad():
        expected = library(pixel_values=pixels, output_hidden_states=True).hidden_states
    assert len(expected) == 4
    torch.testing.assert_close(load_clip_tower(tower)(pixels), expected[2])
    assert load_clip_tower(tower, -1)(pixels).shape == (9, 257, FEATURES)


def test_what_is_missing_or_not_whole_is_a_weights_error(tmp_path, llama, tower, projection):
    for load in (load_language_model, load_clip_tower, lambda path: load_valley_llm(path, tower)):
        with pytest.raises(WeightsError) as raised:
            load(tmp_path / "none")
        assert raised.value.kind == "missing"
    with pytest.raises(WeightsError, match="is no VALLEY"):
        load_valley_llm(llama, tower)
    for file in llama.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    state = load_file(llama / "model.safetensors")
    del state["model.norm.weight"]
    save_file(state, tmp_path / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(WeightsError, match=r"model\.norm\.weight"):
        load_language_model(tmp_path)
    torch.save(torch.load(projection) | {"model.embed_tokens.weight": torch.zeros(3, HIDDEN)}, tmp_path / "p.bin")
    with pytest.raises(WeightsError, match=r"embed_tokens\.weight \(3, 32\)"):
        load_video_chatgpt_llm(llama, tmp_path / "p.bin", tower, VideoChatGPTConfig(HIDDEN, FEATURES))


def test_the_language_model_may_have_less_precision(valley_folder, tower, frames):
    model = load_valley_llm(valley_folder, tower, torch.bfloat16)
    prompt = model.front_end.prompt("what happens", Footage(frames))
    assert model.embeddings(prompt).dtype == torch.bfloat16
    assert list(model.continued(prompt, EIGHT))

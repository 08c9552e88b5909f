"""BLIP: official files load, captions are made and filtered, retrieval looks twice."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from encoders.reference.bert import Growing
from encoders.reference.blip.capfilt import KeptText, TextFilter, capfilt
from encoders.reference.blip.captioning import Captioner
from encoders.reference.blip.decoder import BlipDecoder, DecoderConfig
from encoders.reference.blip.generation import GenerationConfig, generate, nucleus, nucleus_config
from encoders.reference.blip.loading import load_blip_decoder, load_blip_retrieval
from encoders.reference.blip.med import MedConfig
from encoders.reference.blip.preprocessing import frame_indices, preprocess
from encoders.reference.blip.reranking import UNSEEN, rerank, rerank_pictures, rerank_texts
from encoders.reference.blip.retrieval import BlipConfig, BlipRetrieval, video_tokens
from encoders.reference.blip.text import BlipTokenizer, clean_caption
from encoders.reference.blip.vit import VitConfig, resized_positions
from encoders.types import WeightsError

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "a", "picture", "of", "dog", "cat", "run", "##ning", ".", "!"]
DEC, ENC, SEP = len(WORDS), len(WORDS) + 1, 3
VISION = VitConfig(img_size=8, patch_size=4, embed_dim=8, depth=1, num_heads=2)
TEXT = MedConfig(
    vocab_size=len(WORDS) + 2,
    hidden_size=12,
    num_hidden_layers=2,
    num_attention_heads=3,
    intermediate_size=24,
    max_position_embeddings=24,
    encoder_width=8,
)
RETRIEVAL = BlipConfig(VISION, TEXT, embed_dim=6, enc_token=ENC)
DECODER = DecoderConfig(VISION, TEXT, dec_token=DEC, end_token=SEP)
PIXELS = torch.linspace(-1, 1, 3 * 3 * 8 * 8).sin().reshape(3, 3, 8, 8)


def random(model):
    """Weights large enough that inputs matter."""
    torch.manual_seed(3)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model.eval().requires_grad_(False)


@pytest.fixture
def retrieval():
    return random(BlipRetrieval(RETRIEVAL))


@pytest.fixture
def decoder():
    return random(BlipDecoder(DECODER))


@pytest.fixture
def vocabulary(tmp_path):
    file = tmp_path / "vocab.txt"
    file.write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    return file


@pytest.fixture
def tokenizer(vocabulary):
    return BlipTokenizer(vocabulary)


def pretrained(retrieval, decoder):
    """The layout of pre-training: both models, momentum copies, queues, temperature and position ids, partly fp16."""
    state = {**retrieval.state_dict(), **decoder.state_dict()}
    # Both models have a vision transformer; a file has one.
    state.update({k: v for k, v in retrieval.state_dict().items() if k.startswith("visual_encoder.")})
    state.update({f"{k.replace('.', '_m.', 1)}": v for k, v in retrieval.state_dict().items() if "itm" not in k})
    state = {k: v.half() if "crossattention" in k else v for k, v in state.items()}
    return state | {
        "temp": torch.tensor(0.07),
        "image_queue": torch.zeros(6, 4),
        "text_queue": torch.zeros(6, 4),
        "idx_queue": torch.zeros(1, 4),
        "ptr_queue": torch.zeros(1, dtype=torch.long),
        "text_encoder.embeddings.position_ids": torch.arange(24)[None],
        "text_decoder.bert.embeddings.position_ids": torch.arange(24)[None],
    }


def test_official_files_load(tmp_path, retrieval, decoder):
    file = tmp_path / "model_base.pth"
    torch.save({"model": pretrained(retrieval, decoder), "epoch": 19, "optimizer": {"state": {}}}, file)
    one, two = load_blip_retrieval(file, RETRIEVAL), load_blip_decoder(file, DECODER)
    for mine, original in ((one, retrieval), (two, decoder)):
        assert not mine.training
        assert all(p.dtype == torch.float32 and not p.requires_grad for p in mine.parameters())
        for name, tensor in mine.state_dict().items():
            if not name.startswith("visual_encoder."):
                torch.testing.assert_close(tensor, original.state_dict()[name], atol=2e-3, rtol=1e-3)
    assert torch.equal(one.picture_tokens(PIXELS), retrieval.picture_tokens(PIXELS))
    assert torch.equal(two.visual_encoder(PIXELS), one.picture_tokens(PIXELS))


def test_larger_pictures_get_positions_in_between(tmp_path, retrieval):
    torch.save({"model": retrieval.state_dict()}, tmp_path / "a.pth")
    config = dataclasses.replace(RETRIEVAL, vision=dataclasses.replace(VISION, img_size=16))
    larger = load_blip_retrieval(tmp_path / "a.pth", config)
    old, new = retrieval.visual_encoder.pos_embed, larger.visual_encoder.pos_embed
    assert new.shape == (1, 17, 8)
    assert torch.equal(new[:, 0], old[:, 0])
    # Bicubic resizing by two keeps the mean of a 2 x 2 grid, whose borders are repeated.
    torch.testing.assert_close(new[0, 1:].mean(dim=0), old[0, 1:].mean(dim=0))
    assert larger.picture_tokens(torch.zeros(1, 3, 16, 16)).shape == (1, 17, 8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop("itm_head.bias"), r"missing: itm_head\.bias"),
        (lambda s: s.update({"vision_proj.extra": torch.zeros(1)}), r"unexpected: vision_proj\.extra"),
        (lambda s: s.update({"text_proj.bias": torch.zeros(5)}), r"text_proj\.bias \(5,\) instead of \(6,\)"),
        (lambda s: s.update({"visual_encoder.pos_embed": torch.zeros(1, 7, 8)}), r"pos_embed: .* no squares"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path, retrieval, change, said):
    state = dict(retrieval.state_dict())
    change(state)
    torch.save({"model": state}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=said):
        load_blip_retrieval(tmp_path / "a.pth", RETRIEVAL)


def test_a_decoder_without_its_head_is_refused(tmp_path, decoder):
    state = dict(decoder.state_dict())
    del state["text_decoder.cls.predictions.bias"]
    torch.save({"model": state}, tmp_path / "a.pth")
    with pytest.raises(WeightsError, match=r"missing: text_decoder\.cls\.predictions\.bias"):
        load_blip_decoder(tmp_path / "a.pth", DECODER)


def test_padding_changes_nothing(retrieval, tokenizer):
    short, both = tokenizer.encode(["a dog"]), tokenizer.encode(["a dog", "a picture of a cat running"])
    tokens = retrieval.picture_tokens(PIXELS[:1])
    torch.testing.assert_close(
        retrieval.text_vectors(short.ids, short.mask), retrieval.text_vectors(both.ids, both.mask)[:1]
    )
    torch.testing.assert_close(
        retrieval.match_logits(tokens, short.ids, short.mask),
        retrieval.match_logits(tokens.expand(2, -1, -1), both.ids, both.mask)[:1],
    )


def test_matching_looks_at_the_picture_and_marks_the_text(retrieval, tokenizer):
    batch = tokenizer.encode(["a dog"] * 3)
    logits = retrieval.match_logits(retrieval.picture_tokens(PIXELS), batch.ids, batch.mask)
    assert not torch.allclose(logits[0], logits[1])
    untouched = BlipRetrieval(dataclasses.replace(RETRIEVAL, replace_cls=False)).eval()
    untouched.load_state_dict(retrieval.state_dict())
    tokens = retrieval.picture_tokens(PIXELS)
    assert not torch.allclose(untouched.match_logits(tokens, batch.ids, batch.mask), logits)
    marked = batch.ids.clone()
    marked[:, 0] = ENC
    assert torch.equal(untouched.match_logits(tokens, marked, batch.mask), logits)
    assert int(batch.ids[0, 0]) == WORDS.index("[CLS]")


def test_frames_have_no_order_and_their_mean_is_taken_before_the_length(retrieval, tokenizer):
    frames = retrieval.picture_tokens(PIXELS)[None]
    backwards = frames.flip(1)
    batch = tokenizer.encode(["a dog"])
    torch.testing.assert_close(retrieval.video_vectors(frames), retrieval.video_vectors(backwards))
    torch.testing.assert_close(
        retrieval.match_logits(video_tokens(frames), batch.ids, batch.mask),
        retrieval.match_logits(video_tokens(backwards), batch.ids, batch.mask),
    )
    later = retrieval.picture_vectors(frames[0]).mean(dim=0)
    assert not torch.allclose(retrieval.video_vectors(frames)[0], later / later.norm(), atol=1e-4)


def test_only_the_nearest_are_looked_at_and_the_look_decides():
    similarities = torch.tensor([[0.1, 0.9, 0.5, 0.7], [0.4, 0.3, 0.2, 0.1]])
    asked = []

    def match(query, candidates):
        asked.append((query, sorted(candidates.tolist())))
        return torch.tensor([10.0, -1.0, 2.0, 3.0])[candidates]

    scores = rerank(similarities, match, k=2)
    assert asked == [(0, [1, 3]), (1, [0, 1])]
    torch.testing.assert_close(scores, torch.tensor([[UNSEEN, -0.1, UNSEEN, 3.7], [10.4, -0.7, UNSEEN, UNSEEN]]))
    assert scores[0].argsort(descending=True)[:2].tolist() == [3, 1]
    alone = rerank(similarities, match, k=9, add_similarity=False)
    assert alone.tolist() == [[10, -1, 2, 3]] * 2


def test_both_directions_look_at_the_same_pairs(retrieval, tokenizer):
    batch = tokenizer.encode(["a dog", "a cat running"])
    tokens = retrieval.picture_tokens(PIXELS)
    similarities = retrieval.text_vectors(batch.ids, batch.mask) @ retrieval.picture_vectors(tokens).T
    pictures = rerank_pictures(retrieval, tokens, batch.ids, batch.mask, similarities)
    texts = rerank_texts(retrieval, tokens, batch.ids, batch.mask, similarities.T)
    torch.testing.assert_close(pictures, texts.T)
    assert int((rerank_texts(retrieval, tokens, batch.ids, batch.mask, similarities.T, k=1) == UNSEEN).sum()) == 3
    with pytest.raises(ValueError, match="similarities must be"):
        rerank_texts(retrieval, tokens, batch.ids, batch.mask, similarities)
    with pytest.raises(ValueError, match="k positive"):
        rerank_pictures(retrieval, tokens, batch.ids, batch.mask, similarities, k=0)


def test_a_token_does_not_see_later_ones(decoder):
    tokens = decoder.visual_encoder(PIXELS[:1])
    ids = torch.tensor([[2, 4, 7, 3]])
    other = torch.tensor([[2, 4, 8, 3]])
    mask = torch.ones_like(ids)
    one, two = decoder.logits(tokens, ids, mask), decoder.logits(tokens, other, mask)
    torch.testing.assert_close(one[:, :2], two[:, :2])
    assert not torch.allclose(one[:, 2], two[:, 2])


def test_the_loss_leaves_prompt_and_padding_out(decoder):
    tokens = decoder.visual_encoder(PIXELS[:1])
    ids = torch.tensor([[2, 4, 7, 3]])
    padded = torch.tensor([[2, 4, 7, 3, 0, 0]])
    whole = decoder.loss(tokens, ids, torch.ones_like(ids))
    torch.testing.assert_close(decoder.loss(tokens, padded, (padded != 0).long()), whole)
    logits = decoder.logits(tokens, ids, torch.ones_like(ids))[0].log_softmax(dim=1)
    last = -0.9 * logits[2, 3] - 0.1 * logits[2].mean()
    torch.testing.assert_close(decoder.loss(tokens, ids, torch.ones_like(ids), prompt_length=3), last)


def test_a_text_that_grows_has_the_states_of_the_whole(decoder):
    tokens, bert = decoder.visual_encoder(PIXELS), decoder.text_decoder.bert
    ids = torch.tensor([[DEC, 4, 5, 6, 7], [DEC, 8, 4, 9, 11], [DEC, 5, 5, 10, 12]])
    whole, growing, parts = decoder.states(tokens, ids, torch.ones_like(ids)), Growing(), []
    for start, end in ((0, 3), (3, 4), (4, 5)):
        new = bert.embed(ids[:, start:end], growing.length)
        parts.append(bert.run(new, torch.ones_like(ids[:, :end]), tokens, causal=True, growing=growing))
    torch.testing.assert_close(torch.cat(parts, dim=1), whole)
    with pytest.raises(ValueError, match="mask"):
        bert.run(new, torch.ones(3, 1), tokens, causal=True, growing=growing)
    with pytest.raises(ValueError, match="grow"):
        bert.run(new, torch.ones(3, 6), tokens, growing=growing)


def test_generation_repeats_under_a_seed_and_keeps_its_lengths(decoder):
    tokens = decoder.visual_encoder(PIXELS)
    prompt = torch.tensor([DEC, 4])

    def drawn(seed):
        return decoder.generate(tokens, prompt, nucleus_config(), torch.Generator().manual_seed(seed))

    assert torch.equal(drawn(1), drawn(1))
    assert any(drawn(1).shape != drawn(seed).shape or not torch.equal(drawn(1), drawn(seed)) for seed in range(2, 8))
    greedy = decoder.generate(tokens, prompt, GenerationConfig(max_length=9))
    assert torch.equal(greedy, decoder.generate(tokens, prompt, GenerationConfig(max_length=9)))
    assert torch.equal(greedy[:, :2], prompt.expand(3, 2))
    step = decoder.logits(tokens, greedy[:, :2], torch.ones(3, 2))[:, -1]
    step[:, SEP] = -torch.inf
    assert torch.equal(greedy[:, 2], step.argmax(dim=1))


def test_rules_of_generation():
    liking = torch.tensor([[0.0, 1.0, 3.0, 5.0, 2.9]])
    start = torch.tensor([[1]])

    def run(**options):
        return generate(lambda ids: liking.repeat(len(ids), 1), start, GenerationConfig(**options), end=3)[0].tolist()

    assert run(min_length=0) == [1, 3]
    assert run(min_length=4) == [1, 2, 2, 2, 3]
    assert run(min_length=4, repetition_penalty=1.1) == [1, 2, 4, 2, 3]
    assert run(min_length=3, max_length=3) == [1, 2, 2]
    # A text that ended is padded while another goes on.
    two = generate(
        lambda ids: torch.where(ids[:, :1] == 1, liking, liking.flip(1)),
        torch.tensor([[1], [2]]),
        GenerationConfig(min_length=0, max_length=4),
        end=3,
    )
    assert two.tolist() == [[1, 3, 0, 0], [2, 1, 1, 1]]


def test_the_nucleus_holds_the_token_that_fills_it():
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()
    torch.testing.assert_close(nucleus(logits, 0.7), torch.tensor([[0.625, 0.375, 0, 0]]))
    torch.testing.assert_close(nucleus(logits, 0.4), torch.tensor([[1.0, 0, 0, 0]]))
    torch.testing.assert_close(nucleus(logits, 1.0), logits.exp())
    torch.testing.assert_close(nucleus(logits, 1.0, top_k=2), torch.tensor([[0.625, 0.375, 0, 0]]))


def test_texts_become_pieces_and_back(vocabulary, tokenizer, tmp_path):
    assert (tokenizer.dec, tokenizer.enc, tokenizer.end, tokenizer.size) == (DEC, ENC, SEP, len(WORDS) + 2)
    batch = tokenizer.encode(["A DOG running!", "a zebra"])
    assert batch.ids.tolist() == [[2, 4, 7, 9, 10, 12, 3], [2, 4, 1, 3, 0, 0, 0]]
    assert batch.mask.tolist() == [[1] * 7, [1] * 4 + [0] * 3]
    assert tokenizer.encode(["a dog running"], max_length=4).ids.tolist() == [[2, 4, 7, 3]]
    assert tokenizer.decode(torch.tensor([[DEC, 4, 7, 9, 10, 11, 3, 0]])) == ["a dog running."]
    assert tokenizer.prompt("a picture of ").tolist() == [DEC, 4, 5, 6]
    whole = tmp_path / "tokenizer.json"
    tokenizer._tokenizer.save(str(whole))
    assert Tokenizer.from_file(str(whole)).get_vocab_size() == len(WORDS) + 2
    again = BlipTokenizer(whole)
    assert (again.dec, again.enc) == (DEC, ENC)
    assert torch.equal(again.encode(["A DOG running!", "a zebra"]).ids, batch.ids)


def test_no_vocabulary_is_said_so(tmp_path):
    with pytest.raises(WeightsError, match="There is no vocabulary"):
        BlipTokenizer(tmp_path / "vocab.txt")
    (tmp_path / "vocab.txt").write_text("a\nb\n", encoding="utf-8")
    (tmp_path / "tokenizer.json").write_text("{}", encoding="utf-8")
    for name in ("vocab.txt", "tokenizer.json"):
        with pytest.raises(WeightsError, match="cannot be read"):
            BlipTokenizer(tmp_path / name)


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ('A man, "Bob" (left).', "a man, bob left"),
        ("it's half-full? yes!!  #1:~x\n", "it's half-full? yes 1 x"),
        ("one two three", "one two"),
    ],
)
def test_captions_are_cleaned(text, clean):
    assert clean_caption(text, 2 if text == "one two three" else 30) == clean


def test_captions_come_without_the_prompt(decoder, tokenizer):
    captioner = Captioner(decoder, tokenizer, GenerationConfig(max_length=9))
    captions = captioner.caption(PIXELS)
    assert len(captions) == 3
    ids = decoder.generate(decoder.visual_encoder(PIXELS), torch.tensor([DEC, 4, 5, 6]), GenerationConfig(max_length=9))
    assert captions == [text.strip() for text in tokenizer.decode(ids[:, 4:])]
    drawing = Captioner(decoder, tokenizer, nucleus_config())
    assert drawing.caption(PIXELS, torch.Generator().manual_seed(5)) == drawing.caption(
        PIXELS, torch.Generator().manual_seed(5)
    )
    assert captioner.caption(PIXELS[:0]) == []


def test_the_captioning_loss_is_that_of_the_words_after_the_prompt(decoder, tokenizer):
    captioner = Captioner(decoder, tokenizer)
    ids = torch.tensor([[2, 4, 5, 6, 4, 7, 3]])
    expected = decoder.loss(decoder.visual_encoder(PIXELS[:1]), ids, torch.ones_like(ids), prompt_length=4)
    torch.testing.assert_close(captioner.loss(PIXELS[:1], ["a dog"]), expected)
    with pytest.raises(ValueError, match="captions are not for"):
        captioner.loss(PIXELS, ["a dog"])
    with pytest.raises(ValueError, match=r"\[DEC\] and \[SEP\]"):
        Captioner(BlipDecoder(dataclasses.replace(DECODER, dec_token=0)), tokenizer)


class Writer:
    """Stands for a captioner that always writes the same texts."""

    def __init__(self, *texts):
        self.texts = texts

    def caption(self, pixels, generator=None):
        return list(self.texts)


def test_capfilt_keeps_what_matches_and_drops_the_rest(retrieval, tokenizer):
    texts = [" ".join(words) for words in ("a dog".split(), "cat running".split(), "a picture of dog".split())]
    batch = tokenizer.encode(texts)
    tokens = retrieval.picture_tokens(PIXELS)
    margins = torch.stack(
        [retrieval.match_logits(tokens[[picture] * 3], batch.ids, batch.mask).diff(dim=1)[:, 0] for picture in range(2)]
    )
    # The head's bias is moved so that the first picture matches its best text and not its worst.
    best, worst = int(margins[0].argmax()), int(margins[0].argmin())
    retrieval.itm_head.bias[1] -= (margins[0, best] + margins[0, worst]) / 2
    judge = TextFilter(retrieval, tokenizer)
    kept = capfilt(Writer(texts[worst]), judge, PIXELS[:1], [texts[best]])
    assert kept == [KeptText(0, texts[best], synthetic=False)]
    kept = capfilt(Writer(texts[best]), judge, PIXELS[:1], [texts[worst]])
    assert kept == [KeptText(0, texts[best], synthetic=True)]
    assert capfilt(Writer(texts[worst]), judge, PIXELS[:1], [texts[worst]]) == []
    with pytest.raises(ValueError, match="texts are not for"):
        capfilt(Writer(), judge, PIXELS[:2], texts[:1])


def test_pictures_become_squares_and_nothing_is_cut_off():
    frame = np.zeros((1, 20, 60, 3), np.uint8)
    frame[:, :, 30:] = 255
    pixels = preprocess(frame, 16)
    assert pixels.shape == (1, 3, 16, 16)
    assert pixels.dtype == torch.float32
    assert pixels[0, 0, 0, 0].item() == pytest.approx(-0.48145466 / 0.26862954)
    assert pixels[0, 2, -1, -1].item() == pytest.approx((1 - 0.40821073) / 0.27577711)
    assert preprocess(frame[:0], 16).shape == (0, 3, 16, 16)


def test_bad_input_is_refused(retrieval, decoder, tokenizer):
    with pytest.raises(ValueError, match="frames must be uint8"):
        preprocess(np.zeros((1, 4, 4, 3), np.float32))
    with pytest.raises(ValueError, match="size must be"):
        preprocess(np.zeros((1, 4, 4, 3), np.uint8), 0)
    with pytest.raises(ValueError, match="cannot be taken"):
        frame_indices(0)
    with pytest.raises(ValueError, match="pixels must be"):
        retrieval.picture_tokens(torch.zeros(1, 3, 9, 8))
    with pytest.raises(ValueError, match="ids must be"):
        retrieval.text_vectors(torch.ones(1, 25, dtype=torch.long), torch.ones(1, 25))
    with pytest.raises(ValueError, match="the mask must be"):
        retrieval.text_vectors(torch.ones(1, 5, dtype=torch.long), torch.ones(1, 4))
    with pytest.raises(ValueError, match="picture tokens must be"):
        retrieval.match_logits(torch.zeros(2, 5, 8), torch.ones(1, 5, dtype=torch.long), torch.ones(1, 5))
    for tokens in (torch.zeros(5, 8), torch.zeros(1, 0, 5, 8)):
        with pytest.raises(ValueError, match="tokens of videos"):
            retrieval.video_vectors(tokens)
    with pytest.raises(ValueError, match="prompt must be"):
        decoder.generate(torch.zeros(1, 5, 8), torch.zeros(0, dtype=torch.long), GenerationConfig())
    with pytest.raises(ValueError, match="prompt must be"):
        decoder.generate(torch.zeros(1, 5, 8), torch.ones(5, dtype=torch.long), GenerationConfig(5, 5))
    with pytest.raises(ValueError, match="cannot be encoded"):
        tokenizer.encode([])
    for options in ({"min_length": 30}, {"top_p": 0.0}, {"repetition_penalty": 0.0}):
        with pytest.raises(ValueError, match=r"must be|may be"):
            GenerationConfig(**options)
    for shape, count in (((1, 6, 8), 17), ((1, 5, 8), 18), ((5, 8), 17)):
        with pytest.raises(ValueError, match="position"):
            resized_positions(torch.zeros(shape), count)
    wide = dataclasses.replace(TEXT, encoder_width=9)
    for make, config in ((BlipRetrieval, RETRIEVAL), (BlipDecoder, DECODER)):
        with pytest.raises(ValueError, match="8 wide, not 9"):
            make(dataclasses.replace(config, text=wide))

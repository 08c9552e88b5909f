"""Video-LLaMA and Video-LLaVA before a language model, and talks of several turns with all four families."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from encoders.reference.languagebind import preprocessing as languagebind
from encoders.reference.valley.prompts import SYSTEM as VALLEY_SYSTEM
from encoders.reference.valley.prompts import placeholder as valley_slots
from encoders.reference.video_chatgpt.model import VideoChatGPTConfig
from encoders.reference.video_chatgpt.prompts import SYSTEM as CHAT_SYSTEM
from encoders.reference.video_llama import preprocessing as llama_preprocessing
from encoders.reference.video_llama.prompts import IMAGE_SYSTEM, LLAMA2_STOPS, VICUNA_STOPS
from encoders.reference.video_llava.prompts import SYSTEM as LLAVA_SYSTEM
from encoders.reference.video_llm.clip_tower import load_clip_tower
from encoders.reference.video_llm.generation import Generation
from encoders.reference.video_llm.loading import (
    load_valley_llm,
    load_video_chatgpt_llm,
    load_video_llama_llm,
    load_video_llava_llm,
)
from encoders.reference.video_llm.prompt import Footage
from encoders.types import WeightsError
from tests.unit.encoders import video_llms
from tests.unit.encoders.video_llms import AUDIO, FEATURES, HIDDEN, LLAVA, TOWER, VISION, WORDS

transformers = pytest.importorskip("transformers")

SIX = Generation(max_new_tokens=6)
TALK = [("What runs?", "A dog."), ("And then?", "It sleeps.")]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def llama(place):
    (place / "llama").mkdir()
    return video_llms.write_llama(place / "llama", begins=True)


@pytest.fixture(scope="module")
def tower(place):
    (place / "tower").mkdir()
    return video_llms.write_tower(place / "tower")


@pytest.fixture(scope="module")
def video_llama(place, llama):
    video_llms.write_video_llama(place)
    vision = [place / "eva.pth", place / "vl.pth"]
    return load_video_llama_llm(llama, vision, place / "al.pth", vision_config=VISION, audio_config=AUDIO)


@pytest.fixture(scope="module")
def video_llava(place, llama):
    (place / "llava").mkdir()
    return load_video_llava_llm(video_llms.write_video_llava(place / "llava", llama), LLAVA)


@pytest.fixture(scope="module")
def valley(place, llama, tower):
    (place / "valley").mkdir()
    return load_valley_llm(video_llms.write_valley(place / "valley", llama, tower), tower_sizes=TOWER)


@pytest.fixture(scope="module")
def chat(place, llama, tower):
    projection = video_llms.write_projection(place / "projection.bin")
    return load_video_chatgpt_llm(llama, projection, tower, VideoChatGPTConfig(HIDDEN, FEATURES))


@pytest.fixture(params=["valley", "chat", "video_llama", "video_llava"])
def model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def frames():
    return np.random.default_rng(1).integers(0, 256, (8, 64, 80, 3), dtype=np.uint8)


@pytest.fixture(scope="module")
def sound():
    return (0.1 * np.sin(0.3 * np.arange(48_000))).astype(np.float32)


def text_of(prompt):
    return prompt.text if hasattr(prompt, "text") else "<ImageHere>".join(prompt.pieces)


def rows(model, *ids):
    return model.lm.get_input_embeddings().weight[list(ids)]


# Prompts of several turns, byte for byte


def test_valley_talks_in_official_separators(valley):
    prompt = valley.front_end.prompt_of("Why?", torch.zeros(8, 257, FEATURES), TALK)
    assert prompt.text == (
        f"{VALLEY_SYSTEM}\n\n### Human: What runs?\n{valley_slots(8)} \n### Assistent: A dog. \n### Human: And then? "
        "\n### Assistent: It sleeps. \n### Human: Why? \n###"
    )
    later = valley.front_end.prompt_of("In <video>, why?", torch.zeros(2, 257, FEATURES), TALK[:1])
    assert later.text == (
        f"{VALLEY_SYSTEM}\n\n### Human: What runs? \n### Assistent: A dog. \n"
        f"### Human: In {valley_slots(2)}, why? \n###"
    )


def test_video_chatgpt_talks_in_official_separators(chat):
    prompt = chat.front_end.prompt_of("Why?", torch.zeros(3, 256, FEATURES), TALK)
    slots = f"<vid_start>{'<vid_patch>' * 356}<vid_end>"
    assert prompt.text == (
        f"{CHAT_SYSTEM} USER: What runs?\n{slots} ASSISTANT: A dog.</s>USER: And then? ASSISTANT: It sleeps.</s>"
        "USER: Why? ASSISTANT:"
    )


def test_video_llama_talks_in_official_separators(video_llama, frames, sound):
    front_end = video_llama.front_end
    seconds = [0.0, 0.25, 12.34]
    line = "The video contains 3 frames sampled at 0.0, 0.2, 12.3 seconds. "
    assert text_of(front_end.prompt("Why?", Footage(frames[:3], seconds), TALK)) == (
        f"###Human: <Video><ImageHere></Video> {line} What runs?###Assistant: A dog.###Human: And then?"
        "###Assistant: It sleeps.###Human: Why?###Assistant:"
    )
    assert text_of(front_end.prompt("Why?", Footage(frames[:3]))) == (
        "###Human: <Video><ImageHere></Video>  Why?###Assistant:"
    )
    heard = front_end.prompt("Why?", Footage(frames[:3], seconds, sound), TALK[:1])
    assert text_of(heard) == (
        "###Human: Close your eyes, open your ears and you imagine only based on the sound that: <ImageHere>. "
        "                Close your ears, open your eyes and you see that <Video><ImageHere></Video>.  "
        "                Now answer my question based on what you have just seen and heard. What runs?"
        "###Assistant: A dog.###Human: Why?###Assistant:"
    )
    assert [len(block) for block in heard.blocks] == [AUDIO.queries, VISION.video_queries]
    assert text_of(front_end.picture_prompt("Who?", frames[0])) == (
        f"{IMAGE_SYSTEM}###Human: <Image><ImageHere></Image>  Who?###Assistant:"
    )


def test_video_llama_talks_to_llama_2(place, llama, video_llama, frames):
    vision = [place / "eva.pth", place / "vl.pth"]
    model = load_video_llama_llm(llama, vision, template="llama_2", vision_config=VISION)
    assert text_of(model.front_end.prompt("Why?", Footage(frames), TALK[:1])) == (
        "[INST] <<SYS>>\n\n<</SYS>>\n\n<Video><ImageHere></Video>  What runs? [/INST] A dog. </s><s>[INST] Why? [/INST]"
    )
    assert model.front_end.generation.stop_ids == LLAMA2_STOPS
    assert video_llama.front_end.generation.stop_ids == VICUNA_STOPS
    assert not model.front_end.hears
    assert video_llama.front_end.hears


def test_video_llava_talks_in_official_separators(video_llava, frames):
    prompt = video_llava.front_end.prompt("Why?", Footage(frames), TALK)
    assert prompt.text == (
        f"{LLAVA_SYSTEM} USER: {'<image>' * 8}\nWhat runs? ASSISTANT: A dog.</s>USER: And then? ASSISTANT: It sleeps."
        "</s>USER: Why? ASSISTANT:"
    )


def test_earlier_turns_reach_the_model(model, frames):
    alone = model.embeddings(model.front_end.prompt("what runs", Footage(frames)))
    later = model.embeddings(model.front_end.prompt("what runs", Footage(frames), [("what happens", "a cat sleeps")]))
    assert later.shape[1] > alone.shape[1]
    whole = model.answer("what runs", frames, SIX, history=[("what happens", "a cat sleeps")])
    pieces = list(model.stream("what runs", frames, SIX, history=[("what happens", "a cat sleeps")]))
    assert model.front_end.clean("".join(pieces)) == whole


@pytest.mark.parametrize(
    ("name", "mark"),
    [("valley", "<video>"), ("chat", "<vid_patch>"), ("video_llama", "<ImageHere>"), ("video_llava", "<image>")],
)
def test_what_was_answered_cannot_pose_as_a_video(name, mark, request, frames):
    front_end = request.getfixturevalue(name).front_end
    with pytest.raises(ValueError, match=f"{mark} stands for something to see"):
        front_end.prompt("Why?", Footage(frames), [("What?", f"A {mark}")])


# Video-LLaMA


def test_sound_and_sight_of_video_llama_lie_where_the_prompt_says(video_llama, frames, sound):
    front_end = video_llama.front_end
    prompt = front_end.prompt("what happens", Footage(frames, None, sound))
    embeddings = video_llama.embeddings(prompt)[0]
    seen = front_end.vision(llama_preprocessing.preprocess(frames)[None])[0]
    heard = front_end.audio(llama_preprocessing.audio_clips(torch.from_numpy(sound))[None])[0]
    before = [len(video_llama.tokenizer(prompt.pieces[0])["input_ids"])]
    before.append(
        before[0] + len(heard) + len(video_llama.tokenizer(prompt.pieces[1], add_special_tokens=False).input_ids)
    )
    torch.testing.assert_close(embeddings[before[0] : before[0] + len(heard)], heard)
    torch.testing.assert_close(embeddings[before[1] : before[1] + len(seen)], seen)
    assert torch.equal(embeddings[0], rows(video_llama, 1)[0]), "the text begins once"
    assert (embeddings == rows(video_llama, 1)).all(dim=1).sum() == 1


def test_order_and_sound_change_what_video_llama_reads(video_llama, frames, sound):
    def read(*footage):
        return video_llama.embeddings(video_llama.front_end.prompt("what happens", Footage(*footage)))

    assert not torch.allclose(read(frames), read(frames[::-1]))
    assert not torch.allclose(read(frames, None, sound), read(frames, None, -0.5 * sound[::2]))
    assert torch.equal(read(frames, None, sound), read(frames, range(8), sound)), "officially not both are told"


def test_what_video_llama_cannot_take(place, llama, video_llama, frames, sound):
    with pytest.raises(ValueError, match="8 frames need as many seconds, not 2"):
        video_llama.front_end.prompt("Why?", Footage(frames, [0.0, 1.0]))
    with pytest.raises(ValueError, match="not empty"):
        video_llama.front_end.prompt("Why?", Footage(frames), [("What?", "Yes."), ("", "No.")])
    deaf = load_video_llama_llm(llama, [place / "eva.pth", place / "vl.pth"], vision_config=VISION)
    with pytest.raises(ValueError, match="no audio branch"):
        deaf.front_end.prompt("Why?", Footage(frames, None, sound))
    with pytest.raises(WeightsError, match="VideoLlamaVision"):
        load_video_llama_llm(llama, place / "al.pth", vision_config=VISION)


# Video-LLaVA


def test_frames_and_pictures_of_video_llava_go_where_the_questions_say(video_llava, frames):
    front_end, model = video_llava.front_end, video_llava.front_end.model
    shown = [frames, frames[0], frames[5]]
    video = model.encode_videos(languagebind.video(frames)[None])[0]
    pictures = model.encode_images(languagebind.image(frames[[0, 5]]))
    prompt = front_end.mixed_prompt("what runs in <image> and <image>", shown, [("what happens in <video>", "a dog")])
    assert prompt.text == (
        f"{LLAVA_SYSTEM} USER: what happens in {'<image>' * 8} ASSISTANT: a dog</s>"
        "USER: what runs in <image> and <image> ASSISTANT:"
    )
    assert [len(block) for block in prompt.blocks] == [17] * 8 + [16] * 2
    embeddings = video_llava.embeddings(prompt)[0]
    first = video_llava.tokenizer(prompt.text.partition("<image>")[0]).input_ids
    torch.testing.assert_close(embeddings[: len(first)], rows(video_llava, *first))
    torch.testing.assert_close(embeddings[len(first) : len(first) + 8 * 17], video.flatten(0, 1))
    word_ids = {word: index for index, word in enumerate(WORDS)}
    tail = video_llava.tokenizer(" ASSISTANT:", add_special_tokens=False).input_ids
    torch.testing.assert_close(embeddings[-len(tail) - 16 : -len(tail)], pictures[1])
    torch.testing.assert_close(embeddings[-len(tail) - 17], rows(video_llava, word_ids["and"])[0])
    torch.testing.assert_close(embeddings[-len(tail) - 33 : -len(tail) - 17], pictures[0])


def test_what_is_shown_comes_first_where_no_question_says(video_llava, frames):
    prompt = video_llava.front_end.mixed_prompt("Why?", [frames[0], frames], [("What?", "Yes.")])
    assert prompt.text == (f"{LLAVA_SYSTEM} USER: {'<image>' * 9}\nWhat? ASSISTANT: Yes.</s>USER: Why? ASSISTANT:")
    assert [len(block) for block in prompt.blocks] == [16] + [17] * 8


def test_what_video_llava_cannot_take(video_llava, frames):
    front_end = video_llava.front_end
    with pytest.raises(ValueError, match="name <image>, but what is shown is <video>"):
        front_end.mixed_prompt("Why <image>?", [frames])
    with pytest.raises(ValueError, match=r"\(b, 3, 8, 224, 224\)"):
        front_end.prompt("Why?", Footage(frames[:3]))
    with pytest.raises(ValueError, match="one thing or more"):
        front_end.mixed_prompt("Why?", [])
    long = front_end.mixed_prompt("Why?", [frames[0]] * 200)
    with pytest.raises(ValueError, match="of which the model reads 3072"):
        video_llava.embeddings(long)


def test_the_port_of_the_library_gives_the_librarys_numbers(place, frames):
    folder = place / "port"
    video_token = len(WORDS) + 1
    vision = transformers.CLIPVisionConfig(
        hidden_size=12, intermediate_size=20, num_hidden_layers=3, num_attention_heads=3, image_size=224, patch_size=56
    )
    config = transformers.VideoLlavaConfig(
        vision_config=vision,
        text_config=video_llms.llama_config(len(WORDS) + 2),
        image_token_index=len(WORDS),
        video_token_index=video_token,
        image_seq_length=16,
        video_seq_length=8 * 17,
    )
    torch.manual_seed(9)
    library = transformers.VideoLlavaForConditionalGeneration(config).eval()
    for parameter in library.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, std=0.3)
    library.save_pretrained(folder)
    video_llms.save_tokenizer(folder, begins=True)
    model = load_video_llava_llm(folder)
    prompt = model.front_end.prompt("what happens in the video", Footage(frames))
    before, after = prompt.text.split("<image>" * 8)
    ids = model.tokenizer(before).input_ids + [video_token] * (8 * 17)
    ids += model.tokenizer(after, add_special_tokens=False).input_ids
    pictures = [Image.fromarray(frame).resize((280, 224), Image.Resampling.BICUBIC) for frame in frames]
    cut = np.stack([np.asarray(picture)[:, 28:252] for picture in pictures])
    pixels = languagebind.normalised(torch.from_numpy(cut).permute(0, 3, 1, 2).float() / 255)
    with torch.no_grad():
        mine = model.lm(inputs_embeds=model.embeddings(prompt)).logits
        theirs = library(input_ids=torch.tensor([ids]), pixel_values_videos=pixels[None]).logits
    torch.testing.assert_close(mine, theirs, atol=1e-3, rtol=1e-3)
    assert mine.std() > 0.1


# What is common to all


def test_the_tower_within_a_release_is_that_of_its_own_folder(valley, tower, frames):
    library = load_clip_tower(tower)
    pixels = torch.randn(2, 3, 224, 224)
    torch.testing.assert_close(valley.front_end.tower(pixels), library(pixels))


def test_a_tower_of_other_sizes_is_named(place, tower):
    with pytest.raises(WeightsError, match="does not fit CLIPVisionModel"):
        load_clip_tower(tower / "model.safetensors", sizes={**TOWER, "num_hidden_layers": 4})
    with pytest.raises(WeightsError, match="no sizes of a CLIP"):
        load_clip_tower(tower / "model.safetensors", sizes={**TOWER, "hidden_size": "wide"})


def test_sound_is_refused_by_those_who_only_see(valley, chat, video_llava, frames, sound):
    for deaf in (valley, chat, video_llava):
        assert not deaf.front_end.hears
        with pytest.raises(ValueError, match="does not hear"):
            deaf.front_end.prompt("Why?", Footage(frames, None, sound))


def test_an_answer_ends_where_the_model_can_read_no_more(video_llava, frames):
    question = "what " * (1024 - 200)
    read = video_llava.embeddings(video_llava.front_end.prompt(question, Footage(frames))).shape[1]
    question += "what " * (1020 - read)
    prompt = video_llava.front_end.prompt(question, Footage(frames))
    assert video_llava.embeddings(prompt).shape[1] == 1020
    assert len("".join(video_llava.continued(prompt, Generation(max_new_tokens=50))).split()) <= 4

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont


def page(text, size=(640, 360), at=(60, 140), height=48, scale=1):
    picture = Image.new("RGB", (size[0] * scale, size[1] * scale), (250, 250, 240))
    font = ImageFont.load_default(size=height * scale)
    ImageDraw.Draw(picture).text((at[0] * scale, at[1] * scale), text, fill=(20, 20, 60), font=font)
    return np.asarray(picture)


def test_a_caption_is_read_where_it_stands(encoders, capfd):
    (line,) = encoders.reader.read(page("OPEN KITCHEN 2024"))
    assert line.text.replace(" ", "") == "OPENKITCHEN2024"
    assert line.confidence > 0.8
    x0, y0, x1, y1 = line.box
    assert 0.05 < x0 < 0.15
    assert x1 > 0.6
    assert 0.33 < y0 < y1 < 0.6
    assert capfd.readouterr() == ("", ""), "reading is silent"


def test_a_large_picture_is_read_the_same(encoders):
    (small,), (large,) = (encoders.reader.read(page("Grand Station", scale=scale)) for scale in (1, 3))
    assert small.text == large.text
    np.testing.assert_allclose(small.box, large.box, atol=0.03)


@pytest.mark.parametrize("shape", [(240, 320), (1, 1), (5, 1000), (31, 33)])
def test_a_picture_without_text_gives_no_lines(encoders, capfd, shape):
    assert encoders.reader.read(np.full((*shape, 3), 200, np.uint8)) == []
    assert capfd.readouterr() == ("", "")


def test_wrong_arrays_are_refused(encoders):
    with pytest.raises(ValueError, match="uint8"):
        encoders.reader.read(np.zeros((10, 10), np.uint8))

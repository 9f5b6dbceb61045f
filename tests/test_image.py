"""What feature maps are made from: the pattern, noise, a person's picture in all its forms, and the stem."""

from __future__ import annotations

import io
import random
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from torch import Tensor

from explorer.findings import LayerView, Problem, from_builtins
from explorer.measure import picture, upload
from explorer.measure.jobs import perform
from explorer.measure.live import live_block, live_input
from explorer.measure.picture import brought_in, pattern, picture_of, several, standardised, stem
from explorer.measure.problems import StoppedError
from explorer.measure.upload import decoded
from explorer.spec import DenseBlockSpec, InputSpec, MapsJob, RunSpec, Upload

ROOT = Path(__file__).resolve().parents[1]
CPU = torch.device("cpu")
RUN = RunSpec(device="cpu")
FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


def quarters(width: int = 40, height: int = 40) -> Image.Image:
    """Red, green, blue and white quarters: top left, top right, bottom left, bottom right."""
    made = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(made)
    half, middle = width // 2, height // 2
    draw.rectangle((0, 0, half - 1, middle - 1), fill=(255, 0, 0))
    draw.rectangle((half, 0, width, middle - 1), fill=(0, 255, 0))
    draw.rectangle((0, middle, half - 1, height), fill=(0, 0, 255))
    return made


def file(made: Image.Image, format: str = "PNG", **how: Any) -> bytes:
    held = io.BytesIO()
    made.save(held, format, **how)
    return held.getvalue()


def corners(rgb: Tensor) -> list[tuple[float, ...]]:
    """The colour well inside each quarter: top left, top right, bottom left, bottom right."""
    _, height, width = rgb.shape
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return [tuple(round(float(v), 1) for v in rgb[:, y, x]) for y, x in places]


RED, GREEN, BLUE, WHITE = (1, 0, 0), (0, 1, 0), (0, 0, 1), (1, 1, 1)
QUARTERS = [RED, GREEN, BLUE, WHITE]


def refused(data: bytes) -> Problem:
    with pytest.raises(StoppedError) as caught:
        decoded(data, 8, 8)
    problem = caught.value.problem
    assert problem.kind == "unsupported"
    for text in (problem.message, problem.advice):
        assert re.fullmatch(r"[A-Z][^\n]*\.", text) and len(text) < 160
        assert text.count(". ") == 0, "one sentence"
    return problem


def upload_job(data: bytes, block: DenseBlockSpec | None = None, size: InputSpec | None = None) -> MapsJob:
    return MapsJob(block or DenseBlockSpec(4, 2, 1), size or InputSpec(1, 8, 8), RUN, 1, "upload", Upload("d", data))


# --- a picture that a person gave -----------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_read_in_its_colours(format: str) -> None:
    rgb, animated = decoded(file(quarters(), format, **({"lossless": True} if format == "WEBP" else {})), 12, 16)
    assert rgb.shape == (3, 12, 16) and rgb.dtype == torch.float32 and not animated
    assert float(rgb.min()) >= 0 and float(rgb.max()) <= 1
    assert corners(rgb) == QUARTERS


def test_the_middle_is_taken_in_the_shape_of_the_input() -> None:
    wide = Image.new("RGB", (90, 30), "black")
    wide.paste(quarters(30, 30), (30, 0))
    assert corners(decoded(file(wide), 10, 10)[0]) == QUARTERS
    tall = Image.new("RGB", (20, 80), "black")
    tall.paste(quarters(20, 10), (0, 35))
    assert corners(decoded(file(tall), 12, 24)[0]) == QUARTERS


@pytest.mark.parametrize(
    ("size", "input"), [((1, 4000), (1, 1024)), ((4000, 1), (1024, 1)), ((1, 1), (7, 5)), ((3, 2), (1, 1))]
)
def test_the_narrowest_pictures_and_inputs(size: tuple[int, int], input: tuple[int, int]) -> None:
    rgb, _ = decoded(file(Image.new("RGB", size, (0, 255, 0))), *input)
    assert rgb.shape == (3, *input) and torch.equal(rgb[1], torch.ones(input)) and not rgb[0].any()


def test_orientation_is_applied() -> None:
    for orientation, seen in (
        (3, [WHITE, BLUE, GREEN, RED]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (2, [GREEN, RED, WHITE, BLUE]),
    ):
        exif = Image.Exif()
        exif[0x0112] = orientation
        rgb, _ = decoded(file(quarters(), "JPEG", quality=95, subsampling=0, exif=exif.tobytes()), 16, 16)
        assert corners(rgb) == seen, orientation


def test_an_orientation_that_cannot_be_read_is_none() -> None:
    rgb, _ = decoded(file(quarters(), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff"), 16, 16)
    assert corners(rgb) == QUARTERS


@pytest.mark.parametrize("mode", ["L", "1", "P", "LA", "RGBA", "I;16"])
def test_grey_palette_alpha_and_sixteen_bits(mode: str) -> None:
    if mode == "I;16":
        made = Image.new("I", (20, 20), 65535)
        made.paste(257 * 51, (0, 0, 10, 20))
        data = file(made.convert("I;16"))
        left, right = 0.2, 1.0
    else:
        made = Image.new("L", (20, 20), 255)
        made.paste(0, (0, 0, 10, 20))
        data = file(made.convert("RGB").quantize(4) if mode == "P" else made.convert(mode))
        left, right = 0.0, 1.0
    rgb, _ = decoded(data, 20, 20)
    assert rgb[:, 10, 3].tolist() == pytest.approx([left] * 3, abs=0.003)
    assert rgb[:, 10, 16].tolist() == pytest.approx([right] * 3, abs=0.003)


def test_sixteen_bits_of_colour() -> None:
    rows = b"".join(b"\x00" + struct.pack(">6H", 65535, 0, 0, 0, 0, 32768) for _ in range(2))
    rgb, _ = decoded(png((2, 2), 16, 2, rows), 2, 2)
    assert rgb[:, 0, 0].tolist() == [1, 0, 0] and float(rgb[2, 0, 1]) == pytest.approx(0.5, abs=0.005)
    grey = b"".join(b"\x00" + struct.pack(">4H", 257 * 51, 65535, 0, 0) for _ in range(2))
    rgb, _ = decoded(png((2, 2), 16, 4, grey), 2, 2)
    assert rgb[:, 0, 0].tolist() == pytest.approx([0.2] * 3, abs=0.005) and rgb[:, 0, 1].tolist() == [1, 1, 1]


def test_what_is_transparent_shows_white() -> None:
    clear = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    clear.paste((0, 0, 255, 255), (0, 0, 4, 8))
    for data in (file(clear), file(clear, "WEBP", lossless=True)):
        rgb, _ = decoded(data, 8, 8)
        assert rgb[:, 4, 1].tolist() == [0, 0, 1] and rgb[:, 4, 6].tolist() == [1, 1, 1]
    palette = Image.new("P", (8, 8), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    rgb, _ = decoded(file(palette, "GIF", transparency=0), 8, 8)
    assert rgb[:, 4, 4].tolist() == [1, 1, 1]


def test_four_inks_become_colours() -> None:
    rgb, _ = decoded(file(quarters().convert("CMYK"), "JPEG", quality=95), 16, 16)
    assert [tuple(round(v) for v in colour) for colour in corners(rgb)] == QUARTERS


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_taken_and_told(format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue", "green")]
    lossless = {"lossless": True} if format == "WEBP" else {}
    data = file(frames[0], format, save_all=True, append_images=frames[1:], duration=50, **lossless)
    rgb, animated = decoded(data, 4, 4)
    assert animated and rgb[:, 2, 2].tolist() == [1, 0, 0]
    assert "first frame of your animation" in str(picture_of(upload_job(data)).words)


# --- what is refused ------------------------------------------------------------------------------


def png(size: tuple[int, int], bits: int, kind: int, rows: bytes) -> bytes:
    """A PNG of these raw ``rows``, by hand."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">2I5B", *size, bits, kind, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


SVGS = [
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    b'<?xml version="1.0"?>\n<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>\n'
    b'<SVG onload="alert(1)"><script>alert(2)</script>&a;</SVG>',
]


@pytest.mark.parametrize("data", SVGS)
def test_a_drawing_that_is_a_program_is_named(data: bytes) -> None:
    problem = refused(data)
    assert "SVG" in problem.message and "PNG" in problem.advice


@pytest.mark.parametrize(
    "data",
    [
        b"MZ",
        b"%PDF-1.7\n1 0 obj",
        b"just words",
        bytes(1000),
        b"\x00\x00\x00\x1cftypheic",
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
)
def test_what_is_no_picture_is_told(data: bytes) -> None:
    assert "no picture" in refused(data).message


def test_other_formats_that_the_library_knows_are_not_opened() -> None:
    for format in ("TIFF", "PPM", "TGA", "ICO", "PCX"):
        assert "no picture" in refused(file(quarters(), format)).message


def test_a_file_that_is_too_large_is_not_even_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("it was opened")

    monkeypatch.setattr(Image, "open", fail)
    problem = refused(file(quarters()) + bytes(8 << 20))
    assert "8.0 MiB large" in problem.message and "8 MiB" in problem.message


@pytest.mark.parametrize("size", [(8000, 5001), (60_000, 60_000), (2**31 - 1, 1), (2**31 - 1, 2**31 - 1)])
def test_a_small_file_of_a_huge_picture_is_refused_before_it_is_decoded(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it was decoded")

    from PIL import ImageFile

    monkeypatch.setattr(ImageFile.ImageFile, "load", fail)
    assert "40,000,000" in refused(png(size, 1, 0, bytes(100))).message


def test_forty_million_pixels_are_read() -> None:
    made = Image.new("1", (8000, 5000), 1)
    assert decoded(file(made), 4, 4)[0].min() == 1


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_that_is_cut_short_is_told(format: str) -> None:
    draw = random.Random(1)
    made = Image.frombytes("RGB", (64, 64), draw.randbytes(3 * 64 * 64))
    whole = file(made, format, **({"lossless": True} if format == "WEBP" else {}))
    for part in (0.2, 0.5, 0.9):
        assert "damaged or cut short" in refused(whole[: int(len(whole) * part)]).message


def test_a_picture_that_is_gone_is_asked_for_again() -> None:
    for job in (upload_job(b""), MapsJob(DenseBlockSpec(4, 2, 1), InputSpec(1, 8, 8), RUN, 1, "upload", None)):
        problem = from_builtins(Problem, perform(job)["problem"])
        assert problem.kind == "unsupported" and "gone" in problem.message and "again" in problem.advice


def answers_or_refuses(data: bytes) -> None:
    try:
        rgb, _ = decoded(data, 6, 5)
    except StoppedError as stopped:
        assert stopped.problem.kind == "unsupported"
    else:
        assert rgb.shape == (3, 6, 5) and bool(rgb.isfinite().all())


@settings(max_examples=300)
@given(
    st.binary(min_size=1, max_size=200), st.sampled_from((b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"BM"))
)
def test_any_bytes_are_a_picture_or_a_problem(data: bytes, start: bytes) -> None:
    answers_or_refuses(start + data)


WHOLE = [
    file(quarters(16, 16), format, **how)
    for format, how in (
        ("PNG", {}),
        ("JPEG", {"exif": b"Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x00"}),
        ("WEBP", {"lossless": True}),
        ("GIF", {"save_all": True, "append_images": [Image.new("RGB", (16, 16), "red")]}),
        ("BMP", {}),
    )
]


@settings(max_examples=400)
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), min_size=1, max_size=6),
    st.integers(0, 40),
)
def test_damaged_pictures_are_a_picture_or_a_problem(whole: bytes, damage: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(whole)
    for place, value in damage:
        data[place % len(data)] = value
    answers_or_refuses(bytes(data[: len(data) - cut]))


@given(st.binary(min_size=0, max_size=60))
@settings(max_examples=30)
def test_a_job_with_any_bytes_is_answered(data: bytes) -> None:
    answer = perform(upload_job(data))
    assert answer["problem"]["kind"] == "unsupported"


def test_a_lack_of_memory_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def lacks(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(upload, "_read", lacks)
    assert perform(upload_job(file(quarters())))["problem"]["kind"] == "out_of_memory"


# --- without the library --------------------------------------------------------------------------

WITHOUT = """
import sys
sys.modules["PIL"] = None
from explorer.measure.jobs import perform
from explorer.spec import DenseBlockSpec, InputSpec, MapsJob, RunSpec, Upload
def looked(image, upload=None):
    return perform(MapsJob(DenseBlockSpec(4, 2, 1), InputSpec(1, 8, 8), RunSpec(device="cpu"), 1, image, upload))
assert looked("pattern")["brought"] and looked("noise")["brought"]
print(looked("upload", Upload("d", b"GIF89a"))["problem"]["told"]["template"])
assert not {"streamlit", "pebble", "numpy.f2py"} & {name for name, held in sys.modules.items() if held}
"""


def test_all_but_uploads_works_where_pillow_is_missing() -> None:
    done = subprocess.run([sys.executable, "-c", WITHOUT], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Pictures cannot be read here, because Pillow is not installed."


def test_pillow_is_not_loaded_for_what_needs_no_picture() -> None:
    program = (
        "import sys, explorer.measure.jobs, explorer.measure.preload\n"
        "assert not any(name.partition('.')[0] == 'PIL' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


# --- the test pattern -----------------------------------------------------------------------------


@given(st.integers(1, 70), st.integers(1, 70))
def test_the_pattern_is_a_picture_of_any_size(height: int, width: int) -> None:
    made = pattern(height, width)
    assert made.shape == (3, height, width) and made.dtype == torch.float32
    assert float(made.min()) >= 0 and float(made.max()) <= 1
    assert torch.equal(made, pattern(height, width))


def test_the_pattern_has_rings_edges_and_a_ramp() -> None:
    red, green, blue = pattern(64, 64)
    assert float(red.std()) > 0.2 and float(green.std()) > 0.2 and float(blue.std()) > 0.2
    assert bool((green[5, 20:60].diff() > 0).all()), "a ramp"
    row = red[32, 52:]
    assert int(((row[1:-1] > row[:-2]) & (row[1:-1] > row[2:])).sum()) >= 1, "a ring"
    assert float(red[32, 32]) == 1 and float(red[32, 15]) < 1, "a disc with an edge"
    for one, other in ((red, green), (green, blue), (red, blue)):
        assert not torch.allclose(one, other, atol=0.2)


# --- the stem -------------------------------------------------------------------------------------


def job(image: Any = "pattern", channels: int = 5, size: InputSpec | None = None, **run: Any) -> MapsJob:
    size = size or InputSpec(3, 12, 9)
    return MapsJob(DenseBlockSpec(channels, 2, 1), size, RunSpec(device="cpu", **run), 1, image)


def test_noise_is_the_input_of_every_other_measurement() -> None:
    one = job("noise", seed=7)
    x, words = brought_in(picture_of(one), one, CPU)
    assert torch.equal(x, live_input(one.block, one.input, one.run, CPU)) and "seed 7" in str(words)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16", "float16"])
def test_every_channel_has_mean_0_and_deviation_1(dtype: Any) -> None:
    one = job(dtype=dtype)
    x, _ = brought_in(picture_of(one), one, CPU)
    assert x.shape == (3, 5, 12, 9) and str(x.dtype) == f"torch.{dtype}"
    wide = x.double()
    assert wide.mean(dim=(0, 2, 3)).abs().max() < 1e-2
    assert (wide.std(dim=(0, 2, 3), correction=0) - 1).abs().max() < 1e-2


def test_the_stem_is_the_convolution_that_it_says_it_is() -> None:
    """The same by the sum over neighbours that defines it, before each channel is brought to mean 0."""
    rgb = pattern(6, 5)
    weight = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(3)).double()
    wide = (rgb.double() - 0.5)[:, [0, 0, 1, 2, 3, 4, 5, 5]][:, :, [0, 0, 1, 2, 3, 4, 4]]
    expected = torch.zeros(4, 6, 5, dtype=torch.float64)
    for down in range(3):
        for right in range(3):
            expected += torch.einsum(
                "oc,chw->ohw", weight[:, :, down, right], wide[:, down : down + 6, right : right + 5]
            )
    assert torch.allclose(stem(rgb[None], 4, 3)[0].double(), expected, atol=1e-5)


def test_the_stem_leaves_the_blocks_weights_alone() -> None:
    one = job(seed=11)
    before = live_block(one.block, one.run, CPU).state_dict()
    torch.manual_seed(11)
    first = torch.rand(3)
    torch.manual_seed(11)
    brought_in(picture_of(one), one, CPU)
    assert torch.equal(torch.rand(3), first), "torch's own generator was not asked"
    after = live_block(one.block, one.run, CPU).state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_another_seed_is_another_stem() -> None:
    assert torch.equal(stem(pattern(8, 8)[None], 4, 1), stem(pattern(8, 8)[None], 4, 1))
    assert not torch.equal(stem(pattern(8, 8)[None], 4, 1), stem(pattern(8, 8)[None], 4, 2))


def test_a_picture_of_one_colour_shows_no_rounding_errors() -> None:
    for value in (0.0, 0.3, 1.0):
        x = standardised(stem(torch.full((2, 3, 9, 9), value), 8, 0))
        assert float(x.abs().max()) < 1e-4
    tiny = standardised(stem(torch.rand(1, 3, 1, 1), 8, 0))
    assert not tiny.any()


def test_further_images_are_moved_and_every_second_one_mirrored() -> None:
    rgb = pattern(6, 8)
    batch = several(rgb, InputSpec(4, 6, 8))
    assert torch.equal(batch[0], rgb)
    assert torch.equal(batch[1], rgb.roll(2, 2).flip(2))
    assert torch.equal(batch[2], rgb.roll(4, 2))
    assert len({image.numpy().tobytes() for image in batch}) == 4


def test_the_stem_is_told_in_one_sentence_that_names_what_it_did() -> None:
    data = file(quarters())
    looks = {
        "pattern": MapsJob(DenseBlockSpec(4, 2, 1), InputSpec(2, 8, 6), RunSpec(device="cpu", seed=9), 1, "pattern"),
        "noise": MapsJob(DenseBlockSpec(1, 2, 1), InputSpec(1, 8, 6), RUN, 1, "noise"),
        "upload": upload_job(data, size=InputSpec(1, 8, 6)),
    }
    told = {name: from_builtins(LayerView, perform(one)).stem for name, one in looks.items()}
    for words in told.values():
        assert words.endswith(".") and ". " not in words and "\n" not in words
    for words in ("test pattern", "8 × 6 pixels", "3×3 convolution", "seed 9", "4 channels", "mirrored", "mean 0"):
        assert words in told["pattern"]
    assert "cropped at its centre" in told["upload"] and "mirrored" not in told["upload"]
    assert "Standard normal" in told["noise"] and "convolution" not in told["noise"]


def test_an_upload_is_what_the_block_sees() -> None:
    """The maps of two pictures differ, those of one picture in two files do not."""

    def read(data: bytes) -> Any:
        return from_builtins(LayerView, perform(upload_job(data))).read

    assert read(file(quarters())) == read(file(quarters(), "BMP")) != read(file(quarters().rotate(90)))
    assert picture.picture_of(upload_job(file(quarters()))).rgb is not None

"""Reads a picture that a person gave: told by its content, never by its name, and never trusted."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from explorer.findings import Problem
from explorer.language import Said, Text, said
from explorer.measure.problems import StoppedError

if TYPE_CHECKING:
    from PIL import Image

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
MOST_BYTES = 8 << 20
MOST_PIXELS = 40_000_000  # looked at before any of them is decoded

_SMALLER = said("Choose a smaller one.")
_OTHER = said("Choose a PNG, JPEG, WebP, GIF or BMP picture.")


def decoded(data: bytes, height: int, width: int) -> tuple[Tensor, bool]:
    """The picture in the file ``data``, cropped at its centre to the shape of the input and scaled to it.

    Of an animation it is the first frame; EXIF's orientation is applied; what is transparent shows white.

    Returns:
        (3, height, width), RGB from 0 to 1, float32; and whether the file is an animation.

    Raises:
        StoppedError: there is no file, or it is too large, no picture, damaged, or of another format.
    """
    if not data:
        raise _refused(said("The picture is not kept and is gone by now."), said("Choose it again."))
    if len(data) > MOST_BYTES:
        size = f"{len(data) / 2**20:,.1f} MiB"
        words = said("The file is {size} large; up to {most} MiB are read.", size=size, most=MOST_BYTES >> 20)
        raise _refused(words, _SMALLER)
    try:
        with warnings.catch_warnings():
            return _read(data, height, width)
    except (StoppedError, MemoryError):
        raise
    except ImportError:
        raise _refused(
            said("Pictures cannot be read here, because Pillow is not installed."),
            said("Choose the test pattern or noise."),
        ) from None
    except Exception:  # a decoder that meets a damaged file raises whatever it stumbled over
        raise _refused(
            said("The picture is damaged or cut short."), said("Save it anew, or choose another one.")
        ) from None


def _read(data: bytes, height: int, width: int) -> tuple[Tensor, bool]:
    from PIL import Image, UnidentifiedImageError  # a worker without it measures all the same

    warnings.simplefilter("ignore")  # what it only finds odd is read all the same
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise _too_many_pixels(said("{width:,} × {height:,}", width=picture.width, height=picture.height))
            picture.load()
            return _tensor(_fitted(_white_behind(_upright(picture)), height, width)), _is_animated(picture)
    except UnidentifiedImageError:
        raise _unknown(data) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):  # beyond the library's own bound
        raise _too_many_pixels(said("far too many")) from None


def _too_many_pixels(how_many: Said) -> StoppedError:
    words = said(
        "The picture has {how_many} pixels; up to {most:,} in all are read.", how_many=how_many, most=MOST_PIXELS
    )
    return _refused(words, _SMALLER)


def _unknown(data: bytes) -> StoppedError:
    if b"<svg" in data[:4096].lower():
        return _refused(said("This is an SVG drawing, which is a program more than a picture and is not read."), _OTHER)
    return _refused(said("This is no picture that can be read."), _OTHER)


def _refused(message: Text, advice: Text) -> StoppedError:
    return StoppedError(Problem("unsupported", message, advice))


def _is_animated(picture: Any) -> bool:
    with contextlib.suppress(Exception):  # it looks at the second frame, which nothing needs
        return bool(getattr(picture, "is_animated", False))
    return False


def _upright(picture: Image.Image) -> Image.Image:
    from PIL import ImageOps

    with contextlib.suppress(Exception):  # an orientation that cannot be read is none
        return ImageOps.exif_transpose(picture)
    return picture


def _white_behind(picture: Image.Image) -> Image.Image:
    """In RGB, 8 bits a colour, whatever it was."""
    from PIL import Image

    if picture.mode.startswith("I"):  # 16 bits of grey, which convert() would cut off at 255
        return picture.convert("I").point(lambda value: value / 257).convert("L").convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    clear = picture.convert("RGBA")
    behind = Image.new("RGBA", clear.size, "white")
    behind.alpha_composite(clear)
    return behind.convert("RGB")


def _fitted(picture: Image.Image, height: int, width: int) -> Image.Image:
    from PIL import Image, ImageOps

    return ImageOps.fit(picture, (width, height), method=Image.Resampling.LANCZOS)


def _tensor(picture: Image.Image) -> Tensor:
    flat = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
    return flat.view(picture.height, picture.width, 3).permute(2, 0, 1).float() / 255

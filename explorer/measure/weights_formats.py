"""Reads named tensors from the bytes of a file that nobody vouches for: safetensors, or what ``torch.save`` writes.

Nothing in a file is run, and what it claims is not believed:

- A file is told by its content, never by its name.
- A pickle goes through torch's ``weights_only`` reader, which knows tensors and containers and calls nothing else.
- Before any number is read, the pickle is gone through on fake tensors, which hold no memory however large they claim
  to be.
- An archive that is compressed, or whose parts are together larger than the file, is not unpacked. Its pickle is read
  from an archive written anew, so that the library reads what was looked at here; a tensor's numbers are taken from the
  part that it names, and only if that part is as large as the pickle says.
"""

from __future__ import annotations

import io
import pickle
import re
import sys
import warnings
import zipfile
from collections.abc import Mapping

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from explorer.findings import Problem
from explorer.language import Said, Text, said
from explorer.measure.problems import StoppedError, is_out_of_memory
from explorer.spec import shown

#: What a person can do about a file that cannot be read.
ANOTHER = said("Choose a .safetensors file, or a .pth file written by torch.save of a state_dict.")

_ZIP, _ZIP_ENTRY = b"PK\3\4", b"PK\1\2"
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."  # what torch.save began with before 1.6: a pickled number
_WORDS = 2048  # bytes of header or pickle for each part, at most: ten times what is usual
_DAMAGED = said("The file is damaged or cut short.")
_ANEW = said("Fetch or save it anew.")


def named_tensors(data: bytes, most: int) -> dict[str, Tensor]:
    """The tensors in the file ``data`` by their names, on the CPU; neither names nor tensors have been looked at.

    Args:
        data: the whole file, whose size has been looked at.
        most: how many tensors, or parts of an archive, there may be.

    Raises:
        StoppedError: it is no such file, or damaged, or it wants to run code, or claims what it does not hold, or what
            memory does not.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what a library only finds odd is read all the same
            return _read(data, most)
    except StoppedError:
        raise
    except pickle.UnpicklingError as error:
        raise refused(_why_not_unpickled(error), ANOTHER) from None
    except ImportError as error:
        if not (error.name or "").startswith("safetensors"):
            raise
        raise refused(
            said("This file cannot be read here: the package safetensors is not installed."), ANOTHER
        ) from None
    except Exception as error:  # a reader that meets a damaged file raises whatever it stumbled over
        if is_out_of_memory(error):
            words = said("There was not enough memory for what the file says that it holds.")
            raise StoppedError(Problem("out_of_memory", words, ANOTHER)) from None
        raise refused(_DAMAGED, _ANEW) from None


def refused(message: Text, advice: Text) -> StoppedError:
    """What is raised where a file is not taken."""
    return StoppedError(Problem("unsupported", message, advice))


def _read(data: bytes, most: int) -> dict[str, Tensor]:
    if data.startswith(_ZIP):
        return _archive(data, most)
    if data.startswith(_LEGACY):
        return _legacy(data, most)
    if data[8:9] == b"{":  # after eight bytes that say how long this JSON is
        return _safetensors(data, most)
    raise refused(said("This is no weights file that can be read."), ANOTHER)


def _why_not_unpickled(error: pickle.UnpicklingError) -> Said:
    asked = re.search(r"GLOBAL ([^\s]+)", str(error))
    if asked is None:
        return said("The file holds something else than named tensors, and nothing else is read.")
    return said("The file asks for {name} to be called while it is read, which is never done.", name=shown(asked[1]))


# --- safetensors --------------------------------------------------------------------------------------


def _safetensors(data: bytes, most: int) -> dict[str, Tensor]:
    from safetensors.torch import load  # a worker without it measures all the same

    header, room = int.from_bytes(data[:8], "little"), min(len(data) - 8, _WORDS * most)
    if header > room:
        words = said(
            "The file says that its header takes {header:,} bytes, where {room:,} are the most that it can.",
            header=header,
            room=room,
        )
        raise refused(words, _ANEW)
    return load(data)


# --- torch.save ---------------------------------------------------------------------------------------


def _legacy(data: bytes, most: int) -> dict[str, Tensor]:
    """A file from before torch 1.6, as torchvision's are: pickles, then the numbers."""
    pickles = data[: _WORDS * most]  # on fake tensors nothing behind them is read
    with FakeTensorMode():
        claimed = only_tensors(torch.load(io.BytesIO(pickles), map_location="cpu", weights_only=True))
    # Several tensors may be parts of one storage. What else the pickle claims is asked of the allocator alone.
    sizes = {t.untyped_storage()._cdata: t.untyped_storage().nbytes() for t in claimed.values()}
    if sum(sizes.values()) > len(data):
        raise _claims_more(sum(sizes.values()), len(data))
    return only_tensors(torch.load(io.BytesIO(data), map_location="cpu", weights_only=True))


def _archive(data: bytes, most: int) -> dict[str, Tensor]:
    """A zip file: a pickle, and the numbers of each storage as a part of its own."""
    if data.count(_ZIP_ENTRY) > most:  # before a list of them is made, which takes far more room than the file
        raise refused(
            said("The file has {count:,} parts, far more than weights need.", count=data.count(_ZIP_ENTRY)), ANOTHER
        )
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = _parts(archive, len(data))
        folder = next((name.removesuffix("data.pkl") for name in parts if name.endswith("/data.pkl")), None)
        if folder is None:
            raise refused(said("This is an archive, but none of weights."), ANOTHER)
        order = parts.get(f"{folder}byteorder")
        if order is not None and archive.read(order).decode("ascii", "replace") != sys.byteorder:
            raise refused(
                said("The file was written on a machine with another order of bytes."),
                said("Save it anew on this one."),
            )
        records = {name: part for name, part in parts.items() if name.startswith(f"{folder}data/")}
        if parts[f"{folder}data.pkl"].file_size > _WORDS * most:
            raise refused(said("The file has far more to say than the names and shapes of weights."), ANOTHER)
        copy, at = _without_numbers(archive.read(f"{folder}data.pkl"), folder, list(records))
        with FakeTensorMode():
            claimed = only_tensors(torch.load(copy, map_location="cpu", weights_only=True))
        held: dict[tuple[str, torch.dtype], Tensor] = {}
        found = {}
        for name, fake in claimed.items():
            storage = fake.untyped_storage()
            record = at[storage._checkpoint_offset or 0]  # where torch would have read the numbers
            if storage.nbytes() != records[record].file_size:
                raise _claims_more(storage.nbytes(), records[record].file_size)
            if (record, fake.dtype) not in held:
                held[record, fake.dtype] = torch.frombuffer(bytearray(archive.read(record)), dtype=fake.dtype)
            # It raises where it would reach beyond what is there.
            found[name] = held[record, fake.dtype].as_strided(fake.shape, fake.stride(), fake.storage_offset())
    return found


def _parts(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    """The parts of an archive of ``size`` bytes by name, none of which grows when it is read."""
    parts = {part.filename: part for part in archive.infolist()}
    whole = sum(part.file_size for part in archive.infolist())
    packed = any(part.compress_type != zipfile.ZIP_STORED or part.flag_bits & 1 for part in parts.values())
    if packed or whole > size or len(parts) < len(archive.infolist()):
        words = said(
            "The archive is packed in a way that torch.save does not: it holds {whole:,} bytes in {size:,}."
            " It is not unpacked.",
            whole=whole,
            size=size,
        )
        raise refused(words, ANOTHER)
    return parts


def _without_numbers(pickled: bytes, folder: str, records: list[str]) -> tuple[io.BytesIO, dict[int, str]]:
    """An archive of the pickle alone, every record one byte long; and which record begins at which offset."""
    copy = io.BytesIO()
    with zipfile.ZipFile(copy, "w") as made:
        made.writestr(f"{folder}data.pkl", pickled)
        made.writestr(f"{folder}version", "3\n")
        for record in records:
            made.writestr(record, b"0")
        # A local header of 30 bytes and the name stand before the content.
        names = {part.filename: part.header_offset + 30 + len(part.filename.encode()) for part in made.infolist()}
    copy.seek(0)
    return copy, {names[record]: record for record in records}


def only_tensors(loaded: object) -> dict[str, Tensor]:
    """``loaded`` where it is a dict of dense tensors by name.

    Raises:
        StoppedError: it is something else.
    """
    if not isinstance(loaded, Mapping) or not loaded:
        raise refused(said("The file holds no named tensors."), ANOTHER)
    found: dict[str, Tensor] = {}
    for name, value in loaded.items():
        if not isinstance(name, str) or not isinstance(value, Tensor) or value.layout != torch.strided:
            words = said(
                "The file holds something else than named tensors: {name} is {kind}.",
                name=shown(name),
                kind=_kind(value),
            )
            raise refused(words, said("Save the network's state_dict alone."))
        found[name] = value.detach()
    return found


def _kind(value: object) -> Said:
    if isinstance(value, Tensor):
        return said("a tensor of another layout")
    return said("a {kind}", kind=type(value).__name__)


def _claims_more(claimed: int, held: int) -> StoppedError:
    words = said("The file claims {claimed:,} bytes of numbers where it holds {held:,}.", claimed=claimed, held=held)
    return refused(words, _ANEW)

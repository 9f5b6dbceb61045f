"""The published weights of a network, fetched by torch.hub into its own folder; the only way to a network from here."""

from __future__ import annotations

import contextlib
import http.client
import socket
from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from explorer.language import said
from explorer.measure.problems import is_out_of_memory
from explorer.measure.weights_file import checked
from explorer.measure.weights_formats import only_tensors, refused
from explorer.spec import DenseNetSpec, published_weights, shown

PATIENCE = 20.0  # seconds without an answer
_INSTEAD = said("Give a weights file instead, or ask again when there is a network.")

Fetch = Callable[..., object]


def fetched_weights(spec: DenseNetSpec, fetch: Fetch = torch.hub.load_state_dict_from_url) -> dict[str, Tensor]:
    """torchvision's IMAGENET1K_V1 weights of ``spec`` by our names; from torch.hub's folder where it has them already.

    Args:
        spec: the network.
        fetch: what fetches; it takes the arguments of ``torch.hub.load_state_dict_from_url``.

    Raises:
        StoppedError: there are none, they cannot be fetched, or what came is something else.
    """
    url = published_weights(spec)
    if url is None:
        raise refused(
            said("There are no published weights of this network."), said("Choose a published network, or give a file.")
        )
    host = url.split("/")[2]
    try:
        with _patience(PATIENCE):
            found = fetch(url, map_location="cpu", progress=False, check_hash=True, weights_only=True)
    except (OSError, http.client.HTTPException) as error:  # urllib's faults are OSErrors
        why = shown(str(getattr(error, "reason", error)) or type(error).__name__, 80)
        raise refused(
            said("The published weights could not be fetched from {host}: {why}.", host=host, why=why), _INSTEAD
        ) from None
    except Exception as error:
        if is_out_of_memory(error):
            raise
        words = said(
            "What came from {host} is not the published file: it is damaged, or has another checksum.", host=host
        )
        raise refused(words, _INSTEAD) from None
    return checked(spec, only_tensors(found))


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Sockets wait no longer than ``seconds``; torch.hub sets no limit, and a silent network would never end."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)

"""``python -m explorer``: see :mod:`explorer.cli`."""

import signal
import sys
from types import FrameType


def _run() -> int:
    try:
        signal.signal(signal.SIGTERM, _end)
        from explorer.cli import main

        return main(sys.argv[1:])
    except KeyboardInterrupt:  # pressed while the modules were being imported
        return 130


def _end(number: int, frame: FrameType | None) -> None:
    """Ends as Ctrl-C does, so that workers are told to stop: asyncio, too, then ends its tasks in good order."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # started in the background of a script
        raise KeyboardInterrupt
    signal.raise_signal(signal.SIGINT)


if __name__ == "__main__":
    sys.exit(_run())

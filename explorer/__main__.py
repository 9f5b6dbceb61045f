"""``python -m explorer``: see :mod:`explorer.cli`."""

import sys


def _run() -> int:
    try:
        from explorer.cli import main

        return main(sys.argv[1:])
    except KeyboardInterrupt:  # pressed while the modules were being imported
        return 130


if __name__ == "__main__":
    sys.exit(_run())

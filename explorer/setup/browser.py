"""Finds the browser that the tests drive, and fetches one where there is none.

``python -m explorer.setup.browser`` takes a Chromium or Google Chrome on the PATH; else, for root on
Debian, installs Debian's; else has Playwright download its own, which needs nothing but disk.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """The path of a Chromium or Google Chrome that starts; None where Playwright's own is to be used."""
    return next((path for name in NAMES if (path := shutil.which(name)) and _starts(path)), None)


@cache
def _starts(path: str) -> bool:
    """Ubuntu's chromium-browser may be a script that only says how to get the real one, so it is run."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=30).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def main() -> int:
    """Leaves a browser that the tests can drive; 0, or 1 after one sentence on stderr."""
    try:
        if find_browser() or (debian_root(_system()) and _install_from_debian() and find_browser()):
            return 0
        if _download():
            return 0
    except KeyboardInterrupt:
        return 130
    print(
        "The tests need a browser, and none could be fetched: install Chromium or Google Chrome so that it is "
        "on the PATH, then run make test again.",
        file=sys.stderr,
    )
    return 1


def _system() -> Mapping[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:  # not Linux, or one that does not say
        return {}


def debian_root(system: Mapping[str, str]) -> bool:
    """Whether packages of Debian can be installed; Ubuntu's chromium is a stub for another packager."""
    family = {system.get("ID", ""), *system.get("ID_LIKE", "").split()}
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return root and "debian" in family and "ubuntu" not in family and shutil.which("apt-get") is not None


def _install_from_debian() -> bool:
    print("Installing Debian's chromium, which the tests drive.", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    # An update that fails may still leave a list that is new enough, so only the installation counts.
    _quiet(["apt-get", "-q", "update"], environment)
    # The font has the widths of Arial, which pages ask for; without it their text runs wider than anywhere else.
    packages = ["chromium", "fonts-liberation"]
    return _quiet(["apt-get", "-qq", "install", "-y", "--no-install-recommends", *packages], environment)


def _download() -> bool:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        there = Path(playwright.chromium.executable_path).exists()
        if not there:
            print("Downloading Playwright's Chromium, which the tests drive.", flush=True)
            if not _quiet([sys.executable, "-m", "playwright", "install", "chromium"], dict(os.environ)):
                return False
        try:
            playwright.chromium.launch(args=["--no-sandbox"]).close()
        except Error:  # most often a shared library that this machine lacks
            return False
    return True


def _quiet(command: list[str], environment: Mapping[str, str]) -> bool:
    """Runs ``command`` without its chatter; whether it succeeded."""
    return (
        subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
            check=False,
        ).returncode
        == 0
    )


if __name__ == "__main__":
    sys.exit(main())

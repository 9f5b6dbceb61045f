"""A module that takes long to load, as torch does on a cold disk."""

import time

time.sleep(40)

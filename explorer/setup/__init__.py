"""What make does before anything can run: find a Python, make the environment, find a browser for the tests.

These speak English only: they run before a language can be known, and before what reads a catalogue is there.
"""

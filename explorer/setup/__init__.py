"""What make does before anything can run: find a Python, make the environment, find a browser for the tests."""

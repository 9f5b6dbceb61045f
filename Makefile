# make run    the explorer in your browser             make serve HOST=0.0.0.0 NAMES=lab.example.org
# make test   the checks, then all tests               make check, make format, make bench, make clean
#                                                      make catalogues, after a text in the code has changed
#
# Each target first makes .venv and installs there what the requirements pin, if that has changed.
# Settings: PORT=8501, HOST=127.0.0.1, NAMES=…, PYTHON=python3.12, and ARGS=… for pytest.
#           MODULE=package.module:Name INPUT=1,3,224,224: a page that shows a module of your own.
#           LESSON=my.toml: a lesson of your own instead of the ten chapters.
# All paths are relative, so a folder with spaces in its name works.

.PHONY: run serve test check format catalogues bench clean environment test-environment test-browser
.NOTPARALLEL:
.DEFAULT_GOAL := run

# Not "?=": some shells export HOST, the machine's name, to everything they start.
HOST = 127.0.0.1
PORT = 8501
NAMES =
MODULE =
INPUT =
LESSON =
PYTHON =
ARGS =

VENV_PYTHON = .venv/bin/python
OWN = --module '$(MODULE)' --input '$(INPUT)' --lesson '$(LESSON)'
MAKE_ENVIRONMENT = python="$$(/bin/sh explorer/setup/find-python '$(PYTHON)')" && exec "$$python" -I explorer/setup/environment.py

run: environment
	@exec $(VENV_PYTHON) -m explorer.launch --host '$(HOST)' --port '$(PORT)' --names '$(NAMES)' $(OWN)

serve: environment
	@exec $(VENV_PYTHON) -m explorer.launch --host '$(HOST)' --port '$(PORT)' --names '$(NAMES)' $(OWN) --no-browser

test: check test-browser
	@exec $(VENV_PYTHON) -m pytest --timeout 300 -n 2 --dist loadfile $(ARGS)

check: test-environment
	@$(VENV_PYTHON) -m ruff format --check .
	@$(VENV_PYTHON) -m ruff check .
	@$(VENV_PYTHON) -m mypy
	@$(VENV_PYTHON) -m explorer docs check README.md pages

format: test-environment
	@$(VENV_PYTHON) -m ruff format .
	@$(VENV_PYTHON) -m ruff check --fix .

catalogues: test-environment
	@$(VENV_PYTHON) -m explorer.setup.catalogues

bench: test-environment test-browser
	@$(VENV_PYTHON) -m explorer bench page
	@$(VENV_PYTHON) -m explorer bench files
	@$(VENV_PYTHON) -m explorer bench engine
	@$(VENV_PYTHON) -m explorer bench memory
	@$(VENV_PYTHON) -m explorer bench time

environment:
	@$(MAKE_ENVIRONMENT) requirements.txt

test-environment:
	@$(MAKE_ENVIRONMENT) tests/requirements.txt

test-browser: test-environment
	@exec $(VENV_PYTHON) -m explorer.setup.browser

clean:
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf '{}' +

# `make demo` runs the main job and `make test` the whole suite; both work from a fresh clone.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready

# pip, with one line for each large package and each long phase.
PIP := $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off
PROGRESS := sed -u -n -E -e 's/^ *(Downloading|Using cached) (.*) \(([0-9.]+ ([MG]B))\).*/  \1 \2, \3/p' \
	-e 's/^Building wheels.*: /  building /p' -e 's/^Installing collected packages:.*/  copying files (about a minute)/p'

RUNTIME_PIP := $(VENV)-runtime/bin/python -m pip --quiet --disable-pip-version-check
# The runner by itself, without pip, which installed it.
RUNTIME_SIZE = du -sm --exclude=pip --exclude='pip-*' --exclude='setuptools*' $(VENV)-runtime | cut -f1 | xargs printf

.PHONY: env lint test fuzz bench demo docs runtime clean-env about-test about-fuzz about-bench about-demo about-docs

env: $(READY)

$(READY): pyproject.toml setup.py
	@echo "== Installing kdxf and its tools into $(VENV): about 2 minutes and 8 GB (11 GB while installing)"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --quiet --upgrade pip
	@echo "  looking for packages (half a minute)"
	@$(PIP) --editable '.[dev]' | $(PROGRESS)
	@touch $@
	@echo "== Installed"

lint: env
	$(BIN)/ruff check .
	$(BIN)/mypy

about-test:
	@echo "== Tests: ruff, mypy, then the whole suite with pytest; about 12 minutes on two cores, no GPU needed"

test: about-test lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

about-fuzz:
	@echo "== Fuzzing: changed files of all formats for everything that reads one; five minutes, findings go to work_dirs/fuzz"

fuzz: about-fuzz env
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/fuzz.py

about-bench:
	@echo "== Speed: seven short measurements, a minute, into work_dirs/bench.csv; what has become slower is printed"

bench: about-bench env
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/regressions.py

about-demo:
	@echo "== Demo: OCR, features, three trainings, tests, predictions and export on the pictures in data/demo;"
	@echo "   4 to 5 minutes on two cores, no GPU needed. Results go to work_dirs/demo"

demo: about-demo env
	$(BIN)/python tools/demo.py

about-docs:
	@echo "== Documentation: pages and API reference into site/, about a minute; broken links are errors"

$(DOCS_READY): $(READY)
	@$(PIP) --quiet --editable '.[docs]'
	@touch $@

docs: about-docs $(DOCS_READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

# The runner in an empty environment, without torch; with BUNDLE=... it answers that bundle's samples.
runtime:
	rm -rf $(VENV)-runtime runtime/build
	$(PYTHON) -m venv $(VENV)-runtime
	$(RUNTIME_PIP) install --no-compile --constraint runtime/small.txt ./runtime
	@$(RUNTIME_SIZE) "== kdxf-runtime: %s MB\n"
	$(RUNTIME_PIP) install --no-compile --constraint runtime/small.txt './runtime[chinese]'
	@$(RUNTIME_SIZE) "== with jieba and OpenCC: %s MB\n"
	$(if $(BUNDLE),$(VENV)-runtime/bin/kdxf-run $(BUNDLE) $(BUNDLE)/samples --save_csv $(VENV)-runtime/out.csv)

clean-env:
	rm -rf $(VENV) $(VENV)-runtime

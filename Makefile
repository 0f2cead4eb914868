# Everything runs in a virtual environment of its own, made on first use.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
OLDEST_VENV ?= .venv-oldest
BENCH_VENV ?= .venv-bench
ACCURACY_VENV ?= .venv-accuracy

.PHONY: help demo test test-oldest test-slow docs links bench accuracy clean

help: ## list these commands
	@grep -E "^[a-z-]+:.*## " $(MAKEFILE_LIST) | sed -E "s/:.*## /	/" | expand -t 14

demo: $(VENV)/.installed ## forecast four years of weather, or your own table with CSV=path.csv TARGET=column
	$(BIN)/python examples/demo.py $(if $(CSV),--csv "$(CSV)") $(if $(TARGET),--target "$(TARGET)")

test: $(VENV)/.installed ## what CI runs: style, imports, types, tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy
	$(BIN)/python -m pytest

test-slow: $(VENV)/.installed ## the long tests, about 20 minutes
	$(BIN)/python -m pytest -m slow

# The same tests, at the lowest versions that pyproject.toml allows.
test-oldest: $(OLDEST_VENV)/.installed ## the tests at the lowest supported versions
	$(OLDEST_VENV)/bin/python -m pytest

docs: $(VENV)/.installed ## the pages in docs/_build/html
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[docs]"
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html
	$(BIN)/python docs/links.py docs/_build/html

links: $(VENV)/.installed ## whether links to other sites work; needs the network
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[docs]"
	$(BIN)/python -m sphinx -D plot_gallery=0 -b linkcheck docs docs/_build/links

# What ours is compared with lives in an environment of its own. BENCH="--help" lists cases
# and options.
bench: $(BENCH_VENV)/.installed ## speed beside other libraries; BENCH="--help" lists cases
	$(BENCH_VENV)/bin/python -m benchmarks.speed $(BENCH)

accuracy: $(ACCURACY_VENV)/.installed ## 26 real series beside AutoETS, AutoTheta and AutoARIMA
	$(ACCURACY_VENV)/bin/python -m benchmarks.accuracy.series $(BENCH)

# torch goes first: asked for by name, it is found as a CPU build where one is at hand.
$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e ".[dev]"
	touch $@

$(OLDEST_VENV)/.installed: pyproject.toml constraints-oldest.txt
	$(PYTHON) -m venv $(OLDEST_VENV)
	$(OLDEST_VENV)/bin/python -m pip install --quiet -c constraints-oldest.txt torch
	$(OLDEST_VENV)/bin/python -m pip install --quiet -c constraints-oldest.txt -e ".[dev]"
	touch $@

$(BENCH_VENV)/.installed: pyproject.toml constraints.txt benchmarks/requirements.txt
	$(PYTHON) -m venv $(BENCH_VENV)
	$(BENCH_VENV)/bin/python -m pip install --quiet -c constraints.txt torch
	$(BENCH_VENV)/bin/python -m pip install --quiet -c constraints.txt \
		-r benchmarks/requirements.txt -e ".[fast]"
	touch $@

$(ACCURACY_VENV)/.installed: pyproject.toml benchmarks/accuracy/requirements.txt
	$(PYTHON) -m venv $(ACCURACY_VENV)
	$(ACCURACY_VENV)/bin/python -m pip install --quiet -c constraints.txt torch
	$(ACCURACY_VENV)/bin/python -m pip install --quiet \
		-r benchmarks/accuracy/requirements.txt -e ".[fast]"
	touch $@

clean: ## environments, built pages and compiled code
	find sklearn_gru -name "*.o" -delete
	rm -rf $(VENV) $(OLDEST_VENV) $(BENCH_VENV) $(ACCURACY_VENV)
	rm -rf docs/_build docs/auto_examples docs/api forecast.png

# Two commands do all: `make run` and `make test`. Both build what they need in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml setup.py $(shell find synthcore -name '*.pyx' -o -name '*.pxd' -o -name '*.h')

.PHONY: run test bench rivals lint clean

run: $(VENV)/.ready  ## the main job, 30 seconds on the embedded exchange
	$(BIN)/synthtest run --symbols BTCUSDT,ETHUSDT --duration 30

test: $(VENV)/.ready  ## every test, two files at a time
	$(BIN)/python -m pytest -n 2 --dist loadfile

bench: $(VENV)/.ready  ## ours beside its rivals, in one run
	$(BIN)/python -m pytest benchmarks -v --benchmark-only --benchmark-columns=min,median,iqr,max,rounds

rivals:  ## what `synthtest bench` runs beside ours, in C, C++ and Rust
	benchmarks/native/build build/rivals

lint: $(VENV)/.ready
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

$(VENV)/.ready: $(SOURCES)
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[speed,test]'
	$(BIN)/python -m compileall -q $(VENV)/lib synthcore synthcli || true
	touch $@

clean:
	rm -rf $(VENV) build *.egg-info
	find synthcore -name '*.so' -delete

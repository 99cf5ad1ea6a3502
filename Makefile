# make demo       train lesson 03 without a browser, and say where its pictures are
# make test       linter, tests, and every notebook at smoke size
# make lab        JupyterLab in notebooks/
# make app        sliders on trained generators as a web page, without a notebook around them
# make grade      grade what students have handed in (make assignments: what they get)
# make notebooks  run all lessons at laptop size on real data and store their outputs
# make help       all targets
SHELL := /bin/bash
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints/default.txt
BIN := $(VENV)/bin
NOTEBOOKS ?= $(wildcard notebooks/*.ipynb)

.PHONY: help setup demo test lab app notebooks lint benchmark benchmark-quality benchmark-doctor benchmark-bonsai extractors generators links constraints \
        test-oldest test-colab test-versions clean grading assignments collect grade

help:
	@sed -n 's/^# \{0,1\}//p' Makefile
	@echo "make lint       the linter alone"
	@echo "make benchmark  what the README's numbers come from; benchmark-quality: three hours more"
	@echo "make extractors  train the networks behind the metrics anew; make generators: those that ship"
	@echo "make test-versions  the whole test suite under the oldest and under Colab's TensorFlow"
	@echo "make assignments  student versions of the assignments, in assignments/release/"
	@echo "make grade      grade assignments/submitted/; make collect A=01_losses unpacks uploads"
	@echo "make links      write the repository's address from pyproject.toml into all badges"
	@echo "make clean      remove the virtual environments"

setup: $(VENV)/.ready

$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  sys.exit(None if (3, 10) <= v < (3, 14) else \
	  "The course needs Python 3.10 to 3.13, and $(PYTHON) is %d.%d. " % v + \
	  "Install one of those and run e.g.: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV): about 2 GB, some minutes the first time."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(CONSTRAINTS) --editable '.[lab,test,tracking]'
	@touch $@

# nbgrader puts a menu into JupyterLab, which learners do not need: teachers' targets add it.
grading: $(VENV)/.grading

$(VENV)/.grading: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(CONSTRAINTS) --editable '.[grading]'
	@touch $@

# Voilà puts a button into JupyterLab, which learners do not need either.
$(VENV)/.app: $(VENV)/.ready
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --constraint $(CONSTRAINTS) --editable '.[app]'
	@touch $@

app: $(VENV)/.app
	@$(BIN)/python scripts/app.py

.PHONY: playground
playground: setup ## build playground.html: generators that draw in any browser, in one file
	@$(BIN)/python scripts/playground.py

assignments: grading
	@$(BIN)/python assignments/grade.py release

collect: grading
	@$(BIN)/python assignments/grade.py collect $(A)

grade: grading
	@$(BIN)/python assignments/grade.py grade

demo: setup
	@$(BIN)/python scripts/run_notebook.py demo notebooks/03_mnist_gradient_tape.ipynb

test: lint grading $(VENV)/.app
	@$(BIN)/python -m pytest --nbval-lax

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

lab: setup
	@$(BIN)/jupyter lab --notebook-dir=notebooks

notebooks: setup
	@$(BIN)/python scripts/run_notebook.py store $(NOTEBOOKS)

benchmark: setup
	@$(BIN)/python benchmarks/gif.py
	@$(BIN)/python benchmarks/sliders.py
	@$(BIN)/python benchmarks/pictures.py
	@$(BIN)/python benchmarks/speed.py

# Twenty minutes: every failure of lesson 05, over three seeds.
benchmark-doctor: setup
	@$(BIN)/python benchmarks/doctor.py

# Forty minutes: what each remedy for small data does, of lesson 06.
benchmark-bonsai: setup
	@$(BIN)/python benchmarks/bonsai.py --fresh

benchmark-quality: setup
	@$(BIN)/python benchmarks/quality.py ablation --fresh
	@$(BIN)/python benchmarks/quality.py frogs --fresh
	@$(BIN)/python benchmarks/quality.py curves --fresh

# The small networks behind the metrics; about seven minutes, on real images.
extractors: setup
	@$(BIN)/python scripts/train_extractors.py

generators: setup
	@$(BIN)/python scripts/train_generators.py

links: setup
	@$(BIN)/python scripts/links.py

test-versions: test-oldest test-colab

test-oldest test-colab: test-%:
	@$(MAKE) --no-print-directory test VENV=.venv-$* CONSTRAINTS=constraints/$*.txt

# Needs uv (pip install uv). One file for Python 3.10 to 3.13, with markers where they differ.
constraints:
	@for set in default oldest colab; do \
	  uv pip compile pyproject.toml constraints/$$set.in --all-extras --universal \
	    --python-version 3.10 --no-header --no-annotate --quiet --upgrade \
	    --output-file constraints/$$set.txt; done

clean:
	rm -rf .venv .venv-oldest .venv-colab

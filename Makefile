# Recipes run under /bin/sh. `make help` lists the targets by the text behind their "##".
PYTHON ?= python3
VENV ?= .venv
CONSTRAINTS ?= constraints/default.txt
BIN := $(VENV)/bin
NOTEBOOKS ?= $(wildcard notebooks/*.ipynb)
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check \
  --constraint $(CONSTRAINTS) --editable

.DEFAULT_GOAL := help
.PHONY: help setup demo lab app playground site assignments collect grade leaderboard check test \
        lint test-versions test-oldest test-colab notebooks benchmark benchmark-doctor benchmark-bonsai \
        benchmark-quality extractors generators map links constraints clean

help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' Makefile

##@ For learners

setup: $(VENV)/.ready ## install everything into .venv (the other targets do it when it is needed)

$(VENV)/.ready: pyproject.toml $(CONSTRAINTS)
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; \
	  sys.exit(None if (3, 10) <= v < (3, 14) else \
	  "The course needs Python 3.10 to 3.13, and $(PYTHON) is %d.%d. " % v + \
	  "Install one of those and run e.g.: make PYTHON=python3.12 $(MAKECMDGOALS)")'
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv"; exit 1; }
	@echo "Setting up $(VENV): about 2 GB, some minutes the first time."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(INSTALL) '.[lab,test,tracking]'
	@touch $@

demo: setup ## train lesson 03 without a browser, and say where its pictures are
	@$(BIN)/python scripts/run_notebook.py demo notebooks/03_mnist_gradient_tape.ipynb

lab: setup ## open JupyterLab on working copies of the lessons, in my_lessons/
	@$(BIN)/python scripts/lab.py

app: $(VENV)/.app ## the latent explorer as a web page; for a class: make app HOST=0.0.0.0
	@$(BIN)/python scripts/app.py $(if $(HOST),--host=$(HOST)) $(if $(VISITORS),--visitors=$(VISITORS))

playground: setup ## build playground.html: generators that draw in any browser, in one file
	@$(BIN)/python scripts/playground.py

$(VENV)/.app: $(VENV)/.ready
	@$(INSTALL) '.[app]'
	@touch $@

site: $(VENV)/.site playground ## build the course as a website, in build/site/
	@$(BIN)/python scripts/build_site.py --check

$(VENV)/.site: $(VENV)/.ready
	@$(INSTALL) '.[site]'
	@touch $@

clean: ## remove the virtual environments
	rm -rf .venv .venv-oldest .venv-colab

##@ For teachers

assignments: $(VENV)/.grading ## write what students get into assignments/release/
	@$(BIN)/python assignments/grade.py release

collect: $(VENV)/.grading ## unpack what a learning platform has collected: make collect A=01_losses
	@$(BIN)/python assignments/grade.py collect $(A)

grade: $(VENV)/.grading ## grade what is in assignments/submitted/
	@$(BIN)/python assignments/grade.py grade

leaderboard: $(VENV)/.grading ## rank the class's capstones: make leaderboard PSEUDONYMS=1
	@$(BIN)/python assignments/grade.py leaderboard $(if $(PSEUDONYMS),--pseudonyms)

$(VENV)/.grading: $(VENV)/.ready
	@$(INSTALL) '.[grading]'
	@touch $@

##@ For contributors

check: lint ## lint and the fast unit tests, in about two minutes
	@$(BIN)/python -m pytest tests -m "not slow" -n auto

# Tests run in a process for each core, each with one thread: see conftest.py.
# What `make test` needs beside the set-up.
TOOLS ?= $(VENV)/.grading $(VENV)/.app $(VENV)/.site

test: lint $(TOOLS) ## lint, all tests, and every notebook at smoke size
	@$(BIN)/python -m pytest --nbval-lax -n auto

lint: setup ## ruff, and the contracts on imports between rooms
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports --no-cache --no-logo

test-versions: test-oldest test-colab ## make test under the oldest and under Colab's versions

test-oldest: ## make test under TensorFlow 2.16, with Python 3.10 to 3.12
	@$(MAKE) --no-print-directory test VENV=.venv-oldest CONSTRAINTS=constraints/oldest.txt

# Without nbgrader, which needs a newer IPython than Colab's: its tests are skipped.
test-colab: ## make test under Colab's versions, with Python 3.11 to 3.13
	@$(MAKE) --no-print-directory test VENV=.venv-colab CONSTRAINTS=constraints/colab.txt \
	  TOOLS=.venv-colab/.app

notebooks: setup ## run all lessons at laptop size on real data, and store their outputs
	@$(BIN)/python scripts/run_notebook.py store $(NOTEBOOKS)

benchmark: setup ## measure what the texts quote: GIFs, sliders, reading images, training steps
	@$(BIN)/python benchmarks/gif.py
	@$(BIN)/python benchmarks/sliders.py
	@$(BIN)/python benchmarks/pictures.py
	@$(BIN)/python benchmarks/speed.py
	@$(BIN)/python benchmarks/threads.py

benchmark-doctor: setup ## the Doctor's verdicts on recorded runs, healthy and sick (seconds)
	@$(BIN)/python benchmarks/doctor.py

benchmark-bonsai: setup ## what each remedy for small data does, of lesson 06 (40 minutes)
	@$(BIN)/python benchmarks/bonsai.py --fresh

benchmark-quality: setup ## Fréchet distance against seconds of training (three hours)
	@$(BIN)/python benchmarks/quality.py ablation --fresh
	@$(BIN)/python benchmarks/quality.py frogs --fresh
	@$(BIN)/python benchmarks/quality.py curves --fresh

extractors: setup ## train the networks behind the metrics anew (half an hour, real images)
	@$(BIN)/python scripts/train_extractors.py

generators: setup ## train the generators that ship with the course anew (an hour, real images)
	@$(BIN)/python scripts/train_generators.py

map: setup ## give new modules a line in CONTRIBUTING.md, and drop those that are gone
	@$(BIN)/python scripts/module_map.py

links: setup ## write the repository's address from pyproject.toml into all badges
	@$(BIN)/python scripts/links.py

# One file for all versions of Python, with markers where they differ. Colab's has neither Python
# 3.10 nor nbgrader, which needs a newer IPython than Colab's.
COMPILE = uv pip compile pyproject.toml --universal --no-header --no-annotate --quiet --upgrade
constraints: ## renew the pinned versions in constraints/ (needs uv: pip install uv)
	@$(COMPILE) constraints/default.in --python-version 3.10 --all-extras \
	  --output-file constraints/default.txt
	@$(COMPILE) constraints/oldest.in --python-version 3.10 --all-extras \
	  --output-file constraints/oldest.txt
	@$(COMPILE) constraints/colab.in --python-version 3.11 --extra lab --extra tracking \
	  --extra app --extra test --output-file constraints/colab.txt

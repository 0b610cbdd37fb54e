# Two commands matter: `make lab` and `make test`. `make help` lists the others.

PYTHON  ?= python3
PORT    ?= 8888
IP      ?= 127.0.0.1
SCALE   ?= laptop
N       ?=
A       ?= a1_gan_minimax
ARGS    ?=
RENAMED ?=

# How to install, read by bootstrap/ from the environment; empty means as before.
LATEST      ?=
UV          ?=
TORCH_INDEX ?=
export LATEST UV TORCH_INDEX

COURSE := $(PYTHON) -m bootstrap
FAST   := not slow and not browser and not notebooks and not roundtrip

.DEFAULT_GOAL := help
.PHONY: help lab install test test-fast notebooks execute check grade bench site warm constraints clean

help: ## list what there is
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

lab: ## install into .venv (the first time) and open the course; PORT=8888 LATEST=1 UV=1
	@$(COURSE) lab --port '$(PORT)' --ip '$(IP)'

install: ## only install into .venv
	@$(COURSE) install

test: ## add what the tests need; then style, units, notebooks, grading, browser
	@$(COURSE) test

test-fast: ## what takes seconds: style, units, properties, drift
	@$(COURSE) test -m '$(FAST)'

notebooks: ## sources/ -> notebooks/, solutions/, assignments/; N=01 for one
	@$(COURSE) run course_admin.authoring build $(if $(RENAMED),--renamed '$(RENAMED)') $(N)

execute: ## run the lessons and store their static outputs; N=01 for one
	@$(COURSE) run course_admin.authoring execute --scale '$(SCALE)' $(N)

check: ## compare notebooks with their sources, and with the rules for lessons
	@$(COURSE) run course_admin.authoring check

grade: ## grade what lies in submitted/; A=a1_gan_minimax
	@$(COURSE) run course_admin.grading '$(A)' $(ARGS)

bench: ## measure: speed against budgets and peers
	@$(COURSE) run benchmarks $(ARGS)

site: ## the lessons as HTML in build/site
	@$(COURSE) run course_admin.authoring site

warm: ## fill caches, so that a first demonstration is not slow
	@$(COURSE) warm

constraints: ## write constraints.txt, the versions that are installed; LATEST=1 raises them
	@$(COURSE) constraints

clean: ## remove what can be made again, .venv excepted
	@rm -rf build dist .pytest_cache .ruff_cache .hypothesis
	@find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -print0 | xargs -0 rm -rf

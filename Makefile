# All targets are quick the second time. `make help` lists them.
.PHONY: help setup run test lint audit pins bench mutants
.DEFAULT_GOAL := help
# Test processes side by side. Most tests wait for SIP timers, so more than twice as many as there are cores do no harm.
WORKERS ?= 5
# Share compiled files between processes.
unexport PYTHONDONTWRITEBYTECODE

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST)

setup: ## install what running needs: system packages, .venv, pinned requirements
	@.ci/setup run

run: setup ## run a local Kamailio and the web server, until Ctrl-C
	@.venv/bin/python manage.py runlocal

test: ## install what tests need, then run all: on MariaDB what depends on the database, most calls included, then everything on SQLite
	@.ci/setup test
	@echo "On MariaDB:"
	@.venv/bin/python -m tests.mariadb -- .venv/bin/python -m pytest -q -n $(WORKERS) -m "(django_db or e2e) and not (browser or own_database or wire)"
	@echo "Everything, on SQLite:"
	@.venv/bin/python -m pytest -q -n $(WORKERS)

lint: ## check style, types, migrations and templates
	@.ci/setup lint
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/python manage.py makemigrations --check --dry-run --settings tests.settings
	git ls-files -z 'templates/*.html' | xargs -0 .venv/bin/djade --target-version 5.2 --check

audit: ## ask PyPI's vulnerability service about all that is installed; it must be reachable
	@.ci/setup lint
	@[ -x .audit/bin/pip-audit ] || python3 -m venv .audit
	@.audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	.audit/bin/pip-audit --strict --progress-spinner off --path .venv/lib/python3.*/site-packages

pins: ## rewrite requirements*.txt from requirements*.in, with the hashes of all files; needs PyPI
	@[ -x .audit/bin/uv ] || python3 -m venv .audit
	@.audit/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-audit.txt
	@.ci/pins

bench: ## measure pages, documents, applies, calls and memory, each beside something to compare with: PARTS="web load" JSON=FILE
	@.ci/setup test
	@.venv/bin/python -m tests.bench $(if $(JSON),--json $(JSON)) $(PARTS)

mutants: ## change the code in many small ways, one at a time, and see which changes no test notices: SIZE=120 SEED=1 LIMIT=600 FILES=
	@.ci/setup test
	@.venv/bin/python -m tests.mutants --size $(or $(SIZE),120) --seed $(or $(SEED),1) --limit $(or $(LIMIT),600) $(FILES)

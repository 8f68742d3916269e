# make reproduce: environment, default study, report.   make plan: what it will take: time, memory, disk.
# make environment BACKEND=jax: without TensorFlow, in .venv-jax; GPU=1: with CUDA. BACKEND=torch: PyTorch, in .venv-torch.
# make reproduce BACKEND=jax (and other targets): by that environment.
# make status: how its cells stand.   make test: test suite.
# make test-quick: the tests that train nothing and start no program, for each change.
# make check NAME=mynet: what is wrong with architectures/mynet.py.   make check: linters, types, import directions.
# make data: the real images of the studies laptop and paper, downloaded and verified; DATA=FILE: a zip that a browser got.
# make survey: all publications, from the studies that have finished.
# make archive STUDY=name: a finished study as one RO-Crate (zip) without images; MODELS=1: with the trained models.
# make publication NAME=author_2024: skeleton of a publication.   make check PUBLICATION=author_2024: what is wrong with it.
# make dictionary: docs/tables.md and docs/results.schema.json, from analysis/dictionary/tables.
# make numbers: every measured number on README and docs from its record, and what is stale. MEASURE=1: measure that again.
# make same REV=COMMIT: does the working tree give the results of another revision?
# make length: words and pages of the article, against their limits.
# make docs: these pages as a site, site/index.html, without a network.
# make serve: the best honest cell of the last study as a service, with its page; MODEL=results/... another cell.
PYTHON ?= python3
BACKEND ?=
GPU ?=
OTHER := $(addprefix -,$(filter-out tensorflow,$(BACKEND)))
VENV ?= .venv$(OTHER)
CORES ?= all
STUDY ?= demo
DATA ?=
MODEL ?=
REV ?=
MODELS ?=
CPU ?=
CHECK ?=
MEASURE ?=
RESULTS ?=

# PyTorch's packages are the same for CPU and GPU.
REQUIREMENTS := requirements$(OTHER)$(and $(GPU),$(filter jax,$(BACKEND)),-gpu).txt
INSTALLED := $(VENV)/.requirements
RUN := PATH="$(abspath $(VENV))/bin:$$PATH"
SNAKEMAKE := $(RUN) snakemake --cores $(CORES) --config study=$(STUDY) $(if $(DATA),data=$(DATA)) $(if $(BACKEND),backend=$(BACKEND))

.PHONY: environment backends app serve data reproduce plan status pdf length docs pictures test test-quick check publication survey archive same dictionary numbers lock

# Compiling all of TensorFlow takes a third of the installation; here, what is imported is compiled. Where Python may not
# write that, each process would spend ten seconds on it.
unexport PYTHONDONTWRITEBYTECODE

environment: $(INSTALLED)

$(INSTALLED): $(REQUIREMENTS)
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "mammobench needs Python 3.11 or newer; say which: make PYTHON=python3.11 ...")'
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement $(REQUIREMENTS)
	KERAS_BACKEND=$(or $(patsubst -%,%,$(OTHER)),tensorflow) $(VENV)/bin/python -c "import snakemake.cli; from benchmarks import backend; backend.load()"
	touch $@

# Keras on JAX and PyTorch, for `backend` of a study. CPU=1: PyTorch without CUDA, where pip knows PyTorch's own index.
backends: environment
	$(VENV)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes \
		--requirement requirements-backends$(if $(CPU),-cpu).txt

# FastAPI, Streamlit and what serves them.
app: $(VENV)/.requirements-app

$(VENV)/.requirements-app: requirements-app.txt $(INSTALLED)
	$(VENV)/bin/python -m pip install --quiet --no-compile --disable-pip-version-check --require-hashes --requirement requirements-app.txt
	touch $@

serve: app
	$(RUN) $(if $(MODEL),MAMMOBENCH_MODEL="$(MODEL)") python -m app

data: environment
	$(RUN) python -m benchmarks.fetch $(if $(DATA),--file "$(DATA)")

reproduce: environment
	$(SNAKEMAKE)

plan: environment
	$(RUN) python -m benchmarks.plan --study $(STUDY) --cores $(CORES) $(if $(DATA),--data "$(DATA)")

status: environment
	$(RUN) python -m benchmarks.run.status --study $(STUDY)

pdf: environment
	$(SNAKEMAKE) -- pdf

length: environment
	$(RUN) python -m reports.article.length --study $(STUDY)

docs: environment
	$(RUN) python -m docs.reference
	$(RUN) python -m sphinx --fail-on-warning --keep-going --quiet docs site

pictures: environment
	$(RUN) python docs/pictures.py --study $(STUDY)
	$(RUN) python -m docs.explanation_pictures

test: environment
	$(RUN) python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --durations 20

test-quick: environment
	$(RUN) python -m pytest --quick -m "not slow" --numprocesses 2 --dist loadfile --quiet

publication: environment
	$(RUN) python -m benchmarks.publications.skeleton "$(NAME)"

survey: environment
	$(RUN) python -m reports.survey

archive: environment
	$(RUN) python -m benchmarks.archive --study $(STUDY) $(if $(DATA),--data "$(DATA)") $(if $(MODELS),--models)

ifeq ($(origin PUBLICATION),command line)
check: environment
	$(RUN) python -m benchmarks.check.publication "$(PUBLICATION)" $(if $(DATA),--data "$(DATA)")
else ifeq ($(origin NAME),command line)
check: environment
	$(RUN) python -m benchmarks.check $(NAME) --study $(STUDY)
else
check: environment
	$(RUN) pre-commit run --all-files
	$(RUN) lint-imports --no-cache
	$(RUN) mypy
	$(RUN) snakemake --lint
endif

dictionary: environment
	$(RUN) python -m analysis.dictionary

numbers: environment
	$(RUN) python -m docs.numbers $(if $(CHECK),--check) $(if $(MEASURE),--measure $(filter-out 1,$(MEASURE))) \
		$(if $(findstring command,$(origin STUDY)),--study $(STUDY) $(if $(RESULTS),--results "$(RESULTS)"))

same: environment
	$(RUN) python -m benchmarks.validation.same --rev "$(REV)" --study $(STUDY) $(if $(DATA),--data "$(DATA)")

LOCK := uv pip compile --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock"

lock:
	$(LOCK) requirements.in --universal --output-file requirements.txt
	for name in jax jax-gpu torch; do \
		grep -vE '^(tensorflow|tf-keras-vis)=' requirements.in | $(LOCK) - requirements-$$name.in --universal \
			--constraint requirements.txt --no-annotate --output-file requirements-$$name.txt || exit 1; \
	done
	$(LOCK) requirements-backends.in --universal --constraint requirements.txt --no-annotate \
		--output-file requirements-backends.txt
	$(LOCK) requirements-backends-cpu.in --constraint requirements.txt --no-annotate \
		--output-file requirements-backends-cpu.txt
	$(LOCK) requirements-app.in --universal --constraint requirements.txt --output-file requirements-app.txt

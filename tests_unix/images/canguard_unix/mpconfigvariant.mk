# An interpreter for tests of boards/ports/shared/canguard_twai.inc.c: the registers are an object in Python.
PROG = canguard

MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_BLUETOOTH = 0
MICROPY_PY_THREAD = 0
MICROPY_USE_READLINE = 0
FROZEN_MANIFEST = $(abspath $(VARIANT_DIR)/manifest.py)

UCHARGE_SHARED := $(abspath $(VARIANT_DIR)/../../../boards/ports/shared)
CFLAGS_EXTRA += -I$(UCHARGE_SHARED)
vpath %.c $(UCHARGE_SHARED)
SRC_C += canguard.c  # and those of this folder

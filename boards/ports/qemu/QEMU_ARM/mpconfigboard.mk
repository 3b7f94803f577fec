# The board of the qemu port that ucharge runs on: MPS2_AN385 with what a charger needs beside a REPL.
# make -C ports/qemu BOARD=QEMU_ARM BOARD_DIR=<this folder> FROZEN_MANIFEST=<manifest of the image>

include boards/MPS2_AN385/mpconfigboard.mk

UCHARGE_PORT := $(abspath $(BOARD_DIR)/..)
UCHARGE_MODULE := $(UCHARGE_PORT)/modules/machine_mps2
UCHARGE_SHARED := $(abspath $(UCHARGE_PORT)/../shared)
USER_C_MODULES := $(UCHARGE_PORT)/modules

CFLAGS += -DMP_CONFIGFILE='"$(UCHARGE_PORT)/mpconfig.h"' -I$(UCHARGE_MODULE) -I$(UCHARGE_SHARED)
vpath %.c $(UCHARGE_SHARED)
SRC_C += gc_heap.c gcheap.c frozen.c canguard.c canguard_slcan.c
MICROPY_VFS_LFS2 = 1
LDSCRIPT = $(UCHARGE_PORT)/an385.ld
LIB_SRC_C += shared/timeutils/timeutils.c

# The port's main() has a REPL only, and its console neither waits nor polls: ours take their place.
LDFLAGS += -Wl,--wrap=main -Wl,--wrap=mp_hal_stdin_rx_chr -Wl,--wrap=mp_hal_stdio_poll -Wl,--wrap=gc_collect
LDFLAGS += -Wl,--wrap=mp_find_frozen_module

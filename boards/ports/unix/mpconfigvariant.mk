# The charger as one executable: only what its modules import, and a start of its own (ucharge.c).
PROG = ucharge

MICROPY_PY_FFI = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_BLUETOOTH = 0
MICROPY_PY_THREAD = 0
MICROPY_USE_READLINE = 0
MICROPY_VFS_FAT = 0
MICROPY_VFS_LFS1 = 0

LDFLAGS_EXTRA += -Wl,--wrap=main

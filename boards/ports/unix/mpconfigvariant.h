// The features of MicroPython's standard unix variant, for an executable that runs frozen modules only.
#define MICROPY_CONFIG_ROM_LEVEL (MICROPY_CONFIG_ROM_LEVEL_EXTRA_FEATURES)

#define MICROPY_PY_SYS_PATH_DEFAULT ".frozen"

#include "ports/unix/variants/mpconfigvariant_common.h"

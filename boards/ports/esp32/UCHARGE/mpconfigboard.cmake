# One board folder for all our ESP32 boards: they differ in frozen modules only. From the environment: UCHARGE_BOARD, the
# name, and UCHARGE_VERSION, which esptool's image_info shows and esp32.Partition cannot change.
set(IDF_TARGET esp32)

set(UCHARGE_SDKCONFIG ${CMAKE_BINARY_DIR}/sdkconfig.ucharge)
file(WRITE ${UCHARGE_SDKCONFIG}
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${MICROPY_BOARD_DIR}/partitions.csv\"\n"
    "CONFIG_APP_PROJECT_VER=\"$ENV{UCHARGE_VERSION}\"\n"
)

set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    boards/sdkconfig.240mhz
    ${MICROPY_BOARD_DIR}/sdkconfig.board
    ${UCHARGE_SDKCONFIG}
)

list(APPEND MICROPY_DEF_BOARD
    MICROPY_HW_BOARD_NAME="ucharge $ENV{UCHARGE_BOARD}"
    MP_CONFIGFILE="${MICROPY_BOARD_DIR}/mpconfigheap.h"
)

get_filename_component(UCHARGE_SHARED ${MICROPY_BOARD_DIR}/../../shared ABSOLUTE)
list(APPEND MICROPY_SOURCE_BOARD
    ${UCHARGE_SHARED}/gc_heap.c
)

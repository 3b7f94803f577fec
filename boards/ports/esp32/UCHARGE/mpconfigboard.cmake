# The ESP32 without external RAM, with 4 MB of flash.
set(IDF_TARGET esp32)
set(UCHARGE_FRAGMENTS boards/sdkconfig.240mhz)
set(UCHARGE_PARTITIONS partitions-4MB.csv)
include(${CMAKE_CURRENT_LIST_DIR}/../ucharge.cmake)

# The GC heap has a fixed size: what it would take beyond that is Wi-Fi's, the sockets' and TLS's.
list(APPEND MICROPY_DEF_BOARD
    MP_CONFIGFILE="${MICROPY_BOARD_DIR}/mpconfigheap.h"
)

list(APPEND MICROPY_SOURCE_BOARD
    ${UCHARGE_SHARED}/gc_heap.c
)

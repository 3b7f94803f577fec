# The ESP32 with external RAM (WROVER modules: GPIO 16 and 17 are the RAM's), with 4 MB of flash. The GC heap is the port's:
# it begins with 56 KB of external RAM and grows there.
set(IDF_TARGET esp32)
set(UCHARGE_FRAGMENTS
    boards/sdkconfig.240mhz
    boards/sdkconfig.spiram
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.external_ram
)
set(UCHARGE_PARTITIONS partitions-4MB.csv)
include(${CMAKE_CURRENT_LIST_DIR}/../ucharge.cmake)

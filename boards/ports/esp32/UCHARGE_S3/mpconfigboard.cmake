# The ESP32-S3 with 8 MB of flash and 2 MB or more of external RAM on four lines (modules N8R2; N8R8 has eight lines:
# add boards/sdkconfig.spiram_oct). The GC heap is the port's: it begins with 64 KB of external RAM and grows there.
set(IDF_TARGET esp32s3)
set(UCHARGE_FRAGMENTS
    boards/sdkconfig.240mhz
    boards/sdkconfig.spiram_sx
    ${CMAKE_CURRENT_LIST_DIR}/../sdkconfig.external_ram
)
set(UCHARGE_PARTITIONS partitions-8MB.csv)
include(${CMAKE_CURRENT_LIST_DIR}/../ucharge.cmake)

# The console is UART0, and the USB connector's serial port by the chip's own means: no TinyUSB.
set(MICROPY_PY_TINYUSB OFF)

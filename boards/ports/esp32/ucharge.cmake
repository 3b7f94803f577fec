# What our board folders share; each sets IDF_TARGET, UCHARGE_FRAGMENTS, the sdkconfig files that it needs, and
# UCHARGE_PARTITIONS, its table in this folder, and includes this. The boards of one folder differ in frozen modules only.
#
# UCHARGE_BOARD is the board's name, UCHARGE_VERSION what esptool's image_info shows and esp32.Partition cannot change.
# tools/port_esp32.py defines them on the command line, because CMake configures anew when such a definition changes, but
# not when the environment does: a build folder would keep the name of the board that it was first used for.
foreach(UCHARGE_NAME UCHARGE_BOARD UCHARGE_VERSION)
    if(NOT DEFINED ${UCHARGE_NAME})
        set(${UCHARGE_NAME} "$ENV{${UCHARGE_NAME}}")
    endif()
endforeach()

set(UCHARGE_SDKCONFIG ${CMAKE_BINARY_DIR}/sdkconfig.ucharge)
file(WRITE ${UCHARGE_SDKCONFIG}
    "CONFIG_PARTITION_TABLE_CUSTOM_FILENAME=\"${CMAKE_CURRENT_LIST_DIR}/${UCHARGE_PARTITIONS}\"\n"
    "CONFIG_APP_PROJECT_VER=\"${UCHARGE_VERSION}\"\n"
)

# The later of two settings counts.
set(SDKCONFIG_DEFAULTS
    boards/sdkconfig.base
    ${UCHARGE_FRAGMENTS}
    ${CMAKE_CURRENT_LIST_DIR}/sdkconfig.ucharge
    ${MICROPY_BOARD_DIR}/sdkconfig.board
    ${UCHARGE_SDKCONFIG}
)

string(TOUPPER ${IDF_TARGET} UCHARGE_MCU)
list(APPEND MICROPY_DEF_BOARD
    MICROPY_HW_BOARD_NAME="ucharge ${UCHARGE_BOARD}"
    MICROPY_HW_MCU_NAME="${UCHARGE_MCU}"
)

# The guard that answers the vehicle's stop in the interrupt of the CAN controller.
if(IDF_TARGET STREQUAL "esp32" OR IDF_TARGET STREQUAL "esp32s3")
    list(APPEND MICROPY_SOURCE_BOARD
        ${CMAKE_CURRENT_LIST_DIR}/../shared/canguard.c
        ${CMAKE_CURRENT_LIST_DIR}/canguard/modcanguard.c
    )
endif()

# All DNS servers of the network, not only the first.
list(APPEND MICROPY_SOURCE_BOARD ${CMAKE_CURRENT_LIST_DIR}/modnameservers.c)

# Sources that these boards share with QEMU's.
get_filename_component(UCHARGE_SHARED ${CMAKE_CURRENT_LIST_DIR}/../shared ABSOLUTE)
list(APPEND MICROPY_SOURCE_BOARD
    ${UCHARGE_SHARED}/gcheap.c
    ${UCHARGE_SHARED}/frozen.c
)

# It takes the place of a function of MicroPython's. The board's file is read before the project's targets are made.
add_link_options(-Wl,--wrap=mp_find_frozen_module)

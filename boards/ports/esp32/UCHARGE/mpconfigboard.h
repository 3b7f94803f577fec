// A charger has no use for radio protocols other than Wi-Fi: what they would take of flash and RAM is the modules'.

#define MICROPY_HW_UART_REPL_BAUD (115200)

#define MICROPY_PY_BLUETOOTH (0)
#define MICROPY_PY_ESPNOW (0)

// The partition "romfs" is mounted on /rom: modules there run in place (boards/ports/esp32/frozen/_boot.py).
#define MICROPY_VFS_ROM (1)

#include "../UCHARGE/mpconfigboard.h"

#define MICROPY_HW_ENABLE_USBDEV (0)
#define MICROPY_HW_ENABLE_UART_REPL (1)

// Module canguard of the ESP32 and the ESP32-S3: the way of messages through their CAN controller with an interrupt, and the
// guard.

#include "py/runtime.h"

#include "esp_attr.h"
#include "esp_intr_alloc.h"
#include "freertos/FreeRTOS.h"
#include "mphalport.h"
#include "sdkconfig.h"
#include "soc/interrupts.h"

#include "../../shared/canguard.h"

// TWAI in ESP-IDF's peripherals.ld of the chip; not every release has a macro for it.
#if CONFIG_IDF_TARGET_ESP32S3
#define TWAI_BASE 0x6002b000
#define SPOILS false
#else
#define TWAI_BASE 0x3ff6b000
#define SPOILS true
#endif
#define FAST IRAM_ATTR
#define READ(n) (*(volatile uint32_t *)(TWAI_BASE + 4 * (n)))
#define WRITE(n, value) (*(volatile uint32_t *)(TWAI_BASE + 4 * (n)) = (value))
// There are two cores: the interrupt comes on the one that requested it, a thread may be on the other.
#define LOCK() portENTER_CRITICAL(&lock)
#define UNLOCK() portEXIT_CRITICAL(&lock)
#define LOCK_ISR() portENTER_CRITICAL_ISR(&lock)
#define UNLOCK_ISR() portEXIT_CRITICAL_ISR(&lock)

static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

#include "../../shared/canguard_twai.inc.c"

static intr_handle_t handle;

// interrupt(on): take the controller's interrupt, or let it go. Raises OSError: there is none left.
static mp_obj_t interrupt(mp_obj_t on) {
    bool wanted = mp_obj_is_true(on);
    if (wanted && handle == NULL) {
        // Level 1, and also while the flash is erased: all that the handler touches is in RAM.
        int flags = ESP_INTR_FLAG_LEVEL1 | ESP_INTR_FLAG_IRAM;
        check_esp_err(esp_intr_alloc(ETS_TWAI_INTR_SOURCE, flags, isr, NULL, &handle));
    } else if (!wanted && handle != NULL) {
        check_esp_err(esp_intr_free(handle));
        handle = NULL;
    }
    restart(wanted);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(interrupt_obj, interrupt);

static const mp_rom_map_elem_t globals_table[] = {
    CANGUARD_TWAI_GLOBALS
};
static MP_DEFINE_CONST_DICT(globals, globals_table);

const mp_obj_module_t canguard_module = {
    .base = { &mp_type_module },
    .globals = (mp_obj_dict_t *)&globals,
};
MP_REGISTER_MODULE(MP_QSTR_canguard, canguard_module);

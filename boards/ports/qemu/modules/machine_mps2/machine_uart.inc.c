// Included by extmod/machine_uart.c: UART(n, baudrate, *, rxbuf=, timeout=). Reads and writes never wait.

#include "py/mperrno.h"
#include "py/mphal.h"

#include "mps2.h"

#define MICROPY_PY_MACHINE_UART_CLASS_CONSTANTS

struct _machine_uart_obj_t {
    mp_obj_base_t base;
    unsigned int number;
    mp_int_t baudrate;
};

static void mp_machine_uart_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "UART(%u, baudrate=%d)", self->number, (int)self->baudrate);
}

// The baud rate is taken and has no meaning here: QEMU passes bytes on as fast as they are taken.
static void mp_machine_uart_init_helper(machine_uart_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_baudrate, ARG_rxbuf };
    static const mp_arg_t allowed[] = {
        { MP_QSTR_baudrate, MP_ARG_INT, {.u_int = 115200} },
        { MP_QSTR_rxbuf, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = 256} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed), allowed, args);
    if (args[ARG_rxbuf].u_int < 1 || args[ARG_rxbuf].u_int > MPS2_RX_RING) {
        mp_raise_ValueError(MP_ERROR_TEXT("rxbuf"));
    }
    self->baudrate = args[ARG_baudrate].u_int;
    mps2_uart_resize(self->number, args[ARG_rxbuf].u_int);
}

static mp_obj_t mp_machine_uart_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    mp_int_t number = mp_obj_get_int(args[0]);
    if (number < 0 || number >= MPS2_UARTS) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such UART"));
    }
    machine_uart_obj_t *self = mp_obj_malloc(machine_uart_obj_t, type);
    self->number = number;
    mp_map_t kw_args;
    mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
    mp_machine_uart_init_helper(self, n_args - 1, args + 1, &kw_args);
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_uart_deinit(machine_uart_obj_t *self) {
    while (mps2_uart_get(self->number) >= 0) {
    }
}

static mp_int_t mp_machine_uart_any(machine_uart_obj_t *self) {
    return mps2_uart_any(self->number);
}

static bool mp_machine_uart_txdone(machine_uart_obj_t *self) {
    return mps2_uart_writable(self->number);
}

static mp_uint_t mp_machine_uart_read(mp_obj_t self_in, void *buf_in, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    uint8_t *buf = buf_in;
    mp_uint_t done = 0;
    int c;
    while (done < size && (c = mps2_uart_get(self->number)) >= 0) {
        buf[done++] = c;
    }
    if (done == 0 && size > 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return done;
}

static mp_uint_t mp_machine_uart_write(mp_obj_t self_in, const void *buf_in, mp_uint_t size, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_uint_t done = mps2_uart_write(self->number, buf_in, size);
    if (done == 0 && size > 0) {
        *errcode = MP_EAGAIN;
        return MP_STREAM_ERROR;
    }
    return done;
}

static mp_uint_t mp_machine_uart_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    machine_uart_obj_t *self = MP_OBJ_TO_PTR(self_in);
    if (request == MP_STREAM_POLL) {
        uintptr_t ready = 0;
        if ((arg & MP_STREAM_POLL_RD) && mps2_uart_any(self->number)) {
            ready |= MP_STREAM_POLL_RD;
        }
        if ((arg & MP_STREAM_POLL_WR) && mps2_uart_writable(self->number)) {
            ready |= MP_STREAM_POLL_WR;
        }
        return ready;
    }
    if (request == MP_STREAM_FLUSH) {
        while (!mps2_uart_writable(self->number)) {
            mp_event_wait_ms(1);
        }
        return 0;
    }
    *errcode = MP_EINVAL;
    return MP_STREAM_ERROR;
}

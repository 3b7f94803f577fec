// The port's configuration, with a GC heap of a fixed size in place of one that grows: mpconfigboard.cmake hands it to
// py/mpconfig.h as MP_CONFIGFILE, for mpconfigport.h itself cannot be made to leave MICROPY_GC_SPLIT_HEAP_AUTO out.
// modespnow.c includes mpconfigport.h once more, without a use of it: the compiler warns of a redefinition there.

#include <mpconfigport.h>
#include "../../shared/gc_heap.h"

// py/mpconfig.h defines them only for a heap that grows; the port's main.c takes the first area with it.
#define MP_PLAT_ALLOC_HEAP(size) malloc(size)
#define MP_PLAT_FREE_HEAP(ptr) free(ptr)

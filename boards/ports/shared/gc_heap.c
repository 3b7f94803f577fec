// The second area of the GC heap, see gc_heap.h.

#include <stdlib.h>

#include "py/mpconfig.h"
#include "py/gc.h"

// The memory is taken once and is the collector's for ever; a soft reset has made its list of areas anew. If there is none,
// the charger starts with the first area: components/health.py logs that the heap is smaller than it should be.
void ucharge_add_gc_area(void) {
    static char *area;
    if (area == NULL) {
        area = MP_PLAT_ALLOC_HEAP(UCHARGE_GC_SECOND_AREA);
    }
    if (area != NULL) {
        gc_add(area, area + UCHARGE_GC_SECOND_AREA);
    }
}

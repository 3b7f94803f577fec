"""Words of memory by address and place, in machine code: above 0x3FFFFFFF an address is an int on the heap, and the sum
of two such would be a new one. ``words_plain`` has the same functions over ``machine.mem32`` or what stands in for it.
"""

import micropython


@micropython.viper
def peek(memory, address: ptr32, place: int) -> int:
    """The word. `memory` is not used."""
    return int(address[place])


@micropython.viper
def poke(memory, address: ptr32, place: int, value: int):
    """Write it. `memory` is not used."""
    address[place] = value

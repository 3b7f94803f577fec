"""Words of memory by address and place, in plain Python; see ``words_viper``."""


def peek(memory, address, place):
    """The word."""
    return memory[address + 4 * place]


def poke(memory, address, place, value):
    """Write it."""
    memory[address + 4 * place] = value

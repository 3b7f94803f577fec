"""Hardware and nothing else. Every CAN driver has the shape of machine.CAN."""

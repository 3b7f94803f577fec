"""What runs inside MicroPython for the measurements. Imports nothing when imported."""

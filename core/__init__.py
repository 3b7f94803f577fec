"""The kernel: declarations, building, supervision, signals, clock, log, settings. It is independent of charging."""

"""The kernel: declarations, building, supervision, signals, clock, log, settings. It knows nothing of charging."""

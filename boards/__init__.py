"""One module a board: data, no logic."""

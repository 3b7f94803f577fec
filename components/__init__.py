"""What a board can be made of. Components never import each other: the kernel injects."""

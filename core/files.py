"""What files need beyond what the port does for them."""


def flush_dir(path):
    """Have a rename or a removal on the medium, where a directory can be flushed; littlefs does so by itself."""
    try:
        with open(path, "rb") as directory:
            directory.flush()
    except OSError:
        pass

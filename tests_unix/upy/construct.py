"""What the kernel does for a component: its options, the defaults of its declaration where a test says nothing."""


def construct(cls, *services, **given):
    """An instance of `cls`, with the services in the order of its constructor."""
    options = {name: spec[1] for name, spec in getattr(cls, "options", {}).items() if spec[1] is not ...}
    options.update(given)
    return cls(*services, **options)

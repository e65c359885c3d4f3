"""What the programs of this folder share: where the server is, and how they tell what holds."""
import sys
import time

URL, PUBLIC, KEY = sys.argv[1:4]


def holds(what, got, wanted=True):
    print(f"ok {what}" if got == wanted else f"FAIL {what}: wanted {wanted!r}, got {got!r}"[:600], flush=True)


def until(what, look, wanted=None, seconds=20):
    """Asks again until it is so: what was acknowledged may be on its way to the warehouse."""
    end, got = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            got = look()
        except Exception as not_yet:  # 404 until it is there
            got = not_yet
        if (got == wanted) if wanted is not None else (got and not isinstance(got, Exception)):
            break
        time.sleep(0.2)
    if wanted is None:
        holds(what, bool(got) and not isinstance(got, Exception))
        return got
    holds(what, got, wanted)
    return got

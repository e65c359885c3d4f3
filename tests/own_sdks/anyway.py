"""Calls everything that the Python SDK has, against a server that is wrong, slow or absent: prints the end only if nothing raised."""
import time

import pawl

began = time.monotonic()
pawl.init(timeout_s=1, exit_timeout_s=1)


@pawl.trace(kind="tool")
def tool(x):
    return x


with pawl.session("s", user="u", task="t"), pawl.span("a", "agent") as made:
    tool(1)
    made.score("n", 1)
    pawl.score("m", "word")
    pawl.outcome(True)
    with pawl.guardrail("g") as guard:
        guard.block()
    assert pawl.prompt("p", default="d", timeout_s=0.5).text == "d"
    dataset = pawl.dataset("d")
    assert dataset.error and not dataset.cases
    assert not pawl.experiment("e", "d", tool).ok
    local = pawl.experiment("e", [1], tool)
    assert local.tried[0].output == 1
pawl.flush(1)
pawl.status()
pawl.frameworks()
pawl.shutdown()
print(f"the end after {time.monotonic() - began:.1f} s")

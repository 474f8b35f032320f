"""The app as on ZeroGPU, with the real package `spaces` and a CPU build of torch.

`zerogpu_app.py MODEL`, in the environment of the Space. What stands in: CUDA is never there, so the
worker process goes on with the emulation of it by which `spaces` lets models be loaded before there
is a GPU. What is real: that, the worker processes, how texts come from them, and who asks for what.
"""

import sys

import torch


def _is_in_bad_fork() -> bool:
    return False


_is_in_bad_fork.__module__ = "torch.cuda"
torch.cuda._is_in_bad_fork = _is_in_bad_fork  # a lambda in builds for the CPU; it is pickled
torch.version.cuda = "13.0"
torch._C._cuda_init = lambda: None
torch.set_num_threads(1)  # else a forked process waits for threads that it does not have

import app  # noqa: E402
from engines.in_process import engine  # noqa: E402

in_this_process = engine.Desk.run


def run(desk, prompt, sampling, n):
    from spaces.zero import torch as lent
    from spaces.zero import wrappers

    assert wrappers.forked, "a model is only asked where a GPU is lent"
    lent.enter_mode()
    yield from in_this_process(desk, prompt, sampling, n)


engine.Desk.run = run

if __name__ == "__main__":
    import spaces  # noqa: F401  (as the first thing that knows of CUDA)
    from spaces.zero import torch as lent

    for name, value in {"size": 0, "unpatch": None, "init": None, "move": None}.items():
        setattr(lent, name, lambda *_given, _value=value, **_options: _value)
    sys.exit(app.main(["--model", sys.argv[1]]))

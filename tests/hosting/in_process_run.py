"""One run on transformers in this process: `in_process_run.py MODEL`, in a Space's environment."""

import asyncio
import sys

from components.console import run_in_console
from engines.in_process.host import in_process
from strategies import REGISTRY

if __name__ == "__main__":
    host, strategy = in_process(sys.argv[1]), REGISTRY["direct"]
    options = {"seed": 0, "reference": "", "record": None}
    question = "How many legs does a spider have?"
    sys.exit(asyncio.run(run_in_console(host, strategy, question, [], **options)))

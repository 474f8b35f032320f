"""vLLM's server on this machine, in processes of its own."""

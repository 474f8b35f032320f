"""The embedded llama.cpp: a server of our own, in a child process."""

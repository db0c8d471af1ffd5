"""The benchmark suite of `synthtest bench`: ours beside its rivals and the machine's limits, in one run."""

"""Where the work runs: threads of one process, or Ray."""

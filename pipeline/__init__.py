"""One video: probe, watch (one decode pass, many observers), listen, derive."""

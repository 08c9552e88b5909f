"""Questions with known answers, how they are asked of a library, and how what comes back is judged."""

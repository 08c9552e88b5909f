"""Progress, metrics, logs and reports."""

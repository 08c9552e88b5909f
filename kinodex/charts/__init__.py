"""Pictures of measurements, as SVG and as pages that need nothing else."""

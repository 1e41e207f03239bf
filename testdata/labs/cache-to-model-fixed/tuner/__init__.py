"""Fine-tunes a classifier of reviews."""

"""Fine-tunes a scorer from a base checkpoint."""

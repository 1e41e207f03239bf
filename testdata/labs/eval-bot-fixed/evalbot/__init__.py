"""Scores a pull request's model and publishes the table."""

//! Policy: `pipevet.toml` with ranges. Knows no fact.

//! Policy: `pipevet.toml` with ranges.
/// x
#[derive(Debug, Default)]
pub struct Config;

//! The `pipevet` command.

fn main() -> std::process::ExitCode {
    pipevet::cli::run(std::env::args_os())
}

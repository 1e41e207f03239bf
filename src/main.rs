//! The `pipevet` command.

#[cfg(not(target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Takes the place of the C library's allocator where it is linked in. Asked under that name it goes half as far for a small piece as when it is told what to
/// align it to.
#[cfg(target_os = "linux")]
#[used]
static ALLOCATOR: &(dyn std::alloc::GlobalAlloc + Sync) = &mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    pipevet::cli::run(std::env::args_os())
}

//! The hagane program.

/// Many small nodes are made and dropped together: this takes a third off the time of a large build, and off musl's
/// own allocator far more.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    hagane_cli::main()
}

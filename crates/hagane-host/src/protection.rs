//! What keeps secrets in the memory of this process.

use std::mem::forget;

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Lets nobody have a picture of this process' memory: it leaves no core, and other processes of the user may not look into
/// it. Best effort: where the system does not do it, the program works all the same.
pub fn without_core_dumps() {
    // Programs that are started may want one again, and can.
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// Keeps the pages of a secret out of the swap for as long as this process lives. Best effort: where `RLIMIT_MEMLOCK` does not allow it,
/// the program works all the same.
pub(crate) fn keep_in_memory<T: ?Sized>(secret: &T) {
    let length = size_of_val(secret);
    if length > 0
        && let Ok(guard) = region::lock(std::ptr::from_ref(secret).cast::<u8>(), length)
    {
        // Secrets lie together, and whoever lets go of one would unlock the page of the others.
        forget(guard);
    }
}

#[cfg(test)]
mod tests {
    use super::keep_in_memory;

    /// Returns how much of this process' memory is locked, in KiB.
    fn locked() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
    }

    #[test]
    fn pages_are_locked_where_that_is_allowed() {
        let secret = vec![7_u8; 16 << 10];
        let may = region::lock(secret.as_ptr(), secret.len()).is_ok();
        let before = locked();
        keep_in_memory(secret.as_slice());
        keep_in_memory::<[u8]>(&[]);
        // Nobody may lock more than the limit, and it is no error.
        keep_in_memory(vec![0_u8; 1 << 20].as_slice());
        if may && cfg!(target_os = "linux") {
            assert!(locked() >= before + 16, "{} after {before}", locked());
        }
    }
}

//! What keeps secrets in the memory of this process.

use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit};

/// Lets nobody have a picture of this process' memory: it leaves no core, and other processes of the user may not look into
/// it. Best effort: where the system does not do it, the program works all the same.
pub fn without_core_dumps() {
    // Programs that are started may want one again, and can.
    let maximum = getrlimit(Resource::Core).maximum;
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

//! The kernel's quota for a group of processes, of the second version of cgroups or of the first.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use testing::undo::Undo;

/// In microseconds. It is also near the shortest that 128 MB can have: the kernel takes no quota
/// below 1 ms.
const PERIOD: f64 = 20_000.0;

/// A group of its own, removed when it is dropped, with all that runs in it.
pub(crate) struct Group {
    path: PathBuf,
    is_second_version: bool,
    _undo: Undo,
}

impl Group {
    pub(super) fn new() -> io::Result<Self> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("atlassian-authorizer-{}-{number}", std::process::id());
        let second = Path::new("/sys/fs/cgroup/cgroup.controllers");
        let is_second_version = second.exists();
        let parent = if is_second_version {
            // Where it may already be on, and where only an administrator may turn it on.
            let _ = std::fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
            Path::new("/sys/fs/cgroup")
        } else {
            Path::new("/sys/fs/cgroup/cpu")
        };
        let path = parent.join(name);
        std::fs::create_dir(&path)?;
        let made = path.clone();
        let group = Self {
            path,
            is_second_version,
            _undo: Undo::with(move || remove(&made)),
        };
        group.set(1.0)?;
        Ok(group)
    }

    /// Limits a process from now on.
    pub(super) fn limit(&self, process: Pid, share: f64) {
        self.set(share).expect("it could be set before");
        let path = self.path.join("cgroup.procs");
        std::fs::write(path, process.to_string()).expect("a child can be moved");
    }

    fn set(&self, share: f64) -> io::Result<()> {
        let quota = PERIOD * share;
        let write = |name: &str, text: String| std::fs::write(self.path.join(name), text);
        if self.is_second_version {
            return write("cpu.max", format!("{quota:.0} {PERIOD:.0}"));
        }
        write("cpu.cfs_period_us", format!("{PERIOD:.0}"))?;
        write("cpu.cfs_quota_us", format!("{quota:.0}"))
    }
}

/// A group goes away once nothing runs in it, which takes a moment after the last process ends.
fn remove(path: &Path) {
    for _ in 0..200 {
        let processes = std::fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
        for process in processes.lines().filter_map(|line| line.parse().ok()) {
            if let Some(process) = Pid::from_raw(process) {
                let _ = kill_process(process, Signal::KILL);
            }
        }
        if std::fs::remove_dir(path).is_ok() || !path.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

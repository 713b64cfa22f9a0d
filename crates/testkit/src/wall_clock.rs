//! A wall clock that a test sets, for processes that are started with it: what an administrator, a time server or a
//! virtual machine that was paused does to a clock.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

const SOURCE: &str = include_str!("wall_clock.c");

/// The clock of processes that are started with its environment, and of their forks.
pub struct WallClock {
    folder: tempfile::TempDir,
    ahead: std::fs::File,
}

impl WallClock {
    /// One that shows the machine's time. Needs gcc and a dynamic linker that knows `LD_PRELOAD`.
    #[allow(clippy::new_without_default, reason = "it compiles a program")]
    pub fn new() -> WallClock {
        let folder = tempfile::tempdir().unwrap();
        let mut gcc = Command::new("gcc")
            .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-x", "c", "-", "-o"])
            .arg(folder.path().join("wall_clock.so"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        gcc.stdin.take().unwrap().write_all(SOURCE.as_bytes()).unwrap();
        assert!(gcc.wait().unwrap().success());
        let ahead = std::fs::File::create(folder.path().join("ahead")).unwrap();
        let clock = WallClock { folder, ahead };
        clock.set(0);
        clock
    }

    /// Sets it that many seconds ahead of the machine's, from now on, in all its processes at once.
    pub fn set(&self, seconds: i64) {
        self.ahead.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();
    }

    /// What a process gets in its environment to go by this clock.
    pub fn environment(&self) -> [(&'static str, String); 2] {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        [("LD_PRELOAD", path("wall_clock.so")), ("PROOFMARK_TEST_CLOCK", path("ahead"))]
    }
}

#[cfg(test)]
mod tests {
    use super::WallClock;
    use std::process::Command;

    #[test]
    fn a_process_goes_by_it() {
        let clock = WallClock::new();
        let year = || {
            let date = Command::new("date").args(["-u", "+%Y"]).envs(clock.environment()).output().unwrap();
            assert!(date.stderr.is_empty(), "{}", String::from_utf8_lossy(&date.stderr));
            String::from_utf8(date.stdout).unwrap().trim().parse::<i64>().unwrap()
        };
        let now = year();
        clock.set(10 * 366 * 86_400);
        assert!((now + 10..=now + 11).contains(&year()));
        clock.set(-10 * 366 * 86_400);
        assert!((now - 11..=now - 10).contains(&year()));
    }
}

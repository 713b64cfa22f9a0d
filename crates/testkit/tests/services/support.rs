//! What the tests ask of processes, and plain HTTP.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Asks until it is so, for at most half a minute.
pub fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(30), "still not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A process is there as long as it has a command line; a zombie has none.
pub fn runs(pid: u32) -> bool {
    std::fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty())
}

/// The folder of the server that a process belongs to: it works there or, as PostgreSQL does, below it.
pub fn folder(pid: u32) -> PathBuf {
    let at = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    let is_root = |p: &&Path| p.file_name().is_some_and(|name| name.to_string_lossy().starts_with("proofmark-"));
    at.ancestors().find(is_root).unwrap_or_else(|| panic!("{pid} works in {}", at.display())).to_path_buf()
}

/// The parent of a process.
pub fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|l| l.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// All children of a process, their children, and so on.
pub fn descendants(pid: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
    let parents: BTreeMap<u32, u32> = pids.filter_map(|p| Some((p, parent(p)?))).collect();
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&from) = found.get(next) {
        found.extend(parents.iter().filter(|(_, parent)| **parent == from).map(|(child, _)| *child));
        next += 1;
    }
    found.split_off(1)
}

/// `host:port` of a URL.
pub fn authority(url: &str) -> &str {
    let rest = url.split_once("://").unwrap().1.split('/').next().unwrap();
    rest.rsplit('@').next().unwrap()
}

/// An HTTP answer.
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// `(name in lower case, value)`
    pub headers: Vec<(String, String)>,
    /// What came after the headers.
    pub body: String,
}

impl Answer {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v)
    }
}

/// One HTTP/1.0 request, which an answer without chunks follows.
pub fn http(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    let host = authority(url);
    let path = url.split_once(host).unwrap().1;
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let extra: String = headers.iter().map(|(n, v)| format!("{n}: {v}\r\n")).collect();
    let length = body.len();
    write!(stream, "{method} {path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {length}\r\n{extra}\r\n{body}")
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines.filter_map(|l| l.split_once(": ")).map(|(n, v)| (n.to_lowercase(), v.to_string())).collect();
    Answer { status, headers, body: body.to_string() }
}

//! NATS, spoken to by hand: its protocol is text.

use crate::support::authority;
use proofmark_testkit::services::{nats, own_nats, unique_name};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

struct Client {
    stream: BufReader<TcpStream>,
    /// What the server said of itself.
    info: String,
}

impl Client {
    fn connect(url: &str) -> std::io::Result<Client> {
        let stream = TcpStream::connect(authority(url))?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut client = Client { stream: BufReader::new(stream), info: String::new() };
        client.info = client.line();
        client.send("CONNECT {\"verbose\":false}\r\nSUB answers 1\r\n");
        Ok(client)
    }

    fn send(&mut self, text: &str) {
        self.stream.get_mut().write_all(text.as_bytes()).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// Publishes with `answers` as the reply's subject, and gives the reply.
    fn request(&mut self, subject: &str, body: &str) -> String {
        self.send(&format!("PUB {subject} answers {}\r\n{body}\r\n", body.len()));
        loop {
            let line = self.line();
            if line.starts_with("MSG ") {
                let length: usize = line.trim_end().rsplit(' ').next().unwrap().parse().unwrap();
                let mut bytes = vec![0; length + 2];
                self.stream.read_exact(&mut bytes).unwrap();
                return String::from_utf8(bytes).unwrap();
            }
            assert!(line.starts_with("PING") || line.starts_with("INFO"), "{line}");
        }
    }
}

#[test]
fn the_server_answers_and_has_streams() {
    let server = nats();
    let mut client = Client::connect(server.url()).unwrap();
    assert!(client.info.starts_with("INFO ") && client.info.contains("\"jetstream\":true"), "{}", client.info);
    client.send("PING\r\n");
    assert_eq!(client.line(), "PONG\r\n");
    let stream = unique_name("stream");
    let create = format!("{{\"name\":\"{stream}\",\"subjects\":[\"{stream}.>\"],\"storage\":\"memory\"}}");
    let made = client.request(&format!("$JS.API.STREAM.CREATE.{stream}"), &create);
    assert!(made.contains("\"created\"") && !made.contains("\"error\""), "{made}");
    let stored = client.request(&format!("{stream}.x"), "hello");
    assert!(stored.contains("\"seq\":1"), "{stored}");
}

#[test]
fn a_stream_in_files_survives_a_restart_and_a_crash() {
    let mut server = own_nats();
    let url = server.url().to_string();
    let mut client = Client::connect(&url).unwrap();
    let made = client.request("$JS.API.STREAM.CREATE.kept", "{\"name\":\"kept\",\"subjects\":[\"kept.>\"]}");
    assert!(made.contains("\"created\""), "{made}");
    assert!(client.request("kept.x", "hello").contains("\"seq\":1"));
    server.restart();
    assert_eq!(server.url(), url);
    assert!(Client::connect(&url).unwrap().request("kept.x", "again").contains("\"seq\":2"));
    server.crash();
    assert!(Client::connect(&url).is_err());
    server.start();
    assert!(Client::connect(&url).unwrap().request("kept.x", "and again").contains("\"seq\":3"));
}

//! A client that costs little, so that what is measured is the server: requests are ready-made bytes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// A whole request. `bearer` may be empty.
pub fn request(method: &str, path: &str, host: SocketAddr, bearer: &str, body: &str) -> Vec<u8> {
    let authorization =
        if bearer.is_empty() { String::new() } else { format!("Authorization: Bearer {bearer}\r\n") };
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\n{authorization}Content-Length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// Answers per second to so many connections, each of which asks again as soon as it has its answer.
pub fn rate(
    runtime: &Runtime,
    address: SocketAddr,
    connections: usize,
    turn: Duration,
    status: u16,
    request: impl Fn(usize) -> Vec<u8>,
) -> f64 {
    runtime.block_on(async {
        let mut open = Vec::new();
        for i in 0..connections {
            let mut connection = Connection::open(address).await;
            // One before the clock runs: the connection is set up, the caches are warm.
            let requests: Vec<_> = (0..16).map(|n| request(i + n * connections)).collect();
            assert_eq!(connection.ask(&requests[0]).await.0, status);
            open.push((connection, requests));
        }
        let begin = Instant::now();
        let all = open.into_iter().map(|(mut connection, requests)| {
            tokio::spawn(async move {
                let mut count = 0;
                while begin.elapsed() < turn {
                    let (found, _) = connection.ask(&requests[count % requests.len()]).await;
                    assert_eq!(found, status);
                    count += 1;
                }
                count
            })
        });
        let counts = futures_util::future::join_all(all).await;
        let total: usize = counts.into_iter().map(|count| count.expect("every answer is a good one")).sum();
        total as f64 / begin.elapsed().as_secs_f64()
    })
}

/// A connection that is kept.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("the server listens");
        stream.set_nodelay(true).expect("it can");
        Self { stream, buffer: Vec::with_capacity(8192) }
    }

    /// Sends a request; returns status and body of the answer.
    pub async fn ask(&mut self, request: &[u8]) -> (u16, Vec<u8>) {
        self.stream.write_all(request).await.expect("the server reads");
        self.buffer.clear();
        loop {
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
            assert!(read > 0, "the server closed the connection");
            if let Some(answer) = whole(&self.buffer) {
                return answer;
            }
        }
    }
}

fn whole(bytes: &[u8]) -> Option<(u16, Vec<u8>)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("heads are ASCII");
    let status = head[9..12].parse().expect("a status");
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    let body = bytes.get(end..end + length)?;
    Some((status, body.to_vec()))
}

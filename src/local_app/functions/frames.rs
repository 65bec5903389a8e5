//! What the App and its workers say to each other, over the worker's standard input and output.
//!
//! Each frame is its length, four bytes with the lowest first, and a BSON document. It goes both ways during a call: a
//! worker asks for whatever it has not got, and the App answers.

use std::io::{self, Read, Write};

use bson::RawDocumentBuf;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::{FunctionFailure, Limits};
use crate::local_app::blocking::blocking;

/// Longest frame, in bytes: that of a result, and some room around it.
pub const LONGEST: usize = LONGEST_RESULT + (1 << 20);
/// Longest result of a function, in bytes of BSON; as long as the longest document of MongoDB.
pub const LONGEST_RESULT: usize = 16 << 20;
/// Bytes of a frame that is taken apart where it was read; a longer one would hold up others there.
pub const SHORT: usize = 64 << 10;
/// What a worker says first. Whatever else the program prints before is passed over.
pub const GREETING: &[u8] = b"idmux function worker 2\n";

/// From the App.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToWorker {
    /// The first frame.
    Setup(Limits),
    /// Runs a function.
    Call(CallFrame),
    /// The answer to the worker's last question.
    Answer(Answer),
}

/// A call.
#[derive(Debug, Serialize, Deserialize)]
pub struct CallFrame {
    /// The function.
    pub name: String,
    /// What `context.js` makes `context` and the arguments of, in canonical Extended JSON.
    pub input: String,
    /// The configuration that the call belongs to. The sources of another one count no more.
    pub config: i64,
}

/// From a worker.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromWorker {
    /// It has the call: the first frame of each.
    Begun {},
    /// A line that the function wrote to `console`.
    Log(String),
    /// Something that the App knows; it has to answer before the call goes on.
    Ask(Question),
    /// The result, as the field [`RESULT`] of a document. The call is over.
    Done(RawDocumentBuf),
    /// There is none. The call is over.
    Failed(FunctionFailure),
}

/// The only field of the document with a result.
pub const RESULT: &str = "r";

/// What a worker asks for.
#[derive(Debug, Serialize, Deserialize)]
pub enum Question {
    /// The source of a function.
    Source(String),
}

/// What the App answers.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// The source; `None`: there is no such function.
    Source(Option<String>),
}

/// Writes one frame.
pub fn write(to: &mut impl Write, frame: &impl Serialize) -> io::Result<()> {
    to.write_all(&bytes(frame)?)?;
    to.flush()
}

/// Reads one frame.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let mut frame = vec![0; checked(length)?];
    from.read_exact(&mut frame)?;
    bson::deserialize_from_slice(&frame).map_err(io::Error::other)
}

/// The same, without holding up a task.
pub async fn send(to: &mut (impl AsyncWrite + Unpin), frame: &impl Serialize) -> io::Result<()> {
    to.write_all(&bytes(frame)?).await?;
    to.flush().await
}

/// The same, without holding up a task.
pub async fn receive<T: DeserializeOwned + Send + 'static>(
    from: &mut (impl AsyncRead + Unpin),
) -> io::Result<T> {
    let mut length = [0; 4];
    from.read_exact(&mut length).await?;
    let mut frame = vec![0; checked(length)?];
    from.read_exact(&mut frame).await?;
    let taken_apart = move || bson::deserialize_from_slice(&frame).map_err(io::Error::other);
    if length_of(length) > SHORT { blocking(taken_apart).await? } else { taken_apart() }
}

fn bytes(frame: &impl Serialize) -> io::Result<Vec<u8>> {
    let body = bson::serialize_to_vec(frame).map_err(io::Error::other)?;
    let length = u32::try_from(body.len()).map_err(io::Error::other)?;
    Ok([&length.to_le_bytes()[..], &body].concat())
}

fn length_of(length: [u8; 4]) -> usize {
    u32::from_le_bytes(length) as usize
}

fn checked(length: [u8; 4]) -> io::Result<usize> {
    let length = length_of(length);
    if length > LONGEST { Err(io::Error::other("a frame is too long")) } else { Ok(length) }
}

#[cfg(test)]
mod tests {
    use bson::{Bson, doc};

    use super::*;

    #[test]
    fn frames_are_read_as_they_were_written() {
        let odd = doc! { RESULT: { "$oid": 5, "a": [Bson::Undefined, Bson::MaxKey, 1_i64, "é"] } };
        let frames = [
            FromWorker::Begun {},
            FromWorker::Log("line".to_owned()),
            FromWorker::Ask(Question::Source("main".to_owned())),
            FromWorker::Done(RawDocumentBuf::try_from(&odd).unwrap()),
            FromWorker::Failed(FunctionFailure::TimeLimit),
        ];
        let mut pipe = Vec::new();
        for frame in &frames {
            write(&mut pipe, frame).unwrap();
        }
        write(&mut pipe, &ToWorker::Setup(Limits::default())).unwrap();
        write(&mut pipe, &ToWorker::Answer(Answer::Source(None))).unwrap();
        let mut from = &pipe[..];
        for frame in &frames {
            assert_eq!(format!("{:?}", read::<FromWorker>(&mut from).unwrap()), format!("{frame:?}"));
        }
        assert!(matches!(read(&mut from).unwrap(), ToWorker::Setup(limits) if limits == Limits::default()));
        assert!(matches!(read(&mut from).unwrap(), ToWorker::Answer(Answer::Source(None))));
        assert_eq!(read::<ToWorker>(&mut from).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn what_is_no_frame_is_refused_before_it_takes_memory() {
        for garbage in [&[0xff; 8][..], &[4, 0, 0, 0, 1, 2, 3, 4], b"\x05\0\0\0\x05\0\0\0\0"] {
            assert!(read::<FromWorker>(&mut &garbage[..]).is_err(), "{garbage:?}");
        }
    }
}

//! The inspector: a built-in receiver that shows what it was sent, to try webhooks offline.
//!
//! Everything is in memory and bounded: so many tokens, so many requests and bytes for each; the
//! least recently used token goes first. A token proves itself (80 random bits and 48 bits of a
//! code over them), so one that was given out before a restart still works, and none can be made up.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;

use crate::base::{Clock, Random, RawId, SealKey, Timestamp};

/// Tokens in memory.
const TOKENS_MAX: usize = 256;
/// Requests kept for a token.
pub(super) const REQUESTS_MAX: usize = 50;
/// Bytes kept for a token.
const BYTES_MAX: usize = 256 * 1024;
/// Bytes of a body that are kept.
const BODY_BYTES_MAX: usize = 16 * 1024;
/// Headers kept of a request.
const HEADERS_MAX: usize = 64;
/// The longest delay of an answer.
pub(super) const DELAY_MS_MAX: u32 = 20_000;
const CODE_BITS: u32 = 48;

/// How requests to a token are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    /// The HTTP status.
    pub(super) status: u16,
    /// How long to wait before.
    pub(super) delay_ms: u32,
}

impl Default for Answer {
    fn default() -> Self {
        Self { status: 200, delay_ms: 0 }
    }
}

/// A request that came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    /// Counts up from 1 for each token.
    pub(super) number: u64,
    /// When it came.
    pub(super) at: Timestamp,
    /// The HTTP method.
    pub(super) method: String,
    /// The headers, in order.
    pub(super) headers: Vec<(String, String)>,
    /// The first bytes of the body.
    pub(super) body: Bytes,
    /// The length of the whole body.
    pub(super) body_bytes: usize,
    /// Whether a signature of ours is good; `None` when there is none to check.
    pub(super) is_signed: Option<bool>,
    /// The status it was answered with.
    pub(super) status: u16,
}

impl Seen {
    fn weight(&self) -> usize {
        let headers: usize = self.headers.iter().map(|(name, value)| name.len() + value.len() + 16).sum();
        headers + self.body.len() + 128
    }
}

/// A request as it comes in.
#[derive(Debug)]
pub(super) struct Incoming {
    pub(super) method: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
    pub(super) is_signed: Option<bool>,
}

#[derive(Debug, Default)]
struct Board {
    answer: Answer,
    requests: VecDeque<Seen>,
    bytes: usize,
    total: u64,
    used_at: u64,
}

/// What a token shows.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) answer: Answer,
    /// All requests so far, those no longer kept included.
    pub(super) total: u64,
    /// The kept requests after the one asked for, newest first.
    pub(super) requests: Vec<Seen>,
}

/// The tokens and what they have seen.
#[derive(Debug)]
pub struct Play {
    seal: Arc<SealKey>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    boards: Mutex<HashMap<u128, Arc<Mutex<Board>>>>,
}

impl Play {
    pub(super) fn new(seal: Arc<SealKey>, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Self {
        Self { seal, clock, random, boards: Mutex::default() }
    }

    /// A fresh token; the receiver is at `/play/<token>`.
    #[must_use]
    pub fn create_token(&self) -> String {
        let mut bytes = [0; 16];
        self.random.fill(&mut bytes);
        let nonce = u128::from_be_bytes(bytes) & !code_mask();
        let value = nonce | self.code(nonce);
        RawId { hi: (value >> 64) as u64, lo: value as u64 }.to_text()
    }

    /// The number behind a token that was given out by this instance.
    pub(super) fn read_token(&self, text: &str) -> Option<u128> {
        let raw = RawId::from_text(text).ok()?;
        let value = (u128::from(raw.hi) << 64) | u128::from(raw.lo);
        (value & code_mask() == self.code(value & !code_mask())).then_some(value)
    }

    fn code(&self, nonce: u128) -> u128 {
        let tag = self.seal.code(b"play token", &nonce.to_be_bytes());
        let mut number = 0;
        for byte in tag.iter().take(CODE_BITS as usize / 8) {
            number = (number << 8) | u128::from(*byte);
        }
        number
    }

    fn board(&self, token: u128) -> Arc<Mutex<Board>> {
        let mut boards = self.boards.lock().unwrap_or_else(PoisonError::into_inner);
        if boards.len() >= TOKENS_MAX && !boards.contains_key(&token) {
            let oldest = boards.iter().min_by_key(|(_, board)| lock(board).used_at).map(|(token, _)| *token);
            if let Some(oldest) = oldest {
                boards.remove(&oldest);
            }
        }
        let board = Arc::clone(boards.entry(token).or_default());
        lock(&board).used_at = self.clock.mono_ms();
        board
    }

    /// Keeps a request and says how to answer it.
    pub(super) fn receive(&self, token: u128, incoming: Incoming) -> Answer {
        let board = self.board(token);
        let mut board = lock(&board);
        board.total += 1;
        let mut headers = incoming.headers;
        headers.truncate(HEADERS_MAX);
        let kept = incoming.body.len().min(BODY_BYTES_MAX);
        let seen = Seen {
            number: board.total,
            at: self.clock.now(),
            method: incoming.method,
            headers,
            // A copy, so that a short excerpt does not hold on to a long buffer.
            body: Bytes::copy_from_slice(incoming.body.get(..kept).unwrap_or_default()),
            body_bytes: incoming.body.len(),
            is_signed: incoming.is_signed,
            status: board.answer.status,
        };
        board.bytes += seen.weight();
        board.requests.push_back(seen);
        while board.requests.len() > REQUESTS_MAX || (board.bytes > BYTES_MAX && board.requests.len() > 1) {
            if let Some(gone) = board.requests.pop_front() {
                board.bytes -= gone.weight();
            }
        }
        board.answer
    }

    /// What a token has seen after the request of that number.
    pub(super) fn show(&self, token: u128, after: u64) -> Shown {
        let board = self.board(token);
        let board = lock(&board);
        let requests = board.requests.iter().rev().take_while(|seen| seen.number > after).cloned().collect();
        Shown { answer: board.answer, total: board.total, requests }
    }

    /// Sets how requests are answered from now on.
    pub(super) fn set_answer(&self, token: u128, answer: Answer) {
        lock(&self.board(token)).answer = answer;
    }

    /// Forgets the requests of a token.
    pub(super) fn clear(&self, token: u128) {
        let board = self.board(token);
        let mut board = lock(&board);
        board.requests.clear();
        board.bytes = 0;
    }
}

fn lock(board: &Mutex<Board>) -> std::sync::MutexGuard<'_, Board> {
    board.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn code_mask() -> u128 {
    (1 << CODE_BITS) - 1
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Answer, BYTES_MAX, Incoming, Play, REQUESTS_MAX, TOKENS_MAX};
    use crate::base::{ManualClock, SealKey, SeededRandom, Timestamp};

    fn play() -> Play {
        let clock = Arc::new(ManualClock::new(Timestamp::from_ms(0)));
        Play::new(Arc::new(SealKey::from_bytes(&[1; 32])), clock, Arc::new(SeededRandom::new(1)))
    }

    fn post(body: &[u8]) -> Incoming {
        let headers = vec![("a".to_owned(), "b".to_owned())];
        Incoming { method: "POST".to_owned(), headers, body: Bytes::copy_from_slice(body), is_signed: None }
    }

    #[test]
    fn tokens_prove_themselves_also_after_a_restart() {
        let token = play().create_token();
        assert!(play().read_token(&token).is_some());
        let mut other = token.clone();
        other.replace_range(5..6, if &token[5..6] == "0" { "1" } else { "0" });
        assert!(play().read_token(&other).is_none());
        for text in ["", "x", &"0".repeat(26), &"z".repeat(26)] {
            assert!(play().read_token(text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_newest_requests_are_kept_and_the_memory_is_bounded() {
        let play = play();
        let token = play.read_token(&play.create_token()).unwrap();
        for _ in 0..200 {
            play.receive(token, post(&vec![7; 20_000]));
        }
        let shown = play.show(token, 0);
        assert_eq!((shown.total, shown.requests[0].number, shown.requests[0].body_bytes), (200, 200, 20_000));
        assert!(shown.requests.iter().map(super::Seen::weight).sum::<usize>() <= BYTES_MAX);
        for _ in 0..200 {
            play.receive(token, post(b"small"));
        }
        assert_eq!(play.show(token, 0).requests.len(), REQUESTS_MAX);
        assert_eq!(play.show(token, 398).requests.len(), 2);
        play.clear(token);
        assert_eq!((play.show(token, 0).requests.len(), play.show(token, 0).total), (0, 400));
    }

    #[test]
    fn the_least_recently_used_token_goes_first() {
        let play = play();
        for _ in 0..TOKENS_MAX + 10 {
            let token = play.read_token(&play.create_token()).unwrap();
            play.set_answer(token, Answer { status: 503, delay_ms: 1 });
            assert_eq!(play.receive(token, post(b"")), Answer { status: 503, delay_ms: 1 });
        }
        assert_eq!(play.boards.lock().unwrap().len(), TOKENS_MAX);
    }
}

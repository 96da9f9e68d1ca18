//! Credentials: somebody makes API keys and takes them back, and they are tried before and after.

use std::{
    net::SocketAddr,
    sync::{
        Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};

use super::{
    client::{Client, Sent},
    traffic::World,
};
use crate::durability::model::{Op, Outcome, Reply};

/// Credentials that are tried after each restart.
const TRIED: usize = 24;

/// What the run knows of its credentials.
#[derive(Default)]
pub(crate) struct Keys {
    /// The token of somebody who stays signed in.
    owner: OnceLock<String>,
    made: Mutex<Vec<Key>>,
    number: AtomicU64,
}

#[derive(Debug, Clone)]
struct Key {
    name: String,
    secret: String,
}

impl World {
    /// Signs in twice: one session stays, the other one is ended.
    ///
    /// # Errors
    /// What was answered instead.
    pub(crate) fn sign_in(&self, address: SocketAddr, (email, password): &(String, String)) -> Result<(), String> {
        let body = json!({ "email": email, "password": password }).to_string();
        let token = || match Client::new(address, "none").call("POST", "/auth/login", &body, None) {
            Sent::Answer { status: 200, body } => {
                let tokens: Value = serde_json::from_slice(&body).unwrap_or_default();
                tokens["access_token"].as_str().map(str::to_owned).ok_or_else(|| format!("no token: {tokens}"))
            }
            other => Err(format!("sign-in: {}", super::observe::describe(&other))),
        };
        self.keys.owner.set(token()?).ok();
        let session = Key { name: "session".to_owned(), secret: token()? };
        self.keys.made.lock().unwrap().push(session.clone());
        self.use_key(address, 0, &session);
        let revoked = Op::RevokeKey { name: session.name.clone() };
        self.as_somebody(address, &session.secret, 0, revoked, ("POST", "/auth/logout", "")).ok_or("no sign-out")?;
        self.use_key(address, 0, &session);
        Ok(())
    }

    /// Makes a key, uses it, takes it back and tries it once more; `None` when the server is not there any more.
    pub(crate) fn turn_over_a_key(&self, address: SocketAddr, cycle: u32) -> Option<()> {
        let owner = self.keys.owner.get()?;
        let name = format!("key-{}", self.keys.number.fetch_add(1, Ordering::Relaxed));
        let order = json!({ "name": name, "scopes": ["events:read"] }).to_string();
        let invoked = self.now();
        let answer = Client::new(address, owner).call("POST", "/api-keys", &order, None);
        let made = Op::MakeKey { name: name.clone() };
        let Sent::Answer { status: 201, body } = answer else {
            self.record(cycle, invoked, made, &outcome(&answer)?);
            return Some(());
        };
        self.record(cycle, invoked, made, &Outcome::Ok(Reply::Done));
        let made: Value = serde_json::from_slice(&body).unwrap();
        let key = Key { name, secret: made["secret"].as_str().unwrap().to_owned() };
        self.keys.made.lock().unwrap().push(key.clone());
        self.use_key(address, cycle, &key)?;
        let path = format!("/api-keys/{}", made["id"].as_str().unwrap());
        self.as_somebody(address, owner, cycle, Op::RevokeKey { name: key.name.clone() }, ("DELETE", &path, ""))?;
        self.use_key(address, cycle, &key)
    }

    /// Tries the last credentials and the first ones.
    pub(crate) fn try_keys(&self, address: SocketAddr, cycle: u32) {
        let keys = self.keys.made.lock().unwrap().clone();
        for key in keys.iter().take(TRIED / 2).chain(keys.iter().skip(TRIED / 2).rev().take(TRIED / 2)) {
            self.use_key(address, cycle, key);
        }
    }

    fn use_key(&self, address: SocketAddr, cycle: u32, key: &Key) -> Option<()> {
        let used = Op::UseKey { name: key.name.clone() };
        self.as_somebody(address, &key.secret, cycle, used, ("GET", "/event-types?limit=1", ""))
    }

    fn as_somebody(
        &self,
        address: SocketAddr,
        credential: &str,
        cycle: u32,
        op: Op,
        (method, path, body): (&str, &str, &str),
    ) -> Option<()> {
        let invoked = self.now();
        let answer = Client::new(address, credential).call(method, path, body, None);
        self.record(cycle, invoked, op, &outcome(&answer)?);
        Some(())
    }
}

fn outcome(sent: &Sent) -> Option<Outcome> {
    match sent {
        Sent::Never => None,
        Sent::Answer { status: 200..300, .. } => Some(Outcome::Ok(Reply::Done)),
        Sent::Answer { status: status @ 400..500, .. } => Some(Outcome::Refused(*status)),
        Sent::Answer { .. } | Sent::Lost => Some(Outcome::Unknown),
    }
}

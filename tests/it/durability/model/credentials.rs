//! Credentials (33): what was revoked is never accepted again, and what was not revoked is not refused.

use std::collections::HashMap;

use super::{Case, Op, Outcome, Violation};

/// What is known of one credential.
#[derive(Debug, Default)]
struct Life {
    /// The revocation was asked for.
    asked_at: Option<u64>,
    /// It was acknowledged.
    revoked_at: Option<u64>,
}

pub(super) fn check(case: &Case<'_>, found: &mut Vec<Violation>) {
    let mut lives: HashMap<&str, Life> = HashMap::new();
    for entry in case.history {
        let Op::RevokeKey { name } = &entry.op else { continue };
        let life = lives.entry(name).or_default();
        let asked_at = life.asked_at.map_or(entry.invoked, |known| known.min(entry.invoked));
        life.asked_at = Some(asked_at);
        if matches!(entry.outcome, Outcome::Ok(_)) {
            life.revoked_at = Some(life.revoked_at.map_or(entry.returned, |known| known.min(entry.returned)));
        }
    }
    let never = Life::default();
    for entry in case.history {
        let Op::UseKey { name } = &entry.op else { continue };
        let life = lives.get(name.as_str()).unwrap_or(&never);
        match entry.outcome {
            Outcome::Ok(_) if life.revoked_at.is_some_and(|at| at < entry.invoked) => {
                found.push(Violation::new(
                    33,
                    format!("credential {name} was accepted at {} after its end", entry.invoked),
                ));
            }
            Outcome::Refused(401) if life.asked_at.is_none_or(|at| at > entry.returned) => {
                found.push(Violation::new(
                    33,
                    format!("credential {name} was refused at {} and is in force", entry.invoked),
                ));
            }
            _ => {}
        }
    }
}

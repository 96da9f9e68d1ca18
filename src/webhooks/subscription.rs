//! Which events a webhook subscribes to: exact names, `*`, and prefixes such as `order.*`.
//!
//! A [`SubscriptionIndex`] finds the subscribers of an event type in time that depends on the
//! number of its parts and of its subscribers, not on the number of webhooks.

use std::{collections::HashMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The longest name of an event type.
pub(super) const EVENT_TYPE_BYTES_MAX: usize = 128;

/// Why a text is not the name of an event type or not a subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty, or longer than [`EVENT_TYPE_BYTES_MAX`].
    #[error("must have 1 to {EVENT_TYPE_BYTES_MAX} characters")]
    Length,
    /// Something else than dotted parts of letters, digits, `_` and `-`.
    #[error("must be parts of letters, digits, \"_\" and \"-\" joined by dots, such as order.created")]
    Characters,
    /// A `*` somewhere else than alone or as the last part.
    #[error("may have \"*\" only alone or as the last part, such as order.*")]
    Wildcard,
}

/// Checks the name of an event type.
///
/// # Errors
/// [`NameError`] for an empty, too long or malformed name.
pub(super) fn check_event_type(name: &str) -> Result<(), NameError> {
    if name.is_empty() || name.len() > EVENT_TYPE_BYTES_MAX {
        return Err(NameError::Length);
    }
    let is_part = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if name.split('.').all(is_part) { Ok(()) } else { Err(NameError::Characters) }
}

/// One subscription of a webhook.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Subscription {
    /// Every event.
    All,
    /// Events whose type begins with these parts and has at least one more.
    Prefix(String),
    /// Events of exactly this type.
    Exact(String),
}

impl Subscription {
    /// Whether an event of this type is subscribed to.
    #[must_use]
    pub fn matches(&self, event_type: &str) -> bool {
        match self {
            Self::All => true,
            Self::Prefix(prefix) => event_type.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.starts_with('.')),
            Self::Exact(name) => name == event_type,
        }
    }
}

impl FromStr for Subscription {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text == "*" {
            return Ok(Self::All);
        }
        let (name, is_prefix) = text.strip_suffix(".*").map_or((text, false), |prefix| (prefix, true));
        if name.contains('*') {
            return Err(NameError::Wildcard);
        }
        check_event_type(name)?;
        Ok(if is_prefix { Self::Prefix(name.to_owned()) } else { Self::Exact(name.to_owned()) })
    }
}

impl TryFrom<String> for Subscription {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Subscription> for String {
    fn from(subscription: Subscription) -> Self {
        subscription.to_string()
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("*"),
            Self::Prefix(prefix) => write!(f, "{prefix}.*"),
            Self::Exact(name) => f.write_str(name),
        }
    }
}

/// Finds the subscribers of an event type.
#[derive(Debug, Default)]
pub(super) struct SubscriptionIndex {
    all: Vec<u64>,
    prefixes: HashMap<String, Vec<u64>>,
    exact: HashMap<String, Vec<u64>>,
}

impl SubscriptionIndex {
    /// Adds a subscriber with its subscriptions.
    pub(super) fn insert(&mut self, subscriber: u64, subscriptions: &[Subscription]) {
        for subscription in subscriptions {
            let list = match subscription {
                Subscription::All => &mut self.all,
                Subscription::Prefix(prefix) => self.prefixes.entry(prefix.clone()).or_default(),
                Subscription::Exact(name) => self.exact.entry(name.clone()).or_default(),
            };
            if let Err(place) = list.binary_search(&subscriber) {
                list.insert(place, subscriber);
            }
        }
    }

    /// Takes a subscriber out; `subscriptions` are those it was inserted with.
    pub(super) fn remove(&mut self, subscriber: u64, subscriptions: &[Subscription]) {
        for subscription in subscriptions {
            match subscription {
                Subscription::All => remove_sorted(&mut self.all, subscriber),
                Subscription::Prefix(prefix) => remove_entry(&mut self.prefixes, prefix, subscriber),
                Subscription::Exact(name) => remove_entry(&mut self.exact, name, subscriber),
            }
        }
    }

    /// The subscribers of an event type, each once, in rising order.
    #[must_use]
    pub(super) fn subscribers(&self, event_type: &str) -> Vec<u64> {
        let mut found = self.all.clone();
        if let Some(list) = self.exact.get(event_type) {
            found.extend_from_slice(list);
        }
        if !self.prefixes.is_empty() {
            for (dot, _) in event_type.match_indices('.') {
                if let Some(list) = event_type.get(..dot).and_then(|prefix| self.prefixes.get(prefix)) {
                    found.extend_from_slice(list);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

fn remove_sorted(list: &mut Vec<u64>, subscriber: u64) {
    if let Ok(place) = list.binary_search(&subscriber) {
        list.remove(place);
    }
}

fn remove_entry(lists: &mut HashMap<String, Vec<u64>>, key: &str, subscriber: u64) {
    if let Some(list) = lists.get_mut(key) {
        remove_sorted(list, subscriber);
        if list.is_empty() {
            lists.remove(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, prop_assert_eq, prop_oneof, proptest};

    use super::{NameError, Subscription, SubscriptionIndex, check_event_type};

    #[test]
    fn prefixes_match_whole_parts_only() {
        let orders: Subscription = "order.*".parse().unwrap();
        for (name, expected) in
            [("order.created", true), ("order.item.added", true), ("order", false), ("orders.created", false)]
        {
            assert_eq!(orders.matches(name), expected, "{name}");
        }
        assert!("*".parse::<Subscription>().unwrap().matches("anything.at-all"));
    }

    #[test]
    fn malformed_names_are_refused() {
        for (text, error) in [
            ("", NameError::Length),
            ("order.*.created", NameError::Wildcard),
            ("order*", NameError::Wildcard),
            ("**", NameError::Wildcard),
            (".*", NameError::Length),
            ("order..created", NameError::Characters),
            (".order", NameError::Characters),
            ("order.", NameError::Characters),
            ("order created", NameError::Characters),
            ("bestellung.größe", NameError::Characters),
        ] {
            assert_eq!(text.parse::<Subscription>(), Err(error), "{text:?}");
        }
        assert_eq!(check_event_type(&"x".repeat(129)), Err(NameError::Length));
        assert_eq!(check_event_type("order.*"), Err(NameError::Characters));
    }

    fn subscription() -> impl Strategy<Value = Subscription> {
        let name = proptest::sample::select(vec!["a", "b", "a.b", "a.b.c", "b.c", "a.c"]);
        prop_oneof![
            1 => Just(Subscription::All),
            4 => name.clone().prop_map(|name| Subscription::Prefix(name.to_owned())),
            4 => name.prop_map(|name| Subscription::Exact(name.to_owned())),
        ]
    }

    proptest! {
        #[test]
        fn the_index_agrees_with_asking_each_webhook(
            webhooks in proptest::collection::vec((proptest::collection::vec(subscription(), 0..4), proptest::bool::ANY), 0..30),
        ) {
            let mut index = SubscriptionIndex::default();
            for (number, (subscriptions, _)) in webhooks.iter().enumerate() {
                index.insert(number as u64, subscriptions);
            }
            for (number, (subscriptions, is_kept)) in webhooks.iter().enumerate() {
                if !is_kept {
                    index.remove(number as u64, subscriptions);
                }
            }
            for name in ["a", "a.b", "a.b.c", "a.b.c.d", "b", "b.c", "c", "ab.c"] {
                let expected: Vec<u64> = webhooks.iter().enumerate()
                    .filter(|(_, (subscriptions, is_kept))| *is_kept && subscriptions.iter().any(|one| one.matches(name)))
                    .map(|(number, _)| number as u64).collect();
                prop_assert_eq!(index.subscribers(name), expected);
            }
        }
    }
}

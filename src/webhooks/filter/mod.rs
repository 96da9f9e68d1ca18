//! Content filters: which `data` a webhook wants, as a small JSON language.
//!
//! A filter is an object. A plain key descends into that field (`a.b` descends twice); a key
//! with `$` is an operator: `$eq $ne $in $gt $gte $lt $lte $startsWith $exists` compare the
//! value reached, `$or $and` take lists of filters, `$not` takes one. Members of an object must
//! all hold; a plain value means `$eq`. Where the data has a list, a comparison holds when it
//! holds for the list or for one of its members. A field that is absent fails every comparison
//! but `$ne`, `$not` and `{"$exists": false}`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

/// The deepest nesting of a filter.
pub(super) const DEPTH_MAX: usize = 8;
/// The most operators, fields and listed values of a filter.
pub(super) const TERMS_MAX: usize = 200;

/// The most bytes of a filter as JSON text.
pub(super) const BYTES_MAX: usize = 16 * 1024;

/// Why a filter is refused, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub(super) struct FilterError {
    /// JSON pointer into the filter.
    pub pointer: String,
    /// What is wrong there.
    pub reason: String,
}

/// A compiled filter.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Filter {
    root: Term,
}

#[derive(Debug, Clone, PartialEq)]
enum Term {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Field(Vec<String>, Box<Self>),
    Equal(Value),
    In(Vec<Value>),
    Order { is_greater: bool, or_equal: bool, bound: Value },
    StartsWith(String),
    Exists(bool),
}

impl Filter {
    /// Compiles a filter.
    ///
    /// # Errors
    /// [`FilterError`] for an unknown operator, a wrong operand, or a filter over its limits.
    pub(super) fn parse(filter: &Value) -> Result<Self, FilterError> {
        let Value::Object(members) = filter else {
            return Err(FilterError { pointer: String::new(), reason: "must be an object".to_owned() });
        };
        let mut parser = Parser { terms: 0, pointer: Vec::new() };
        Ok(Self { root: parser.object(members)? })
    }

    /// A filter that nothing passes.
    #[must_use]
    pub(super) const fn nothing() -> Self {
        Self { root: Term::Any(Vec::new()) }
    }

    /// Whether `data` passes.
    #[must_use]
    pub(super) fn matches(&self, data: &Value) -> bool {
        self.root.holds(Some(data))
    }
}

struct Parser {
    terms: usize,
    pointer: Vec<String>,
}

impl Parser {
    fn error<T>(&self, reason: &str) -> Result<T, FilterError> {
        let pointer = self.pointer.iter().fold(String::new(), |mut pointer, part| {
            pointer.push('/');
            pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
            pointer
        });
        Err(FilterError { pointer, reason: reason.to_owned() })
    }

    fn within<T>(
        &mut self,
        part: &str,
        parse: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        self.pointer.push(part.to_owned());
        self.terms += 1;
        if self.terms > TERMS_MAX {
            return self.error(&format!("makes the filter larger than {TERMS_MAX} terms"));
        }
        if self.pointer.len() > DEPTH_MAX * 2 {
            return self.error(&format!("is nested deeper than {DEPTH_MAX} levels"));
        }
        let parsed = parse(self)?;
        self.pointer.pop();
        Ok(parsed)
    }

    fn object(&mut self, members: &Map<String, Value>) -> Result<Term, FilterError> {
        if members.is_empty() {
            return self.error("must not be empty");
        }
        let mut terms = Vec::with_capacity(members.len());
        for (name, value) in members {
            let term = self.within(name, |parser| {
                if name.starts_with('$') { parser.operator(name, value) } else { parser.field(name, value) }
            })?;
            terms.push(term);
        }
        Ok(if terms.len() == 1 { terms.remove(0) } else { Term::All(terms) })
    }

    fn field(&mut self, name: &str, value: &Value) -> Result<Term, FilterError> {
        let path: Vec<String> = name.split('.').map(str::to_owned).collect();
        if path.iter().any(String::is_empty) {
            return self.error("has an empty field name");
        }
        if path.len() > DEPTH_MAX {
            return self.error(&format!("is nested deeper than {DEPTH_MAX} levels"));
        }
        let term = match value {
            Value::Object(members) => self.object(members)?,
            Value::Array(_) => return self.error("is a list; use {\"$in\": [...]} to compare with several values"),
            plain => Term::Equal(plain.clone()),
        };
        Ok(Term::Field(path, Box::new(term)))
    }

    fn operator(&mut self, name: &str, value: &Value) -> Result<Term, FilterError> {
        let order = |is_greater, or_equal| Term::Order { is_greater, or_equal, bound: value.clone() };
        match (name, value) {
            ("$and", Value::Array(filters)) => Ok(Term::All(self.list(filters)?)),
            ("$or", Value::Array(filters)) => Ok(Term::Any(self.list(filters)?)),
            ("$and" | "$or", _) => self.error("needs a list of filters"),
            ("$not", Value::Object(members)) => Ok(Term::Not(Box::new(self.object(members)?))),
            ("$not", _) => self.error("needs a filter"),
            ("$exists", Value::Bool(expected)) => Ok(Term::Exists(*expected)),
            ("$exists", _) => self.error("needs true or false"),
            ("$startsWith", Value::String(start)) => Ok(Term::StartsWith(start.clone())),
            ("$startsWith", _) => self.error("needs a text"),
            ("$gt", Value::Number(_) | Value::String(_)) => Ok(order(true, false)),
            ("$gte", Value::Number(_) | Value::String(_)) => Ok(order(true, true)),
            ("$lt", Value::Number(_) | Value::String(_)) => Ok(order(false, false)),
            ("$lte", Value::Number(_) | Value::String(_)) => Ok(order(false, true)),
            ("$gt" | "$gte" | "$lt" | "$lte", _) => self.error("needs a number or a text"),
            ("$in", Value::Array(values)) => self.listed(values),
            ("$in", _) => self.error("needs a list of plain values"),
            ("$eq" | "$ne", Value::Array(_) | Value::Object(_)) => self.error("needs a plain value"),
            ("$eq", plain) => Ok(Term::Equal(plain.clone())),
            ("$ne", plain) => Ok(Term::Not(Box::new(Term::Equal(plain.clone())))),
            _ => self
                .error("is not an operator; known are $eq $ne $in $gt $gte $lt $lte $startsWith $exists $or $and $not"),
        }
    }

    fn list(&mut self, filters: &[Value]) -> Result<Vec<Term>, FilterError> {
        if filters.is_empty() {
            return self.error("needs at least one filter");
        }
        let mut terms = Vec::with_capacity(filters.len().min(TERMS_MAX));
        for (position, filter) in filters.iter().enumerate() {
            terms.push(self.within(&position.to_string(), |parser| match filter {
                Value::Object(members) => parser.object(members),
                _ => parser.error("must be an object"),
            })?);
        }
        Ok(terms)
    }

    fn listed(&mut self, values: &[Value]) -> Result<Term, FilterError> {
        if values.is_empty() {
            return self.error("needs at least one value");
        }
        for (position, value) in values.iter().enumerate() {
            self.within(&position.to_string(), |parser| match value {
                Value::Array(_) | Value::Object(_) => parser.error("must be a plain value"),
                _ => Ok(()),
            })?;
        }
        Ok(Term::In(values.to_vec()))
    }
}

impl Term {
    fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.holds(value)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(value)),
            Self::Not(term) => !term.holds(value),
            Self::Field(path, term) => term.holds(descend(value, path)),
            Self::Exists(expected) => value.is_some() == *expected,
            comparison => value.is_some_and(|value| {
                comparison.compares(value)
                    || value.as_array().is_some_and(|members| members.iter().any(|member| comparison.compares(member)))
            }),
        }
    }

    fn compares(&self, value: &Value) -> bool {
        match self {
            Self::Equal(expected) => is_equal(value, expected),
            Self::In(expected) => expected.iter().any(|one| is_equal(value, one)),
            Self::StartsWith(start) => value.as_str().is_some_and(|text| text.starts_with(start.as_str())),
            Self::Order { is_greater, or_equal, bound } => match order(value, bound) {
                Some(Ordering::Equal) => *or_equal,
                Some(Ordering::Greater) => *is_greater,
                Some(Ordering::Less) => !*is_greater,
                None => false,
            },
            Self::All(_) | Self::Any(_) | Self::Not(_) | Self::Field(..) | Self::Exists(_) => self.holds(Some(value)),
        }
    }
}

fn descend<'a>(value: Option<&'a Value>, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value?, |value, name| value.get(name))
}

fn is_equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        _ => left == right,
    }
}

/// Numbers by value (integers exactly, else as floating point), texts by bytes, others not at all.
fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            let integer = |number: &serde_json::Number| {
                number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
            };
            match (integer(left), integer(right)) {
                (Some(left), Some(right)) => Some(left.cmp(&right)),
                _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
            }
        }
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;

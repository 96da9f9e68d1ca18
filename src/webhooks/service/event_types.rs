//! The catalogue of event types: names with a description, a JSON Schema and an example.
//!
//! The catalogue is documentation for receivers: publishing an event of a type that is not in it
//! is allowed, and data is not checked against the schema.

#![expect(clippy::unused_self, reason = "use cases are methods of the handle, whether they need it or not")]

use serde_json::Value;

use crate::{
    audit::{self, Origin},
    base::{CompanyId, Timestamp},
    storage::{Read, Tx},
    webhooks::{
        Error, Invalid, Webhooks, facts,
        model::DESCRIPTION_CHARS_MAX,
        schema,
        store::{self, EventTypeRow},
        subscription::check_event_type,
    },
};

/// The most event types of a company.
pub(in crate::webhooks) const EVENT_TYPES_MAX: u64 = 2000;
const SCHEMA_BYTES_MAX: usize = 64 * 1024;

/// An event type as its owner describes it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::webhooks) struct EventType {
    pub(in crate::webhooks) name: String,
    pub(in crate::webhooks) description: String,
    /// JSON Schema of the data.
    pub(in crate::webhooks) schema: Option<Value>,
    /// An example of the data.
    pub(in crate::webhooks) example: Option<Value>,
    pub(in crate::webhooks) created_at: Timestamp,
    pub(in crate::webhooks) updated_at: Timestamp,
}

impl EventType {
    fn of(name: String, row: EventTypeRow) -> Self {
        let value = |text: Option<String>| text.and_then(|text| serde_json::from_str(&text).ok());
        Self {
            name,
            description: row.description,
            schema: value(row.schema),
            example: value(row.example),
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }

    fn row(&self) -> EventTypeRow {
        EventTypeRow {
            description: self.description.clone(),
            schema: self.schema.as_ref().map(Value::to_string),
            example: self.example.as_ref().map(Value::to_string),
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }

    /// Checks name, sizes, that the schema is one, and that the example conforms to it.
    ///
    /// Compiling a schema takes its time, so not on an async thread.
    pub(in crate::webhooks) fn check(&self) -> Result<(), Error> {
        let mut refused = Vec::new();
        if let Err(error) = check_event_type(&self.name) {
            refused.push(Invalid::new("/name", error));
        }
        if self.description.chars().count() > DESCRIPTION_CHARS_MAX {
            refused.push(Invalid::new("/description", format!("must have at most {DESCRIPTION_CHARS_MAX} characters")));
        }
        for (pointer, value) in [("/schema", &self.schema), ("/example", &self.example)] {
            if value.as_ref().is_some_and(|value| value.to_string().len() > SCHEMA_BYTES_MAX) {
                refused.push(Invalid::new(pointer, format!("must have at most {SCHEMA_BYTES_MAX} bytes")));
            }
        }
        if refused.is_empty()
            && let Some(schema) = &self.schema
        {
            refused.extend(schema::check(schema, self.example.as_ref()));
        }
        if refused.is_empty() { Ok(()) } else { Err(Error::Invalid(refused)) }
    }
}

impl Webhooks {
    /// Adds an event type that passed [`EventType::check`].
    ///
    /// # Errors
    /// [`Error::EventTypeExists`], [`Error::Limit`].
    pub(in crate::webhooks) fn create_event_type(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        mut new: EventType,
    ) -> Result<EventType, Error> {
        let (company, _) = by;
        tx.admit_new_work()?;
        if store::find_event_type(tx, company, &new.name)?.is_some() {
            return Err(Error::EventTypeExists(new.name));
        }
        if store::count_event_types(tx, company) >= EVENT_TYPES_MAX {
            return Err(Error::Limit { what: "event types", limit: EVENT_TYPES_MAX });
        }
        (new.created_at, new.updated_at) = (tx.now(), tx.now());
        store::put_event_type(tx, company, &new.name, &new.row(), true)?;
        facts::record(tx, by, ("event_type.create", &new.name), (Value::Null, facts::of_event_type(&new)))?;
        Ok(new)
    }

    /// The event type of that name.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn event_type(
        &self,
        read: &impl Read,
        company: CompanyId,
        name: &str,
    ) -> Result<EventType, Error> {
        let row = store::find_event_type(read, company, name)?.ok_or(Error::NotFound("event type"))?;
        Ok(EventType::of(name.to_owned(), row))
    }

    /// Event types by name, those after `after`.
    ///
    /// # Errors
    /// When the store cannot read.
    pub(in crate::webhooks) fn event_types(
        &self,
        read: &impl Read,
        company: CompanyId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<EventType>, Error> {
        let rows = store::list_event_types(read, company, after, limit)?;
        Ok(rows.into_iter().map(|(name, row)| EventType::of(name, row)).collect())
    }

    /// Replaces an event type by one that passed [`EventType::check`] and began as `seen`.
    ///
    /// # Errors
    /// [`Error::NotFound`]; [`Error::State`] when it is no longer as `seen`.
    pub(in crate::webhooks) fn update_event_type(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        seen: &EventType,
        mut wanted: EventType,
    ) -> Result<EventType, Error> {
        let (company, _) = by;
        let now = self.event_type(tx, company, &seen.name)?;
        if now != *seen {
            return Err(Error::State(format!("event type `{}` was changed at the same time", seen.name)));
        }
        wanted.updated_at = tx.now();
        store::put_event_type(tx, company, &wanted.name, &wanted.row(), false)?;
        let change = audit::changed(&facts::of_event_type(seen), &facts::of_event_type(&wanted));
        facts::record(tx, by, ("event_type.update", &wanted.name), change)?;
        Ok(wanted)
    }

    /// Removes an event type from the catalogue; events of that type go on.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::webhooks) fn delete_event_type(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        name: &str,
    ) -> Result<(), Error> {
        let before = self.event_type(tx, by.0, name)?;
        store::delete_event_type(tx, by.0, name)?;
        Ok(facts::record(tx, by, ("event_type.delete", name), (facts::of_event_type(&before), Value::Null))?)
    }
}

//! How the shared vocabulary looks in the document: ids and times are texts.

use std::borrow::Cow;

use utoipa::{
    PartialSchema, ToSchema,
    openapi::{
        KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat,
        schema::{SchemaType, Type},
    },
};

use crate::base::{ApiKeyId, AttemptId, CompanyId, DeliveryId, EventId, JobId, RawId, Timestamp, UserId, WebhookId};

macro_rules! id_schemas {
    ($($id:ident: $what:literal,)*) => {$(
        impl PartialSchema for $id {
            fn schema() -> RefOr<Schema> {
                let example = $id::from_raw(RawId { hi: 0x0193_4d2c_8a01_0001, lo: 0x5bd1_e995_97f4_a7c1 });
                ObjectBuilder::new()
                    .schema_type(SchemaType::Type(Type::String))
                    .description(Some($what))
                    .pattern(Some(format!("^{}[0-9a-hjkmnp-tv-z]{{26}}$", $id::PREFIX)))
                    .examples([serde_json::Value::from(example.to_string())])
                    .into()
            }
        }

        impl ToSchema for $id {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($id))
            }
        }
    )*};
}

id_schemas! {
    CompanyId: "Id of a company.",
    UserId: "Id of a user.",
    ApiKeyId: "Id of an API key.",
    JobId: "Id of a job.",
    EventId: "Id of an event.",
    WebhookId: "Id of a webhook.",
    DeliveryId: "Id of a delivery.",
    AttemptId: "Id of an attempt.",
}

impl PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(SchemaType::Type(Type::String))
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .description(Some("A point in time, RFC 3339 in UTC with milliseconds."))
            .examples([serde_json::Value::from("2026-01-31T12:00:00.000Z")])
            .into()
    }
}

impl ToSchema for Timestamp {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Timestamp")
    }
}

//! A message as it goes over the wire: headers and parts (RFC 5322, MIME), ASCII throughout.
//!
//! It is the same for every attempt: the id, the date and the marks between parts come from the e-mail and not from the
//! moment, so that a receiver can tell a repeated message.

use lettre::{
    Address as WireAddress,
    message::{
        Attachment, Body, Mailbox, MessageBuilder, MultiPart, SinglePart,
        header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue},
    },
};

use super::{
    Sender,
    email::{RecipientKind, Rendered},
};
use crate::base::{EmailId, Timestamp};

/// Everything in a message.
pub(super) struct Parts<'a> {
    pub(super) id: EmailId,
    pub(super) message_id: &'a str,
    pub(super) at: Timestamp,
    pub(super) from: &'a Sender,
    pub(super) reply_to: Option<&'a Sender>,
    pub(super) recipients: &'a [(RecipientKind, String)],
    pub(super) rendered: &'a Rendered,
    pub(super) headers: &'a [(String, String)],
    pub(super) attachments: Vec<Attached>,
}

/// A file that goes with a message.
#[derive(Clone)]
pub(super) struct Attached {
    pub(super) name: String,
    pub(super) content_type: String,
    pub(super) bytes: Vec<u8>,
}

/// Writes the message.
///
/// # Errors
/// In words, which part cannot be sent.
pub(super) fn build(parts: Parts<'_>) -> Result<Vec<u8>, String> {
    let Parts { id, message_id, at, from, reply_to, recipients, rendered, headers, attachments } = parts;
    let mut builder = MessageBuilder::new()
        .from(mailbox(from)?)
        .subject(rendered.subject.clone())
        .message_id(Some(message_id.to_owned()))
        .raw_header(header("Date", date(at))?);
    if let Some(reply_to) = reply_to {
        builder = builder.reply_to(mailbox(reply_to)?);
    }
    for (kind, address) in recipients {
        let mailbox = Mailbox::new(None, wire_address(address)?);
        builder = match kind {
            RecipientKind::To => builder.to(mailbox),
            RecipientKind::Cc => builder.cc(mailbox),
            // Nobody is told of these; the envelope has them.
            RecipientKind::Bcc => builder,
        };
    }
    for (name, value) in headers {
        builder = builder.raw_header(header(name, value.clone())?);
    }
    // The library asks for somebody in the headers; whom it goes to stands in our own envelope.
    let envelope = lettre::address::Envelope::new(None, vec![wire_address(from.address.as_str())?]);
    builder = builder.envelope(envelope.map_err(|error| error.to_string())?);
    let mark = |part: &str| format!("=_{part}_{}", id.raw().to_text());
    let content = content(rendered, mark("alternative"));
    let message = if attachments.is_empty() {
        match content {
            Content::One(part) => builder.singlepart(part),
            Content::Both(part) => builder.multipart(part),
        }
    } else {
        let mixed = MultiPart::mixed().boundary(mark("mixed"));
        let mut mixed = match content {
            Content::One(part) => mixed.singlepart(part),
            Content::Both(part) => mixed.multipart(part),
        };
        for attached in attachments {
            let Attached { name, content_type, bytes } = attached;
            let content_type = ContentType::parse(&content_type).map_err(|_| format!("{name}: no content type"))?;
            // Whatever else was chosen would change the ends of lines on the way.
            let body = Body::new_with_encoding(bytes, ContentTransferEncoding::Base64);
            let body = body.map_err(|_| format!("{name}: cannot be encoded"))?;
            mixed = mixed.singlepart(Attachment::new(name).body(body, content_type));
        }
        builder.multipart(mixed)
    };
    let bytes = message.map_err(|error| error.to_string())?.formatted();
    if bytes.is_ascii() { Ok(bytes) } else { Err("the message has bytes outside ASCII".to_owned()) }
}

enum Content {
    One(SinglePart),
    Both(MultiPart),
}

fn content(rendered: &Rendered, mark: String) -> Content {
    let (text, html) = (rendered.text.clone(), rendered.html.clone());
    match (text, html) {
        (Some(text), Some(html)) => {
            let both = MultiPart::alternative().boundary(mark);
            Content::Both(both.singlepart(SinglePart::plain(text)).singlepart(SinglePart::html(html)))
        }
        (None, Some(html)) => Content::One(SinglePart::html(html)),
        (text, None) => Content::One(SinglePart::plain(text.unwrap_or_default())),
    }
}

fn mailbox(sender: &Sender) -> Result<Mailbox, String> {
    Ok(Mailbox::new(sender.name.clone(), wire_address(sender.address.as_str())?))
}

fn wire_address(text: &str) -> Result<WireAddress, String> {
    text.parse().map_err(|_| format!("{text} is no address that mail can be sent to"))
}

fn header(name: &str, value: String) -> Result<HeaderValue, String> {
    let name = HeaderName::new_from_ascii(name.to_owned()).map_err(|_| format!("{name} is no name of a header"))?;
    Ok(HeaderValue::new(name, value))
}

/// In the one form that the library knows as a date again.
fn date(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_ms()).unwrap_or_default();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// Whether this is a content type such as `application/pdf`.
#[must_use]
pub fn is_content_type(text: &str) -> bool {
    text.is_ascii() && ContentType::parse(text).is_ok()
}

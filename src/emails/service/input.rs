//! What somebody wants to send, checked against every limit before anything is stored.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::Value;

use crate::{
    emails::{Error, Invalid, model::VARIABLES_BYTES_MAX},
    mail::{
        Address, Sender,
        email::{
            ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, Content, FileSource, HTML_BYTES_MAX, NewAttachment, RECIPIENTS_MAX,
            RecipientKind, SUBJECT_CHARACTERS_MAX, TEXT_BYTES_MAX, is_body, is_subject,
        },
        is_content_type,
    },
};

const HEADERS_MAX: usize = 20;
const HEADER_BYTES_MAX: usize = 500;
const FILE_NAME_CHARACTERS_MAX: usize = 200;
/// Headers that may be given beside those that begin with `X-`: none that decides where a message goes or who it is from.
const HEADERS: [&str; 7] = [
    "auto-submitted",
    "importance",
    "in-reply-to",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "precedence",
    "references",
];

/// What somebody wants to send.
#[derive(Clone, Default)]
pub(in crate::emails) struct EmailOrder {
    pub(in crate::emails) to: Vec<String>,
    pub(in crate::emails) cc: Vec<String>,
    pub(in crate::emails) bcc: Vec<String>,
    pub(in crate::emails) reply_to: Option<String>,
    pub(in crate::emails) subject: Option<String>,
    pub(in crate::emails) text: Option<String>,
    pub(in crate::emails) html: Option<String>,
    pub(in crate::emails) template: Option<String>,
    pub(in crate::emails) variables: Option<Value>,
    pub(in crate::emails) headers: Vec<(String, String)>,
    pub(in crate::emails) attachments: Vec<AttachmentOrder>,
}

impl std::fmt::Debug for EmailOrder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("EmailOrder(…)")
    }
}

/// A file in Base64.
#[derive(Debug, Clone)]
pub(in crate::emails) struct AttachmentOrder {
    pub(in crate::emails) name: String,
    pub(in crate::emails) content_type: String,
    pub(in crate::emails) content: String,
}

/// What passed.
#[derive(Debug)]
pub(in crate::emails) struct CheckedEmail {
    pub(super) recipients: Vec<(RecipientKind, Address)>,
    pub(super) content: Content,
    pub(super) template: Option<String>,
    pub(super) attachments: Vec<NewAttachment>,
}

impl EmailOrder {
    /// Checks everything that can be checked without the store; decodes files, so not on an async thread.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every value that is refused.
    pub(in crate::emails) fn check(self) -> Result<CheckedEmail, Error> {
        let mut refused = Vec::new();
        let recipients = self.recipients(&mut refused);
        self.check_body(&mut refused);
        check_headers(&self.headers, &mut refused);
        if let Some(Err(error)) = self.reply_to.as_deref().map(str::parse::<Sender>) {
            refused.push(Invalid::new("/reply_to", error));
        }
        let variables = self.variables.as_ref().map(Value::to_string);
        if let Some(text) = &variables {
            if self.template.is_none() {
                refused.push(Invalid::new("/variables", "are for a template, and there is none"));
            }
            if text.len() > VARIABLES_BYTES_MAX {
                refused.push(Invalid::new("/variables", format!("must have at most {VARIABLES_BYTES_MAX} bytes")));
            }
        }
        let attachments = files(self.attachments, &mut refused);
        if !refused.is_empty() {
            return Err(Error::Invalid(refused));
        }
        let Self { reply_to, subject, text, html, headers, template, .. } = self;
        let content = Content { subject, text, html, variables, reply_to, headers };
        Ok(CheckedEmail { recipients, content, template, attachments })
    }

    fn recipients(&self, refused: &mut Vec<Invalid>) -> Vec<(RecipientKind, Address)> {
        let lists = [
            ("to", RecipientKind::To, &self.to),
            ("cc", RecipientKind::Cc, &self.cc),
            ("bcc", RecipientKind::Bcc, &self.bcc),
        ];
        if self.to.is_empty() {
            refused.push(Invalid::new("/to", "must name somebody"));
        }
        if lists.iter().map(|(_, _, list)| list.len()).sum::<usize>() > RECIPIENTS_MAX {
            refused.push(Invalid::new("/to", format!("an e-mail has at most {RECIPIENTS_MAX} recipients in all")));
            return Vec::new();
        }
        let mut recipients: Vec<(RecipientKind, Address)> = Vec::new();
        for (name, kind, list) in lists {
            for (place, text) in list.iter().enumerate() {
                match text.parse::<Address>() {
                    Err(error) => refused.push(Invalid::new(format!("/{name}/{place}"), error)),
                    // Nobody gets a message twice.
                    Ok(address) if recipients.iter().any(|(_, known)| *known == address) => {}
                    Ok(address) => recipients.push((kind, address)),
                }
            }
        }
        recipients
    }

    fn check_body(&self, refused: &mut Vec<Invalid>) {
        let mut refuse = |pointer: &str, detail: String| refused.push(Invalid::new(pointer, detail));
        if self.subject.as_deref().is_some_and(|subject| !is_subject(subject)) {
            refuse("/subject", format!("must be one line of 1 to {SUBJECT_CHARACTERS_MAX} characters"));
        }
        for (pointer, body, bytes_max) in [("/text", &self.text, TEXT_BYTES_MAX), ("/html", &self.html, HTML_BYTES_MAX)]
        {
            if body.as_deref().is_some_and(|body| !is_body(body, bytes_max)) {
                refuse(
                    pointer,
                    format!("must have at most {bytes_max} bytes and no control characters but ends of lines"),
                );
            }
            if body.is_some() && self.template.is_some() {
                refuse(pointer, "comes from the template".to_owned());
            }
        }
        if self.template.is_none() {
            if self.subject.is_none() {
                refuse("/subject", "is needed without a template".to_owned());
            }
            if self.text.is_none() && self.html.is_none() {
                refuse("/text", "a text or HTML is needed without a template".to_owned());
            }
        }
    }
}

fn check_headers(headers: &[(String, String)], refused: &mut Vec<Invalid>) {
    if headers.len() > HEADERS_MAX {
        refused.push(Invalid::new("/headers", format!("must be at most {HEADERS_MAX}")));
        return;
    }
    for (name, value) in headers {
        let pointer = format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let lower = name.to_ascii_lowercase();
        let is_token = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let is_allowed = HEADERS.contains(&lower.as_str()) || lower.starts_with("x-") && name.len() <= 76;
        if !is_token || !is_allowed {
            refused.push(Invalid::new(pointer, "is no header that can be given: X-…, List-Unsubscribe and a few more"));
        } else if value.is_empty()
            || value.len() > HEADER_BYTES_MAX
            || !value.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ')
        {
            refused.push(Invalid::new(pointer, format!("must be 1 to {HEADER_BYTES_MAX} visible ASCII characters")));
        }
    }
}

fn files(orders: Vec<AttachmentOrder>, refused: &mut Vec<Invalid>) -> Vec<NewAttachment> {
    if orders.len() > ATTACHMENTS_MAX {
        refused.push(Invalid::new("/attachments", format!("must be at most {ATTACHMENTS_MAX}")));
        return Vec::new();
    }
    let mut left = ATTACHMENT_BYTES_MAX;
    let mut files = Vec::new();
    for (place, order) in orders.into_iter().enumerate() {
        let at = |field: &str| format!("/attachments/{place}/{field}");
        let AttachmentOrder { name, content_type, content } = order;
        let is_name = (1..=FILE_NAME_CHARACTERS_MAX).contains(&name.chars().count())
            && !name.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | '"' | '\u{2028}' | '\u{2029}'));
        if !is_name {
            let detail = format!("must be 1 to {FILE_NAME_CHARACTERS_MAX} characters without slashes and quotes");
            refused.push(Invalid::new(at("name"), detail));
        }
        if !is_content_type(&content_type) {
            refused.push(Invalid::new(at("content_type"), "is no content type such as application/pdf"));
        }
        // Four characters of Base64 are three bytes; what cannot fit is not decoded.
        if content.len() / 4 * 3 > left.saturating_add(3) {
            let detail = format!("attachments have at most {ATTACHMENT_BYTES_MAX} bytes in all");
            refused.push(Invalid::new(at("content"), detail));
            return Vec::new();
        }
        match STANDARD.decode(content.as_bytes()) {
            Ok(bytes) if bytes.len() <= left => {
                left -= bytes.len();
                files.push(NewAttachment { name, content_type, source: FileSource::Inline(bytes) });
            }
            Ok(_) => {
                let detail = format!("attachments have at most {ATTACHMENT_BYTES_MAX} bytes in all");
                refused.push(Invalid::new(at("content"), detail));
            }
            Err(_) => refused.push(Invalid::new(at("content"), "is not Base64")),
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{AttachmentOrder, EmailOrder};
    use crate::emails::Error;

    fn order() -> EmailOrder {
        EmailOrder {
            to: vec!["ada@example.com".to_owned()],
            subject: Some("Hi".to_owned()),
            text: Some("Hello".to_owned()),
            ..EmailOrder::default()
        }
    }

    fn refused(order: EmailOrder) -> Vec<String> {
        match order.check() {
            Err(Error::Invalid(refused)) => refused.into_iter().map(|one| one.pointer).collect(),
            Err(error) => panic!("{error}"),
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn nobody_gets_a_message_twice_and_names_of_domains_take_their_wire_form() {
        let wanted = EmailOrder {
            to: vec!["ada@bücher.example".to_owned(), "ada@xn--bcher-kva.example".to_owned()],
            bcc: vec!["eve@example.com".to_owned()],
            ..order()
        };
        let checked = wanted.check().unwrap();
        let addresses: Vec<_> = checked.recipients.iter().map(|(_, address)| address.as_str()).collect();
        assert_eq!(addresses, ["ada@xn--bcher-kva.example", "eve@example.com"]);
    }

    #[test]
    fn each_refused_value_is_named() {
        let header =
            |name: &str, value: &str| EmailOrder { headers: vec![(name.to_owned(), value.to_owned())], ..order() };
        let file = |name: &str, content_type: &str, content: &str| EmailOrder {
            attachments: vec![AttachmentOrder {
                name: name.to_owned(),
                content_type: content_type.to_owned(),
                content: content.to_owned(),
            }],
            ..order()
        };
        let many = vec!["a@example.com".to_owned(); 51];
        for (order, pointers) in [
            (order(), &[][..]),
            (EmailOrder { to: vec![], ..order() }, &["/to"]),
            (EmailOrder { to: many, ..order() }, &["/to"]),
            (EmailOrder { cc: vec!["a@b\r\nBcc: c@d".to_owned()], ..order() }, &["/cc/0"]),
            (EmailOrder { subject: Some("a\r\nBcc: c@d".to_owned()), ..order() }, &["/subject"]),
            (EmailOrder { subject: None, text: None, ..order() }, &["/subject", "/text"]),
            (EmailOrder { text: Some("\0".to_owned()), ..order() }, &["/text"]),
            (EmailOrder { template: Some("t".to_owned()), ..order() }, &["/text"]),
            (EmailOrder { variables: Some(json!({})), ..order() }, &["/variables"]),
            (EmailOrder { reply_to: Some("a b".to_owned()), ..order() }, &["/reply_to"]),
            (header("X-Campaign", "7"), &[]),
            (header("List-Unsubscribe", "<https://example.com/u>"), &[]),
            (header("Bcc", "a@b.c"), &["/headers/Bcc"]),
            (header("X-A\r\nBcc", "a@b.c"), &["/headers/X-A\r\nBcc"]),
            (header("X-A", "b\r\nBcc: c@d"), &["/headers/X-A"]),
            (file("a.txt", "text/plain", "aGk="), &[]),
            (file("../a", "text/plain", "aGk="), &["/attachments/0/name"]),
            (file("a", "text", "aGk="), &["/attachments/0/content_type"]),
            (file("a", "text/plain\r\nX: y", "aGk="), &["/attachments/0/content_type"]),
            (file("a", "text/plain", "a"), &["/attachments/0/content"]),
            (file("a", "text/plain", &"A".repeat(10 << 20)), &["/attachments/0/content"]),
        ] {
            assert_eq!(refused(order), pointers);
        }
    }
}

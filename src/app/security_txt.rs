//! `/.well-known/security.txt` (RFC 9116): whom to tell about a weakness, from the configuration.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

use crate::{base::Timestamp, config::Server, http::Problem};

const DAY_MS: i64 = 86_400_000;
/// RFC 9116 §2.5.5 advises against more than a year.
const VALID_DAYS: i64 = 365;

/// The file as it is today; nothing is there without a contact.
pub(super) fn respond(server: &Server, now: Timestamp) -> Response {
    match text(server, now) {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response(),
        None => Problem::not_found().into_response(),
    }
}

fn text(server: &Server, now: Timestamp) -> Option<String> {
    if server.security_contact.is_empty() {
        return None;
    }
    // Whole days, so that the text stays the same from one request to the next.
    let expires = Timestamp::from_ms((now.as_ms().div_euclid(DAY_MS) + VALID_DAYS) * DAY_MS);
    let mut lines: Vec<String> = server.security_contact.iter().map(|contact| format!("Contact: {contact}")).collect();
    lines.push(format!("Expires: {expires}"));
    lines.push("Preferred-Languages: en".to_owned());
    if let Some(url) = server.public_url.as_ref().filter(|url| url.is_https()) {
        lines.push(format!("Canonical: {url}/.well-known/security.txt"));
    }
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::text;
    use crate::{base::Timestamp, config::Server};

    #[test]
    fn contacts_expire_in_a_year_and_none_is_no_file() {
        let now: Timestamp = "2026-11-21T08:09:10Z".parse().unwrap();
        assert_eq!(text(&Server::default(), now), None);
        let mut server = Server {
            security_contact: vec![
                "mailto:security@example.com".parse().unwrap(),
                "https://example.com/report".parse().unwrap(),
            ],
            ..Server::default()
        };
        assert_eq!(
            text(&server, now).unwrap(),
            "Contact: mailto:security@example.com\nContact: https://example.com/report\n\
             Expires: 2027-11-21T00:00:00.000Z\nPreferred-Languages: en\n"
        );
        server.public_url = Some("https://np.example.com".parse().unwrap());
        let canonical = "Canonical: https://np.example.com/.well-known/security.txt\n";
        assert!(text(&server, now).unwrap().ends_with(canonical));
    }
}

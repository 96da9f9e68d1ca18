//! `[mail]`: the server that takes messages to people, how they are signed, and how long they are kept.

use std::{fmt, net::IpAddr, str::FromStr};

use super::{
    section::section,
    value::{ByteSize, ConfigValue, Raw, Secret, expected, quote, textual},
};

section! {
    /// Messages to people: the server that takes them, how they are signed, how long they are kept.
    Mail in "mail" {
        /// Name or address of the SMTP server. While unset, messages stay in the mailbox of their company. The server may be in a private network: the operator has chosen it.
        host: Option<String> = None;
        /// Port of the server; when unset 587 for `starttls`, 465 for `tls`, 25 for `none`.
        port: Option<u16> = None, range 1..=65_535;
        /// How the connection is encrypted: `starttls` begins in the clear and refuses to go on without, `tls` is encrypted from the first byte, `none` is for a server on this machine or in a trusted network.
        tls: MailTls = MailTls::Starttls;
        /// Name to sign in with; no sign-in when unset.
        user: Option<String> = None;
        /// Password to sign in with. It is not sent in the clear but to this machine.
        password: Option<Secret> = None;
        /// Whom messages are from, such as `NovaPulse <no-reply@example.com>`; needed with `host`.
        from: Option<String> = None;
        /// Where answers go when not to `from`; an e-mail can name another.
        reply_to: Option<String> = None;
        /// What the server is greeted with: the name of this machine on the network. The domain of `from` when unset.
        hello: Option<String> = None;
        /// Domain that signs messages (DKIM, RFC 6376); together with `dkim_selector` and `dkim_key`.
        dkim_domain: Option<String> = None;
        /// Name below `_domainkey` of the domain where the public key stands.
        dkim_selector: Option<String> = None;
        /// Private key that signs, as PEM: RSA of at least 2,048 bits, or Ed25519.
        dkim_key: Option<Secret> = None;
        /// Connections to the server at once.
        pool_size: u32 = 5, range 1..=100;
        /// Time to open a connection, TLS and sign-in each.
        connect_timeout_ms: u64 = 10_000, range 100..=60_000;
        /// Time for one answer of the server.
        timeout_ms: u64 = 30_000, range 100..=60_000;
        /// Wait before an e-mail is tried again, twice as long after each attempt and four hours at most; in place of the delays of the queue `email`, which says how often in any case.
        retry_ms: Option<u64> = None, range 10..=3_600_000;
        /// How long e-mails are kept after they were made. What still waits then fails.
        keep_ms: u64 = 2_592_000_000, range 60_000..=31_536_000_000;
        /// E-mails of one company that may wait to be sent; further ones are refused until some have gone.
        unsent_max: u64 = 100_000, range 1..=10_000_000;
        /// Bytes of these, attachments included.
        unsent: ByteSize = ByteSize::mib(1_024);
        /// How much of e-mails a company may keep, attachments included; the oldest finished ones go first.
        keep: ByteSize = ByteSize::mib(1_024);
    }
}

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailTls {
    /// After STARTTLS, and not at all without.
    Starttls,
    /// From the first byte.
    Tls,
    /// Not at all.
    None,
}

impl FromStr for MailTls {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "starttls" => Ok(Self::Starttls),
            "tls" => Ok(Self::Tls),
            "none" => Ok(Self::None),
            _ => Err(()),
        }
    }
}

impl fmt::Display for MailTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Starttls => "starttls",
            Self::Tls => "tls",
            Self::None => "none",
        })
    }
}

textual! {
    MailTls, "starttls, tls or none";
}

impl Mail {
    /// The port, given or usual.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.tls {
            MailTls::Starttls => 587,
            MailTls::Tls => 465,
            MailTls::None => 25,
        })
    }

    /// What no field can tell alone.
    pub(super) fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        let mut complain = |text: &str| complaints.push(text.to_owned());
        if self.host.is_none() {
            return complaints;
        }
        if self.from.is_none() {
            complain("mail.from is needed with mail.host");
        }
        if self.host.as_deref().is_some_and(|host| host.is_empty() || !host.chars().all(|c| c.is_ascii_graphic())) {
            complain("mail.host must be the name or the address of a server");
        }
        if self.user.is_some() != self.password.is_some() {
            complain("mail.user and mail.password go together");
        }
        if self.password.is_some() && self.tls == MailTls::None && !self.is_here() {
            complain("mail.password would be sent in the clear: set mail.tls to starttls or tls");
        }
        let dkim = [self.dkim_domain.is_some(), self.dkim_selector.is_some(), self.dkim_key.is_some()];
        if dkim.contains(&true) && dkim.contains(&false) {
            complain("mail.dkim_domain, mail.dkim_selector and mail.dkim_key go together");
        }
        complaints
    }

    /// Whether the server is on this machine.
    fn is_here(&self) -> bool {
        let host = self.host.as_deref().unwrap_or_default();
        host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }
}

#[cfg(test)]
mod tests {
    use super::{Mail, MailTls, Secret};

    #[test]
    fn half_a_configuration_is_refused() {
        let complete = Mail {
            host: Some("mail.example.com".to_owned()),
            from: Some("a@example.com".to_owned()),
            user: Some("u".to_owned()),
            password: Some(Secret::new("p".to_owned())),
            ..Mail::default()
        };
        assert_eq!(complete.complaints(), [""; 0]);
        assert_eq!(complete.port(), 587);
        let complaints = |change: fn(&mut Mail)| {
            let mut mail = complete.clone();
            change(&mut mail);
            mail.complaints().concat()
        };
        assert!(complaints(|mail| mail.from = None).contains("mail.from"));
        assert!(complaints(|mail| mail.host = Some("a b".to_owned())).contains("mail.host"));
        assert!(complaints(|mail| mail.password = None).contains("go together"));
        assert!(complaints(|mail| mail.dkim_domain = Some("example.com".to_owned())).contains("dkim"));
        assert!(complaints(|mail| mail.tls = MailTls::None).contains("in the clear"));
        let here = |mail: &mut Mail| (mail.tls, mail.host) = (MailTls::None, Some("127.0.0.1".to_owned()));
        assert_eq!(complaints(here), "");
    }
}

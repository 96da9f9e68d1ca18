//! What is written to people. Links carry their token behind the `#`; nothing else here is a secret.

use super::{
    Client, Error,
    store::{self, UserRow},
};
use crate::{
    base::CompanyId,
    mail::{Mail, Message, MessageError},
    notifications::{self, Audience, NewNotification},
    storage::{self, Tx},
};

/// Admins who are told of something in the company; the first ones, so that a crowd of them makes no flood.
const TOLD_MAX: usize = 20;

/// Tells the admins of a company something in the transaction that is the reason for it; without one who may sign in,
/// and to addresses no mail can be sent to, nothing is said. What is too much for the mail server lies in the mailbox.
///
/// # Errors
/// When the store fails.
pub fn tell_admins(
    mail: &Mail,
    tx: &mut Tx<'_>,
    company: CompanyId,
    (subject, text): (&str, &str),
) -> Result<(), storage::Error> {
    for admin in store::first_admins(tx, company, TOLD_MAX)? {
        if let Ok(message) = Message::new(admin.email.as_str(), subject, text.to_owned()) {
            mail.send(tx, company, &message.counted())?;
        }
    }
    Ok(())
}

/// Characters shown of what a client calls itself.
const CLIENT_CHARACTERS_MAX: usize = 200;

/// What a person is told about the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// By the person, who knew the old one.
    PasswordChanged,
    /// With a link, or from the machine.
    PasswordReset,
    /// There is a second factor now.
    FactorAdded,
    /// There is no second factor any more.
    FactorRemoved,
    /// A recovery code was used in the place of a code.
    RecoveryUsed,
    /// There are other recovery codes.
    RecoveryRenewed,
    /// Somebody knew the password and not the code.
    FactorRefused,
    /// A sign-in followed several refused ones.
    SignedInAfterFailures,
    /// A sign-in came from a network and client that were not seen before.
    SignedInElsewhere,
}

impl Notice {
    /// The word under which it is remembered.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::FactorAdded => "factor_added",
            Self::FactorRemoved => "factor_removed",
            Self::RecoveryUsed => "recovery_used",
            Self::RecoveryRenewed => "recovery_renewed",
            Self::FactorRefused => "factor_refused",
            Self::SignedInAfterFailures => "signed_in_after_failures",
            Self::SignedInElsewhere => "signed_in_elsewhere",
        }
    }

    /// Subject and first sentence.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::PasswordChanged => ("Your password was changed", "The password of your account was changed."),
            Self::PasswordReset => (
                "Your password was reset",
                "The password of your account was reset, and every session of it has ended.",
            ),
            Self::FactorAdded => {
                ("A second factor was set up", "From now on, signing in to your account asks for a code too.")
            }
            Self::FactorRemoved => (
                "Your second factor was removed",
                "The second factor of your account was removed: signing in asks for the password only.",
            ),
            Self::RecoveryUsed => ("A recovery code was used", "One of your recovery codes was used; it is used up."),
            Self::RecoveryRenewed => (
                "Your recovery codes were replaced",
                "Your account has other recovery codes; the old ones work no more.",
            ),
            Self::FactorRefused => (
                "A sign-in failed at the second factor",
                "Somebody gave the right password of your account and a wrong code. If it was not you, change the password.",
            ),
            Self::SignedInAfterFailures => (
                "A sign-in after failed tries",
                "Somebody signed in to your account after several tries that were refused.",
            ),
            Self::SignedInElsewhere => (
                "A sign-in from a new place",
                "Somebody signed in to your account from a network or with a program that was not seen before.",
            ),
        }
    }
}

/// An invitation to a company.
pub(super) fn invitation(to: &str, company: &str, link: &str) -> Result<Message, MessageError> {
    let text = format!(
        "You are invited to join \"{company}\" on NovaPulse.\n\nChoose your password here within a week:\n\n{link}\n\n\
         Whoever has this link can accept in your place. If you do not know the company, do nothing.\n"
    );
    Message::new(to, "Your invitation to NovaPulse", text)
}

/// The link that lets somebody choose another password.
pub(super) fn reset(to: &str, link: &str) -> Result<Message, MessageError> {
    let text = format!(
        "Somebody, probably you, asked for another password for your account on NovaPulse.\n\nChoose it here within an \
         hour:\n\n{link}\n\nWhoever has this link can choose it. If it was not you, do nothing: your password stays.\n"
    );
    Message::new(to, "Reset your password", text)
}

/// Tells a person about the account, in the product and by mail, unless the same was told within the hour; somebody whose
/// address no mail can be sent to is told in the product only.
pub(super) fn notify(mail: &Mail, tx: &mut Tx<'_>, user: &UserRow, notice: Notice) -> Result<(), Error> {
    notify_from(mail, tx, user, notice, None)
}

/// The same about something that `client` did.
pub(super) fn notify_from(
    mail: &Mail,
    tx: &mut Tx<'_>,
    user: &UserRow,
    notice: Notice,
    client: Option<&Client>,
) -> Result<(), Error> {
    let mut habits = store::habits(tx, user.id)?;
    if !habits.is_news(notice, tx.now()) {
        return Ok(());
    }
    store::put_habits(tx, user.id, &habits)?;
    let (subject, what) = notice.words();
    let email = user.email.as_str();
    let name = |client: &Client| {
        let name: String = client.name.chars().filter(|c| !c.is_control()).take(CLIENT_CHARACTERS_MAX).collect();
        if name.is_empty() { "(not told)".to_owned() } else { name }
    };
    let told = NewNotification {
        kind: notice.as_str(),
        topic: String::new(),
        object: None,
        detail: client.map(|client| format!("{}, {}", client.address, name(client))),
        count: None,
    };
    notifications::notify(tx, user.company, Audience::Person(user.id), told)?;
    let from = client.map_or_else(String::new, |client| format!("\nFrom: {}\nWith: {}", client.address, name(client)));
    let text =
        format!("{what}\n\nAccount: {email}\nTime: {}{from}\n\nIf this was not you, tell an admin now.\n", tx.now());
    let Ok(message) = Message::new(email, subject, text) else { return Ok(()) };
    mail.send(tx, user.company, &message.about(user.id))?;
    Ok(())
}

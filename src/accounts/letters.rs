//! What is written to people. Links carry their token behind the `#`; nothing else here is a secret.

use super::{Error, store::UserRow};
use crate::{
    mail::{Mail, Message, MessageError},
    storage::Tx,
};

/// What a person is told about a change of the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// By the person, who knew the old one.
    PasswordChanged,
    /// With a link, or from the machine.
    PasswordReset,
    /// There is no second factor any more.
    FactorRemoved,
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

/// Tells a person about a change; somebody whose address no mail can be sent to is not told.
pub(super) fn notify(mail: &Mail, tx: &mut Tx<'_>, user: &UserRow, notice: Notice) -> Result<(), Error> {
    let (subject, what) = match notice {
        Notice::PasswordChanged => ("Your password was changed", "The password of your account was changed."),
        Notice::PasswordReset => {
            ("Your password was reset", "The password of your account was reset, and every session of it has ended.")
        }
        Notice::FactorRemoved => (
            "Your second factor was removed",
            "The second factor of your account was removed: signing in asks for the password only.",
        ),
    };
    let email = user.email.as_str();
    let text = format!("{what}\n\nAccount: {email}\nTime: {}\n\nIf this was not you, tell an admin now.\n", tx.now());
    let Ok(message) = Message::new(email, subject, text) else { return Ok(()) };
    mail.send(tx, user.company, &message.about(user.id))?;
    Ok(())
}

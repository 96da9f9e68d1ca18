//! The templates of a company: made, changed into a new version, filled in for a look, deleted.

#![expect(clippy::unused_self, reason = "use cases are methods of the handle, whether they need it or not")]

use serde_json::{Value, json};

use crate::{
    audit::{self, Entry, Origin},
    base::CompanyId,
    emails::{
        Emails, Error, Invalid,
        model::{
            DESCRIPTION_CHARACTERS_MAX, Sources, TEMPLATES_MAX, Template, VARIABLES_BYTES_MAX, VERSIONS_MAX, is_name,
        },
        store::{self, TemplateRow},
        template,
    },
    mail::email::Rendered,
    storage::{Read, Tx},
};

/// A template as somebody wants it.
#[derive(Debug, Clone, Default)]
pub(in crate::emails) struct Wanted {
    pub(in crate::emails) name: String,
    pub(in crate::emails) description: String,
    pub(in crate::emails) sources: Sources,
}

impl Wanted {
    /// Checks everything that can be checked without the store; reads the sources, so not on an async thread.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every value that is refused.
    pub(in crate::emails) fn check(&self) -> Result<(), Error> {
        let mut refused = Vec::new();
        if !is_name(&self.name) {
            let detail = "must be 1 to 64 small letters, digits, dots, dashes and underscores";
            refused.push(Invalid::new("/name", detail));
        }
        if self.description.chars().count() > DESCRIPTION_CHARACTERS_MAX || self.description.contains('\0') {
            let detail = format!("must have at most {DESCRIPTION_CHARACTERS_MAX} characters");
            refused.push(Invalid::new("/description", detail));
        }
        if self.sources.sample.as_ref().is_some_and(|sample| sample.len() > VARIABLES_BYTES_MAX) {
            refused.push(Invalid::new("/sample", format!("must have at most {VARIABLES_BYTES_MAX} bytes")));
        }
        refused.extend(template::faults(&self.sources));
        if refused.is_empty() { Ok(()) } else { Err(Error::Invalid(refused)) }
    }
}

impl Emails {
    /// Makes a template, in its first version; a name that was used before goes on counting.
    ///
    /// # Errors
    /// [`Error::TemplateExists`], [`Error::Limit`].
    pub(in crate::emails) fn create_template(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        wanted: Wanted,
    ) -> Result<Template, Error> {
        let (company, _) = by;
        tx.admit_new_work()?;
        let before = store::row(tx, company, &wanted.name)?;
        if before.as_ref().is_some_and(|row| row.deleted_at.is_none()) {
            return Err(Error::TemplateExists(wanted.name));
        }
        if before.is_none() && store::count(tx, company) >= TEMPLATES_MAX {
            let what = "e-mail templates, with those deleted a short while ago";
            return Err(Error::Limit { what, limit: TEMPLATES_MAX });
        }
        let version = before.map_or(0, |row| row.version) + 1;
        self.require_room(tx, company, &wanted.name, version)?;
        let now = tx.now();
        let Wanted { name, description, sources } = wanted;
        let row = TemplateRow { description, version, deleted_at: None, created_at: now, updated_at: now };
        store::put(tx, company, &name, &row, Some(&sources))?;
        let template = shown(name, row, sources);
        record(tx, by, "email_template.create", &template.name, (Value::Null, facts(&template)))?;
        Ok(template)
    }

    /// Changes a template; new sources are a new version.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Limit`].
    pub(in crate::emails) fn update_template(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        wanted: Wanted,
    ) -> Result<Template, Error> {
        let (company, _) = by;
        let before = self.template(tx, company, &wanted.name)?;
        let Wanted { name, description, sources } = wanted;
        let is_new = sources != before.sources;
        if !is_new && description == before.description {
            return Ok(before);
        }
        tx.admit_new_work()?;
        let version = before.version + u32::from(is_new);
        if is_new {
            self.require_room(tx, company, &name, version)?;
        }
        let (created_at, updated_at) = (before.created_at, tx.now());
        let row = TemplateRow { description, version, deleted_at: None, created_at, updated_at };
        store::put(tx, company, &name, &row, is_new.then_some(&sources))?;
        let template = shown(name, row, sources);
        let changed = audit::changed(&facts(&before), &facts(&template));
        record(tx, by, "email_template.update", &template.name, changed)?;
        Ok(template)
    }

    /// Deletes a template; e-mails in the queue keep their version.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::emails) fn delete_template(
        &self,
        tx: &mut Tx<'_>,
        by: (CompanyId, &Origin),
        name: &str,
    ) -> Result<(), Error> {
        let (company, _) = by;
        let before = self.template(tx, company, name)?;
        let row = TemplateRow {
            description: String::new(),
            version: before.version,
            deleted_at: Some(tx.now()),
            created_at: before.created_at,
            updated_at: tx.now(),
        };
        store::put(tx, company, name, &row, None)?;
        record(tx, by, "email_template.delete", name, (facts(&before), Value::Null))
    }

    /// A template of the company in its newest version.
    ///
    /// # Errors
    /// [`Error::NotFound`].
    pub(in crate::emails) fn template(
        &self,
        read: &impl Read,
        company: CompanyId,
        name: &str,
    ) -> Result<Template, Error> {
        store::find(read, company, name)?.ok_or(Error::NotFound("e-mail template"))
    }

    /// Templates of the company after a name, by name.
    ///
    /// # Errors
    /// [`Error::Storage`].
    pub(in crate::emails) fn templates(
        &self,
        read: &impl Read,
        company: CompanyId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Template>, Error> {
        Ok(store::list(read, company, after, limit)?)
    }

    /// Fills a template in with these variables, or with its sample.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the template or its version; [`Error::Invalid`] when it cannot be filled in.
    pub(in crate::emails) fn preview(
        &self,
        read: &impl Read,
        company: CompanyId,
        (name, version): (&str, Option<u32>),
        variables: Option<Value>,
    ) -> Result<(u32, Rendered), Error> {
        let template = self.template(read, company, name)?;
        let number = version.unwrap_or(template.version);
        let sources = store::version(read, company, name, number)?.ok_or(Error::NotFound("version of the template"))?;
        let sample = || sources.sample.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let variables = variables.or_else(sample).unwrap_or_else(|| json!({}));
        if variables.to_string().len() > VARIABLES_BYTES_MAX {
            return Err(Error::one("/variables", format!("must have at most {VARIABLES_BYTES_MAX} bytes")));
        }
        let filled = template::fill(&sources, &variables, None);
        Ok((number, filled.map_err(|error| Error::one("/variables", error))?))
    }

    /// Whether a version may be made: the one it pushes out must be older than every e-mail that is kept.
    fn require_room(&self, tx: &Tx<'_>, company: CompanyId, name: &str, version: u32) -> Result<(), Error> {
        let Some(over) = version.checked_sub(VERSIONS_MAX) else { return Ok(()) };
        let made_at = store::version_made_at(tx, company, name, over)?;
        if made_at.is_some_and(|at| tx.now().ms_since(at) < self.mail.keep_ms()) {
            let what = "versions of the template that e-mails may still be made from";
            return Err(Error::Limit { what, limit: u64::from(VERSIONS_MAX) });
        }
        Ok(())
    }
}

fn shown(name: String, row: TemplateRow, sources: Sources) -> Template {
    let TemplateRow { description, version, created_at, updated_at, .. } = row;
    Template { name, description, version, sources, created_at, updated_at }
}

fn facts(template: &Template) -> Value {
    json!({
        "description": template.description,
        "version": template.version,
        "subject": template.sources.subject,
    })
}

fn record(
    tx: &mut Tx<'_>,
    (company, origin): (CompanyId, &Origin),
    action: &'static str,
    name: &str,
    (before, after): (Value, Value),
) -> Result<(), Error> {
    Ok(audit::record(tx, company, origin, Entry { action, object: name.to_owned(), before, after })?)
}

//! Fitting sessions to a changed policy of the company, a few people in each transaction.
//!
//! The change of the policy leaves a row that says so; it goes away with the last step. Whoever signs in meanwhile is
//! let in by the new policy already, and a server that died in between goes on at its next start.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{
    accounts::{
        Accounts, Error, mfa,
        store::{self, SweepRow},
    },
    base::{CompanyId, RawId},
    storage::{Tx, pause},
};

/// People whose sessions are fitted in one transaction.
const STEP: usize = 100;
/// How often what a death or a failure left over is looked for.
const EVERY: Duration = Duration::from_mins(1);
/// Companies looked at in one round.
const COMPANIES: usize = 100;

impl Accounts {
    /// Fits the sessions of everybody in the company to its policy, when it has changed: where it asks for second factors
    /// from now on, people without one are signed out and can do nothing but set one up when they sign in again; where
    /// it asks no more, they get their rights.
    ///
    /// # Errors
    /// When the store fails; the next round goes on.
    pub(in crate::accounts) async fn apply_policy(&self, company: CompanyId) -> Result<(), Error> {
        loop {
            let accounts = self.clone();
            if self.inner.db.write_reclaiming(move |tx| accounts.policy_step(tx, company)).await? {
                return Ok(());
            }
        }
    }

    /// Does one step; answers whether it was the last.
    fn policy_step(&self, tx: &mut Tx<'_>, company: CompanyId) -> Result<bool, Error> {
        let Some(SweepRow { before }) = store::find_sweep(tx, company)? else { return Ok(true) };
        let Some(requires_mfa) = store::company_numbered(tx, company.hi())?.map(|row| row.requires_mfa) else {
            store::delete_sweep(tx, company)?;
            return Ok(true);
        };
        let people = store::users_of(tx, company, before, STEP)?;
        for user in &people {
            if mfa::is_enabled(tx, user.id)? {
                continue;
            }
            if requires_mfa {
                self.inner.auth.end_full_sessions(tx, user.id)?;
            } else {
                self.inner.auth.end_enrolment(tx, user.id)?;
            }
        }
        match people.get(STEP - 1) {
            Some(last) => store::put_sweep(tx, company, SweepRow { before: Some(last.id.hi()) })?,
            None => store::delete_sweep(tx, company)?,
        }
        Ok(people.len() < STEP)
    }

    /// Finishes what a death or a failure left over, at once and then every minute, until stopped.
    pub async fn maintain(self, stop: CancellationToken) {
        loop {
            if let Err(error) = self.finish_policies().await {
                tracing::warn!(%error, "sessions could not be fitted to the policy of their company: {error}");
            }
            if !pause(EVERY, &stop).await {
                return;
            }
        }
    }

    async fn finish_policies(&self) -> Result<(), Error> {
        let companies = self.inner.db.read(|snapshot| store::sweeps(snapshot, COMPANIES)).await??;
        for company in companies {
            self.apply_policy(CompanyId::from_raw(RawId { hi: company, lo: 0 })).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        accounts::{
            Accounts, Email,
            service::policy::STEP,
            store::{self, CompanyRow, SweepRow, UserRow},
            tests::{accounts, order},
        },
        auth::{Grant, NewSession, Role},
        storage::{Db, Head, Tx},
    };

    /// A company with this many people, each with a session.
    async fn crowd(count: usize, is_enrolling: bool) -> (Accounts, Db, CompanyRow, Vec<Grant>) {
        let (accounts, auth, db) = accounts();
        let made = accounts.set_up(order()).await.unwrap();
        let work = move |tx: &mut Tx<'_>| {
            let company = store::find_company(tx, made.company)?.unwrap();
            let password = store::find_user(tx, made.user)?.unwrap().password;
            let mut grants = Vec::new();
            for number in 0..count {
                let email: Email = format!("user{number}@example.com").parse().unwrap();
                let user = UserRow::fresh(tx, (company.id, Role::User), ("User".to_owned(), email), password.clone());
                store::put_user(tx, &user)?;
                let order = NewSession {
                    company: company.id,
                    role: user.role,
                    is_owner: false,
                    is_enrolling,
                    needs_password: false,
                    address: String::new(),
                    client: String::new(),
                };
                grants.push(auth.open_session(tx, auth.prepare_session(user.id)?, order)?);
            }
            Ok::<_, crate::accounts::Error>((company, grants))
        };
        let (company, grants) = db.write(work).await.unwrap();
        (accounts, db, company, grants)
    }

    async fn change(db: &Db, company: &CompanyRow, requires_mfa: bool) {
        let row = CompanyRow { requires_mfa, ..company.clone() };
        let work = move |tx: &mut Tx<'_>| {
            store::put_company(tx, &row)?;
            store::put_sweep(tx, row.id, SweepRow::default())
        };
        db.write(work).await.unwrap();
    }

    async fn scopes(accounts: &Accounts, grants: &[Grant]) -> Vec<Option<bool>> {
        let mut found = Vec::new();
        for grant in grants {
            let caller = accounts.inner.auth.identify(Some(&format!("Bearer {}", grant.access_token))).await;
            found.push(caller.ok().map(|caller| caller.is_enrolling));
        }
        found
    }

    #[tokio::test]
    async fn a_stricter_policy_ends_everybodys_sessions_a_few_at_a_time_and_a_death_in_between_forgets_none() {
        let (accounts, db, company, grants) = crowd(2 * STEP + 20, false).await;
        assert!(scopes(&accounts, &grants).await.iter().all(|found| *found == Some(false)));
        change(&db, &company, true).await;
        let (first, id) = (accounts.clone(), company.id);
        assert!(!db.write(move |tx| first.policy_step(tx, id)).await.unwrap(), "more is to be done");
        let open = scopes(&accounts, &grants).await.iter().filter(|found| found.is_some()).count();
        assert_eq!(open, STEP + 20, "one step ends the sessions of {STEP}");
        // What a server finds that starts after that.
        let before = db.read(Head::read).await.unwrap().unwrap().number;
        accounts.finish_policies().await.unwrap();
        assert!(scopes(&accounts, &grants).await.iter().all(Option::is_none));
        assert_eq!(db.read(Head::read).await.unwrap().unwrap().number, before + 2);
        assert!(db.read(|snapshot| store::sweeps(snapshot, 9)).await.unwrap().unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_laxer_policy_gives_held_sessions_their_rights_and_a_stricter_one_leaves_them() {
        let (accounts, db, company, grants) = crowd(3, true).await;
        change(&db, &company, true).await;
        accounts.apply_policy(company.id).await.unwrap();
        assert_eq!(scopes(&accounts, &grants).await, [Some(true); 3], "they are setting a factor up");
        change(&db, &company, false).await;
        accounts.apply_policy(company.id).await.unwrap();
        assert_eq!(scopes(&accounts, &grants).await, [Some(false); 3]);
    }
}

//! Every way a search looks gives the same jobs as looking at all of them.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::{Kernel, company, complete, job};
use crate::{
    base::{Backoff, JobId},
    queue::{
        Error, Group, JobFilter, JobView, NewJob, OnFailure, Outcome, Parent, QueueName, QueueSettings, RetryPolicy,
        State,
    },
};

impl Kernel {
    /// Every page of a search.
    async fn search(&self, filter: &JobFilter, limit: usize) -> Vec<JobView> {
        let (mut all, mut place) = (Vec::new(), None);
        for _ in 0..1000 {
            let (queues, filter) = (self.queues.clone(), filter.clone());
            let read = self.db.read(move |read| queues.list(read, company(1), &filter, place, limit));
            let page = read.await.unwrap().unwrap();
            assert!(page.jobs.len() <= limit);
            all.extend(page.jobs);
            match page.next {
                Some(next) => place = Some(next),
                None => return all,
            }
        }
        panic!("a search without an end: {filter:?}");
    }

    async fn count(&self, filter: &JobFilter) -> u64 {
        let (queues, filter) = (self.queues.clone(), filter.clone());
        let read = self.db.read(move |read| queues.count_found(read, company(1), &filter, 100));
        let count = read.await.unwrap().unwrap();
        assert!(count.is_exact);
        count.count
    }

    /// Jobs in every state, in three queues.
    async fn population(&self) {
        let queues = self.queues.clone();
        let settings = QueueSettings { search_fields: vec!["n".to_owned()], ..QueueSettings::default() };
        self.db.write(move |tx| queues.configure(tx, &super::queue(), settings)).await.unwrap();
        let now = self.db.now();
        let retry = Some(RetryPolicy { attempts: 3, backoff: Backoff::fixed(60_000) });
        for number in 0..120_u64 {
            let queue = ["things", "others", "third"][(number % 3) as usize].parse().unwrap();
            let tags = (0..number % 4).map(|tag| format!("tag-{tag}")).collect();
            let new = NewJob {
                queue,
                kind: format!("kind-{}", number % 2),
                payload: Bytes::from(format!("{{\"n\":{},\"text\":\"word-{}\"}}", number % 5, number % 7)),
                tags,
                group: (number % 6 == 0).then(|| Group::named("a group")),
                run_at: (number % 8 == 7).then(|| now.plus_ms(10_000 + number)),
                retry: retry.clone(),
                ..job()
            };
            let id = self.add(new.clone()).await;
            if number % 10 == 0 {
                let parent = Some(Parent { id, on_failure: OnFailure::FailParent });
                self.add(NewJob { parent, run_at: Some(now.plus_ms(99_999)), ..new }).await;
            }
        }
        for (position, queue) in ["things", "others", "third"].into_iter().enumerate() {
            self.load().await;
            let queue: QueueName = queue.parse().unwrap();
            let request = super::LeaseRequest { queue, ..super::request(20) };
            for (number, leased) in self.queues.lease(request).await.unwrap().iter().enumerate() {
                let outcome = match (number + position) % 5 {
                    0 => complete(),
                    1 => Outcome::Discard { error: "x".to_owned() },
                    2 => Outcome::Retry { error: "x".to_owned(), after_ms: None },
                    3 => continue,
                    _ => {
                        let (queues, id) = (self.queues.clone(), leased.job.id);
                        self.db.write(move |tx| queues.cancel(tx, company(1), id)).await.unwrap();
                        continue;
                    }
                };
                self.settle(leased, outcome).await.unwrap();
            }
        }
    }
}

fn ids(jobs: &[JobView]) -> BTreeSet<JobId> {
    jobs.iter().map(|job| job.id).collect()
}

fn is_wanted(filter: &JobFilter, job: &JobView) -> bool {
    let payload = String::from_utf8_lossy(&job.payload).into_owned();
    filter.queue.as_ref().is_none_or(|queue| *queue == job.queue)
        && filter.state.is_none_or(|state| state == job.state)
        && filter.kind.as_ref().is_none_or(|kind| *kind == job.kind)
        && filter.tag.as_ref().is_none_or(|tag| job.tags.contains(tag))
        && filter.group.as_ref().is_none_or(|group| job.group_key.as_ref() == Some(group))
        && filter.text.as_ref().is_none_or(|text| payload.contains(text))
        && filter.field.as_ref().is_none_or(|(path, value)| {
            payload.contains(&format!("\"{path}\":{value},")) || payload.contains(&format!("\"{path}\":\"{value}\""))
        })
}

/// Every mix of some conditions.
fn filters() -> Vec<JobFilter> {
    let words = |words: &[&str]| {
        let some = words.iter().map(|word| Some((*word).to_owned()));
        some.chain([None]).collect::<Vec<_>>()
    };
    let mut filters = Vec::new();
    for queue in words(&["things", "others", "missing"]) {
        for state in State::ALL.into_iter().map(Some).chain([None]) {
            for tag in words(&["tag-1"]) {
                for field in [Some(("n", "3")), Some(("text", "word-2")), None] {
                    for kind in words(&["kind-1"]) {
                        let queue = queue.as_deref().map(|queue| queue.parse().unwrap());
                        let field = field.map(|(path, value)| (path.to_owned(), value.to_owned()));
                        let tag = tag.clone();
                        filters.push(JobFilter { queue, state, kind, tag, field, ..JobFilter::default() });
                    }
                }
            }
        }
    }
    filters.push(JobFilter { group: Some("a group".to_owned()), ..JobFilter::default() });
    filters.push(JobFilter { text: Some("word-3".to_owned()), ..JobFilter::default() });
    filters
}

#[tokio::test]
async fn every_index_gives_what_a_look_at_all_jobs_gives() {
    let kernel = Kernel::new().await;
    kernel.population().await;
    // Claims are readable once something behind them is.
    kernel.db.write(|_| Ok::<_, crate::storage::Error>(())).await.unwrap();
    let all = kernel.search(&JobFilter::default(), 250).await;
    assert_eq!(all.len(), 132);
    assert!(all.is_sorted_by_key(|job| std::cmp::Reverse(job.id)), "newest first");
    for state in State::ALL {
        assert!(all.iter().any(|job| job.state == state), "{state:?}");
    }
    for filter in filters() {
        let wanted: Vec<_> = all.iter().filter(|job| is_wanted(&filter, job)).cloned().collect();
        for limit in [3, 250] {
            let found = kernel.search(&filter, limit).await;
            assert_eq!(ids(&found), ids(&wanted), "{filter:?}");
            assert_eq!(found.len(), wanted.len(), "none twice: {filter:?}");
        }
        assert_eq!(kernel.count(&filter).await, wanted.len() as u64, "{filter:?}");
    }
    let middle = all[60].created_at;
    let since = JobFilter { since: Some(middle), until: Some(middle.plus_ms(1)), ..JobFilter::default() };
    let wanted: BTreeSet<_> = all.iter().filter(|job| job.created_at == middle).map(|job| job.id).collect();
    assert_eq!(ids(&kernel.search(&since, 10).await), wanted);
}

#[tokio::test]
async fn each_state_has_its_order() {
    let kernel = Kernel::new().await;
    kernel.population().await;
    let of = |state| JobFilter { state: Some(state), ..JobFilter::default() };
    let delayed = kernel.search(&of(State::Delayed), 4).await;
    assert!(delayed.len() > 8 && delayed.is_sorted_by_key(|job| job.run_at), "the next due first");
    let failed = kernel.search(&of(State::Failed), 2).await;
    assert!(failed.len() > 3 && failed.is_sorted_by_key(|job| std::cmp::Reverse(job.finished_at)), "the latest first");
    let queue = Some(super::queue());
    let waiting = kernel.search(&JobFilter { queue, state: Some(State::Waiting), ..JobFilter::default() }, 5).await;
    let blocked: Vec<_> = waiting.iter().map(|job| job.blocked_by > 0).collect();
    assert!(blocked.is_sorted() && blocked.contains(&true), "who waits for children stands behind the line");
}

#[tokio::test]
async fn a_place_of_another_search_is_refused_and_a_page_looks_at_so_much_only() {
    let kernel = Kernel::new().await;
    let queues = kernel.queues.clone();
    let many = vec![job(); 1000];
    for _ in 0..3 {
        let (queues, many) = (queues.clone(), many.clone());
        kernel.db.write(move |tx| crate::queue::enqueue_many(tx, &queues, many)).await.unwrap();
    }
    let rare = JobFilter { kind: Some("rare".to_owned()), ..JobFilter::default() };
    let list = async |filter: JobFilter, place| {
        let queues = queues.clone();
        kernel.db.read(move |read| queues.list(read, company(1), &filter, place, 50)).await.unwrap()
    };
    let page = list(rare.clone(), None).await.unwrap();
    assert!(page.jobs.is_empty());
    let place = page.next.expect("it stopped after some");
    let rest = list(rare, Some(place)).await.unwrap();
    assert_eq!((rest.jobs.len(), rest.next), (0, None));
    let tagged = JobFilter { tag: Some("a".to_owned()), ..JobFilter::default() };
    assert!(matches!(list(tagged, Some(place)).await, Err(Error::Invalid { field: "cursor", .. })));
}

#[tokio::test]
async fn a_search_goes_on_when_the_fields_of_the_queue_change() {
    let kernel = Kernel::new().await;
    kernel.population().await;
    let configure = async |fields: &[&str]| {
        let fields = fields.iter().map(|field| (*field).to_owned()).collect();
        let settings = QueueSettings { search_fields: fields, ..QueueSettings::default() };
        let queues = kernel.queues.clone();
        kernel.db.write(move |tx| queues.configure(tx, &super::queue(), settings)).await.unwrap();
    };
    let field = Some(("n".to_owned(), "3".to_owned()));
    let filter = JobFilter { queue: Some(super::queue()), field, ..JobFilter::default() };
    let whole: Vec<_> = kernel.search(&filter, 100).await.into_iter().map(|job| job.id).collect();
    assert!(whole.len() > 4, "{whole:?}");
    let page = async |place, limit| {
        let (queues, filter) = (kernel.queues.clone(), filter.clone());
        let read = kernel.db.read(move |read| queues.find_ids(read, company(1), &filter, place, limit));
        read.await.unwrap().unwrap()
    };
    // Begun by the index, then without it; and the other way round.
    for (first, second) in [(&["n"][..], &[][..]), (&[][..], &["n"][..])] {
        configure(first).await;
        let head = page(None, 2).await;
        configure(second).await;
        let rest = page(head.next, 100).await;
        let found: Vec<_> = head.ids.into_iter().chain(rest.ids).map(|(id, _)| id).collect();
        assert_eq!(found, whole);
        assert_eq!(rest.next, None);
    }
}

//! Figures by minute: exact counts, durations, and what a crash leaves of them.

use super::{Kernel, company, complete, job, queue};
use crate::queue::{MINUTE_MS, Minute, Outcome};

impl Kernel {
    /// The figures of the last ten minutes together, and the number of minutes that have some.
    async fn figures(&self) -> (Minute, usize) {
        let (queues, now) = (self.queues.clone(), self.db.now());
        let since =
            crate::base::Timestamp::from_ms(now.as_ms() - now.as_ms().rem_euclid(MINUTE_MS as i64) - 9 * 60_000);
        let read = move |snapshot: &crate::storage::Snapshot| {
            queues.history(snapshot, company(1), &queue(), (since, MINUTE_MS, 10)).unwrap()
        };
        let points = self.db.read(read).await.unwrap();
        let mut all = Minute::default();
        for (_, minute) in &points {
            all.merge(minute);
        }
        (all, points.iter().filter(|(_, minute)| *minute != Minute::default()).count())
    }

    async fn end_minute(&self) {
        let minute = self.db.now();
        self.clock.advance_ms(MINUTE_MS);
        let start = minute.as_ms() - minute.as_ms().rem_euclid(MINUTE_MS as i64);
        self.queues.roll_up(crate::base::Timestamp::from_ms(start)).await.unwrap();
    }
}

fn counts(minute: &Minute) -> [u64; 4] {
    [minute.added, minute.completed, minute.failed, minute.retried]
}

#[tokio::test]
async fn a_minute_tells_what_came_and_how_it_ended() {
    let kernel = Kernel::new().await;
    for _ in 0..4 {
        kernel.add(job()).await;
    }
    kernel.clock.advance_ms(2_000);
    let leased = kernel.lease(3).await;
    kernel.clock.advance_ms(500);
    kernel.settle(&leased[0], complete()).await.unwrap();
    kernel.settle(&leased[1], Outcome::Discard { error: "no".to_owned() }).await.unwrap();
    kernel.settle(&leased[2], Outcome::Retry { error: "later".to_owned(), after_ms: Some(60_000) }).await.unwrap();
    let (now, minutes) = kernel.figures().await;
    assert_eq!((counts(&now), minutes), ([4, 1, 1, 1], 1), "the minute under way is told too");
    assert_eq!((now.waits.total(), now.runs.total()), (3, 3));
    let near = |ms: Option<f64>, exact: f64| assert!((ms.unwrap() / exact - 1.0).abs() < 0.2, "{ms:?}");
    near(now.waits.quantile_ms(0.5), 2_000.0);
    near(now.runs.quantile_ms(0.5), 500.0);
    kernel.end_minute().await;
    assert_eq!(kernel.figures().await, (now.clone(), 1), "the roll-up moves it and changes nothing");
    kernel.end_minute().await;
    kernel.add(job()).await;
    let (all, minutes) = kernel.figures().await;
    assert_eq!((counts(&all), minutes), ([5, 1, 1, 1], 2));
}

#[tokio::test]
async fn a_crash_loses_no_count() {
    let kernel = Kernel::new().await;
    kernel.add(job()).await;
    kernel.end_minute().await;
    for _ in 0..3 {
        kernel.add(job()).await;
    }
    let leased = kernel.lease(2).await;
    kernel.settle(&leased[0], complete()).await.unwrap();
    let kernel = kernel.crash().await;
    kernel.end_minute().await;
    let (all, _) = kernel.figures().await;
    assert_eq!(counts(&all), [4, 1, 0, 0]);
    // What was told once is not told again.
    kernel.end_minute().await;
    assert_eq!(counts(&kernel.figures().await.0), [4, 1, 0, 0]);
}

//! The operators of a company are told when the dead letters of a queue reach 1, 10, 100 and so on.

use crate::{
    notifications::{self, Audience, NewNotification},
    queue::{DeadLetters, QueueName, Queues},
};

/// Connects the queues with the notifications.
pub(super) fn connect(queues: &Queues) {
    queues.on_dead_letters(|tx, dead| {
        // One failed report is told of by itself.
        if dead.reached == 1 && dead.queue.as_str() == QueueName::REPORT {
            return Ok(());
        }
        let company = dead.company;
        notifications::notify(tx, company, Audience::Operators, notification(dead))
    });
}

fn notification(DeadLetters { queue, reached, only, .. }: DeadLetters) -> NewNotification {
    let topic = format!("{queue} {reached}");
    match only {
        Some((job, kind)) => NewNotification {
            kind: "job_failed",
            topic,
            object: Some(job.to_string()),
            detail: Some(kind),
            count: None,
        },
        None => NewNotification {
            kind: "dead_letters",
            topic,
            object: Some(queue.to_string()),
            detail: None,
            count: Some(reached),
        },
    }
}

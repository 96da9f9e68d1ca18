//! What the UI takes for the server's own jobs is what the server takes for them.

use std::{collections::BTreeSet, fs, path::Path};

use super::{code_only, sources};

type Names = BTreeSet<String>;

fn text_of(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// The strings between a mark and the end of the list behind it.
fn listed(text: &str, mark: &str) -> Names {
    let list = text.split(mark).nth(1).and_then(|rest| rest.split("]);").next());
    list.expect(mark).split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The queues that get a pool, by the names of their constants.
fn pools(jobs: &str, names: &str) -> Names {
    let constants = jobs.split("start(QueueName::").skip(1).filter_map(|rest| rest.split(',').next());
    let value = |constant: &str| {
        let rest = names.split(&format!("const {constant}: &'static str = \"")).nth(1);
        rest.and_then(|rest| rest.split('"').next()).expect(constant).to_owned()
    };
    constants.map(value).collect()
}

#[test]
fn the_interface_knows_the_jobs_of_the_server_itself() {
    let own = text_of("ui/src/pages/jobs/own.ts");
    let jobs = text_of("src/app/jobs.rs");
    let queues = pools(&jobs, &text_of("src/queue/name.rs"));
    assert_eq!(listed(&own, "OWN_QUEUES"), queues, "queues in own.ts, and those with a pool");

    let mut kinds = Names::new();
    for file in sources(&["src"]) {
        let found = file.text.split("_KIND: &str = \"").skip(1).filter_map(|rest| rest.split('"').next());
        kinds.extend(found.map(str::to_owned));
    }
    // None is without a constant, which is what is looked for here.
    assert_eq!(kinds.len(), code_only(&jobs).matches(".with(").count(), "{kinds:?}");
    assert_eq!(listed(&own, "const ACTION"), kinds, "kinds in own.ts, and those with a handler");
}

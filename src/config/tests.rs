//! Sources, precedence, suggestions and masking.

use std::fs;

use super::{Config, Error, Origin, Sources};

fn load(file: &str, environment: &[(&str, &str)]) -> Result<Config, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("novapulse.toml");
    fs::write(&path, file).unwrap();
    let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load(&Sources { file: Some(path), environment, flags: Vec::new() })
}

fn complaints(file: &str, environment: &[(&str, &str)]) -> Vec<String> {
    match load(file, environment) {
        Err(Error::Invalid(complaints)) => complaints,
        other => panic!("expected complaints, got {other:?}"),
    }
}

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let config = load("[server]\nrequest_timeout_ms = 40000\nlisten = \"127.0.0.1:1\"", &[]).unwrap();
    assert_eq!(config.server.request_timeout_ms, 40_000);
    assert!(matches!(config.origin("server.listen"), Origin::File(_)));
    assert_eq!(config.origin("server.body_max"), Origin::Default);

    let environment = [("REQUEST_TIMEOUT_MS", "50000"), ("NOVAPULSE_SERVER_LISTEN", "127.0.0.1:2")];
    let config = load("[server]\nrequest_timeout_ms = 40000", &environment).unwrap();
    assert_eq!(config.server.request_timeout_ms, 50_000);
    assert_eq!(config.origin("server.request_timeout_ms"), Origin::Environment("REQUEST_TIMEOUT_MS".into()));

    let config = load("[server]\nrequest_timeout_ms = 600", &[]).unwrap();
    assert_eq!(config.server.service_timeout_ms, 500);

    let mut sources = Sources::default();
    sources.environment.insert("NOVAPULSE_SERVER_LISTEN".into(), "127.0.0.1:2".into());
    sources.flag("server.listen", "--listen", Some("127.0.0.1:3".into()));
    let config = Config::load(&sources).unwrap();
    assert_eq!(config.server.listen.port(), 3);
    assert_eq!(config.origin("server.listen"), Origin::Flag("--listen".into()));
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion_and_all_at_once() {
    let said = complaints("[server]\nlissten = 1\n[serverr]\n", &[("NOVAPULSE_QUEUES_CONCURENCY", "3")]);
    assert_eq!(said.len(), 3);
    assert!(said.iter().any(|line| line.ends_with("no key server.lissten, did you mean listen?")), "{said:?}");
    assert!(said.iter().any(|line| line.ends_with("no table [serverr], did you mean server?")), "{said:?}");
    assert!(said.iter().any(|line| line.ends_with("did you mean NOVAPULSE_QUEUES_CONCURRENCY?")), "{said:?}");
}

#[test]
fn names_a_supervisor_adds_are_left_alone() {
    load("", &[("NOVAPULSE_PORT", "tcp://10.0.0.1:80"), ("NOVAPULSE_SERVICE_HOST", "10.0.0.1")]).unwrap();
}

#[test]
fn wrong_types_ranges_and_pairs_are_refused() {
    for (file, said) in [
        ("[server]\nlisten = 8080", "server.listen must be an address with a port"),
        ("[server]\nrequest_timeout_ms = 1", "server.request_timeout_ms must be from 100 to 3600000, not 1"),
        ("[server]\nconnections_max = -1", "server.connections_max must be a whole number"),
        ("[server]\nbody_max = \"12 parsecs\"", "server.body_max must be a size such as 64MiB"),
        ("[server]\nservice_timeout_ms = 60000", "must not exceed server.request_timeout_ms"),
        ("[outbound]\nallow = [\"10.0.0.0\"]", "outbound.allow must be a network"),
        ("server = 1", "server must be a table"),
    ] {
        let complaints = complaints(file, &[]);
        assert!(complaints.iter().any(|line| line.contains(said)), "{file}: {complaints:?}");
    }
    assert!(matches!(load("[server", &[]), Err(Error::Parse { .. })));
}

#[test]
fn sizes_and_lists_read_from_both_forms() {
    let config = load("[outbound]\nallow = [\"10.1.0.0/16\", \"127.0.0.0/8:9000\"]\n[server]\nbody_max = 2048", &[]);
    let config = config.unwrap();
    assert_eq!(config.server.body_max.0, 2048);
    assert!(config.outbound.allow[1].covers("127.0.0.1".parse().unwrap(), 9000));
    assert!(!config.outbound.allow[1].covers("127.0.0.1".parse().unwrap(), 9001));
    let config =
        load("", &[("NOVAPULSE_OUTBOUND_ALLOW", "10.1.0.0/16, fd00::/8"), ("NOVAPULSE_STORAGE_CACHE", "1GiB")]);
    let config = config.unwrap();
    assert_eq!(config.outbound.allow.len(), 2);
    assert_eq!(config.storage.cache.to_string(), "1GiB");
}

#[test]
fn secrets_are_masked_and_may_be_files() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("token");
    fs::write(&path, "hunter2\n").unwrap();
    let config = load("", &[("NOVAPULSE_SERVER_METRICS_TOKEN_FILE", path.to_str().unwrap())]).unwrap();
    assert_eq!(config.server.metrics_token.as_ref().unwrap().expose(), "hunter2");
    assert!(!format!("{config:?}{}", config.print()).contains("hunter2"));
    assert!(config.print().contains("metrics_token = \"********\""));
    let said = complaints("[server]\nmetrics_token = 12", &[]);
    assert!(!said[0].contains("12"), "{said:?}");
}

#[test]
fn what_is_printed_reads_back() {
    let printed = Config::default().print();
    let config = load(&printed, &[]).unwrap();
    let values =
        |text: &str| text.lines().map(|line| line.split(" # ").next().unwrap().trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&config.print()), values(&printed));
}

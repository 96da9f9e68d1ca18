//! Sources, precedence, suggestions and masking.

use std::{fs, os::unix::fs::PermissionsExt};

use super::{Config, Error, MasterKeys, Origin, Secret, Sources, seal_value};
use crate::base::SeededRandom;

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
        ("[server]\ntls_key = \"key.pem\"", "server.tls_certificate and server.tls_key go together"),
        ("[server]\nacme_domains = [\"*.a.b\"]", "server.acme_domains must be a name such as"),
        ("[server]\nacme_domains = [\"a.b\"]\ntls_certificate = \"c\"\ntls_key = \"k\"", "leave one out"),
        ("[server]\nredirect_listen = \"127.0.0.1:80\"", "server.redirect_listen needs TLS"),
        ("[server]\npublic_url = \"ftp://a\"", "server.public_url must be an address such as"),
        ("[server]\nsecurity_contact = [\"me\"]", "server.security_contact must be an address that begins"),
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
    let mut sources = Sources::default();
    sources.environment.insert("JWT_SECRET".into(), "hunter2".into());
    assert!(!format!("{sources:?}").contains("hunter2"));
    let said = complaints("[server]\nmetrics_token = 12", &[]);
    assert!(!said[0].contains("12"), "{said:?}");
}

fn keys(seed: u64) -> MasterKeys {
    MasterKeys::generate(&SeededRandom::new(seed))
}

fn sealed(keys: &MasterKeys, text: &str) -> String {
    seal_value(&keys.seal_key(), &SeededRandom::new(9), &Secret::new(text.to_owned()))
}

#[test]
fn every_secret_may_be_given_sealed() {
    let (old, new) = (keys(1), keys(2));
    let key = new.text();
    let ring = old.behind(&new).text();
    for section in Config::default().sections() {
        for setting in section.settings().iter().filter(|setting| setting.is_secret && setting.key != "master_key") {
            let (table, key_name) = (section.table(), setting.key);
            let full = format!("{table}.{key_name}");
            let text = "a canary of more than 32 characters";
            let file = |value: &str| format!("[{table}]\n{key_name} = \"{value}\"");
            let opened = load(&file(&sealed(&new, text)), &[("NOVAPULSE_SECRETS_MASTER_KEY", &key)]).unwrap();
            assert_eq!(opened.sealed_settings().collect::<Vec<_>>(), [(full.as_str(), true)]);
            let by_ring = load(&file(&sealed(&old, text)), &[("NOVAPULSE_SECRETS_MASTER_KEY", &ring)]).unwrap();
            assert_eq!(by_ring.sealed_settings().collect::<Vec<_>>(), [(full.as_str(), false)]);
            let again = by_ring.seal_again(&new.seal_key(), &SeededRandom::new(3));
            let read_again = load(&file(&again[0].1), &[("NOVAPULSE_SECRETS_MASTER_KEY", &key)]).unwrap();
            let mut plain = Vec::new();
            read_again.clone().each_secret(&mut |name, secret| plain.push((name, secret.expose().to_owned())));
            assert!(plain.contains(&(full.clone(), text.to_owned())), "{full}");
            assert!(!format!("{read_again:?}{}", read_again.print()).contains("canary"));

            let said = complaints(&file(&sealed(&old, text)), &[("NOVAPULSE_SECRETS_MASTER_KEY", &key)]);
            assert_eq!(said.len(), 1, "{said:?}");
            assert!(said[0].contains(&format!("{full} is a sealed value that does not open")), "{said:?}");
            assert!(said[0].ends_with("it was sealed with another key"), "{said:?}");
        }
    }
}

#[test]
fn a_sealed_value_that_does_not_open_names_the_setting_and_not_the_value() {
    let key = keys(1).text();
    let environment = [("NOVAPULSE_SECRETS_MASTER_KEY", key.as_str())];
    let whole = sealed(&keys(1), "hunter2");
    let cut = &whole[..whole.len() - 3];
    for damaged in [cut, "enc:", "enc:hunter2", &format!("{cut}AAA")] {
        let said = complaints(&format!("[server]\nmetrics_token = \"{damaged}\""), &environment);
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].contains("server.metrics_token is a sealed value that does not open"), "{said:?}");
        assert!(!said[0].contains("hunter2") && !said[0].contains(cut), "{said:?}");
    }
    let said = complaints(&format!("[server]\nmetrics_token = \"{whole}\"\n[storage]\ndirectory = \"/none\""), &[]);
    assert!(said[0].contains("server.metrics_token is sealed, but neither secrets.master_key nor /none/"), "{said:?}");
    let said = complaints("", &[("NOVAPULSE_SECRETS_MASTER_KEY", &whole)]);
    assert!(said[0].ends_with("secrets.master_key cannot be sealed itself"), "{said:?}");
}

#[test]
fn the_master_key_comes_from_its_file_the_environment_or_a_credential() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("novapulse.secrets.master_key");
    fs::write(&file, &**keys(1).text()).unwrap();
    let set_mode = |mode| fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    let path = file.to_str().unwrap();
    for mode in [0o660, 0o604, 0o620, 0o644] {
        set_mode(mode);
        let said = complaints("", &[("NOVAPULSE_SECRETS_MASTER_KEY_FILE", path)]);
        assert!(said[0].contains(&format!("can be read by others than its owner (mode {mode:o})")), "{said:?}");
        let said = complaints(&format!("[secrets]\nmaster_key_file = \"{path}\""), &[]);
        assert!(said[0].contains("secrets.master_key: "), "{said:?}");
    }
    let folder = directory.path().to_str().unwrap();
    let by_credential = load("", &[("CREDENTIALS_DIRECTORY", folder)]).unwrap();
    let name = "novapulse.secrets.master_key".to_owned();
    assert_eq!(by_credential.origin("secrets.master_key"), Origin::Credential(name));
    set_mode(0o600);
    let by_file = load("", &[("NOVAPULSE_SECRETS_MASTER_KEY_FILE", path)]).unwrap();
    let text = keys(1).text();
    let by_environment = load("", &[("NOVAPULSE_SECRETS_MASTER_KEY", &text)]).unwrap();
    for config in [by_credential, by_file, by_environment] {
        assert_eq!(config.master_keys().unwrap().unwrap(), keys(1));
    }
    let own = load(&format!("[storage]\ndirectory = \"{folder}\""), &[]).unwrap();
    assert!(own.master_keys().unwrap().is_none());
    fs::rename(&file, directory.path().join("master.key")).unwrap();
    assert_eq!(own.master_keys().unwrap().unwrap(), keys(1));
    let short = load("", &[("NOVAPULSE_SECRETS_MASTER_KEY", "c2hvcnQ=")]).unwrap();
    assert!(short.master_keys().unwrap_err().to_string().starts_with("secrets.master_key does not hold"));
}

#[test]
fn a_credential_without_a_setting_is_refused_and_others_are_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("database"), "not ours").unwrap();
    fs::write(directory.path().join("novapulse.server.metrics_token"), "hunter2\n").unwrap();
    let environment = [("CREDENTIALS_DIRECTORY", directory.path().to_str().unwrap())];
    let config = load("[server]\nmetrics_token = \"hunter1\"", &environment).unwrap();
    assert_eq!(config.server.metrics_token.unwrap().expose(), "hunter2");
    fs::write(directory.path().join("novapulse.server.metrics_tokens"), "hunter3").unwrap();
    let said = complaints("", &environment);
    assert!(
        said[0].ends_with("no secret setting server.metrics_tokens, did you mean server.metrics_token?"),
        "{said:?}"
    );
}

#[test]
fn a_line_that_is_not_toml_is_not_shown() {
    let Err(error) = load("[server]\nmetrics_token = \"hunter2\nlisten = 1", &[]) else { panic!("it loads") };
    let text = format!("{error} {error:?}");
    assert!(text.contains("is not valid TOML: line 2: ") && !text.contains("hunter2"), "{text}");
}

#[test]
fn what_is_printed_reads_back() {
    let printed = Config::default().print();
    let config = load(&printed, &[]).unwrap();
    let values =
        |text: &str| text.lines().map(|line| line.split(" # ").next().unwrap().trim().to_owned()).collect::<Vec<_>>();
    assert_eq!(values(&config.print()), values(&printed));
}

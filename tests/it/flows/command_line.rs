//! The commands: what they print, what they refuse, and with which exit code.

use std::{
    fs,
    io::Write,
    os::unix::fs::PermissionsExt,
    process::{Command, Output, Stdio},
};

fn novapulse(arguments: &[&str]) -> Output {
    novapulse_with(arguments, &[])
}

fn novapulse_with(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
    command.args(arguments).env_clear().envs(environment.iter().copied()).output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn version_and_openapi_print_to_standard_output_alone() {
    let version = novapulse(&["version"]);
    assert_eq!(out(&version), format!("novapulse {}\n", env!("CARGO_PKG_VERSION")));
    let openapi = novapulse(&["openapi"]);
    let document: serde_json::Value = serde_json::from_slice(&openapi.stdout).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"), "{}", document["openapi"]);
    assert_eq!(err(&openapi), "");
}

#[test]
fn wrong_arguments_have_their_exit_code() {
    assert_eq!(novapulse(&["sever"]).status.code(), Some(2));
    assert_eq!(novapulse(&["serve", "--lisen", "127.0.0.1:0"]).status.code(), Some(2));
}

#[test]
fn config_print_tells_where_each_value_came_from_and_masks_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("novapulse.toml");
    fs::write(&file, "[server]\nlisten = \"127.0.0.1:9999\"\nmetrics_token = \"hunter2\"\n").unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["config", "print", "--config", file, "--data", "/srv/data"];
    let output = novapulse_with(&arguments, &[("QUEUE_CONCURRENCY", "7")]);
    let text = out(&output);
    for wanted in [
        format!("listen = \"127.0.0.1:9999\"                    # {file}\n"),
        format!("metrics_token = \"********\"                   # {file}\n"),
        "concurrency = 7                              # environment QUEUE_CONCURRENCY\n".to_owned(),
        "directory = \"/srv/data\"                      # flag --data\n".to_owned(),
    ] {
        assert!(text.contains(&wanted), "{wanted} is not in {text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_wrong_configuration_stops_the_start_with_every_complaint() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("novapulse.toml");
    fs::write(&file, "[server]\nlissten = \"127.0.0.1:9999\"\n[storage]\ncache = \"much\"\n").unwrap();
    let data = directory.path().join("data");
    let arguments = ["serve", "--config", file.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let output = novapulse(&arguments);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains("did you mean listen?"), "{}", err(&output));
    assert!(err(&output).contains("storage.cache must be a size"), "{}", err(&output));
    assert!(!data.exists(), "a refused start made a data directory");
}

#[test]
fn a_directory_of_somebody_else_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("thesis.txt"), "mine").unwrap();
    let data = directory.path().to_str().unwrap();
    let output = novapulse(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(21), "{}", err(&output));
    assert!(err(&output).contains("thesis.txt"), "{}", err(&output));
    let left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["thesis.txt"]);
}

#[test]
fn healthcheck_fails_where_nobody_answers() {
    let output = novapulse(&["healthcheck", "--url", "http://127.0.0.1:9"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(err(&output).contains("cannot be reached"), "{}", err(&output));
}

#[test]
fn people_are_helped_back_in_offline() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let data = data.to_str().unwrap();
    let user = |arguments: &[&str]| novapulse(&[&["user"], arguments, &["--data", data]].concat());
    for nowhere in [&["list"][..], &["promote", "ada@example.com"], &["create", "--email", "ada@example.com"]] {
        let refused = user(nowhere);
        assert_eq!(refused.status.code(), Some(24), "{}", err(&refused));
        assert!(err(&refused).contains("there is no store in this data directory"), "{}", err(&refused));
        assert!(!std::path::Path::new(data).exists(), "a directory named by mistake is not made");
    }
    let made = novapulse(&["setup", "--company", "Acme", "--email", "ada@example.com", "--data", data]);
    assert!(made.status.success(), "{}", err(&made));
    let created = user(&["create", "--email", "grace@example.com", "--role", "manager"]);
    assert!(created.status.success() && out(&created).contains("manager  grace@example.com"), "{}", err(&created));
    let twice = user(&["create", "--email", "GRACE@example.com"]);
    assert!(!twice.status.success() && err(&twice).contains("taken"), "{}", err(&twice));
    let wrong = user(&["create", "--email", "x@example.com", "--role", "king"]);
    assert!(!wrong.status.success() && err(&wrong).contains("admin, manager or user"), "{}", err(&wrong));
    let promoted = user(&["promote", "grace@example.com", "--owner"]);
    assert!(out(&promoted).contains("admin, owner"), "{}", err(&promoted));
    let reset = user(&["reset-password", "ada@example.com"]);
    assert!(out(&reset).contains("password  "), "{}", err(&reset));
    let unknown = user(&["reset-password", "nobody@example.com"]);
    assert!(!unknown.status.success() && err(&unknown).contains("no such user"), "{}", err(&unknown));
    assert!(out(&made).contains("is to be replaced at the first sign-in"), "{}", out(&made));
    let list = user(&["list"]);
    let text = out(&list);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines.iter().all(|line| line.contains("admin, owner")), "{lines:?}");
}

/// A master key as `openssl rand -base64 32` prints one.
const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[test]
fn a_value_is_sealed_from_standard_input_and_opened_at_load() {
    let seal = |input: &str, environment: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_novapulse"));
        command.args(["secrets", "seal", "--data", "/nonexistent"]).env_clear().envs(environment.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        // A command that refuses before it reads closes the pipe.
        drop(process.stdin.take().unwrap().write_all(input.as_bytes()));
        process.wait_with_output().unwrap()
    };
    let environment = [("NOVAPULSE_SECRETS_MASTER_KEY", MASTER_KEY)];
    let output = seal("hunter2 of 32 characters and more\n", &environment);
    assert_eq!(err(&output), "");
    let sealed = out(&output).trim_end().to_owned();
    assert!(sealed.starts_with("enc:") && sealed.lines().count() == 1, "{sealed}");
    assert!(err(&seal("\n", &environment)).contains("holds no secret"));
    let none = seal("hunter2", &[]);
    assert!(err(&none).contains("there is no master key yet"));
    assert_eq!(none.status.code(), Some(5));
    // One value that does not open must not keep another from being sealed.
    let beside = [environment[0], ("NOVAPULSE_SERVER_METRICS_TOKEN", "enc:broken")];
    assert!(seal("hunter2", &beside).status.success());

    let print = |master: &str| {
        let values = [("NOVAPULSE_SECRETS_MASTER_KEY", master), ("JWT_SECRET", sealed.as_str())];
        novapulse_with(&["config", "print", "--data", "/nonexistent"], &values)
    };
    let printed = print(MASTER_KEY);
    assert!(printed.status.success(), "{}", err(&printed));
    assert!(!out(&printed).contains("hunter2") && !out(&printed).contains("enc:"), "{}", out(&printed));
    let wrong = print("HwECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    assert_eq!(wrong.status.code(), Some(3));
    assert!(err(&wrong).contains("environment JWT_SECRET: auth.access_secret is a sealed value"), "{}", err(&wrong));
    assert!(!err(&wrong).contains(&sealed[4..]), "{}", err(&wrong));
}

#[test]
fn a_master_key_that_others_can_read_stops_the_start() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let made = novapulse(&["setup", "--company", "Acme", "--email", "a@example.com", "--data", data.to_str().unwrap()]);
    assert!(made.status.success(), "{}", err(&made));
    let key = data.join("master.key");
    assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    let serve = ["serve", "--listen", "127.0.0.1:0", "--data", data.to_str().unwrap()];
    let output = novapulse(&serve);
    assert_eq!(output.status.code(), Some(5), "{}", err(&output));
    assert!(err(&output).contains("master.key can be read by others"), "{}", err(&output));
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "not a key").unwrap();
    assert_eq!(novapulse(&serve).status.code(), Some(5));
}

//! Lines of the log are the server's own.

use crate::support::TestApp;

#[test]
fn nothing_a_client_sends_begins_a_line_of_the_log() {
    let app = TestApp::start_with(&[
        ("NOVAPULSE_TELEMETRY_SLOW_REQUEST_MS", "1"),
        ("NOVAPULSE_TELEMETRY_LOG_FORMAT", "pretty"),
    ]);
    let mut client = app.anonymous();
    for (path, header) in [
        ("/api/v1/%0Aforged", ("x-request-id", "forged\tline")),
        ("/api/v1/auth/login", ("traceparent", "\u{85}forged")),
        ("/api/v1/%0D%0Aforged", ("user-agent", "\u{2028}forged")),
    ] {
        let body = "{\"email\": \"\\nforged\", \"password\": \"\\r\\nforged\"}";
        client.send("POST", path, &[header], Some(body.as_bytes()));
    }
    let log = app.log();
    let forged: Vec<&str> =
        log.split(['\n', '\r', '\u{85}', '\u{2028}']).filter(|line| line.starts_with("forged")).collect();
    assert!(forged.is_empty() && log.contains("slow request"), "{log}");
}

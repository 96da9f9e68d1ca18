//! The file of a report, whole or in part, streamed from the blob store.

use std::ops::Range;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream::try_unfold;

use super::{
    may_read,
    range::{Asked, asked},
    read,
};
use crate::{
    auth::{Auth, Caller},
    base::{ReportId, hex},
    blob::{BlobKey, Blobs, READ_MAX},
    http::{Path, Problem, problems},
    reports::{Error, File, ReportView, Reports, definitions},
};

const CHECKSUM: HeaderName = HeaderName::from_static("repr-digest");

/// Downloads the file of a report
#[utoipa::path(get, path = "/reports/{id}/download", operation_id = "download_report", tag = "reports",
    params(("id" = String, Path, description = "The report's id"),
        ("Range" = Option<String>, Header, description = "One range of bytes, such as `bytes=0-999`")),
    description = "Takes `Range`, `If-Range` and `If-None-Match`. `Repr-Digest` (RFC 9530) and `ETag` are of the whole file.",
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 206, description = "The part that was asked for", body = Vec<u8>, content_type = "application/octet-stream"),
        (status = 304, description = "The caller has it"),
        (status = 403, description = "The caller may not read what it is made of"),
        (status = 404, description = "Not there, or expired"),
        (status = 409, description = "It has no file: it is not ready, or failed"),
        (status = 416, description = "The range lies behind the end"),
    ))]
pub(super) async fn download_report(
    State(reports): State<Reports>,
    State(auth): State<Auth>,
    caller: Caller,
    Path(id): Path<ReportId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let (view, key) = read(&reports, {
        let company = caller.company;
        move |reports, snapshot| reports.file(snapshot, company, id)
    })
    .await?;
    // A definition that is not known any more says nothing about who may read it.
    let definition = definitions::find(&view.plan.definition).ok_or(Error::NotFound)?;
    may_read(&auth, &caller, definition)?;
    let file = view.file.ok_or(Error::NotReady(view.state))?;
    answer(&reports, (&view, file, key), &headers).await
}

async fn answer(
    reports: &Reports,
    (view, file, key): (&ReportView, File, BlobKey),
    asked_with: &HeaderMap,
) -> Result<Response, Problem> {
    let size = file.size_bytes;
    let tag = format!("\"{}\"", hex(&file.sha256));
    let header = |name: HeaderName| asked_with.get(name).and_then(|value| value.to_str().ok());
    let mut headers = describe(view, &file, &tag);
    let is_known =
        |list: &str| list.split(',').map(|one| one.trim().trim_start_matches("W/")).any(|one| one == "*" || one == tag);
    if header(header::IF_NONE_MATCH).is_some_and(is_known) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    // A part of another version would not fit to what the caller has.
    let is_same = header(header::IF_RANGE).is_none_or(|wanted| wanted == tag);
    let (status, range) = match asked(header(header::RANGE).filter(|_| is_same), size) {
        Asked::Whole => (StatusCode::OK, 0..size),
        Asked::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
        Asked::Nothing => {
            let mut response = Problem::of(&problems::RANGE_NOT_SATISFIABLE).into_response();
            response.headers_mut().insert(header::CONTENT_RANGE, value(format!("bytes */{size}")));
            return Ok(response);
        }
    };
    if status == StatusCode::PARTIAL_CONTENT {
        let last = range.end.saturating_sub(1);
        headers.insert(header::CONTENT_RANGE, value(format!("bytes {}-{last}/{size}", range.start)));
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(range.end - range.start));
    let blobs = reports.blobs().clone();
    // Read before the answer begins, so that a store that cannot be read is told as a problem.
    let first = blobs.read(&key, first_piece(&range)).await.map_err(Error::from)?;
    let rest = range.start + first.len() as u64..range.end;
    let body = if rest.is_empty() { Body::from(first) } else { Body::from_stream(pieces(blobs, key, first, rest)) };
    Ok((status, headers, body).into_response())
}

fn first_piece(range: &Range<u64>) -> Range<u64> {
    range.start..range.end.min(range.start + READ_MAX)
}

/// The first piece and those behind it, each read when the one before is sent.
fn pieces(
    blobs: Blobs,
    key: BlobKey,
    first: bytes::Bytes,
    rest: Range<u64>,
) -> impl futures_util::Stream<Item = Result<bytes::Bytes, crate::blob::Error>> {
    try_unfold((blobs, key, Some(first), rest), |(blobs, key, ready, rest)| async move {
        if let Some(piece) = ready {
            return Ok(Some((piece, (blobs, key, None, rest))));
        }
        if rest.is_empty() {
            return Ok(None);
        }
        let next = first_piece(&rest);
        let rest = next.end..rest.end;
        let piece = blobs.read(&key, next).await?;
        Ok(Some((piece, (blobs, key, None, rest))))
    })
}

fn describe(view: &ReportView, file: &File, tag: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(view.plan.format.media_type()));
    headers.insert(header::CONTENT_DISPOSITION, value(disposition(view)));
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(header::ETAG, value(tag.to_owned()));
    let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, file.sha256);
    headers.insert(CHECKSUM, value(format!("sha-256=:{digest}:")));
    headers
}

/// Always a download, never a page of this address. The name in plain letters, and whole for those that read RFC 8187.
fn disposition(view: &ReportView) -> String {
    let date = view.created_at.to_string();
    let date = date.get(..10).unwrap_or_default();
    let extension = view.plan.format.as_str();
    let whole = format!("{} {date}.{extension}", view.plan.name);
    let encoded = percent_encoding::utf8_percent_encode(&whole, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{}\"; filename*=UTF-8''{encoded}", view.file_name())
}

fn value(text: String) -> HeaderValue {
    HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("attachment"))
}

//! How the S3 library reaches the service: through `outbound`, to one address only.
//!
//! The service is the operator's choice and may stand in a private network, so the client it gets does not refuse private
//! addresses. In exchange it goes nowhere else: a request to another host or port is refused before it is sent.

use std::{fmt, time::Duration};

use http::{HeaderMap, header};
use http_body_util::BodyExt as _;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
    },
};

use crate::{
    blob::READ_MAX,
    outbound::{self, Client, Limits, Target, is_reserved_header},
};

/// A page of a list is the longest answer; `outbound` reads no more than 1 MiB in one exchange, heads included.
const ANSWER_BYTES_MAX: usize = 960 << 10;

/// Sends the library's requests; only to `host`.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) client: Client,
    /// Scheme, host and port, as a URL begins.
    pub(super) origin: String,
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refused(String);

fn refused(kind: HttpErrorKind, text: String) -> HttpError {
    HttpError::new(kind, Refused(text))
}

#[async_trait::async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let url = parts.uri.to_string();
        let is_ours = url.strip_prefix(&self.origin).is_some_and(|rest| rest.starts_with('/'));
        if !is_ours {
            return Err(refused(HttpErrorKind::Unknown, "a request to another address than the service's".to_owned()));
        }
        let target = Target::parse(&url, self.client.policy())
            .map_err(|error| refused(HttpErrorKind::Unknown, error.to_string()))?;
        let body = body.collect().await?.to_bytes();
        let limits = Limits {
            total: Limits::TOTAL_MAX,
            connect: Duration::from_secs(5),
            read_bytes: ANSWER_BYTES_MAX,
            keep_bytes: ANSWER_BYTES_MAX,
        };
        const { assert!(READ_MAX < ANSWER_BYTES_MAX as u64) };
        let headers: HeaderMap = parts
            .headers
            .iter()
            .filter(|(name, _)| !is_reserved_header(name))
            .map(|(n, v)| (n.clone(), v.clone()))
            .collect();
        let request = outbound::Request { method: parts.method, target, headers, body, limits };
        let exchange = self.client.send(request).await.map_err(|failure| {
            let kind = if failure.status.is_some() { HttpErrorKind::Interrupted } else { HttpErrorKind::Connect };
            refused(kind, failure.detail.clone())
        })?;
        if exchange.is_truncated {
            return Err(refused(HttpErrorKind::Decode, "the answer is too long".to_owned()));
        }
        let mut response = HttpResponse::new(HttpResponseBody::from(exchange.body));
        *response.status_mut() = exchange.status;
        *response.headers_mut() = exchange.headers;
        // A service may say how it would have encoded; the client asks for none.
        response.headers_mut().remove(header::TRANSFER_ENCODING);
        Ok(response)
    }
}

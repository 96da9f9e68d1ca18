//! How the client library reaches the authority: through `outbound`, like everything that leaves the process.

use std::{pin::Pin, time::Duration};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use instant_acme::{BodyWrapper, BytesResponse, Error, HttpClient};

use crate::outbound::{self, Client, Limits, Target};

/// A chain of certificates is the longest answer.
const ANSWER_BYTES_MAX: usize = 256 << 10;

/// The library's requests as calls of ours.
pub(super) struct Wire(pub(super) Client);

impl HttpClient for Wire {
    fn request(
        &self,
        request: Request<BodyWrapper<Bytes>>,
    ) -> Pin<Box<dyn Future<Output = Result<BytesResponse, Error>> + Send>> {
        let client = self.0.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let url = parts.uri.to_string();
            let target = Target::parse(&url, client.policy()).map_err(|error| Error::Other(Box::new(error)))?;
            let body = match body.collect().await {
                Ok(body) => body.to_bytes(),
                Err(never) => match never {},
            };
            let limits = Limits {
                total: Duration::from_secs(30),
                read_bytes: ANSWER_BYTES_MAX,
                keep_bytes: ANSWER_BYTES_MAX,
                ..Limits::default()
            };
            let (method, headers) = (parts.method, parts.headers);
            let exchange = client.send(outbound::Request { method, target, headers, body, limits }).await;
            let exchange = exchange.map_err(|failure| Error::Other(format!("{url}: {}", failure.detail).into()))?;
            let mut response = Response::new(Full::new(exchange.body));
            *response.status_mut() = exchange.status;
            *response.headers_mut() = exchange.headers;
            Ok(response.into())
        })
    }
}

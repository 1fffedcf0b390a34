//! Around a call: whose token it shows, and the limits on how many there are at once and how long each takes.

use std::any::Any;
use std::time::Duration;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::{IntoResponse as _, Response};
use tokio::sync::Semaphore;

use crate::ApiError;

/// The bearer token of a call (RFC 6750 section 2.1), of at most `max_bytes`. Nothing where there is none,
/// or where there are two headers: which of them counts would be a matter of taste, also of every proxy on the way.
#[must_use]
pub fn bearer(headers: &HeaderMap, max_bytes: usize) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(header), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, token) = header.to_str().ok()?.split_once(' ')?;
    // The scheme is case-insensitive (RFC 9110 section 11.1). What an operator has chosen for a token may have spaces.
    (scheme.eq_ignore_ascii_case("bearer") && token.len() <= max_bytes).then_some(token)
}

/// An answer, if there is a place for the call now and it takes no longer than `limit`; else a problem that says so.
pub async fn limited(places: &Semaphore, limit: Duration, answer: impl Future<Output = Response>) -> Response {
    let Ok(_place) = places.try_acquire() else {
        return ApiError::new("overloaded", "too many calls at once").into_response();
    };
    let answer = tokio::time::timeout(limit, answer).await;
    answer.unwrap_or_else(|_| ApiError::new("timeout", "the answer took too long").into_response())
}

/// What is answered when a handler panics. The text of a panic may hold anything, so it is not repeated.
#[must_use]
pub fn panicked(_: Box<dyn Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    ApiError::new("internal", "the service failed while it answered").into_response()
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, StatusCode};

    use super::*;

    fn shown(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_all_that_follows_its_scheme_in_one_header() {
        for scheme in ["Bearer", "bearer", "BEARER"] {
            assert_eq!(bearer(&shown(&[&format!("{scheme} abcd")]), 4), Some("abcd"));
        }
        assert_eq!(bearer(&shown(&["Bearer a b"]), 4), Some("a b"));
        for other in [
            &[][..],
            &["Bearer abcde"],
            &["Bearer"],
            &["Basic abcd"],
            &["Bearer abcd", "Bearer abcd"],
        ] {
            assert_eq!(bearer(&shown(other), 4), None, "{other:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_a_place_and_one_without_an_end_are_refused() {
        let (places, limit) = (Semaphore::new(1), Duration::from_secs(30));
        let quick = || async { StatusCode::OK.into_response() };
        assert_eq!(limited(&places, limit, quick()).await.status(), StatusCode::OK);
        let endless = limited(&places, limit, std::future::pending());
        let (endless, meanwhile) = tokio::join!(endless, limited(&places, limit, quick()));
        assert_eq!(endless.status(), ApiError::new("timeout", "").status());
        assert_eq!(meanwhile.status(), ApiError::new("overloaded", "").status());
        assert_eq!(limited(&places, limit, quick()).await.status(), StatusCode::OK);
    }
}

//! The brand's book of customers.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use base64ct::{Base64, Encoding as _};
use placet_schemas::api::{
    CustomerLink, CustomerView, ImportCustomers, Imported, InviteCustomer, LookCustomer, MAX_IMPORT, MergeCustomers,
    SplitCustomer,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{HttpState, Service};
use crate::customers::BookError;
use crate::qr::QrCode;
use placet_service::ApiError;
use placet_service::Json;

pub(super) fn routes() -> OpenApiRouter<HttpState> {
    OpenApiRouter::new()
        .routes(routes!(import))
        .routes(routes!(invite))
        .routes(routes!(merge))
        .routes(routes!(split))
        .routes(routes!(look))
}

/// How many invitations changed hands.
#[derive(Serialize, ToSchema)]
struct Moved {
    /// So many.
    moved: usize,
}

impl From<BookError> for ApiError {
    fn from(error: BookError) -> Self {
        match error {
            BookError::Store(error) => error.into(),
            error => Self::new(error.code(), error.to_string()),
        }
    }
}

/// Takes over rows of `placet brand invite`'s file: all or none.
#[utoipa::path(post, path = "/v1/customers/import", operation_id = "import_customers", tag = "customers", request_body = ImportCustomers,
    responses((status = 200, body = Imported)), security(("token" = [])))]
async fn import(
    State(state): State<HttpState>,
    _: Service,
    Json(body): Json<ImportCustomers>,
) -> Result<Response, ApiError> {
    if body.invitations.len() > MAX_IMPORT {
        return Err(ApiError::new("oversize", format!("at most {MAX_IMPORT} rows at once")).at("/invitations"));
    }
    let rows: Vec<_> = body
        .invitations
        .into_iter()
        .map(|row| (row.invitation, row.customer))
        .collect();
    let (added, known) = whole(async move { state.verifier.import(&rows).await }).await?;
    placet_service::json(StatusCode::OK, &Imported { added, known })
}

/// Invites a customer to answer a request: the ledger makes the invitation, the reference stays here.
#[utoipa::path(post, path = "/v1/customers/invitations", operation_id = "invite_customer", tag = "customers", request_body = InviteCustomer,
    responses((status = 201, body = CustomerLink)), security(("token" = [])))]
async fn invite(
    State(state): State<HttpState>,
    _: Service,
    Json(body): Json<InviteCustomer>,
) -> Result<Response, ApiError> {
    let drawn = body.qr == Some(true);
    let mut link = whole(async move {
        state
            .verifier
            .invite(&body.request, &body.customer, body.ttl_seconds)
            .await
    })
    .await?;
    if drawn {
        // A link without its picture is of use all the same, and this one is in the book already.
        link.qr = picture(&link.link);
    }
    placet_service::json(StatusCode::CREATED, &link)
}

/// Two references are one customer.
#[utoipa::path(post, path = "/v1/customers/merge", operation_id = "merge_customers", tag = "customers", request_body = MergeCustomers,
    responses((status = 200, body = Moved)), security(("token" = [])))]
async fn merge(
    State(state): State<HttpState>,
    _: Service,
    Json(body): Json<MergeCustomers>,
) -> Result<Response, ApiError> {
    let moved = whole(async move { state.verifier.merge(&body.from, &body.into).await }).await?;
    placet_service::json(StatusCode::OK, &Moved { moved })
}

/// One reference is two customers.
#[utoipa::path(post, path = "/v1/customers/split", operation_id = "split_customer", tag = "customers", request_body = SplitCustomer,
    responses((status = 200, body = Moved)), security(("token" = [])))]
async fn split(
    State(state): State<HttpState>,
    _: Service,
    Json(body): Json<SplitCustomer>,
) -> Result<Response, ApiError> {
    let moved = whole(async move {
        state
            .verifier
            .split(&body.customer, &body.invitations, &body.into)
            .await
    })
    .await?;
    placet_service::json(StatusCode::OK, &Moved { moved })
}

/// What is known of a customer: her invitations, the consents that answer them, and what she has said no to.
#[utoipa::path(post, path = "/v1/customers/look", operation_id = "look_up_customer", tag = "customers", request_body = LookCustomer,
    responses((status = 200, body = CustomerView)), security(("token" = [])))]
async fn look(
    State(state): State<HttpState>,
    _: Service,
    Json(body): Json<LookCustomer>,
) -> Result<Response, ApiError> {
    let invitations = state.verifier.customer(&body.customer);
    let declined = state.verifier.declined(&body.customer).await?;
    if invitations.is_none() && declined.is_empty() {
        return Err(BookError::CustomerUnknown.into());
    }
    placet_service::json(
        StatusCode::OK,
        &CustomerView {
            customer: body.customer,
            invitations: invitations.unwrap_or_default(),
            declined,
        },
    )
}

/// The QR code of a link, as a `data:` URL.
fn picture(link: &str) -> Option<String> {
    let png = QrCode::of(link).ok()?.png();
    Some(format!("data:image/png;base64,{}", Base64::encode_string(&png)))
}

/// Does it to its end, whoever goes away meanwhile: half of it would leave disk and memory apart.
async fn whole<T: Send + 'static>(
    work: impl Future<Output = Result<T, BookError>> + Send + 'static,
) -> Result<T, ApiError> {
    let done = tokio::spawn(work).await;
    let done = done.map_err(|_| ApiError::new("internal", "the verifier failed while it answered"))?;
    Ok(done?)
}

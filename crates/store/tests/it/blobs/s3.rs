//! The suite on an S3 server.

use super::Place;
use proofmark_store::blobs::{Blobs, S3};
use proofmark_testkit::services;

async fn fresh() -> Place {
    let bucket = tokio::task::spawn_blocking(|| services::s3().fresh_bucket()).await.unwrap();
    let at = S3 {
        url: format!("s3://{}/a/prefix", bucket.name),
        endpoint: Some(bucket.endpoint.clone()),
        region: Some(bucket.region.clone()),
        access_key_id: Some(bucket.access_key.clone()),
        secret_access_key: Some(bucket.secret_key.clone()),
    };
    Place { blobs: Blobs::s3(&at).unwrap(), again: Blobs::s3(&at).unwrap(), _keeps: Box::new(bucket) }
}

super::all!(fresh);

#[test]
fn addresses_that_make_no_sense_are_refused() {
    for url in
        ["", "bucket", "http://bucket", "s3://", "s3:///prefix", "s3://bu cket", "s3://bucket/a//b", "s3://b/../c"]
    {
        let refused = Blobs::s3(&S3 { url: url.into(), ..S3::default() }).unwrap_err();
        assert_eq!(refused.code, "blob.url", "{url}");
    }
}

#[test]
fn the_secret_is_not_printed() {
    let at = S3 { secret_access_key: Some("hidden".into()), ..S3::default() };
    assert!(!format!("{at:?}").contains("hidden"));
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_said() {
    let at = S3 {
        url: "s3://nowhere".into(),
        // nothing listens on the discard port
        endpoint: Some("http://127.0.0.1:9".into()),
        region: Some("us-east-1".into()),
        access_key_id: Some("a".into()),
        secret_access_key: Some("b".into()),
    };
    assert_eq!(Blobs::s3(&at).unwrap().ready().await.unwrap_err().code, "blob.unavailable");
}

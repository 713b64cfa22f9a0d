//! The S3 server, spoken to in plain HTTP; it does not check signatures.

use crate::support::http;
use proofmark_testkit::services::{Bucket, s3};

fn authorization(bucket: &Bucket) -> String {
    let scope = format!("{}/20260101/{}/s3/aws4_request", bucket.access_key, bucket.region);
    format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature={:064}", 0)
}

#[test]
fn an_object_comes_back_from_its_bucket_only() {
    let server = s3();
    let (first, second) = (server.fresh_bucket(), server.fresh_bucket());
    let signed = authorization(&first);
    let headers = [("Authorization", signed.as_str()), ("Content-Type", "text/plain")];
    let url = |bucket: &Bucket| format!("{}/{}/folder/object", bucket.endpoint, bucket.name);
    assert_eq!(http("PUT", &url(&first), &headers, "some bytes").status, 200);
    let got = http("GET", &url(&first), &headers, "");
    assert_eq!((got.status, got.body.as_str()), (200, "some bytes"));
    assert_eq!(http("GET", &url(&second), &headers, "").status, 404);
}

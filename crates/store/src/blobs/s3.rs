//! Blobs in a bucket that speaks S3.

use super::Blobs;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, RetryConfig};
use proofmark_base::error::{Error, Result};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Where a bucket is and how to get in. What is not given comes from the environment's `AWS_...` variables, a web
/// identity token, or the instance's metadata, as with Amazon's own tools.
#[derive(Clone, Default)]
pub struct S3 {
    /// `s3://bucket/prefix`; the prefix may be left out.
    pub url: String,
    /// Address of the server, where it is not Amazon's: `https://minio.example.org:9000`. Plain `http` is believed.
    pub endpoint: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// Key id.
    pub access_key_id: Option<String>,
    /// Secret key.
    pub secret_access_key: Option<String>,
}

impl fmt::Debug for S3 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("S3").field("url", &self.url).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Blobs {
    /// Blobs in a bucket, which must exist. Nothing is sent yet; [`ready`](Blobs::ready) says whether it answers.
    ///
    /// # Errors
    /// `blob.url` where the address or the options make no sense.
    pub fn s3(at: &S3) -> Result<Self> {
        let wrong = |why: String| {
            Error::invalid("blob.url", format!("the address of the bucket is not understood: {why}"))
                .help("write it as s3://bucket or s3://bucket/prefix")
        };
        let rest = at.url.strip_prefix("s3://").ok_or_else(|| wrong("it does not begin with s3://".into()))?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() || !bucket.bytes().all(|c| c.is_ascii_alphanumeric() || b".-_".contains(&c)) {
            return Err(wrong("it names no bucket".into()));
        }
        let prefix = Path::parse(prefix.trim_end_matches('/')).map_err(|e| wrong(e.to_string()))?;
        // the one provider of cryptography in this program; whoever comes second changes nothing
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = AmazonS3Builder::from_env()
            .with_bucket_name(bucket)
            // a large blob takes as long as its reader takes; what is bounded is silence
            .with_client_options(
                ClientOptions::new()
                    .with_timeout_disabled()
                    .with_connect_timeout(Duration::from_secs(5))
                    .with_read_timeout(Duration::from_secs(30)),
            )
            .with_retry(RetryConfig {
                backoff: BackoffConfig::default(),
                max_retries: 4,
                retry_timeout: Duration::from_secs(30),
            });
        let endpoint = at.endpoint.clone().or_else(|| builder.get_config_value(&AmazonS3ConfigKey::Endpoint));
        if let Some(endpoint) = endpoint {
            let plain = endpoint.starts_with("http://");
            builder = builder.with_endpoint(endpoint).with_allow_http(plain);
        }
        if let Some(region) = &at.region {
            builder = builder.with_region(region);
        }
        if let Some(id) = &at.access_key_id {
            builder = builder.with_access_key_id(id);
        }
        if let Some(secret) = &at.secret_access_key {
            builder = builder.with_secret_access_key(secret);
        }
        let store = builder.build().map_err(|e| wrong(e.to_string()).because(e))?;
        Ok(Blobs { store: Arc::new(PrefixStore::new(store, prefix)), folder: None })
    }
}

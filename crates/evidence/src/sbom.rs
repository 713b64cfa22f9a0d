//! The bill of materials of a translation, CycloneDX 1.6 JSON (ECMA-424): generated files, what they were made
//! from, and the tools that took part. No timestamp; the serial number follows from the content.

use crate::FileSet;
use crate::check::{Checks, Tool};
use proofmark_base::digest::Digest;
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Bom {
    bom_format: &'static str,
    spec_version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    serial_number: Option<String>,
    version: u32,
    metadata: Metadata,
    components: Vec<Component>,
    dependencies: Vec<Dependency>,
}

#[derive(Serialize)]
struct Metadata {
    tools: Tools,
    component: Component,
}

#[derive(Serialize)]
struct Tools {
    components: Vec<Component>,
}

#[derive(Serialize)]
struct Component {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "bom-ref")]
    reference: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hashes: Vec<Hash>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    properties: Vec<Property>,
}

#[derive(Serialize, Deserialize)]
struct Hash {
    alg: String,
    content: String,
}

#[derive(Serialize, Deserialize)]
struct Property {
    name: String,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Dependency {
    #[serde(rename = "ref")]
    reference: String,
    depends_on: Vec<String>,
}

/// Property that gives a component's path in the bundle.
const PATH: &str = "proofmark:path";
/// Property that tells generated files from sources.
const ROLE: &str = "proofmark:role";

impl Component {
    fn tool(tool: &Tool) -> Self {
        Component {
            kind: "application",
            reference: format!("tool:{}@{}", tool.name, tool.version),
            name: tool.name.clone(),
            version: Some(tool.version.clone()),
            hashes: Vec::new(),
            properties: Vec::new(),
        }
    }

    fn file(role: &str, name: &str, path: Option<&str>, digest: Digest) -> Self {
        let property = |name: &str, value: &str| Property { name: name.to_string(), value: value.to_string() };
        Component {
            kind: "file",
            reference: format!("{role}:{name}"),
            name: name.to_string(),
            version: None,
            hashes: vec![Hash { alg: "SHA-256".to_string(), content: digest.to_string() }],
            properties: std::iter::once(property(ROLE, role)).chain(path.map(|p| property(PATH, p))).collect(),
        }
    }
}

/// The bytes of `bom.cdx.json`. `generated` are the files the translation made, by their path in the bundle;
/// sources (the inputs), tools and the entry's name come from `checks`.
pub fn bill_of_materials(checks: &Checks, generated: &FileSet) -> Vec<u8> {
    let mut checks = checks.clone();
    checks.sort();
    let mut tools = vec![checks.product.clone()];
    tools.extend(checks.tools.iter().filter(|tool| **tool != checks.product).cloned());
    tools.dedup();
    let sources: Vec<Component> =
        checks.inputs.iter().map(|i| Component::file("source", &i.name, i.path.as_deref(), i.sha256)).collect();
    let made: Vec<Component> = generated
        .iter()
        .map(|(path, bytes)| Component::file("generated", path, Some(path), Digest::of(bytes)))
        .collect();
    let references = |components: &[Component]| components.iter().map(|c| c.reference.clone()).collect::<Vec<_>>();
    let (source_references, made_references) = (references(&sources), references(&made));
    let design = Component {
        kind: "application",
        reference: "translation".to_string(),
        name: checks.entry.clone(),
        version: None,
        hashes: Vec::new(),
        properties: Vec::new(),
    };
    let mut dependencies =
        vec![Dependency { reference: design.reference.clone(), depends_on: made_references.clone() }];
    for reference in made_references {
        dependencies.push(Dependency { reference, depends_on: source_references.clone() });
    }
    let mut bom = Bom {
        bom_format: "CycloneDX",
        spec_version: "1.6",
        serial_number: None,
        version: 1,
        metadata: Metadata {
            tools: Tools { components: tools.iter().map(Component::tool).collect() },
            component: design,
        },
        components: made.into_iter().chain(sources).collect(),
        dependencies,
    };
    bom.serial_number = Some(serial_number(Digest::of(&crate::json_bytes(&bom))));
    crate::json_bytes(&bom)
}

/// A UUID of version 8 (RFC 9562, section 5.8) from the first 16 bytes of a digest.
fn serial_number(digest: Digest) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest.as_bytes()[..16]);
    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);
    let mut text = "urn:uuid:".to_string();
    for (i, byte) in bytes.iter().enumerate() {
        if [4, 6, 8, 10].contains(&i) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}

/// A file that a bill of materials names by its path in the bundle, with the SHA-256 it states.
pub(crate) fn listed_files(bom: &[u8]) -> Result<Vec<(String, String)>, serde_json::Error> {
    #[derive(Deserialize)]
    struct Listed {
        #[serde(default)]
        components: Vec<ListedComponent>,
    }
    #[derive(Deserialize)]
    struct ListedComponent {
        #[serde(default)]
        hashes: Vec<Hash>,
        #[serde(default)]
        properties: Vec<Property>,
    }
    let listed: Listed = serde_json::from_slice(bom)?;
    let files = listed.components.into_iter().filter_map(|component| {
        let path = component.properties.into_iter().find(|p| p.name == PATH)?.value;
        let hash = component.hashes.into_iter().find(|h| h.alg == "SHA-256");
        Some((path, hash.map_or_else(|| "no SHA-256".to_string(), |h| h.content)))
    });
    Ok(files.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;
    use serde_json::Value;

    #[test]
    fn lists_files_tools_and_sources() {
        let (checks, files) = (sample::checks(), sample::generated());
        let bytes = bill_of_materials(&checks, &files);
        let bom: Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!((&bom["bomFormat"], &bom["specVersion"]), (&"CycloneDX".into(), &"1.6".into()));
        let tools = bom["metadata"]["tools"]["components"].as_array().unwrap();
        assert_eq!(tools[0]["name"], "proofmark");
        assert_eq!(tools.len(), 1 + checks.tools.len());
        let components = bom["components"].as_array().unwrap();
        assert_eq!(components.len(), files.len() + checks.inputs.len());
        for (path, content) in &files {
            let component = components.iter().find(|c| c["name"] == **path).unwrap();
            assert_eq!(component["hashes"][0]["content"], Digest::of(content).to_string());
        }
        let listed = listed_files(&bytes).unwrap();
        assert!(listed.contains(&("c/gain.c".to_string(), Digest::of(&files["c/gain.c"]).to_string())));
        assert!(!String::from_utf8(bytes).unwrap().contains("timestamp"));
    }

    #[test]
    fn serial_number_follows_the_content() {
        let (checks, mut files) = (sample::checks(), sample::generated());
        let serial = |files: &FileSet| {
            let bom: Value = serde_json::from_slice(&bill_of_materials(&checks, files)).unwrap();
            bom["serialNumber"].as_str().unwrap().to_string()
        };
        let first = serial(&files);
        assert_eq!(first, serial(&files));
        files.insert("c/gain.h".to_string(), b"other".to_vec());
        assert_ne!(first, serial(&files));
        let uuid = first.strip_prefix("urn:uuid:").unwrap();
        assert_eq!((uuid.len(), &uuid[14..15]), (36, "8"));
        assert!("89ab".contains(&uuid[19..20]) && uuid.split('-').map(str::len).eq([8, 4, 4, 4, 12]));
    }
}

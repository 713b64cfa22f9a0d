//! Names, media types and addresses as properties.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn an_accepted_path_stays_in_its_folder(text in "[a-zA-Z0-9_. /\\\\:\\PC]{0,30}") {
        if let Ok(path) = path(&text) {
            let std_path = std::path::Path::new(&path);
            prop_assert!(std_path.is_relative());
            prop_assert!(std_path.components().all(|c| matches!(c, std::path::Component::Normal(_))));
            prop_assert_eq!(&path, &text);
        }
    }

    #[test]
    fn an_accepted_media_type_is_accepted_again(text in "\\PC{0,40}") {
        if let Ok(found) = media_type(&text) {
            prop_assert_eq!(media_type(&found).unwrap(), found);
        }
    }

    #[test]
    fn an_accepted_address_is_accepted_again(text in "\\PC{0,20}@\\PC{0,20}") {
        if let Ok(found) = crate::principal::email(&text) {
            prop_assert_eq!(crate::principal::email(&found).unwrap(), found);
        }
    }
}

#[test]
fn what_leaves_the_folder_or_means_two_things_is_refused() {
    for text in [
        "",
        "/a",
        "a/",
        "../a",
        "a/../b",
        "./a",
        "a//b",
        "a\\b",
        "c:a",
        "a\nb",
        "a.",
        "a /b",
        " a",
        "a*",
        &"a".repeat(401),
    ] {
        assert!(path(text).is_err(), "{text:?}");
    }
    for text in ["a", "a/b.py", ".gitignore", "src/ä ö.py", "a/.b/c-d_e.txt"] {
        assert!(path(text).is_ok(), "{text:?}");
    }
    assert_eq!(media_type("Text/Plain; charset=utf-8").unwrap(), "text/plain");
    assert!(media_type("text").is_err() && media_type("a/b/c d").is_err());
}

//! Closed sets of names: an enum whose text form, in JSON, SQL and URLs alike, is one kebab-case word.

/// Declares such an enum.
///
/// ```
/// proofmark_base::names!(
///     /// A light.
///     Light, "light", {
///         /// Stop.
///         Red = "red",
///         /// Go.
///         Green = "green",
///     }
/// );
/// assert_eq!("green".parse::<Light>().unwrap(), Light::Green);
/// assert_eq!(Light::ALL.map(Light::name), ["red", "green"]);
/// assert!("blue".parse::<Light>().is_err());
/// ```
#[macro_export]
macro_rules! names {
    ($(#[$doc:meta])* $name:ident, $what:literal, { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// All of them, in order.
            pub const ALL: [$name; [$($text),+].len()] = [$($name::$variant),+];

            /// Its text form.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text),+ }
            }
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.name())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::error::Error;

            fn from_str(text: &str) -> ::std::result::Result<Self, $crate::error::Error> {
                $name::ALL.into_iter().find(|v| v.name() == text).ok_or_else(|| {
                    $crate::error::Error::invalid(
                        concat!($what, ".unknown"),
                        format!("there is no {} `{}`", $what, $crate::id::shown(text)),
                    )
                    .help(format!("one of {}", $name::ALL.map($name::name).join(", ")))
                })
            }
        }
    };
}

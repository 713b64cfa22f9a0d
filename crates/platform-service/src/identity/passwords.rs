//! Passwords: what is accepted as one (NIST SP 800-63B-4, section 3.1.1), and Argon2id (RFC 9106) with the parameters
//! of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use proofmark_base::error::{Error, Kind, Result};
use proofmark_base::id::Random;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::sync::Semaphore;

/// Fewest characters.
pub const SHORTEST: usize = 12;
/// Most bytes: enough for any phrase, and hashing stays cheap.
pub const LONGEST: usize = 256;
/// KiB of memory.
const MEMORY: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Bytes of a salt.
const SALT: usize = 16;
/// Sign-ins that may wait for their turn; more are told to come back.
const WAITING: usize = 64;

/// Words that too many passwords are made of. A password of nothing but these, with digits or marks around them or
/// letters replaced by look-alikes, is refused.
const COMMON: &[&str] = &[
    "password",
    "passwort",
    "passphrase",
    "motdepasse",
    "contrasena",
    "senha",
    "qwerty",
    "qwertyuiop",
    "qwertz",
    "azerty",
    "asdfgh",
    "asdfghjkl",
    "zxcvbn",
    "zxcvbnm",
    "qazwsx",
    "letmein",
    "welcome",
    "willkommen",
    "iloveyou",
    "admin",
    "administrator",
    "root",
    "superuser",
    "changeme",
    "changeit",
    "default",
    "secret",
    "login",
    "access",
    "master",
    "monkey",
    "dragon",
    "football",
    "baseball",
    "sunshine",
    "princess",
    "whatever",
    "trustno",
    "abc",
    "abcdef",
    "abcdefgh",
    "test",
    "testing",
    "guest",
    "user",
    "hello",
    "freedom",
    "shadow",
    "superman",
    "batman",
    "starwars",
    "computer",
    "internet",
    "summer",
    "winter",
    "spring",
    "autumn",
    "company",
    "proofmark",
];

/// Checks that a password may be set. `about` are words that an attacker would try first: the owner's name and address.
///
/// # Errors
/// `password.weak`, saying why.
pub fn check(password: &str, about: &[&str]) -> Result<()> {
    let weak = |why: &str| {
        Err(Error::invalid("password.weak", format!("the password cannot be used: {why}"))
            .at("/password", why)
            .help("take four or five words that do not belong together; any characters are allowed"))
    };
    if password.chars().count() < SHORTEST {
        return weak("it has fewer than 12 characters");
    }
    if password.len() > LONGEST {
        return weak("it is longer than 256 bytes");
    }
    let mut different: Vec<char> = password.to_lowercase().chars().collect();
    let steps: Vec<i64> =
        different.windows(2).map(|w| i64::from(u32::from(w[1])) - i64::from(u32::from(w[0]))).collect();
    if steps.windows(2).all(|w| w[0] == w[1]) || steps.iter().filter(|s| s.abs() == 1).count() * 4 > steps.len() * 3 {
        return weak("it is a sequence of characters");
    }
    different.sort_unstable();
    different.dedup();
    if different.len() < 5 {
        return weak("it has fewer than five different characters");
    }
    let letters = letters(password);
    let own: Vec<String> = about
        .iter()
        .flat_map(|a| a.split(|c: char| !c.is_alphanumeric()))
        .map(self::letters)
        .filter(|word| word.chars().count() >= 3)
        .collect();
    if made_of(&letters, COMMON) {
        return weak("it is made of the words that are tried first");
    }
    if made_of(&letters, &COMMON.iter().copied().chain(own.iter().map(String::as_str)).collect::<Vec<_>>()) {
        return weak("it is made of the account's own name or address");
    }
    Ok(())
}

/// The letters of a password, lower case, look-alikes turned back; digits and marks left out at the ends.
fn letters(password: &str) -> String {
    let trimmed = password.trim_matches(|c: char| !c.is_alphabetic());
    trimmed
        .to_lowercase()
        .chars()
        .map(|c| match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            c => c,
        })
        .filter(|c| c.is_alphabetic())
        .collect()
}

/// Whether `text` is nothing but these words, one after the other.
fn made_of(text: &str, words: &[&str]) -> bool {
    // reached[i]: the first i bytes are made of words
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for end in 1..=text.len() {
        let before = |w: &&str| end.checked_sub(w.len()).is_some_and(|from| reached[from]);
        reached[end] =
            words.iter().filter(|w| !w.is_empty()).any(|w| before(w) && text.as_bytes()[..end].ends_with(w.as_bytes()));
    }
    !text.is_empty() && reached[text.len()]
}

/// Computes hashes, on threads that may block, few at a time.
pub struct Passwords {
    turns: Arc<Semaphore>,
    waiting: AtomicUsize,
    runs: AtomicU64,
}

impl Default for Passwords {
    /// Half of the processors, at least one: what else is asked goes on while many sign in.
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Passwords {
            turns: Arc::new(Semaphore::new((processors / 2).max(1))),
            waiting: AtomicUsize::new(0),
            runs: AtomicU64::new(0),
        }
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY, PASSES, LANES, None).map_err(|e| Error::bug("Argon2's parameters").because(e))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl Passwords {
    /// How often Argon2 ran: what a test compares instead of a clock.
    pub fn runs(&self) -> u64 {
        self.runs.load(Ordering::Relaxed)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        struct Waiting<'a>(&'a AtomicUsize);
        impl Drop for Waiting<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        if before >= WAITING {
            return Err(Error::new(Kind::RateLimited, "sign-in.busy", "too many sign in at the moment").retry_after(2));
        }
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|e| Error::bug("no more turns").because(e))?;
        drop(waiting);
        self.runs.fetch_add(1, Ordering::Relaxed);
        let done = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(turn);
            done
        });
        done.await.map_err(|e| Error::bug("hashing a password stopped").because(e))?
    }

    /// The hash to keep of a password, in PHC form.
    ///
    /// # Errors
    /// `sign-in.busy`.
    pub async fn hash(&self, password: &str, random: &dyn Random) -> Result<String> {
        let mut salt = [0; SALT];
        random.fill(&mut salt);
        let password = password.to_string();
        self.run(move || {
            let hash: PasswordHash = argon2()?
                .hash_password_with_salt(password.as_bytes(), &salt)
                .map_err(|e| Error::bug("a password cannot be hashed").because(e))?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether that is the password of the hash. Without a hash the answer is no after the same work: whoever measures
    /// learns nothing about who has an account.
    ///
    /// # Errors
    /// `sign-in.busy`; a defect where the hash is none.
    pub async fn verify(&self, password: &str, hash: Option<String>) -> Result<bool> {
        let password = password.to_string();
        self.run(move || match hash {
            Some(hash) => {
                let hash =
                    PasswordHash::new(&hash).map_err(|e| Error::bug("a kept password hash is none").because(e))?;
                Ok(argon2()?.verify_password(password.as_bytes(), &hash).is_ok())
            }
            None => {
                let mut out = [0; Params::DEFAULT_OUTPUT_LEN];
                argon2()?
                    .hash_password_into(password.as_bytes(), &[0; SALT], &mut out)
                    .map_err(|e| Error::bug("a password cannot be hashed").because(e))?;
                Ok(false)
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proofmark_store::system::SystemRandom;
    use proptest::prelude::*;

    #[test]
    fn what_is_tried_first_is_refused() {
        for password in [
            "short",
            "elevenchars",
            "passwordpassword",
            "P4ssw0rd!2024",
            "Password1234!",
            "123456789012",
            "abcdefghijklm",
            "aaaaaaaaaaaa",
            "abababababab",
            "qwertyuiop12345",
            "Welcome-2026!",
            "AdaLovelace2026",
            "adminlovelace",
            "ada.lovelace!!",
            "proofmark-proofmark",
        ] {
            let e = check(password, &["Ada Lovelace", "adalovelace@example.org", "Lovelace"]).unwrap_err();
            assert_eq!((e.code.as_ref(), e.places[0].at.as_str()), ("password.weak", "/password"), "{password}");
        }
        assert!(check(&"long words ".repeat(30), &[]).is_err());
    }

    #[test]
    fn phrases_pass_in_any_script() {
        for password in [
            "correct horse battery staple",
            "wachturm sieben gurken",
            "青い鳥が窓の外で静かに歌う",
            "kJ8#vQ2!mZ5x",
            "the password is not a secret here",
            "4711 0815 2093 7744 1x",
        ] {
            check(password, &["Ada Lovelace", "ada@example.org"]).unwrap_or_else(|e| panic!("{password}: {e}"));
        }
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_and_every_question_costs_one_run() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse battery", &SystemRandom).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert_eq!(passwords.runs(), 1);
        assert!(passwords.verify("correct horse battery", Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse batterY", Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse battery", None).await.unwrap());
        assert_eq!(passwords.runs(), 4);
        assert!(passwords.verify("x", Some("no hash".into())).await.is_err());
    }

    #[tokio::test]
    async fn a_crowd_waits_in_a_bounded_line() {
        let passwords = Arc::new(Passwords { turns: Arc::new(Semaphore::new(0)), ..Passwords::default() });
        let tasks: Vec<_> = (0..WAITING)
            .map(|_| {
                let passwords = Arc::clone(&passwords);
                tokio::spawn(async move { passwords.verify("x", None).await })
            })
            .collect();
        while passwords.waiting.load(Ordering::Relaxed) < WAITING {
            tokio::task::yield_now().await;
        }
        let e = passwords.verify("x", None).await.unwrap_err();
        assert_eq!((e.code.as_ref(), e.kind, e.retry_after), ("sign-in.busy", Kind::RateLimited, Some(2)));
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        for task in tasks {
            let _ = task.await;
        }
        assert_eq!(passwords.waiting.load(Ordering::Relaxed), 0, "who left the line is not counted any more");
        assert_eq!(passwords.runs(), 0);
    }

    proptest! {
        #[test]
        fn no_text_panics(password in "\\PC{0,40}", about in "\\PC{0,20}") {
            let _ = check(&password, &[&about]);
        }
    }
}

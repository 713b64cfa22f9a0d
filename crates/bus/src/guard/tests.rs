//! What may be reached and what not: a table, and properties over all addresses.

use super::*;
use proptest::prelude::*;
use std::sync::atomic::{AtomicUsize, Ordering};

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn known_addresses() {
    for (address, public) in [
        ("8.8.8.8", true),
        ("1.1.1.1", true),
        ("93.184.215.14", true),
        ("100.63.255.255", true),
        ("100.128.0.0", true),
        ("172.15.255.255", true),
        ("172.32.0.0", true),
        ("192.0.1.0", true),
        ("223.255.255.255", true),
        ("2606:4700:4700::1111", true),
        ("2a00:1450:4001:830::200e", true),
        ("2001:200::1", true),
        ("0.0.0.0", false),
        ("0.1.2.3", false),
        ("10.0.0.1", false),
        ("100.64.0.1", false),
        ("100.100.100.200", false),
        ("127.0.0.1", false),
        ("127.255.255.254", false),
        ("168.63.129.16", false),
        ("169.254.169.254", false),
        ("169.254.170.2", false),
        ("172.16.0.1", false),
        ("172.31.255.255", false),
        ("192.0.0.192", false),
        ("192.0.2.1", false),
        ("192.88.99.1", false),
        ("192.168.1.1", false),
        ("198.18.0.1", false),
        ("198.19.255.255", false),
        ("198.51.100.7", false),
        ("203.0.113.9", false),
        ("224.0.0.1", false),
        ("239.255.255.250", false),
        ("240.0.0.1", false),
        ("255.255.255.255", false),
        ("::", false),
        ("::1", false),
        ("::8.8.8.8", false),
        ("::ffff:8.8.8.8", false),
        ("::ffff:127.0.0.1", false),
        ("::ffff:0:127.0.0.1", false),
        ("64:ff9b::8.8.8.8", false),
        ("64:ff9b::7f00:1", false),
        ("64:ff9b:1::1", false),
        ("100::1", false),
        ("2001::1", false),
        ("2001:20::1", false),
        ("2001:db8::1", false),
        ("2002:7f00:1::", false),
        ("2002:808:808::1", false),
        ("3fff::1", false),
        ("4000::1", false),
        ("5f00::1", false),
        ("fc00::1", false),
        ("fd00:ec2::254", false),
        ("fe80::1", false),
        ("fec0::1", false),
        ("ff02::1", false),
    ] {
        assert_eq!(not_public(ip(address)).is_none(), public, "{address}");
        assert_eq!(Guard::default().address(ip(address)).is_ok(), public, "{address}");
    }
}

#[test]
fn what_the_operator_allows_is_let_through_however_it_is_written() {
    let guard = Guard::new(vec!["10.1.0.0/16".parse().unwrap(), "fd00::/64".parse().unwrap()], false);
    for (address, open) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("10.2.0.1", false),
        ("::ffff:10.2.0.1", false),
        ("2002:a01:203::", false),
        ("fd00::5", true),
        ("fd00:0:0:1::5", false),
        ("8.8.8.8", true),
    ] {
        assert_eq!(guard.address(ip(address)).is_ok(), open, "{address}");
    }
}

#[test]
fn addresses_in_forms() {
    let guard = Guard::default();
    for good in ["https://example.org", "https://example.org:8443/a?b=c", "https://8.8.8.8/", "https://[2606:4700::1]/"]
    {
        guard.url(good).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for bad in [
        "",
        "example.org",
        "//example.org",
        "http://example.org",
        "ftp://example.org",
        "file:///etc/passwd",
        "gopher://example.org",
        "javascript:alert(1)",
        "https://",
        "https://user@example.org",
        "https://user:password@example.org",
        "https://:password@example.org",
        "https://example.org#fragment",
        "https://example.org:0/",
        "https://example.org:99999/",
        "https://exa mple.org",
        "https://example.org/\n",
        " https://example.org",
        "https://[::1",
        "https://[::1%25eth0]/",
    ] {
        assert_eq!(guard.url(bad).unwrap_err().code, "webhook.url", "{bad}");
    }
    assert_eq!(guard.url(&format!("https://example.org/{}", "a".repeat(2_000))).unwrap_err().code, "webhook.url");
    // every way to write an address that should not be reached
    for bad in [
        "https://127.0.0.1",
        "https://127.1",
        "https://0177.0.0.1",
        "https://0x7f.1",
        "https://2130706433",
        "https://017700000001",
        "https://127.0.0.1.",
        "https://\u{ff11}27.0.0.1",
        "https://127\u{3002}0\u{3002}0\u{3002}1",
        "https://%31%32%37.0.0.1",
        "https://0",
        "https://[::1]",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[::ffff:127.0.0.1]",
        "https://[::ffff:7f00:1]",
        "https://[64:ff9b::7f00:1]",
        "https://169.254.169.254/latest/meta-data",
        "https://[fd00:ec2::254]/",
        "https:\\\\127.0.0.1\\",
        "HTTPS://127.0.0.1",
    ] {
        assert_eq!(guard.url(bad).unwrap_err().code, "webhook.address", "{bad}");
    }
    assert!(Guard::new(Vec::new(), true).url("http://example.org").is_ok());
    assert_eq!(Guard::new(Vec::new(), true).url("http://127.0.0.1").unwrap_err().code, "webhook.address");
}

fn resolving(to: &'static [&'static str]) -> Guard {
    Guard::default().with_lookup(Arc::new(move |_, port| {
        async move { Ok(to.iter().map(|t| SocketAddr::new(ip(t), port)).collect()) }.boxed()
    }))
}

#[tokio::test]
async fn a_name_is_as_good_as_the_worst_it_resolves_to() {
    let url: Url = "https://hook.example.org".parse().unwrap();
    let found = Guard::resolve(&resolving(&["8.8.8.8", "2606:4700::1"]), &url).await.unwrap();
    assert_eq!(found, ["8.8.8.8:443".parse().unwrap(), "[2606:4700::1]:443".parse().unwrap()]);
    for bad in [&["127.0.0.1"][..], &["8.8.8.8", "10.0.0.1"], &["2606:4700::1", "::ffff:10.0.0.1"]] {
        assert_eq!(Guard::resolve(&resolving(bad), &url).await.unwrap_err().code, "webhook.address");
    }
    assert_eq!(Guard::resolve(&resolving(&[]), &url).await.unwrap_err().code, "webhook.unresolved");
    let failing =
        Guard::default().with_lookup(Arc::new(|_, _| async { Err(std::io::Error::other("no such name")) }.boxed()));
    assert_eq!(Guard::resolve(&failing, &url).await.unwrap_err().code, "webhook.unresolved");
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_found_out_when_connecting() {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let guard = Guard::default().with_lookup(Arc::new(move |_, port| {
        let address = if count.fetch_add(1, Ordering::SeqCst) == 0 { "8.8.8.8" } else { "127.0.0.1" };
        async move { Ok(vec![SocketAddr::new(ip(address), port)]) }.boxed()
    }));
    let url: Url = "https://hook.example.org".parse().unwrap();
    Guard::resolve(&guard, &url).await.unwrap();
    let refused = Resolve::resolve(&guard, "hook.example.org".parse().unwrap()).await.err().unwrap();
    assert!(refused.to_string().contains("webhook.address"), "{refused}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

proptest! {
    #[test]
    fn an_ipv4_address_hides_in_no_ipv6_address(bits: u32, high: u32) {
        let v4 = Ipv4Addr::from(bits);
        let b = u128::from(bits);
        // mapped, compatible, translated, NAT64 well-known and local-use, 6to4, Teredo
        for v6 in [
            0xffff_u128 << 32 | b,
            b,
            0xffff_0000_u128 << 32 | b,
            0x0064_ff9b_u128 << 96 | b,
            0x0064_ff9b_0001_u128 << 80 | b,
            0x2002_u128 << 112 | b << 80 | u128::from(high),
            0x2001_0000_u128 << 96 | u128::from(high) << 32 | u128::from(!bits),
        ] {
            prop_assert!(not_public(IpAddr::V6(Ipv6Addr::from(v6))).is_some(), "{} in {}", v4, Ipv6Addr::from(v6));
        }
    }

    #[test]
    fn the_standard_library_agrees_about_what_is_not_public(bits: u32, low: u128) {
        let v4 = Ipv4Addr::from(bits);
        if v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_multicast() || v4.is_broadcast()
            || v4.is_documentation() || v4.is_unspecified()
        {
            prop_assert!(not_public(IpAddr::V4(v4)).is_some());
        }
        let v6 = Ipv6Addr::from(low);
        if v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() || v6.is_unique_local() || v6.is_unicast_link_local()
        {
            prop_assert!(not_public(IpAddr::V6(v6)).is_some());
        }
    }

    #[test]
    fn a_number_in_a_form_is_as_good_as_the_number(bits: u32) {
        let guard = Guard::default();
        let good = not_public(IpAddr::V4(Ipv4Addr::from(bits))).is_none();
        let octets = Ipv4Addr::from(bits).octets();
        let [a, b, c, d] = octets;
        for host in [
            format!("{a}.{b}.{c}.{d}"),
            format!("{bits}"),
            format!("0x{bits:x}"),
            format!("0{bits:o}"),
            format!("{a}.{}", bits & 0x00ff_ffff),
            format!("0x{a:x}.0{b:o}.{}", u32::from(c) << 8 | u32::from(d)),
        ] {
            prop_assert_eq!(guard.url(&format!("https://{host}/")).is_ok(), good, "{}", host);
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,60}", host in "[0-9a-fx.:\\[\\]%@\\\\]{0,30}") {
        let _ = Guard::default().url(&text);
        let _ = Guard::default().url(&format!("https://{host}"));
    }
}

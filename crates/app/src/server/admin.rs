//! `proofmark admin`: what an administrator does at the machine itself.

use crate::cli::{AdminCommand, OrganizationsCommand, ServerOptions};
use crate::console::Console;
use crate::failure::Failure;
use crate::server::config::Settings;
use crate::server::{places, settings};
use proofmark_base::error::Result;
use proofmark_base::time::Clock;
use proofmark_kernel::organization::Organization;
use proofmark_kernel::principal::Grant;
use proofmark_platform_service::maintenance::admin::{self, Invited};
use proofmark_platform_service::maintenance::collect;
use proofmark_store::Database;
use proofmark_store::system::{SystemClock, SystemRandom};
use serde_json::{Value, json};
use std::fmt::Write;

/// Text for people and a value for programs.
type Said = (String, Value);

/// Does it.
///
/// # Errors
/// What is named and not there, or the database met.
pub fn admin(command: &AdminCommand, console: &mut Console) -> std::result::Result<u8, Failure> {
    let settings = settings(options(command))?;
    let (text, value) = places::run(async {
        let database = places::current_database(&settings).await?;
        let said = said(command, &settings, &database).await;
        database.close().await;
        said
    })?;
    console.result(&text, &json!({"admin": value}));
    Ok(0)
}

fn options(command: &AdminCommand) -> &ServerOptions {
    match command {
        AdminCommand::Organizations(o) => match &o.command {
            Some(OrganizationsCommand::Create { server, .. }) => server,
            None => &o.server,
        },
        AdminCommand::Link { server, .. }
        | AdminCommand::Principals { server, .. }
        | AdminCommand::Sweep { server, .. } => server,
        AdminCommand::Disable(o)
        | AdminCommand::Enable(o)
        | AdminCommand::ResetSecondFactor(o)
        | AdminCommand::RevokeSessions(o) => &o.server,
    }
}

async fn said(command: &AdminCommand, settings: &Settings, database: &Database) -> Result<Said> {
    let now = SystemClock.now();
    let here = admin::Console { database, now, random: &SystemRandom };
    match command {
        AdminCommand::Organizations(o) => match &o.command {
            None => organizations(&here).await,
            Some(OrganizationsCommand::Create { name, email, .. }) => {
                let (organization, invited) = here.create_organization(name, email).await?;
                link(settings, &organization, &invited)
            }
        },
        AdminCommand::Link { organization, email, .. } => {
            let (organization, invited) = here.link(organization, email.as_deref()).await?;
            link(settings, &organization, &invited)
        }
        AdminCommand::Principals { organization, .. } => principals(&here, organization.as_deref()).await,
        AdminCommand::Disable(o) => {
            let (p, ended) = here.set_disabled(&o.principal, true).await?;
            let text = format!("{} {} is shut out; {} sessions ended\n", p.id, p.name, ended.sessions);
            Ok((text, json!({"principal": p.id, "disabled": true, "sessions": ended.sessions})))
        }
        AdminCommand::Enable(o) => {
            let (p, _) = here.set_disabled(&o.principal, false).await?;
            Ok((format!("{} {} is let in\n", p.id, p.name), json!({"principal": p.id, "disabled": false})))
        }
        AdminCommand::ResetSecondFactor(o) => {
            let (p, had) = here.reset_second_factor(&o.principal).await?;
            let what = if had { "has no second factor any more" } else { "had no second factor" };
            Ok((format!("{} {} {what}\n", p.id, p.name), json!({"principal": p.id, "had_second_factor": had})))
        }
        AdminCommand::RevokeSessions(o) => {
            let (p, ended) = here.revoke_sessions(&o.principal).await?;
            let text = format!("{} {}: {} sessions and {} tokens ended\n", p.id, p.name, ended.sessions, ended.tokens);
            Ok((text, json!({"principal": p.id, "sessions": ended.sessions, "tokens": ended.tokens})))
        }
        AdminCommand::Sweep { dry_run, .. } => {
            let blobs = places::blobs(settings).await?;
            let c = collect::collect(database, &blobs, now, *dry_run).await?;
            let text = match c.held_until {
                Some(until) => format!("Nothing was collected: a backup is at work (its mark is good until {until})\n"),
                None if *dry_run => format!("{} blobs of {} bytes would go, {} stay\n", c.blobs, c.bytes, c.kept),
                None => format!(
                    "{} blobs of {} bytes went, {} stay; {} unfinished files went\n",
                    c.blobs, c.bytes, c.kept, c.unfinished
                ),
            };
            let value = json!({
                "dry_run": dry_run, "blobs": c.blobs, "bytes": c.bytes, "kept": c.kept, "unfinished": c.unfinished,
                "held_until": c.held_until,
            });
            Ok((text, value))
        }
    }
}

async fn organizations(here: &admin::Console<'_>) -> Result<Said> {
    let listed = here.organizations().await?;
    let mut text = String::new();
    for l in &listed {
        let (o, p) = (&l.organization, l.principals);
        let _ = writeln!(text, "{}  {}  {p} accounts, {} owners who can sign in", o.id, o.name, l.owners);
    }
    if listed.is_empty() {
        text.push_str("There is no organization\n");
    }
    let value: Vec<_> = listed
        .iter()
        .map(|l| {
            let o = &l.organization;
            json!({"id": o.id, "name": o.name, "created_at": o.created_at, "principals": l.principals, "owners": l.owners})
        })
        .collect();
    Ok((text, json!({"organizations": value})))
}

fn place(grant: &Grant) -> String {
    match grant.project {
        Some(project) => format!("{} in {project}", grant.role),
        None => grant.role.to_string(),
    }
}

async fn principals(here: &admin::Console<'_>, organization: Option<&str>) -> Result<Said> {
    let accounts = here.principals(organization).await?;
    let mut text = String::new();
    for a in &accounts {
        let p = &a.principal;
        let roles: Vec<String> = a.grants.iter().map(place).collect();
        let out = if p.disabled_at.is_some() { ", SHUT OUT" } else { "" };
        let second = if a.second_factor { ", second factor" } else { "" };
        let email = p.email.as_deref().unwrap_or("-");
        let roles = if roles.is_empty() { "no role".into() } else { roles.join(", ") };
        let _ = writeln!(text, "{}  {}  {email}  {} of {}: {roles}{second}{out}", p.id, p.name, p.kind, p.organization);
    }
    let value: Vec<_> = accounts
        .iter()
        .map(|a| {
            let p = &a.principal;
            json!({
                "id": p.id, "organization": p.organization, "kind": p.kind, "name": p.name, "email": p.email,
                "disabled_at": p.disabled_at, "second_factor": a.second_factor,
                "roles": a.grants.iter().map(|g| json!({"role": g.role, "project": g.project})).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok((text, json!({"principals": value})))
}

fn link(settings: &Settings, organization: &Organization, invited: &Invited) -> Result<Said> {
    let url = settings.url(settings.listen()?);
    let owner = &invited.owner;
    let email = owner.email.as_deref().unwrap_or_default();
    let link = format!("{url}/invitation#{}", invited.secret.expose());
    let text = format!(
        "{} {}: open this link once, until {}, to set a password for {email}:\n  {link}\n",
        organization.id, organization.name, invited.until
    );
    let value = json!({
        "organization": {"id": organization.id, "name": organization.name},
        "owner": {"id": owner.id, "email": email, "new": invited.new},
        "link": link, "secret": invited.secret.expose(), "expires_at": invited.until,
    });
    Ok((text, value))
}
